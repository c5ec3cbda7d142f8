"""Records of version 0.1.0, which did not say how to recognise the files that it wrote."""

from collections.abc import Callable
from pathlib import Path

from segmentation.core.files import atomic_file
from segmentation.outputs.file_record import origin_of
from segmentation.outputs.manifest_lines import Fields, encode, parse


def adoption(path: Path) -> Callable[[Fields], Fields] | None:
    """Return a function that completes the lines of a manifest of that version; None for a later version.

    Files that are no newer than the manifest are the program's.
    """
    with path.open("rb") as lines:
        if any("files" in plain for plain in map(parse, lines) if plain):
            return None
    folder, written_ns = path.parent, path.stat().st_mtime_ns

    def adopted(plain: Fields) -> Fields:
        files = {}
        for output in (plain.get("outputs") or {}).values():
            try:
                status = (folder / output).stat()
            except OSError:
                continue
            if status.st_mtime_ns <= written_ns:
                record = {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns}
                files[output] = record | origin_of(plain["key"], output)
        return plain | {"files": files}

    return adopted


def adopt(path: Path) -> None:
    """Complete the lines of a manifest of that version, if it is one, in its place."""
    if not path.is_file() or not (adopted := adoption(path)):
        return
    with path.open("rb") as lines, atomic_file(path) as temporary, temporary.open("wb") as completed:
        for line in lines:
            plain = parse(line) if line.endswith(b"\n") else None
            completed.write(line if plain is None else encode(adopted(plain)))
