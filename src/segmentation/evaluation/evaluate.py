"""Hold a model against the ground truth of whole photos, and write down how it did."""

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.types import BINARY, LabelMap, Prediction, Sample, ScoreFn
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.image_row import class_row, cutout_row
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.evaluation.set_figures import Evaluation
from segmentation.metrics import classes as class_metrics
from segmentation.metrics import masks as metrics
from segmentation.metrics.threshold import search

if TYPE_CHECKING:
    pass

OnProgress = Callable[[int, int], None]
"""Called with (done, total) after each photo."""

_OF_CLASSES = ("classes.csv", "confusion.csv")
_OF_CUTOUTS = ("threshold.csv", "robustness.csv", "robustness.json")
_LARGEST_TOLERANCE_PX = 50  # the work grows with its square, and an edge so far off is no edge


def evaluate(
    score: ScoreFn,
    samples: Sequence[Sample],
    threshold: float | None,
    *,
    labels: LabelMap = BINARY,
    tolerance_px: float = 2.0,
    target_threshold: float = 0.5,
    estimator: ConfidenceEstimator | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Score each photo once at its own size and measure it against its ground truth.

    `threshold` in [0, 1] turns the scores of a cutout into masks; None takes the one with the best mean Dice
    over these very photos. Its ground truth is garment where its alpha is at least `target_threshold`. Where
    `labels` has several classes, both mean nothing. The contour measures allow `tolerance_px`. An `estimator`
    adds the confidence where a threshold is given. Photos are read one at a time; what waits for the best
    threshold is kept compressed, some 50 kB a photo.

    Raises ConfigError for a threshold or a tolerance out of range, DataError for a photo without a
    usable ground truth and SegmentationError for scores that are not scores; the last two name the photo.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"threshold: expected a number from 0 to 1, received {threshold}; 0.5 is usual")
    if not 1 <= tolerance_px <= _LARGEST_TOLERANCE_PX:
        raise ConfigError(
            f"boundary tolerance: expected 1 to {_LARGEST_TOLERANCE_PX} pixels, received {tolerance_px}; "
            "2 is usual"
        )
    if not samples:
        raise DataError("evaluation: expected at least one photo with its ground truth, received none")
    counts, rows, waiting, confusions = [], [], [], []
    for done, sample in enumerate(samples, start=1):
        image, truth = read_pair(sample)
        scores, seconds = score_photo(score, image, sample, labels)
        if not labels.binary:
            predicted, truth, confusion = _without_ignored(labels, labels.classify(scores, 0.0), truth)
            confusions.append(confusion)
            rows.append(class_row(sample, predicted, truth, confusion, seconds, tolerance_px))
        else:
            level, target = metrics.levels(scores[..., 0]), truth >= target_threshold * 255
            counts.append(metrics.counts_by_level(level, target))
            if threshold is None:
                waiting.append((sample, _Packed.of(level, target), seconds))
            else:
                prediction = Prediction(sample.id, scores, labels, float(threshold))
                row = cutout_row(sample, prediction.mask, target, seconds, tolerance_px)
                confidence = estimator(image, prediction).confidence if estimator else None
                rows.append(dataclasses.replace(row, confidence=confidence))
        if on_progress:
            on_progress(done, len(samples))
    if not labels.binary:
        figures = ClassFigures(labels, np.array(confusions))
        return Evaluation(tuple(rows), 0.5, tolerance_px, None, classes=figures)
    found = search(counts)
    for sample, packed, seconds in waiting:
        level, target = packed.unpack()
        rows.append(cutout_row(sample, level >= round(found.best * 255), target, seconds, tolerance_px))
    used = found.best if threshold is None else float(threshold)
    return Evaluation(
        tuple(rows), used, tolerance_px, found, estimator.confidence_model if estimator else None
    )


def _without_ignored(
    labels: LabelMap, predicted: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both maps with background where the truth is ignored, and the confusion matrix without these."""
    confusion = class_metrics.confusion(predicted, truth, len(labels.names), labels.ignore)
    counted = truth != labels.ignore if labels.ignore is not None else np.ones(truth.shape, bool)
    return predicted * counted, truth * counted, confusion


@dataclass(frozen=True)
class _Packed:
    """Score levels and target of one photo, compressed: levels hold the mask of any searched threshold."""

    shape: tuple[int, int]
    level: bytes
    target: bytes

    @classmethod
    def of(cls, level: np.ndarray, target: np.ndarray) -> "_Packed":
        return cls(level.shape, zlib.compress(level, 1), zlib.compress(np.packbits(target), 1))

    def unpack(self) -> tuple[np.ndarray, np.ndarray]:
        level = np.frombuffer(zlib.decompress(self.level), np.uint8)
        target = np.unpackbits(np.frombuffer(zlib.decompress(self.target), np.uint8), count=level.size)
        return level.reshape(self.shape), target.reshape(self.shape).astype(bool)
