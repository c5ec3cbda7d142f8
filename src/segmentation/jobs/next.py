"""The job `next`: which photos are worth cutting out by hand next, by what a model makes of them."""

import math
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from segmentation.confidence.selection import choose_next
from segmentation.config.jobs.next import NextOptions
from segmentation.core.errors import DataError
from segmentation.core.files import write_text
from segmentation.core.lock import locked
from segmentation.core.tables import write_csv
from segmentation.inference.suitability import require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.folder import Photos, predict_photos
from segmentation.jobs.loading import Loading
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.result import Result

TABLE, LIST = "next.csv", "next.txt"


@dataclass(frozen=True)
class NextPhoto:
    """A chosen photo, what is expected of its mask, and how unlike those before it is, in deviations.

    `confidence` is the expected Dice; the first photo is unlike no other, which is None.
    """

    photo: str
    confidence: float
    unlike: float | None


@dataclass(frozen=True)
class Chosen:
    """The chosen photos, the best first, of `seen` ones; `failed` others could not be read."""

    photos: tuple[NextPhoto, ...]
    seen: int
    failed: int
    output: Path


def choose_photos(options: NextOptions, context: Context) -> Chosen:
    """Predict every photo, tell a PhotoDone event for each, and write a table and a list of the chosen ones.

    Raises ConfigError for a model of several classes, DataError for an input without photos that can be read
    and where another process writes there, and KeyboardInterrupt once `context.stop()` is true.
    """
    loading = Loading(options.models, options.scoring, context)
    require_cutout(loading.models, "next")
    output = options.output or context.workspace.results / loading.models.name / "next"
    with locked(output):
        return _choose(options, loading, output, context)


def _choose(options: NextOptions, loading: Loading, output: Path, context: Context) -> Chosen:
    photos = Photos.of(options.photos)
    workers = photos.streams(options.work.workers)
    results = predict_photos(
        loading.scorer(workers),
        photos,
        lambda _photo, _picture, _prediction: PhotoOutputs({}),
        context,
        doing="looking",
        workers=workers,
        estimate=True,
    )
    with closing(results):
        seen = list(results)
    if context.stop():
        raise KeyboardInterrupt
    good = sorted((one for one in seen if not one.error), key=lambda one: one.input)
    if not good:
        raise DataError("`input`: expected photos that can be read, received none; see the reasons above")
    places = choose_next(
        [one.features for one in good], [1 - _confidence(one) for one in good], options.count
    )
    chosen = tuple(
        NextPhoto(good[place].input, _confidence(good[place]), None if math.isinf(unlike) else unlike)
        for place, unlike in places
    )
    heading = ("rank", "photo", "confidence", "unlike")
    rows = [(rank, one.photo, one.confidence, one.unlike) for rank, one in enumerate(chosen, start=1)]
    write_csv(output / TABLE, [heading, *rows])
    write_text(output / LIST, "".join(f"{one.photo}\n" for one in chosen))
    return Chosen(chosen, len(good), len(seen) - len(good), output)


def _confidence(result: Result) -> float:
    """Return the expected Dice; without a confidence model, how far the mask is the same in a mirror."""
    if result.confidence is not None:
        return result.confidence
    return 1 - result.features.get("disagreement", 1.0)
