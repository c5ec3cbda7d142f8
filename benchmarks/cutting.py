"""Photos to mask and cutout on disk within this process, and the time that something takes."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import project  # noqa: F401  (so that the library is found)

from segmentation.core.parallel import cores
from segmentation.inference.scorer import Scorer
from segmentation.jobs.context import Context
from segmentation.jobs.folder import Photos, predict_photos
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.publishing import Publisher


def cut(scorer: Scorer, photos: Sequence[Photo], writer: CutoutWriter, output: Path) -> None:
    """Take photos to mask and cutout on disk, as `predict` with `save` does, on all cores."""
    manifest = Manifest(output, {}, kinds=writer.kinds, overwrite=True)
    results = predict_photos(
        scorer,
        Photos(tuple(photo.path for photo in photos), None, None),
        Publisher(output, writer, manifest),
        Context(),
        found=photos,
        doing="cutting",
        workers=cores(),
        manifest=manifest,
    )
    with manifest:
        for result in results:
            assert not result.error, result.error


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long the work takes, on the clock."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
