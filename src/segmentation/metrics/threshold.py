"""Search for the threshold that turns scores into the best masks over a set of photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.core.errors import DataError
from segmentation.core.tables import write_csv
from segmentation.metrics.masks import THRESHOLDS, Counts, dice

CERTAIN = 0.02
"""The distance from 0 or 1 within which scores are certain: a network's scores end at about 0.01 and 0.99."""

_PLATEAU = 1e-6  # mean Dice that differs by less than this is the same


@dataclass(frozen=True, eq=False)
class ThresholdSearch:
    """Mean Dice over the photos at each threshold: `thresholds` float32 [256], `dice_mean` float64 [256].

    `best` is one of the thresholds as a Python float: comparing float32 scores with it gives the very
    masks that were counted.
    """

    thresholds: np.ndarray
    dice_mean: np.ndarray
    best: float

    @property
    def dice_mean_at_best(self) -> float:
        """Mean Dice at the best threshold."""
        return float(self.dice_mean[round(self.best * 255)])

    def write_csv(self, path: Path) -> None:
        """Write one line for each threshold: `threshold,dice_mean`."""
        rows = zip(self.thresholds.tolist(), self.dice_mean.tolist(), strict=True)
        write_csv(path, [("threshold", "dice_mean"), *rows])


def search(counts: Sequence[Counts[np.ndarray]]) -> ThresholdSearch:
    """Find the threshold with the best mean Dice from the counts of each photo at all THRESHOLDS.

    It is neither 0, where every pixel is garment, nor 1, where hardly one is. Where neighbouring thresholds
    are equally good (within 1e-6), the middle of the longest such plateau is taken, the lower of two middles:
    it is the safest choice for other photos. Raises DataError when there are no photos.
    """
    if not counts:
        raise DataError("a threshold search needs at least one photo with its ground truth, received none")
    dice_mean = np.mean([dice(photo) for photo in counts], axis=0)  # [N, 256] -> [256]
    between = dice_mean[1:-1]
    first, last = _longest_run(between >= between.max() - _PLATEAU)
    return ThresholdSearch(THRESHOLDS, dice_mean, best=((first + last) // 2 + 1) / 255)


def doubt_about(threshold: float) -> str:
    """Return in words why a threshold makes poor masks: it lies where scores are certain; else nothing."""
    if CERTAIN < threshold < 1 - CERTAIN:
        return ""
    found = "nearly everything is garment" if threshold < 0.5 else "hardly anything is garment"
    return (
        f"at threshold {threshold:.3f} {found}, so that masks are poor; a model that is trained well has one "
        "of about 0.5"
    )


def _longest_run(good: np.ndarray) -> tuple[int, int]:
    """Return first and last index of the longest run of True, the first of equals."""
    edges = np.flatnonzero(np.diff(np.pad(good, 1).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest]) - 1
