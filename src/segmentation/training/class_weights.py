"""Weights of classes by how often they occur, so that rare ones count as well."""

from collections.abc import Callable

import numpy as np


def class_weights(name: str, counts: np.ndarray) -> np.ndarray:
    """Return the weight of each class by the method `name`, one of WEIGHTS: float64 [C], at least 0.

    `counts` [P, C] are the pixels of each class in each photo, ignored ones left out. The mean over all
    these pixels is one, so that a weighted cross-entropy stays as large beside other losses as one without
    weights, however many rare classes there are; a class without pixels has weight 0. Raises ValueError for
    counts of another form, and for those without any pixel.
    """
    counts = np.asarray(counts, np.float64)
    if counts.ndim != 2 or not (counts >= 0).all() or not counts.any():
        raise ValueError(f"expected counts of pixels [P, C] with some pixels, received shape {counts.shape}")
    occurring = np.asarray(counts.any(axis=0))
    weights = np.zeros(len(occurring))
    weights[occurring] = WEIGHTS[name](counts[:, occurring])
    return weights / np.average(weights, weights=counts.sum(axis=0))


def inverse_frequency(counts: np.ndarray) -> np.ndarray:
    """Return one over the number of pixels: every class weighs the same as a whole. [P, C] -> [C]."""
    return 1.0 / counts.sum(axis=0)


def median_frequency(counts: np.ndarray) -> np.ndarray:
    """Return the median share over each class's share of the photos with it (Eigen and Fergus 2015).

    Unlike `inverse_frequency` it does not depend on how many photos have the class. [P, C] -> [C].
    """
    around = np.where(counts > 0, counts.sum(axis=1, keepdims=True), 0)  # pixels of those photos: [P, C]
    frequency = counts.sum(axis=0) / around.sum(axis=0)
    return np.median(frequency) / frequency


def effective_number(counts: np.ndarray, beta: float | None = None) -> np.ndarray:
    """Return one over the effective number of pixels, (1 - beta^n) / (1 - beta), after Cui et al. 2019.

    `beta` in [0, 1) is (M - 1) / M, where more than about M pixels add nothing new. By default M is the mean
    number of pixels a class, whatever the size and number of the photos; the paper's values, up to 0.9999,
    are for counts of thousands of pictures and would weigh classes of millions of pixels alike.
    [P, C] -> [C].
    """
    numbers = counts.sum(axis=0)
    share = 1.0 / max(numbers.mean(), 1.0) if beta is None else 1.0 - beta  # 1 / M
    if share == 1.0:
        return np.ones(len(numbers))
    return share / -np.expm1(numbers * np.log1p(-share))  # powers of a beta this close to one


WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "inverse": inverse_frequency,
    "median": median_frequency,
    "effective": effective_number,
}
"""The methods that `LossConfig.class_weights` names, besides none."""
