"""One photo of an evaluation, read and scored."""

import time

import numpy as np

from segmentation.core.errors import DataError, SegmentationError
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.predictions import FoundObject, ScoreFn
from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import truth_of
from segmentation.images.files import read_photo
from segmentation.inference.engines.object_engine import ObjectEngine


def read_pair(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Read a photo, uint8 RGB [H, W, 3], and its ground truth, uint8 [H, W], see `GroundTruth`.

    Raises ImageError, and DataError where there is no ground truth or none of the photo's size.
    """
    truth = truth_of(sample)
    image = read_photo(sample.photo)
    alpha = truth.read()
    if image.shape[:2] != alpha.shape:
        raise DataError(
            f"{truth.path}: expected the photo's size {_size(image)}, received {_size(alpha)}; "
            f"export the ground truth of {sample.photo.name} again at full size"
        )
    return image, alpha


def score_photo(
    score: ScoreFn, image: np.ndarray, sample: Sample, labels: LabelMap = BINARY
) -> tuple[np.ndarray, float]:
    """Score a sample's photo, float32 [H, W, C] in [0, 1] of C classes, and return the seconds as well.

    Raises SegmentationError, with the name of the photo, for scores of another shape or range.
    """
    start = time.perf_counter()
    scores = score(image)
    seconds = time.perf_counter() - start
    shape = (*image.shape[:2], len(labels.names))
    if scores.shape != shape:
        raise SegmentationError(
            f"{sample.photo}: expected scores of {len(labels.names)} classes at the photo's size, "
            f"{shape}, received {scores.shape}; evaluate a model of these classes"
        )
    low, high = float(scores.min()), float(scores.max())  # NaN if any score is NaN
    if not (low >= 0 and high <= 1):
        raise SegmentationError(
            f"{sample.photo}: expected scores from 0 to 1, received {low:g} to {high:g}; "
            f"the model's weights are damaged or its training went astray: train it again"
        )
    return scores.astype(np.float32, copy=False), seconds


def find_objects(
    engine: ObjectEngine, image: np.ndarray
) -> tuple[tuple[FoundObject, ...], np.ndarray, float]:
    """Return the objects in a photo, the scores that they make, [H, W, C], and the seconds."""
    start = time.perf_counter()
    found = engine.find(image)
    seconds = time.perf_counter() - start
    return found, engine.score(found, image.shape), seconds


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
