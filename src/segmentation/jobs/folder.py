"""The part that jobs over a folder of photos share: a result and an event for each photo."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segmentation.config.scoring import InputOptions
from segmentation.core.events import Caution
from segmentation.core.parallel import cores
from segmentation.images.files import open_photo
from segmentation.inference.scorer import Scorer
from segmentation.jobs.context import Context
from segmentation.outputs.folder_job import Decide, Deliver, Tally, run_folder
from segmentation.outputs.manifest import Manifest, Result
from segmentation.outputs.naming import Photo, find_photos


@dataclass(frozen=True)
class FolderStarted:
    """An event: photos are about to be predicted; `count()` counts them, which may take a while."""

    doing: str
    count: Callable[[], int]


@dataclass(frozen=True)
class PhotoDone:
    """An event: a photo is done, was skipped as already done, or failed."""

    result: Result


def find_input(photos: InputOptions, exclude: Path | None, context: Context) -> Iterator[Photo]:
    """Return the photos of a job, without those that lie in the folder of its results."""
    return find_photos(photos.input, exclude=exclude, warn=lambda text: context.tell(Caution(text)))


def streams_for(photos: InputOptions, workers: int | None) -> int:
    """Return how many photos are processed at the same time: a single photo uses all cores."""
    return 1 if photos.input.is_file() else workers or cores()


def predict_photos(
    scorer: Scorer,
    photos: Iterator[Photo],
    deliver: Deliver,
    context: Context,
    options: InputOptions,
    *,
    doing: str,
    exclude: Path | None = None,
    workers: int = 1,
    bits: int = 8,
    keep_gps: bool = False,
    manifest: Manifest | None = None,
    estimate: bool = False,
    decide: Decide | None = None,
) -> Generator[Result, None, None]:
    """Predict and deliver each photo, tell an event and yield the result; see `run_folder`.

    With `estimate` predictions have features and, where the models have a confidence model, a confidence.
    Closing the iterator finishes the photos in hand.
    """

    def count() -> int:
        return sum(1 for _ in find_photos(options.input, exclude=exclude))

    context.tell(FolderStarted(doing, count))
    results = run_folder(
        scorer.score,
        scorer.models,
        photos,
        scorer.threshold,
        deliver,
        workers=workers,
        stop=context.stop,
        manifest=manifest,
        read=partial(open_photo, max_pixels=options.max_pixels, bits=bits, keep_gps=keep_gps),
        estimator=scorer.estimator if estimate else None,
        decide=decide,
    )
    with closing(results):
        for result in results:
            context.tell(PhotoDone(result))
            yield result


def status_of(tally: Tally) -> int:
    """Return the exit status of a folder job: 0 when nothing failed, 1 when some did, 2 when all did."""
    if not tally.failed:
        return 0
    return 1 if tally.failed < tally.photos else 2
