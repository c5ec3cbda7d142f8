"""The difference between two variants of a model that were trained several times: by chance, or beyond it.

Two kinds of chance are at work: which photos there are to judge on, and how each training happens to go (its
first weights, its order, the photos that its fold leaves it). An interval that covers only one of them is too
narrow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from statistics import fmean, median

import numpy as np

from segmentation.metrics.intervals import CONFIDENCE, Interval, mean_interval

FEWEST = 3
"""The least number of repeats from which the chance of a training can be estimated at all."""

_PRIOR = 4  # degrees of freedom that the usual spread of variants of one kind counts for
_FEWEST_POOLED = 3  # the least number of variants for that

Values = Mapping[str, float]
"""The figure of each photo by its id."""


@dataclass(frozen=True)
class Repeated:
    """The differences of one variant from the base: of each photo, its mean; of each repeat, its mean."""

    photos: Values
    repeats: tuple[float, ...]

    @property
    def variance(self) -> float | None:
        """The variance of the repeats; None for a single one."""
        return float(np.var(self.repeats, ddof=1)) if len(self.repeats) > 1 else None


def differences(variant: Sequence[Values | None], base: Sequence[Values | None]) -> Repeated | None:
    """Return how a variant differs from the base, photo by photo and repeat by repeat.

    Both have a place for each repeat, None where a training failed. A photo is compared with the base of the
    same repeat; one that the base did not hold out there, with the mean of the base over all repeats. None
    where there is no photo that both have.
    """
    everywhere = _mean_by_photo([values for values in base if values])
    by_repeat = []
    for values, before in zip(variant, base, strict=True):
        if not values:
            continue
        known = {**everywhere, **(before or {})}
        changed = {photo: value - known[photo] for photo, value in values.items() if photo in known}
        if changed:
            by_repeat.append(changed)
    return repeated(by_repeat) if by_repeat else None


def repeated(by_repeat: Sequence[Values]) -> Repeated:
    """Return what the figures of photos in several repeats, at least one, come to by photo and by repeat."""
    return Repeated(_mean_by_photo(by_repeat), tuple(fmean(values.values()) for values in by_repeat))


def usual_variance(compared: Sequence[Repeated]) -> float | None:
    """Return the median of the variances of the repeats of such variants; None for fewer than three."""
    known = [one.variance for one in compared if one.variance is not None]
    return median(known) if len(known) >= _FEWEST_POOLED else None


def difference_interval(found: Repeated, usual: float | None, garments: Mapping[str, str]) -> Interval | None:
    """Return the mean difference and its interval at `CONFIDENCE`; None for fewer than two photos or repeats.

    The interval of the photos is that of `mean_interval`, by garments. That of the repeats is Student's;
    since the variance of three numbers is little more than a guess, it is drawn towards the `usual` one
    (moderated t, Smyth 2004). The two are added as independent (MOVER, Zou and Donner 2008), which errs
    on the wide side.
    """
    if len(found.photos) < 2:
        return None
    names = sorted(found.photos)
    values = np.array([found.photos[name] for name in names])
    return over_repeats(mean_interval(values, [garments[name] for name in names]), found.repeats, usual)


def over_repeats(photos: Interval, repeats: Sequence[float], usual: float | None = None) -> Interval | None:
    """Return an interval over photos widened by how repeats differ, see `difference_interval`.

    None for fewer than two repeats.
    """
    from scipy import stats

    count = len(repeats)
    if count < 2:
        return None
    own = float(np.var(repeats, ddof=1))
    freedom = count - 1
    if usual is not None:
        own = (freedom * own + _PRIOR * usual) / (freedom + _PRIOR)
        freedom += _PRIOR
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * sqrt(own / count)
    low, high = hypot(photos.mean - photos.low, half), hypot(photos.high - photos.mean, half)
    mean = fmean(repeats)  # that of the photos, where every repeat holds out the same or as many
    return Interval(mean, mean - low, mean + high)


def _mean_by_photo(repeats: Sequence[Values]) -> dict[str, float]:
    names = dict.fromkeys(name for values in repeats for name in values)
    return {name: fmean(values[name] for values in repeats if name in values) for name in names}
