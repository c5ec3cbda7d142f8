"""The fall of the error with the number of training photos, and what more photos are likely to bring.

An inverse power law with a floor (Figueroa et al. 2012; Hestness et al. 2017), and how uncertain its fit is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.core.errors import DataError
from segmentation.metrics.intervals import Interval

FEWEST_SIZES = 3
_RESAMPLES = 400
_SEED = 0
_LOW, _HIGH = 10, 90  # percentiles: four fifths of the resampled curves
_STEEPNESS = (0.05, 2.0)  # of the power, beyond which no learning curve was seen


@dataclass(frozen=True)
class LearningCurve:
    """The curves floor + scale * n ** -power of the error over n photos: the best, and resampled ones.

    `curves` are float64 [K, 3], rows of floor, scale and power, the best first.
    """

    curves: np.ndarray

    def error(self, photos: float) -> Interval:
        """Return the error at so many photos, with the range of four fifths of the curves."""
        return _interval(self._at(photos))

    def gain(self, photos: float, more: float) -> Interval:
        """Return how far the error falls from so many photos to as many `more`."""
        return _interval(self._at(photos) - self._at(photos + more))

    def _at(self, photos: float) -> np.ndarray:
        floor, scale, power = self.curves.T
        return floor + scale * photos**-power


def fit_learning_curve(errors: Mapping[int, Sequence[float]]) -> LearningCurve:
    """Fit the error over the number of photos; `errors` are those of each training, by its number of photos.

    The trainings of each number are resampled, and one of the numbers is left out in turn, since three or
    four points do not determine the form of a curve. Raises DataError for fewer than `FEWEST_SIZES` numbers.
    """
    if len(errors) < FEWEST_SIZES:
        raise DataError(
            f"learning curve: expected trainings on {FEWEST_SIZES} numbers of photos at least, received "
            f"{len(errors)}; mend what failed, or give more pairs"
        )
    sizes = sorted(errors)
    random = np.random.default_rng(_SEED)
    curves = [_fit(sizes, [float(np.mean(errors[size])) for size in sizes])]
    for number in range(_RESAMPLES):
        kept = [size for place, size in enumerate(sizes) if place != number % len(sizes)]
        means = [float(np.mean(random.choice(errors[size], len(errors[size])))) for size in kept]
        curves.append(_fit(kept, means))
    return LearningCurve(np.array(curves))


def _fit(sizes: Sequence[int], errors: Sequence[float]) -> tuple[float, float, float]:
    """Return the floor, scale and power of least squares in the logarithm, by a search over the floor."""
    n, values = np.array(sizes, np.float64), np.maximum(np.array(errors, np.float64), 1e-6)
    best, found = np.inf, (0.0, float(values.mean()), _STEEPNESS[0])
    for share in np.linspace(0, 0.95, 20):  # of the lowest error, which is not below the floor
        floor = share * values.min()
        logs = np.log(values - floor)
        slope = np.polyfit(np.log(n), logs, 1)[0]
        power = float(np.clip(-slope, *_STEEPNESS))
        scale = float(np.exp(np.mean(logs + power * np.log(n))))
        squares = float(np.sum((np.log(floor + scale * n**-power) - np.log(values)) ** 2))
        if squares < best - 1e-9:
            best, found = squares, (float(floor), scale, power)
    return found


def _interval(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, (_LOW, _HIGH))
    best = float(values[0])
    return Interval(best, min(float(low), best), max(float(high), best))
