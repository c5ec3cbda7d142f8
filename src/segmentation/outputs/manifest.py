"""The record of a folder job: a line for each photo, from which an interrupted job goes on."""

import contextlib
import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from segmentation.core.errors import DataError, printable, system_reason
from segmentation.core.file_kinds import MANIFEST
from segmentation.core.files import atomic_file
from segmentation.core.lock import locked
from segmentation.core.unfinished import sweep
from segmentation.outputs.file_record import is_as_recorded, record_of
from segmentation.outputs.naming import Photo
from segmentation.outputs.result import Result, line_of

_UNFINISHED = "was being written when the program was stopped; run the same command again"


class _Line(NamedTuple):
    """Where a line begins in the file, in bytes, and the digest of its key; None for a failure.

    `empty` is whether nothing was to be made of the photo.
    """

    place: int
    key: bytes | None
    empty: bool


class Manifest:
    """`predictions.jsonl` of an output folder, open: one process at a time reads and extends it.

    `settings` is everything besides the photo that decides the bytes of the outputs, as plain JSON; `kinds`
    are the files that a photo is done with (see Photo.outputs). With `overwrite` nothing counts as done. A
    line is appended and flushed for each result, so that a process that is killed loses no line; one that was
    torn by it is cut off. On leaving without an error superseded lines are dropped. Lines of photos that this
    run does not meet stay, except failures of what is gone.

    Entering makes the folder and raises DataError when another process writes into it, and when it cannot be
    written. It holds two digests and a place for each photo of earlier runs, and nothing for those
    of this one.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        *,
        kinds: Sequence[str] = ("mask", "cutout"),
        overwrite: bool = False,
    ):
        self._folder = folder
        self._kinds = kinds
        self.path = folder / MANIFEST
        self._settings = settings
        self._overwrite = overwrite
        self._recorded: dict[bytes, _Line] = {}  # of earlier runs, by the digest of the stem
        self._revised: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self._untidy = False
        self._start = 0  # of the lines of this run, in bytes
        self._written_ns = 0  # when an earlier version, which recorded no files, wrote last
        self._lock = threading.Lock()
        self.left_out = 0
        """Lines that are damaged or of another version; their photos are done again."""

    def __enter__(self) -> "Manifest":
        with contextlib.ExitStack() as stack:
            stack.enter_context(locked(self._folder))
            sweep(self._folder)
            self._adopt()
            self._file = stack.enter_context(self.path.open("ab", buffering=0))
            self._start = self._read()
            self._file.truncate(self._start)
            self._held = stack.pop_all()
        return self

    def _records_files(self) -> bool:
        with self.path.open("rb") as lines:
            return any("files" in plain for plain in map(_parse, lines) if plain)

    def _adopt(self) -> None:
        """Record the files that an earlier version wrote without recording them: those that are no newer."""
        if not self.path.is_file() or self._records_files():
            return
        written_ns = self.path.stat().st_mtime_ns
        with (
            self.path.open("rb") as lines,
            atomic_file(self.path) as temporary,
            temporary.open("wb") as adopted,
        ):
            for line in lines:
                plain = _parse(line) if line.endswith(b"\n") else None
                if plain is not None:
                    found = plain.get("outputs") or {}
                    statuses = {output: _status(self._folder / output) for output in found.values()}
                    plain["files"] = {
                        output: {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns}
                        for output, status in statuses.items()
                        if status and status.st_mtime_ns <= written_ns
                    }
                adopted.write(line if plain is None else _encode(plain))

    def look(self) -> None:
        """Read what earlier runs recorded without opening the manifest, to say what a run would do."""
        if self.path.is_file():
            if not self._records_files():
                self._written_ns = self.path.stat().st_mtime_ns
            self._start = self._read()

    def __exit__(self, failure: type[BaseException] | None, *_rest: object) -> None:
        with self._held, contextlib.suppress(OSError):  # a full disk: the lines are there, only not tidy
            if failure is None and self._untidy:
                self._tidy()

    def key(self, photo: Photo) -> dict[str, Any] | None:
        """Return what the outputs of a photo are made from; None when its file cannot be read."""
        try:
            if not photo.path.is_file():  # opening a pipe would wait for ever
                return None
            return {**record_of(photo.path), **self._settings}
        except OSError:
            return None

    def is_done(self, photo: Photo, key: dict[str, Any] | None) -> bool:
        """Return whether an earlier run made the photo's outputs from the same key, and they exist."""
        recorded = self._recorded.get(_digest(photo.stem))
        if self._overwrite or key is None or recorded is None or recorded.key != _digest(key):
            return False
        return all(_has_content(self._folder / path) for path in self.outputs(photo).values())

    def outputs(self, photo: Photo) -> dict[str, str]:
        """Return the files of a photo that is done, by kind, relative to the folder.

        There are none where an earlier run recorded that there was nothing to write.
        """
        recorded = self._recorded.get(_digest(photo.stem))
        return {} if recorded and recorded.empty else {kind: photo.outputs[kind] for kind in self._kinds}

    def earlier(self, photo: Photo, key: dict[str, Any] | None) -> Result:
        """Return the result of a photo that is done, with what an earlier run recorded of it."""
        recorded = self._line_of(self._recorded[_digest(photo.stem)])
        return Result(
            str(photo.path),
            photo.stem,
            self.outputs(photo),
            key=key,
            skipped=True,
            area=recorded.get("area"),
            threshold=recorded.get("threshold"),
            notes=tuple(recorded.get("notes", ())),
            confidence=recorded.get("confidence"),
            decision=recorded.get("decision"),
            reasons=tuple(recorded.get("reasons", ())),
            classes=recorded.get("classes"),
        )

    def conflict(self, photo: Photo) -> str | None:
        """Say whether the outputs of a photo have the names of those of another that still exists."""
        recorded = self._recorded.get(_digest(photo.stem))
        if self._overwrite or recorded is None or recorded.key is None:
            return None
        other = self._line_of(recorded)["input"]
        if other == str(photo.path.absolute()) or not os.path.lexists(other):
            return None
        return (
            f"{printable(str(photo.path))}: its results would replace those of {printable(other)}; give "
            "another `output`, or `overwrite` to have them replaced"
        )

    def _line_of(self, recorded: _Line) -> dict[str, Any]:
        with self.path.open("rb") as lines:
            lines.seek(recorded.place)
            return _parse(lines.readline()) or {}

    def begin(self, photo: Photo, files: dict[str, Any]) -> None:
        """Record, before they take their place, that the outputs of a photo are being written: `files`."""
        self._untidy = True
        self.append(Result(str(photo.path), photo.stem, error=_UNFINISHED, files=files))

    def is_of(self, photo: Photo, key: dict[str, Any]) -> bool:
        """Return whether the outputs of earlier runs were made from the photo as it is now, by its `key`."""
        recorded = self._recorded.get(_digest(photo.stem))
        made_from = self._line_of(recorded)["key"] if recorded else None
        return made_from is not None and made_from.get("sha256") == key["sha256"]

    def withdraw(self, photo: Photo) -> None:
        """Remove the outputs, of any kind, that an earlier run made from an earlier state of the photo.

        What a person changed stays.
        """
        if _digest(photo.stem) in self._recorded:
            for output in photo.outputs.values():
                with contextlib.suppress(OSError):  # gone, or not ours to remove
                    if not self.is_changed(photo, output):
                        (self._folder / output).unlink()

    def files(self, photo: Photo) -> dict[str, Any]:
        """Return by what the outputs that earlier runs wrote for a photo are known again."""
        recorded = self._recorded.get(_digest(photo.stem))
        return self._line_of(recorded).get("files") or {} if recorded else {}

    def is_changed(self, photo: Photo, output: str) -> bool:
        """Return whether a file is there that is not as an earlier run wrote it: a person's work."""
        path = self._folder / output
        try:
            status = path.stat()
        except OSError:
            return False
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False  # nobody's work: a power cut leaves empty files
        recorded = self._recorded.get(_digest(photo.stem))
        line = self._line_of(recorded) if recorded else {}
        written = (line.get("files") or {}, line.get("earlier") or {})
        records = [files[output] for files in written if output in files]
        if not records and recorded and status.st_mtime_ns <= self._written_ns:
            return False  # of a version that did not record its files
        return not is_as_recorded(path, status, records)

    def append(self, result: Result) -> None:
        """Write a result's line. Any thread may call it. Raises DataError when it cannot be written."""
        plain = line_of(result)
        earlier = self._known(result.stem)  # what earlier runs wrote may still be there
        if result.error is None:
            earlier = {output: record for output, record in earlier.items() if output not in result.files}
        if earlier:
            plain["earlier"] = earlier
        with self._lock:
            self._untidy |= _digest(result.stem) in self._recorded
            end = self._file.seek(0, os.SEEK_END)
            try:
                _write(self._file, _encode(plain))
            except OSError as error:
                with contextlib.suppress(OSError):
                    self._file.truncate(end)
                reason = system_reason(error)
                raise DataError(
                    f"{self.path}: cannot be written ({reason}); what it holds is "
                    "done: make space and run the same command again"
                ) from error

    def _known(self, stem: str) -> dict[str, Any]:
        recorded = self._recorded.get(_digest(stem))
        line = self._line_of(recorded) if recorded else {}
        return (line.get("earlier") or {}) | (line.get("files") or {})

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the fields of every line that counts: the last of each stem."""
        last = self._last_lines()
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines):
                plain = _parse(line)
                if plain and last.get(_digest(plain["stem"])) == number:
                    yield plain

    def revise(self, revised: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replace each record by what `revised` makes of it, when the manifest is closed."""
        self._revised = revised
        self._untidy = True

    def _read(self) -> int:
        """Index the lines; return the length of the whole ones in bytes."""
        length = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                place, length = length, length + len(line)
                plain = _parse(line)
                if plain is None:
                    self.left_out += 1
                    continue
                stem, failed = _digest(plain["stem"]), plain["error"] is not None
                self._untidy |= failed or stem in self._recorded
                empty = not failed and plain.get("outputs") == {}
                self._recorded[stem] = _Line(place, None if failed else _digest(plain["key"]), empty)
        self._untidy |= self.left_out > 0
        return length

    def _tidy(self) -> None:
        """Keep the last line of each stem, revised, but no earlier run's failure of what is gone."""
        kept = {number for number in self._last_lines().values() if number is not None}
        with (
            self.path.open("rb") as lines,
            atomic_file(self.path) as temporary,
            temporary.open("wb") as tidied,
        ):
            for number, line in enumerate(lines):
                if number in kept:
                    tidied.write(_encode(self._revised(json.loads(line))) if self._revised else line)

    def _last_lines(self) -> dict[bytes, int | None]:
        """Return the number of the last line of each stem; None for an earlier failure of what is gone."""
        last, place = {}, 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines):
                plain = _parse(line)
                if plain:
                    gone = place < self._start and plain["error"] is not None and _is_gone(plain)
                    last[_digest(plain["stem"])] = None if gone else number
                place += len(line)
        return last


def _parse(line: bytes) -> dict[str, Any] | None:
    """Return the fields of a line, None if it is not one that this version writes."""
    try:
        plain = json.loads(line)
        known = isinstance(plain["stem"], str) and isinstance(plain["input"], str)
        known &= all(isinstance(plain.get(name, {}), dict) for name in ("files", "earlier"))
        return plain if known and {"error", "key"} <= plain.keys() else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _encode(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain).encode() + b"\n"


def _digest(value: object) -> bytes:
    content = json.dumps(value, sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=12).digest()


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0  # a power cut may leave a file without its content
    except OSError:
        return False


def _is_gone(failure: dict[str, Any]) -> bool:
    return failure["stem"].endswith("/") or not os.path.lexists(failure["input"])


def _write(file: BinaryIO, content: bytes) -> None:
    while content:  # a nearly full disk takes a part first
        content = content[file.write(content) :]
