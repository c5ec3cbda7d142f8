"""The masks beside a submission, which take the place of no other files."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from segmentation.core.errors import DataError, printable
from segmentation.core.files import move, temporary_folder, write_bytes
from segmentation.images.files import write_image
from segmentation.outputs.file_record import FileRecord, is_as_recorded, record_of
from segmentation.outputs.publishing import not_written

RECORD = "submission.jsonl"
"""The record of what submissions wrote, in the folder of their masks: a line for each of them."""


class SubmissionMasks:
    """The folder of the masks of a submission; one process at a time writes into it, from any thread."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._record = folder / RECORD
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raise DataError where a file is there that no submission wrote, or that was changed since."""
        known, lines = self._known(), []
        for path in self._files():
            name, status = path.relative_to(self._folder).as_posix(), path.stat()
            own = [record for record in known.get(name, ()) if is_as_recorded(path, status, [record])]
            if not own:
                raise DataError(
                    f"{printable(str(path))}: expected a mask that an earlier submission wrote, or an empty "
                    "folder, received another file, which would be replaced; give another `output`"
                )
            lines.append(_line(name, own[-1]))
        if known:
            write_bytes(self._record, b"".join(lines))  # without what was torn, and what is gone

    def write(self, name: str, mask: np.ndarray) -> None:
        """Write a mask, uint8 [H, W], under its name. Raises ImageError, and DataError where it cannot."""
        target = self._folder / name
        try:
            with temporary_folder(self._folder) as scratch:
                path = scratch / target.name
                write_image(path, mask)
                line = _line(name, record_of(path))
                with self._lock, self._record.open("ab") as lines:  # before it is there
                    lines.write(line)
                target.parent.mkdir(parents=True, exist_ok=True)
                move(path, target)
        except OSError as error:
            raise not_written(target, error) from error

    def _files(self) -> Iterator[Path]:
        for path in self._folder.rglob("*"):
            parts = path.relative_to(self._folder).parts
            if path.is_file() and path != self._record and not any(part.startswith(".") for part in parts):
                yield path

    def _known(self) -> dict[str, list[FileRecord]]:
        known: dict[str, list[FileRecord]] = {}
        lines = self._record.read_bytes().splitlines() if self._record.is_file() else ()
        for line in lines:
            try:
                fields = json.loads(line)
                known.setdefault(fields["mask"], []).append(dict(fields["file"]))
            except (ValueError, KeyError, TypeError):
                continue  # torn or damaged
        return known


def _line(name: str, record: FileRecord) -> bytes:
    return json.dumps({"mask": name, "file": dict(record)}).encode() + b"\n"
