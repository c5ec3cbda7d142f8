"""A promise about the photos that nobody looks at: at most so many of them have a fault.

The limit of the score is chosen by Learn then Test (Angelopoulos and others, "Learn then Test: Calibrating
Predictive Algorithms to Achieve Risk Control", 2021): limits are tested one after the other, the strictest
first, by the upper bound of Clopper and Pearson on the share of faulty photos among those taken, until one
fails. The chance that the chosen limit breaks the promise is then at most 1 - certainty.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.config.files import AUTO
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError

_DIGITS = 4  # of a limit: a grid that does not depend on the photos, as the tests require
_ROUNDING = 1e-9
_LEAST_PART = 0.25
_SHARES = np.arange(1, 100) / 100  # that are tried where a promise cannot be made


@dataclass(frozen=True)
class Promise:
    """A promise: at most a `share` of masks with a score of `limit` or more has a fault, with a `certainty`.

    The score is one of expected faults where the promise goes `by_faults`, and else the confidence; see
    `ConfidenceModel.promise_score`. `photos` of the `known` photos with ground truth reach it, `faulty` of
    them with a fault.
    """

    share: float
    certainty: float
    limit: float
    photos: int
    faulty: int
    known: int
    by_faults: bool = False

    @property
    def limit_in_words(self) -> str:
        """The least certain that is taken, in plain words."""
        if self.by_faults:
            return f"at most {1 / self.limit - 1:.2g} faults expected"
        return f"{self.limit:g} or more"

    def sentence(self, taken: int) -> str:
        """Return it in plain words, a sentence without a full stop; so many photos are `taken` by it."""
        return (
            f"{counted(taken, 'photo is taken as it is', 'photos are taken as they are')}: at most "
            f"{100 * self.share:.3g}% of what is taken as it is has a fault, with "
            f"{100 * self.certainty:.3g}% certainty, as long as the photos are like the {self.known} that "
            f"the model was calibrated on; {self.photos} of those were as certain, {self.limit_in_words}, "
            f"and {self.faulty or 'none'} of them had a fault"
        )


def promise_in(record: Mapping[str, Any]) -> Promise | None:
    """Return the promise by which a photo was decided on, from its record; None where there was none."""
    plain = record.get("promise")
    return Promise(**plain) if plain else None


def taken_by(decided: Iterable[tuple[str | None, Promise | None]]) -> dict[Promise, int]:
    """Return how many photos each promise took, of decisions on photos and the promises they go by."""
    taken = Counter[Promise]()
    for decision, promise in decided:
        if promise:
            taken[promise] += decision == AUTO
    return dict(taken)


def in_words(taken: Mapping[Promise, int]) -> list[str]:
    """Return promises in plain words where people may have decided on photos since: sentences."""
    return [
        f"{promise.sentence(count)}; that is about what was sorted as auto, not about what people accepted "
        "or corrected"
        for promise, count in taken.items()
    ]


def make_promise(outcomes: FaultOutcomes, share: float, certainty: float) -> Promise:
    """Return the promise with the lowest limit that keeps it.

    `share` is the most of the photos taken that may have a fault, in (0, 1), and `certainty`, in (0, 1), how
    sure it is that no more have. Photos that triage holds back however certain they are are not counted,
    since they are never taken. Raises ConfigError where the photos are too few, and where too many of them
    have a fault.
    """
    _check("promise", share)
    _check("certainty", certainty)
    steps, known = _Steps.of(outcomes), len(outcomes.faulty)
    if (found := steps.passed(share, certainty)) is not None:
        limit, photos, faulty = steps.row(found)
        by_faults = bool(outcomes.expected_faults)
        return Promise(share, certainty, limit, int(photos), int(faulty), known, by_faults)
    count, needed = int(steps.garments.max(initial=0)), fewest(share, certainty)
    remedy = _remedy(outcomes, certainty)
    if count < needed:
        raise ConfigError(
            f"`promise` {share:g}: expected at least {needed} garments with ground truth that the model was "
            f"not trained on and about which nothing is odd, received {count}; {remedy}, or give "
            f"`calibrate` {needed - count} more"
        )
    _limit, photos, faulty = steps.row(steps.first(share, certainty))
    raise ConfigError(
        f"`promise` {share:g}: expected masks that are that often without a fault, received faults in "
        f"{outcomes.faults} of {counted(known, 'calibration photo')}, {int(faulty)} of them among the "
        f"{int(photos)} of which the model is most certain; {remedy}, or train a better model"
    )


def least_share(outcomes: FaultOutcomes, certainty: float) -> float | None:
    """Return the least share, in hundredths, that can be promised; None where there is none."""
    steps = _Steps.of(outcomes)
    return next((share for share in _SHARES.tolist() if steps.passed(share, certainty) is not None), None)


def fewest(share: float, certainty: float) -> int:
    """Return how many photos, none of them with a fault, a promise needs."""
    return math.ceil(math.log(1 - certainty) / math.log(1 - share) - _ROUNDING)


@dataclass(frozen=True)
class _Steps:
    """Falling limits, float64 [N], and how many photos, faulty photos and garments reach each, int64 [N]."""

    limits: np.ndarray
    photos: np.ndarray
    faulty: np.ndarray
    garments: np.ndarray

    @classmethod
    def of(cls, outcomes: FaultOutcomes) -> "_Steps":
        scores, faulty, garments = outcomes.by_promise_score()
        limits = np.floor(scores * 10**_DIGITS + _ROUNDING) / 10**_DIGITS
        first = np.zeros(len(limits), bool)
        first[np.unique(garments, return_index=True)[1]] = True  # of a garment's photos the most certain
        last = np.flatnonzero((np.diff(limits, append=-1.0) < 0) & (limits > 0))  # of those with one limit
        return cls(limits[last], last + 1, np.cumsum(faulty)[last], np.cumsum(first)[last])

    def row(self, step: int) -> tuple[float, float, float]:
        """Return the limit of a step, its photos and its faulty photos."""
        return float(self.limits[step]), float(self.photos[step]), float(self.faulty[step])

    def first(self, share: float, certainty: float) -> int:
        """Return the first step to test, which depends on the scores alone, so that what is promised holds.

        It takes enough garments to allow for one with a fault, or, where there are not as many, for none, and
        at least a `_LEAST_PART` of them, so that no few photos alone decide; or else it takes all.
        """
        from scipy.special import betainc

        known = int(self.garments[-1])
        without_fault = max(fewest(share, certainty), math.ceil(_LEAST_PART * known))
        begin = without_fault
        while begin <= known and betainc(2, begin - 1, share) < certainty:
            begin += 1
        if begin > known:
            begin = without_fault
        return min(int(np.searchsorted(self.garments, begin)), len(self.limits) - 1)

    def passed(self, share: float, certainty: float) -> int | None:
        """Return the last step that passes before one fails, None where the first fails."""
        if not len(self.limits):
            return None
        from scipy.special import betainc

        # photos of one garment fail together: they count as one, as in Korn and Graubard (1998)
        faulty = self.faulty * self.garments / self.photos
        sound = np.maximum(self.garments - faulty, 1e-9)
        # where the upper bound of Clopper and Pearson (1934) is at most the share
        passes = betainc(faulty + 1, sound, share) >= certainty - _ROUNDING
        first = self.first(share, certainty)
        failed = np.flatnonzero(~passes[first:])
        end = first + int(failed[0]) if len(failed) else len(passes)
        return end - 1 if end > first else None


def _remedy(outcomes: FaultOutcomes, certainty: float) -> str:
    least = least_share(outcomes, certainty)
    return f"promise {least:g}, the least that these photos allow" if least else "do without a promise"


def _check(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ConfigError(f"`{name}`: expected a number between 0 and 1, received {value:g}; 0.05 is usual")
