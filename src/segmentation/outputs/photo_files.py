"""The files that a folder of results holds for one photo: whose they are, and what they were made from."""

import contextlib
import os
import stat
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.outputs.file_record import FileRecord, is_as_recorded, origin_of
from segmentation.outputs.names import results_named
from segmentation.outputs.stored_folder import StoredFolder

Results = Path | StoredFolder
"""The place where results lie."""

_DECISIVE = ("sha256", "canvas")  # of a key: what `origin_of` takes from it


@dataclass(frozen=True)
class PhotoFiles:
    """The files of a `stem` in a folder of results by the `line` of earlier runs, empty where there is none.

    `key` is that of the photo as it is now, where it is known.
    """

    folder: Results
    stem: str
    line: Mapping[str, Any]
    key: Mapping[str, Any] | None = None

    @property
    def written(self) -> dict[str, FileRecord]:
        """Return the records of the last run's outputs, by which they are recognised."""
        return self.line.get("files") or {}

    @property
    def known(self) -> dict[str, FileRecord]:
        """The records of the outputs of all runs."""
        return (self.line.get("earlier") or {}) | self.written

    def is_changed(self, output: str) -> bool:
        """Return whether a file is there that is not as an earlier run wrote it: a person's work."""
        path = self.folder / output
        try:
            status = path.stat()
        except OSError:
            return False
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False  # no person's work: a power cut leaves empty files
        records = (self.written, self.line.get("earlier") or {})
        return not is_as_recorded(path, status, [files[output] for files in records if output in files])

    def made_from(self, output: str) -> dict[str, Any]:
        """Return what a file was made from, see `origin_of`; empty where nothing says it.

        A file that no run wrote was made from the same as the outputs of the last run.
        """
        for files in (self.written, self.line.get("earlier") or {}):
            if "photo" in (record := files.get(output, {})):
                return {name: record[name] for name in ("photo", "canvas") if name in record}
        return origin_of(self.line.get("key"), output)

    def outdated(self) -> tuple[str, ...]:
        """Return the files that a person made or changed from an earlier photo of this name."""
        names = sorted({*self.known, *self._added()})
        others = (name for name in names if self._is_of_other(self.made_from(name)))
        return tuple(name for name in others if self.is_changed(name))

    def of_another(self) -> set[str]:
        """Return the outputs of earlier runs that were made from another photo of this name."""
        return {name for name, record in self.known.items() if self._is_of_other(record)}

    def are_there(self, outputs: Iterable[str]) -> bool:
        """Return whether outputs have content, and whatever is of an earlier photo is there as well.

        Without that, what is made of the present photo may take its place.
        """
        return all(_has_content(self.folder, output) for output in (*outputs, *self.of_another()))

    def left_behind(self, made: Container[str]) -> dict[str, FileRecord]:
        """Return the records of files that may still be there when a run has `made` others.

        Files of a person that no run recorded are among them where from now on outputs are made from
        something else, so that it is still known what they were made from.
        """
        added = {name: origin_of(self.line["key"], name) for name in self._added()}
        return {
            name: record
            for name, record in (added | self.known).items()
            if name not in made and (not self._is_of_other(record) or (self.folder / name).exists())
        }

    def withdraw(self, outputs: Iterable[str]) -> None:
        """Remove outputs that an earlier run made from an earlier state of the photo.

        What a person changed stays.
        """
        for output in outputs if self.line else ():
            with contextlib.suppress(OSError):  # gone, or not ours to remove
                if not self.is_changed(output):
                    (self.folder / output).unlink()

    def _added(self) -> list[str]:
        """Return the files of a person that no run recorded, where the key has another origin than theirs."""
        before = self.line.get("key")
        if not before or (self.key and all(before.get(name) == self.key.get(name) for name in _DECISIVE)):
            return []
        folder = self.folder
        there = (
            folder.named(self.stem) if isinstance(folder, StoredFolder) else results_named(folder, self.stem)
        )
        return [name for name in there if name not in self.known]

    def _is_of_other(self, record: FileRecord) -> bool:
        return self.key is not None and record.get("photo") not in (None, self.key.get("sha256"))


def _has_content(folder: Results, output: str) -> bool:
    try:
        # of many photos: a path takes longer than the system's answer
        status = os.stat(f"{folder}/{output}") if isinstance(folder, Path) else (folder / output).stat()  # noqa: PTH116
    except OSError:
        return False
    return status.st_size > 0  # a power cut may leave a file without its content
