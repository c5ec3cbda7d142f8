"""The share of a ground truth that a network can get right at an input size, and how thin its parts are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

import cv2
import numpy as np

from segmentation.core.labels import IGNORED, LEAST_SHARE
from segmentation.core.parallel import map_in_threads
from segmentation.core.size import Size
from segmentation.metrics.masks import counts, dice
from segmentation.preprocessing.pixels import resize

ENOUGH = 0.9995
"""Dice of a ground truth with itself from which what an input size loses is no matter."""

_MEASURED_PX = 1152  # longest side at which it is measured
_THIN = 0.01  # of the longest side


@dataclass(frozen=True)
class Detail:
    """The Dice that a network without any error would reach at an input `size`, over some photos."""

    size: Size
    dice: float


def measure_detail(truths: Sequence[np.ndarray], sizes: Sequence[Size]) -> tuple[Detail, ...]:
    """Measure rising input sizes, up to the first that keeps `ENOUGH`.

    The `truths` are class indices, uint8 [H, W]. No size is larger than the photos, but for the first.
    """
    truths = [_small(truth) for truth in truths]
    found: list[Detail] = []
    for size in sizes:
        if found and all(size.height > truth.shape[0] or size.width > truth.shape[1] for truth in truths):
            break
        found.append(Detail(size, fmean(map_in_threads(partial(kept_at, size=size), truths))))
        if found[-1].dice >= ENOUGH:
            break
    return tuple(found)


def kept_at(truth: np.ndarray, size: Size) -> float:
    """Return the Dice of a ground truth, class indices uint8 [H, W], that was resized to `size` and back.

    Of several classes it is the mean of those that are there, and 1 where none is.
    """
    whole = Size(*truth.shape)
    found = []
    for index in np.unique(truth):
        region = truth == index
        if index in (0, IGNORED) or region.mean() < LEAST_SHARE:
            continue
        there = resize(region.astype(np.float32), size)
        found.append(dice(counts(resize(there, whole) >= 0.5, region)))
    return fmean(found) if found else 1.0


def thin_share(truth: np.ndarray) -> float:
    """Return how much of the region of all classes, uint8 [H, W], is in parts thinner than 1% of the photo.

    It is what opening by a square of that width takes away (Serra 1982), in [0, 1]; 0 where nothing is.
    """
    truth = _small(truth)
    region = ((truth != 0) & (truth != IGNORED)).astype(np.uint8)
    width_px = max(3, round(_THIN * max(region.shape)) // 2 * 2 + 1)
    opened = cv2.morphologyEx(region, cv2.MORPH_OPEN, np.ones((width_px, width_px), np.uint8))
    area = np.count_nonzero(region)
    return 1 - np.count_nonzero(opened) / area if area else 0.0


def _small(truth: np.ndarray) -> np.ndarray:
    """The same at the size at which it is measured, where it is larger."""
    scale = _MEASURED_PX / max(truth.shape)
    if scale >= 1:
        return truth
    height, width = (max(1, round(scale * side)) for side in truth.shape)
    return cv2.resize(truth, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
