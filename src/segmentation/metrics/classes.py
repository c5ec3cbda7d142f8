"""Measures of a label map against its ground truth: count once, then one-line formulas.

Maps are integers [H, W]: the index of each pixel's class. A confusion matrix is int64 [C, C], a row a true
class and a column a predicted one; those of several photos are added. Every score is in [0, 1], 1 is
perfect, and a mean over nothing is 1.
"""

import numpy as np

from segmentation.metrics.masks import Counts, Number, ratio


def confusion(
    predicted: np.ndarray, truth: np.ndarray, classes: int, ignore: int | None = None
) -> np.ndarray:
    """Count the pixels by true and predicted class: int64 [C, C]; those whose truth is `ignore` are left out.

    Raises ValueError when the sizes differ, and for an index that is no class.
    """
    if predicted.shape != truth.shape or truth.ndim != 2:
        raise ValueError(
            f"expected two maps [H, W] of one size, received {predicted.shape} and {truth.shape}"
        )
    if ignore is not None:
        predicted, truth = predicted[truth != ignore], truth[truth != ignore]
    for indices in (predicted, truth):
        if indices.size and not 0 <= int(indices.min()) <= int(indices.max()) < classes:
            raise ValueError(
                f"expected indices from 0 to {classes - 1}, received {indices.min()} to {indices.max()}"
            )
    pairs = truth.ravel().astype(np.int64) * classes + predicted.ravel().astype(np.int64)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def pixel_accuracy(confusion: np.ndarray) -> float:
    """Return the fraction of the pixels whose class is right."""
    return _mean(class_recall(confusion), _true(confusion))


def mean_accuracy(confusion: np.ndarray) -> float:
    """Return the fraction of each class's pixels that are right, the mean over the true classes."""
    return _mean(class_recall(confusion), _true(confusion) > 0)


def iou(confusion: np.ndarray) -> np.ndarray:
    """Return the intersection over union of each class: float64 [C], NaN where neither true nor predicted."""
    return _ratio(_right(confusion), _true(confusion) + _predicted(confusion) - _right(confusion))


def dice(confusion: np.ndarray) -> np.ndarray:
    """Return the Dice coefficient of each class: float64 [C], NaN where neither true nor predicted."""
    return _ratio(2 * _right(confusion), _true(confusion) + _predicted(confusion))


def class_recall(confusion: np.ndarray) -> np.ndarray:
    """Return the fraction of each true class's pixels that are found: float64 [C], NaN where never true."""
    return _ratio(_right(confusion), _true(confusion))


def class_precision(confusion: np.ndarray) -> np.ndarray:
    """Return the fraction of each predicted class's pixels that are right: float64 [C], NaN where never."""
    return _ratio(_right(confusion), _predicted(confusion))


def mean_iou(confusion: np.ndarray) -> float:
    """Return the intersection over union, the mean over the classes that are true or predicted."""
    return _mean(iou(confusion), _occurring(confusion))


def mean_dice(confusion: np.ndarray) -> float:
    """Return the Dice coefficient, the mean over the classes that are true or predicted."""
    return _mean(dice(confusion), _occurring(confusion))


def frequency_weighted_iou(confusion: np.ndarray) -> float:
    """Return the intersection over union, the mean over the true classes weighted by their pixels."""
    return _mean(iou(confusion), _true(confusion))


def present(confusion: np.ndarray, least_share: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return which classes a photo has, and which it is predicted to have: two arrays of bool [C].

    One pixel is enough to have a class; to be predicted it takes a pixel, and at least `least_share`, in [0,
    1], of the pixels that count. For several photos, [P, C, C], both are [P, C].
    """
    predicted = _predicted(confusion)
    least_px = least_share * confusion.sum(axis=(-2, -1))[..., np.newaxis]
    return _true(confusion) > 0, (predicted > 0) & (predicted >= least_px)


def presence(confusion: np.ndarray, least_share: float = 0.0) -> Counts[np.ndarray]:
    """Count the classes except the background by whether they are `present` and predicted to be.

    For the matrices of several photos, [P, C, C], each field is int64 [P].
    """
    true, predicted = (there[..., 1:] for there in present(confusion, least_share))
    outcomes = true & predicted, ~true & predicted, true & ~predicted, ~true & ~predicted
    return Counts(*(np.count_nonzero(outcome, axis=-1) for outcome in outcomes))


def precision(counts: Counts[Number]) -> Number:
    """Return the fraction of what is predicted that is true; 1 where nothing is predicted."""
    return ratio(counts.tp, counts.tp + counts.fp)


def recall(counts: Counts[Number]) -> Number:
    """Return the fraction of what is true that is predicted; 1 where nothing is true."""
    return ratio(counts.tp, counts.tp + counts.fn)


def _right(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _true(confusion: np.ndarray) -> np.ndarray:
    return confusion.sum(axis=-1)


def _predicted(confusion: np.ndarray) -> np.ndarray:
    return confusion.sum(axis=-2)


def _occurring(confusion: np.ndarray) -> np.ndarray:
    return _true(confusion) + _predicted(confusion) > 0


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.greater(whole, 0))


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    used = weights > 0
    return float(np.average(values[used], weights=weights[used])) if used.any() else 1.0
