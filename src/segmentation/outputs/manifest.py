"""The record of a folder job: a line for each photo, from which an interrupted job goes on."""

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Self

from segmentation.core.errors import DataError, printable, system_reason
from segmentation.core.file_kinds import MANIFEST
from segmentation.core.line_file import append_line
from segmentation.core.lock import locked
from segmentation.core.unfinished import sweep
from segmentation.outputs.adoption import adopt, adoption
from segmentation.outputs.file_record import FileRecord, origin_of, record_of, untouched
from segmentation.outputs.manifest_lines import (
    Fields,
    Index,
    digest,
    encode,
    lines_that_count,
    parse,
    read_index,
    tidy,
)
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_files import PhotoFiles, Results
from segmentation.outputs.result import Result, line_of, result_of_line
from segmentation.stores.address import Address, is_address, located

_UNFINISHED = "was being written when the program was stopped; run the same command again"
# lines of earlier runs that are kept: each is asked for several times while its photo is in hand
_LINES_IN_HAND = 256


class Manifest:
    """The open `predictions.jsonl` of an output folder: one process at a time reads and extends it.

    `settings` is everything besides the photo that decides the bytes of the outputs, as plain JSON; `kinds`
    are the files that a photo is done with (see Photo.outputs), and `asked` are the options of files that
    differ from their defaults, so that the same files can be made of a corrected mask. With `overwrite`
    nothing counts as done. The outputs lie in `results`, by default in the same folder. A line is appended
    and flushed for each result, so that a process that is killed loses no line; one that was torn by it is
    cut off. On leaving without an error superseded lines are dropped. Lines of photos that this run does not
    meet stay, except for failures of files that are gone.

    Entering makes the folder and raises DataError when another process writes into it, and when it cannot be
    written. It holds a digest and a place for each photo of earlier runs, and the key and the last line of
    each photo in hand.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        *,
        kinds: Sequence[str] = ("mask", "cutout"),
        asked: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        results: Results | None = None,
    ):
        self._folder = folder
        self._results = results or folder
        self._kinds = kinds
        self._asked = asked
        self.path = folder / MANIFEST
        self._settings = json.loads(json.dumps(settings))  # as it is read again
        self._overwrite = overwrite
        self._index = Index()  # of the lines of earlier runs
        self._keys: dict[str, Fields | None] = {}  # of the photos in hand, by their stems
        self._adopted: Callable[[Fields], Fields] | None = None
        self._revised: Mapping[str, Fields] = {}
        self._lock = threading.Lock()
        self._lines: BinaryIO | None = None  # of an open manifest, to be read
        self._reading = threading.Lock()
        self._line = lru_cache(_LINES_IN_HAND)(self._read_line)

    @classmethod
    def reading(cls, folder: Path) -> Self:
        """Return the manifest of a folder of results to be read alone. Raises DataError where it has none."""
        manifest = cls(folder, {})
        if not manifest.path.is_file():
            raise DataError(f"{folder}: expected what predict wrote, found no {MANIFEST}; check the path")
        manifest.look()
        return manifest

    def __enter__(self) -> "Manifest":
        with ExitStack() as stack:
            stack.enter_context(locked(self._folder))
            sweep(self._folder)
            adopt(self.path)
            self._file = stack.enter_context(self.path.open("ab", buffering=0))
            self._index = read_index(self.path)
            self._line.cache_clear()
            self._file.truncate(self._index.length)
            self._lines = stack.enter_context(self.path.open("rb"))
            self._held = stack.pop_all()
        return self

    def look(self) -> None:
        """Read what earlier runs recorded without opening the manifest, to say what a run would do."""
        if self.path.is_file():
            self._adopted = adoption(self.path)
            self._index = read_index(self.path)
            self._line.cache_clear()

    def __exit__(self, failure: type[BaseException] | None, *_rest: object) -> None:
        self._lines = None
        with self._held, suppress(OSError):  # a full disk: the lines are there, only not tidy
            if failure is None and self._index.untidy:
                tidy(self.path, self._index, self._revised)

    @property
    def length(self) -> int:
        """The bytes of the whole lines of earlier runs."""
        return self._index.length

    @property
    def left_out(self) -> int:
        """The number of lines that are damaged or of another version; their photos are done again."""
        return self._index.left_out

    def key(self, photo: Photo) -> Fields | None:
        """Return what the outputs of a photo are made from; None when its file cannot be read."""
        key = None
        if photo.download:
            key = {**photo.download.record(self._line(photo.stem).get("key")), **self._settings}
        with suppress(OSError):
            if not photo.download and stat.S_ISREG((status := photo.path.stat()).st_mode):
                # else it may be a pipe, which would wait for ever when it is opened
                record = untouched(status, self._line(photo.stem)) or record_of(photo.path)
                key = {**record, **self._settings}
        self._keys[photo.stem] = key
        return key

    def will_be_read(self, photo: Photo) -> bool:
        """Return whether a photo has to be fetched, since it is not known to be done."""
        if not photo.download or photo.problem:
            return False
        record = photo.download.as_known(self._line(photo.stem).get("key"))
        return record is None or not self.is_done(photo, {**record, **self._settings})

    def is_done(self, photo: Photo, key: Fields | None) -> bool:
        """Return whether an earlier run made the photo's outputs from the same key, and they exist."""
        recorded = self._line(photo.stem)
        if self._overwrite or key is None or not recorded or recorded["error"] is not None:
            return False
        return recorded["key"] == key and self._are_there(photo)

    def outputs(self, photo: Photo) -> dict[str, str]:
        """Return the files of a photo that is done, by kind, relative to the folder.

        There are none where an earlier run recorded that there was nothing to write.
        """
        recorded = self._line(photo.stem)
        listed = recorded.get("outputs")
        if recorded and recorded["error"] is None and listed == {}:
            return {}
        places = photo.outputs
        outputs = {kind: places[kind] for kind in self._kinds}
        if isinstance(recorded.get("objects"), list) and isinstance(listed, dict):  # as many as were found
            outputs |= {kind: output for kind, output in listed.items() if isinstance(output, str)}
        return outputs

    def earlier(self, photo: Photo) -> Result:
        """Return the result of a photo that is done, with what an earlier run recorded of it."""
        self._keys.pop(photo.stem, None)
        recorded = result_of_line(self._line(photo.stem))
        return replace(recorded, input=photo.name, outputs=self.outputs(photo), skipped=True)

    def conflict(self, photo: Photo) -> str | None:
        """Say whether the outputs of a photo have the names of those of another that still exists."""
        recorded = self._line(photo.stem)
        if self._overwrite or not recorded or recorded["error"] is not None:
            return None
        other = recorded["input"]
        if other == located(photo.name) or not (is_address(other) or os.path.lexists(other)):
            return None
        return (
            f"{printable(photo.name)}: its results would replace those of {printable(other)}; give "
            "another `output`, or `overwrite` to have them replaced"
        )

    def begin(self, photo: Photo, files: dict[str, FileRecord]) -> None:
        """Record, before they take their place, that the outputs of a photo are being written: `files`."""
        self._index.untidy = True
        key = self._keys.get(photo.stem)
        self._append(Result(photo.name, photo.stem, error=_UNFINISHED, files=files, key=key))

    def append(self, result: Result) -> None:
        """Write a result's line. Any thread may call it. Raises DataError when it cannot be written."""
        self._append(result)
        self._keys.pop(result.stem, None)

    def is_of(self, photo: Photo, key: Fields) -> bool:
        """Return whether the outputs of earlier runs were made from the photo as it is now, by its `key`."""
        made_from = self._line(photo.stem).get("key")
        return made_from is not None and made_from.get("sha256") == key["sha256"]

    def files_of(self, photo: Photo) -> PhotoFiles:
        """Return what is known of the files of a photo from earlier runs."""
        return PhotoFiles(self._results, photo.stem, self._line(photo.stem), self._keys.get(photo.stem))

    def have_met(self, source: Address) -> None:
        """Take it that all photos of a store at an address were met: failures of others are of none there."""
        self._index.met = source

    def withdraw(self, photo: Photo) -> bool:
        """Remove what an earlier run wrote of a photo; its line goes when the manifest is closed.

        What a person changed stays. Returns whether there was such a line. Files that are of another photo of
        this name are left alone.
        """
        line = self._line(photo.stem)
        if not line or line["input"] != located(photo.name):
            return False
        files = PhotoFiles(self._results, photo.stem, line)
        files.withdraw(files.known)
        self._index.places.pop(digest(photo.stem), None)
        self._index.failures.pop(digest(photo.stem), None)
        self._index.untidy = True
        self._line.cache_clear()
        return True

    def records(self) -> Iterator[Fields]:
        """Return the fields of every line that counts: the last of each photo."""
        return (fields for fields, later in self._counting() if later is None)

    def renamed(self) -> Iterator[tuple[PhotoFiles, str]]:
        """Return what is known of results whose photo has later ones under another stem, and that stem."""
        for fields, later in self._counting():
            if later is not None:
                yield PhotoFiles(self._results, fields["stem"], fields), later

    def _counting(self) -> Iterator[tuple[Fields, str | None]]:
        # another process may have tidied one that is only looked at
        return lines_that_count(self.path, self._index if self._lines else read_index(self.path))

    def revise(self, revised: Mapping[str, Fields]) -> None:
        """Give the records of these stems other fields, when the manifest is closed."""
        self._revised = revised
        self._index.untidy |= bool(revised)

    def _append(self, result: Result) -> None:
        plain = line_of(result)
        if self._asked is not None:
            plain["asked"] = self._asked
        plain["files"] = {name: origin_of(result.key, name) | record for name, record in result.files.items()}
        before = PhotoFiles(self._results, result.stem, self._line(result.stem), result.key)
        made = () if result.error else result.files  # a failure has made no files
        if earlier := before.left_behind(made):
            plain["earlier"] = earlier
        with self._lock:
            self._index.untidy |= self._is_recorded(result.stem)
            try:
                append_line(self._file, encode(plain))
            except OSError as error:
                reason = system_reason(error)
                raise DataError(
                    f"{self.path}: cannot be written ({reason}); what it holds is "
                    "done: make space and run the same command again"
                ) from error

    def _are_there(self, photo: Photo) -> bool:
        return self.files_of(photo).are_there(self.outputs(photo).values())

    def _is_recorded(self, stem: str) -> bool:
        return digest(stem) in self._index.places

    def _read_line(self, stem: str) -> Fields:
        """Return the last line of earlier runs for a stem; empty where there is none."""
        place = self._index.places.get(digest(stem))
        if place is None:
            return {}
        with self._reading, nullcontext(self._lines) if self._lines else self.path.open("rb") as lines:
            lines.seek(place)
            line = parse(lines.readline()) or {}
        return self._adopted(line) if line and self._adopted else line
