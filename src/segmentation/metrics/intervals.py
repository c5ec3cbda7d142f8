"""Confidence intervals of means over photos, and tests of the difference between two models.

Values are float64 [N], one for each photo, in the same order for every model. Photos of one garment resemble
each other and are resampled together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.core.errors import DataError

CONFIDENCE = 0.95
RESAMPLES = 10_000
MANY = 15  # garments from which on resampling makes intervals that are wide enough
SEED = 0  # the same for all, so that every model is measured on the same resampled photos

_BATCH = 1000  # resamples that are in memory at once
_SAME = 1e-12  # differences below it are rounding, and make no sense resampled


@dataclass(frozen=True)
class Interval:
    """A mean over photos and the bootstrap interval of that mean at `CONFIDENCE`."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A model's mean difference from the baseline.

    `p_value` is that of the Wilcoxon signed-rank test; `better`, `worse` and `equal` count photos.
    """

    interval: Interval
    p_value: float
    better: int
    worse: int
    equal: int


def mean_interval(values: np.ndarray, garments: Sequence[str] | None = None) -> Interval:
    """Return the mean of float64 [N] and its bootstrap interval (BCa, Efron 1987).

    The interval is bias-corrected and accelerated. The `garments` that the N photos show are resampled
    `RESAMPLES` times with all their photos, the same way in every call; without them, and where all photos
    are of one, each photo stands for itself. Values that are all equal give an interval of no width. Raises
    DataError for fewer than two.
    """
    from scipy import stats

    values = np.asarray(values, np.float64)
    if len(values) < 2:
        raise DataError(f"comparison: expected at least 2 photos, received {len(values)}; give more `data`")
    mean = float(values.mean())
    sums, counts = _by_garment(values, garments)
    if np.ptp(sums / counts) < _SAME:
        return Interval(mean, mean, mean)
    low, high = stats.bootstrap(
        (sums, counts),
        lambda sums, counts, axis: sums.sum(axis=axis) / counts.sum(axis=axis),
        paired=True,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        confidence_level=CONFIDENCE,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Interval(mean, float(low), float(high))


def cautious_interval(values: np.ndarray, garments: Sequence[str] | None = None) -> Interval:
    """Return the mean of float64 [N] and an interval that says no more than few garments can.

    For fewer than `MANY` of them, where resampling makes intervals too narrow, it is that of Student's t over
    garments, with the linearised variance of a ratio (Cochran 1977); for more it is that of `mean_interval`.
    Raises DataError for fewer than two photos.
    """
    from scipy import stats

    found = mean_interval(values, garments)
    sums, counts = _by_garment(np.asarray(values, np.float64), garments)
    if len(sums) >= MANY or found.low == found.high:
        return found
    residuals = (sums - found.mean * counts) / counts.mean()
    error = float(residuals.std(ddof=1)) / len(sums) ** 0.5
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(sums) - 1)) * error
    return Interval(found.mean, found.mean - reach, found.mean + reach)


def share_interval(values: np.ndarray, garments: Sequence[str] | None = None) -> Interval:
    """Return the share of ones in float64 [N] of 0 and 1, and its interval as `mean_interval` has it.

    Where all are equal, which resampling takes for certain, it is the exact one of so many independent
    garments (Clopper and Pearson 1934). Raises DataError for fewer than two.
    """
    found = mean_interval(values, garments)
    if found.low < found.high or 0 < found.mean < 1:
        return found
    unseen = 1 - ((1 - CONFIDENCE) / 2) ** (1 / len(_by_garment(values, garments)[0]))
    return Interval(found.mean, max(0.0, found.mean - unseen), min(1.0, found.mean + unseen))


def paired_difference(
    values: np.ndarray,
    baseline: np.ndarray,
    garments: Sequence[str] | None = None,
    *,
    less_is_better: bool = False,
) -> Difference:
    """Return how `values` differ from those of the `baseline` on the same photos, both float64 [N].

    The interval is that of `mean_interval` over the differences. A photo is better where its value is higher,
    or lower where `less_is_better`. The p-value is two-sided, after Wilcoxon 1945, who leaves out photos
    without a difference; it is 1 where that leaves none. Raises DataError for fewer than two photos and
    ValueError for a different number of photos.
    """
    from scipy import stats

    if len(values) != len(baseline):
        raise ValueError(f"expected as many values as photos, received {len(values)} and {len(baseline)}")
    differences = np.asarray(values, np.float64) - np.asarray(baseline, np.float64)
    changed = differences[differences != 0]
    gains = -differences if less_is_better else differences
    return Difference(
        interval=mean_interval(differences, garments),
        p_value=float(stats.wilcoxon(changed).pvalue) if len(changed) else 1.0,
        better=int(np.count_nonzero(gains > 0)),
        worse=int(np.count_nonzero(gains < 0)),
        equal=int(np.count_nonzero(differences == 0)),
    )


def rank_correlation(values: np.ndarray, others: np.ndarray) -> float:
    """Return Spearman's rank correlation of two float [N], in [-1, 1]; 0 where either is constant."""
    from scipy import stats

    if np.ptp(values) == 0 or np.ptp(others) == 0:
        return 0.0
    return float(stats.spearmanr(values, others).statistic)


def _by_garment(values: np.ndarray, garments: Sequence[str] | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of the values of each garment and the number of its photos, both float64."""
    names, places = np.unique(np.arange(len(values)) if garments is None else garments, return_inverse=True)
    if len(names) < 2:
        return values, np.ones(len(values))
    return np.bincount(places, values), np.bincount(places).astype(np.float64)
