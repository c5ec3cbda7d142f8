"""Measure mattes against true alphas."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from segmentation.core.errors import DataError
from segmentation.core.parallel import OnProgress
from segmentation.core.samples import Sample
from segmentation.evaluation.matte_figures import MatteEvaluation, MatteFigures, MatteRow
from segmentation.evaluation.photo import read_pair
from segmentation.images.trimaps import UNKNOWN
from segmentation.inference.matting import Matte
from segmentation.metrics.matting import matte_errors

Start = Callable[[Sample, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""A sample, its photo [H, W, 3] and true alpha [H, W] -> the alpha that a matte begins with, the trimap that
it is given, and the trimap in whose unknown band it is judged, all uint8 [H, W]."""

Look = Callable[[Sample, np.ndarray, np.ndarray, Mapping[str, np.ndarray]], None]
"""A function that sees a sample, its photo, its true alpha, and the alphas found, by names of mattes."""

MatteOf = Callable[[Sample], Matte]
"""The matte of a photo: that of a model that was not trained on it."""


def evaluate_mattes(
    mattes: Mapping[str, MatteOf],
    samples: Sequence[Sample],
    trimaps: str,
    start: Start,
    look: Look | None = None,
    on_progress: OnProgress | None = None,
) -> MatteEvaluation:
    """Find the alpha of each photo with every one of `mattes`, by their names, and measure it.

    `trimaps` says in a word where the trimaps come from that `start` makes; `look` sees the alphas of each
    photo. Raises DataError without photos, and for a photo without a usable ground truth.
    """
    if not samples:
        raise DataError("evaluation: expected at least one photo with its ground truth, received none")
    rows: dict[str, list[MatteRow]] = {name: [] for name in mattes}
    for done, sample in enumerate(samples, start=1):
        photo, target = read_pair(sample)
        alpha, known, judged = start(sample, photo, target)
        found = {}
        for name, matte_of in mattes.items():
            matte = matte_of(sample)
            if not rows[name]:
                matte(photo, alpha, known)  # a warm-up, so that loading is not timed
            began, cpu_began = time.perf_counter(), time.process_time()
            found[name] = matte(photo, alpha, known)
            times = time.perf_counter() - began, time.process_time() - cpu_began
            rows[name].append(_row(sample, found[name], target, judged == UNKNOWN, *times))
        if look:
            look(sample, photo, target, found)
        if on_progress:
            on_progress(done, len(samples))
    return MatteEvaluation(trimaps, tuple(MatteFigures(name, tuple(found)) for name, found in rows.items()))


def _row(
    sample: Sample,
    alpha: np.ndarray,
    target: np.ndarray,
    band: np.ndarray,
    seconds: float,
    cpu_seconds: float,
) -> MatteRow:
    pair = alpha.astype(np.float32) / np.iinfo(alpha.dtype).max, target.astype(np.float32) / 255
    return MatteRow(
        id=sample.id,
        group=sample.group,
        unknown=float(band.mean()),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        band=matte_errors(*pair, band),
        whole=matte_errors(*pair),
    )
