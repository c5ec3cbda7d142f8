"""The folder job: photos are predicted and written in parallel, and a failure of one stops no other."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from segmentation.confidence.verdict import PhotoTriage
from segmentation.core.errors import DataError, SegmentationError, is_full, printable, system_error
from segmentation.core.predictions import Prediction
from segmentation.core.timing import timed
from segmentation.core.unfinished import errors_renamed
from segmentation.images.files import Picture, open_photo
from segmentation.inference.scorer import Scorer
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_result import PhotoOutputs, result_of
from segmentation.outputs.result import Result

WritePhoto = Callable[[Photo, Picture, Prediction], PhotoOutputs]
"""A function of a photo, its picture and its prediction that returns what it wrote. Called from threads."""


@dataclass
class Tally:
    """The counts of a folder job's photos: made, skipped as done before, and failed; `noted` have notes."""

    made: int = 0
    skipped: int = 0
    failed: int = 0
    noted: int = 0

    @property
    def photos(self) -> int:
        return self.made + self.skipped + self.failed

    def add(self, result: Result) -> None:
        """Count a result."""
        if result.error:
            self.failed += 1
        elif result.skipped:
            self.skipped += 1
        else:
            self.made += 1
            self.noted += bool(result.notes)


def run_folder(
    scorer: Scorer,
    photos: Iterable[Photo | None],
    write: WritePhoto,
    *,
    workers: int = 1,
    stop: Callable[[], bool] = lambda: False,
    manifest: Manifest | None = None,
    read: Callable[[Path], Picture] = open_photo,
    estimate: bool = False,
    triage: PhotoTriage | None = None,
) -> Generator[Result, None, None]:
    """Predict each photo, write it, and yield its result; results come in the order of the photos.

    Each of `workers` threads takes one photo at a time from the file to its outputs, so that reading,
    scoring and writing overlap; `scorer`, `write` and `stop` are called from all of them. At most
    2 x `workers` photos are taken ahead of the results, so that memory does not grow with the folder. None
    among the photos means that there are no others yet: results that are there are yielded meanwhile.

    With a `manifest`, photos that it records as done are skipped, and every other result is recorded in it
    before it is yielded. With `estimate` results have features and confidence, with a `triage` also a
    decision. Once `stop()` is true, or when the caller closes the generator, no photo is begun; those that
    were begun are finished and recorded.

    A failure of one photo, of any kind, yields a result that names it. When the disk is full or has become
    read-only, every other photo would fail too: then the photos that were begun are finished, what could be
    written is recorded, and DataError is raised; the next run goes on from there.
    """
    closed = threading.Event()
    waiting: deque[Future[Result | None]] = deque()

    def work(photo: Photo) -> Result | None:
        if closed.is_set() or stop():
            return None
        try:
            return _cut(photo, scorer, write, manifest, read, estimate, triage)
        except BaseException:
            closed.set()
            raise
        finally:
            if photo.download:
                photo.download.release()

    def finish_oldest() -> Iterator[Result]:
        result = waiting.popleft().result()
        if result is None:
            return
        if manifest and not result.skipped:
            manifest.append(result)
        yield result

    with ThreadPoolExecutor(workers) as pool:
        try:
            for photo in photos:
                if closed.is_set() or stop():
                    break
                if photo is None:
                    while waiting and waiting[0].done():
                        yield from finish_oldest()
                    continue
                waiting.append(pool.submit(work, photo))
                if len(waiting) == 2 * workers:
                    yield from finish_oldest()
            while waiting:
                yield from finish_oldest()
        finally:
            closed.set()
            while waiting:
                with contextlib.suppress(SegmentationError):  # the first of them is already on its way
                    list(finish_oldest())


def _cut(
    photo: Photo,
    scorer: Scorer,
    write: WritePhoto,
    manifest: Manifest | None,
    read: Callable[[Path], Picture],
    estimate: bool,
    triage: PhotoTriage | None,
) -> Result:
    """Take one photo from its file to its outputs. Raises DataError when nothing more can be written."""
    started = time.perf_counter()
    name, key = photo.name, None
    try:
        if photo.problem:
            raise DataError(photo.problem)
        key = manifest.key(photo) if manifest else None  # before reading: a later change is done again
        if manifest and manifest.is_done(photo, key):
            return manifest.earlier(photo)
        if manifest and (conflict := manifest.conflict(photo)):
            return Result(name, photo.stem, error=conflict, skipped=True)
        with timed("decode"):
            picture = _read(photo, read)
        prediction = scorer.predict(photo.stem, picture.seen, estimate=estimate)
        verdict = triage.verdict_on(prediction) if triage else None
        with timed("encode"):
            written = write(photo, picture, prediction)
    except SegmentationError as failure:
        stop_if_full(failure)
        return _failed(photo, failure, str(failure), manifest, key)
    except Exception as failure:  # one odd photo among thousands must not cost the night
        reason = printable(f"{type(failure).__name__}: {failure}")
        error = f"{printable(name)}: cannot be predicted ({reason}); report it"
        return _failed(photo, failure, error, manifest, key)
    return result_of(photo, picture, prediction, verdict, written, time.perf_counter() - started, key)


def stop_if_full(failure: SegmentationError) -> None:
    """Raise DataError where a failure comes from a disk on which nothing more can be written."""
    if is_full(failure):
        raise DataError(
            f"stopped, since nothing more can be written: {failure}, then run the same command again"
        ) from failure.__cause__


def _read(photo: Photo, read: Callable[[Path], Picture]) -> Picture:
    if not photo.download:
        return read(photo.path)
    path = photo.download.file()
    with errors_renamed(str(path), photo.name):
        return read(path)


def _failed(
    photo: Photo, failure: Exception, error: str, manifest: Manifest | None, key: dict | None
) -> Result:
    """Return the result of a failure; withdraw outputs of what the file was before, which would mislead."""
    if manifest and key and not manifest.is_of(photo, key):  # without a key the file could not be reached
        files = manifest.files_of(photo)
        files.withdraw({*photo.outputs.values(), *files.written})
        key = None
    return Result(photo.name, photo.stem, error=error, of_system=system_error(failure) is not None, key=key)
