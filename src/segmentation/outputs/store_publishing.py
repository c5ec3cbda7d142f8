"""Putting the files of photos into an object store: a batch at a time, recorded before they appear."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segmentation.core.errors import SegmentationError
from segmentation.images.files import Picture
from segmentation.outputs.file_record import FileRecord, record_of
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.publishing import SAVED, FileWriter, Made, Publisher, of_predicted
from segmentation.outputs.result import Result
from segmentation.outputs.shards import Shard
from segmentation.outputs.stored_folder import StoredFolder

BATCH = 16
"""Photos whose files are put into the store together, after one part of the manifest says so."""


@dataclass
class _Staged:
    """The files of a photo on this machine, by their paths in the results."""

    photo: Photo
    folder: Path
    outputs: dict[str, str]
    files: dict[str, Path]
    notes: tuple[str, ...]
    plan: PhotoOutputs | None = None
    records: dict[str, FileRecord] | None = None
    error: str | None = None

    def failed(self, result: Result) -> Result:
        """Return the result of a photo whose files could not all be put into the store."""
        about: dict[str, Any] = {"error": self.error, "key": result.key, "files": self.records or {}}
        return Result(result.input, result.stem, **about)


class StorePublisher(Publisher[Made]):
    """Delivers the files of photos into the store of an open shard.

    They are written on this machine first. `publish` records what they are in the store and puts them there:
    an object appears whole or not at all, and a process that is killed leaves nothing that is not recorded.
    What a person changed is kept or saved, as by a Publisher.
    """

    def __init__(
        self,
        results: StoredFolder,
        writer: FileWriter[Made],
        shard: Shard,
        scratch: Path,
        *,
        overwrite: bool = False,
    ):
        super().__init__(scratch, writer, shard.manifest, overwrite=overwrite)
        self._results = results
        self._shard = shard
        self._staged: dict[str, _Staged] = {}

    def __call__(self, photo: Photo, picture: Picture, made: Made) -> PhotoOutputs:
        """Write the files of a photo on this machine. Raises ImageError."""
        outputs = self.outputs_of(photo, made)
        folder = self._folder / f"{id(photo):x}"
        files = {output: folder / output for output in outputs.values()}
        notes = self._writer.write({kind: files[output] for kind, output in outputs.items()}, picture, made)
        self._staged[photo.stem] = _Staged(photo, folder, outputs, files, notes)
        return PhotoOutputs(outputs, notes)

    def publish(self, results: Sequence[Result], pool: ThreadPoolExecutor) -> Iterator[Result]:
        """Put the files of these photos into the store and record them; yield their final results.

        Raises DataError where the store cannot record them: then none of their files is there.
        """
        manifest = self._shard.manifest
        staged = [self._staged.pop(result.stem, None) for result in results]
        written = [one for one in staged if one]
        _all(pool, self._prepare, written)
        for one in written:
            if one.records is not None:
                manifest.begin(one.photo, one.records)
        self._shard.ship()
        _all(pool, self._put, [one for one in written if not one.error])
        for result, found in zip(results, staged, strict=True):
            done = self._finished(result, found) if found else result
            if not done.skipped:
                manifest.record(done)
            yield done

    def _finished(self, result: Result, one: _Staged) -> Result:
        shutil.rmtree(one.folder, ignore_errors=True)
        if one.error or one.plan is None or one.records is None:
            return one.failed(result)
        try:
            notes = (*one.notes, *of_predicted(one.plan))
            done = self.delivered(one.photo, one.plan, notes, one.records)
        except SegmentationError as error:  # what it supersedes could not be looked at
            one.error = str(error)
            return one.failed(result)
        notes = (*result.notes[: len(result.notes) - len(one.notes)], *done.notes)
        return replace(
            result,
            outputs=done.outputs,
            notes=notes,
            files=done.files,
            kept=done.kept,
            replaced=done.replaced,
            outdated=done.outdated,
        )

    def _prepare(self, one: _Staged) -> None:
        one.plan = self.plan(one.photo, one.outputs)
        new = {output: path for output, path in one.files.items() if output not in one.plan.kept}
        one.records = {output: record_of(path) for output, path in new.items()}

    def _put(self, one: _Staged) -> None:
        assert one.plan
        for output in one.records or ():
            target = self._results / output
            if output in one.plan.replaced:
                self._results.store.copy(target.address, self._unused(output))
            self._results.store.put(one.files[output], target.address)

    def _unused(self, output: str) -> Any:
        names = (f"{output}{SAVED}{number}" for number in ("", *range(2, 10_000)))
        return next(found.address for name in names if not (found := self._results / name).exists())


def _all(pool: ThreadPoolExecutor, work: Callable[[_Staged], None], items: Iterable[_Staged]) -> None:
    """Do the work for each of the staged photos; what fails is its error."""

    def attempt(one: _Staged) -> None:
        try:
            work(one)
        except (SegmentationError, OSError) as error:
            one.error = str(error)

    list(pool.map(attempt, items))
