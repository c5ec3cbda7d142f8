"""The value of a confidence: how many bad masks are found among the least certain photos."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segmentation.confidence.model import ConfidenceModel
from segmentation.core.counting import counted
from segmentation.metrics.intervals import rank_correlation
from segmentation.metrics.selective import augrc, aurc

FEWEST = 5
"""The fewest photos whose order can be assessed."""

GOOD_DICE = 0.98
"""The least Dice of a mask that needs no review."""

_REVIEWED = (0.1, 0.2)  # shares of the photos
_RESAMPLES, _SEED, _INTERVAL = 1000, 0, (2.5, 97.5)


@dataclass(frozen=True)
class Triage:
    """The confidence and the Dice of the same photos, float [N] in [0, 1], and their garments.

    The confidence comes from `confidence_model`, which was fitted on `known` of the photos. `faulty` is
    whether their masks have a fault, bool [N]; None where that was not measured. `clean` are the
    probabilities that they have none, float [N]; None where they come from the confidence alone.
    """

    confidence: np.ndarray
    dice: np.ndarray
    garments: tuple[str, ...]
    confidence_model: ConfidenceModel
    known: int = 0
    faulty: np.ndarray | None = None
    clean: np.ndarray | None = None

    def risk(self) -> np.ndarray:
        """Return the mean error, 1 - Dice, of the 1, 2, ... N most certain photos: float [N].

        The risk-coverage curve of El-Yaniv and Wiener, "On the Foundations of Noise-free Selective
        Classification" (2010).
        """
        return _running_error(self.dice[np.argsort(-self.confidence, kind="stable")])

    def best_risk(self) -> np.ndarray:
        """Return `risk` in the order of Dice itself, the lower bound for any confidence."""
        return _running_error(np.sort(self.dice)[::-1])

    def caught(self, reviewed: float, below: float = GOOD_DICE) -> float:
        """Return the share of masks with a Dice `below` that are among the `reviewed` share of photos.

        Reviewed are the least certain photos, their number rounded up. NaN where no mask is below.
        """
        bad = self.dice < below
        return float(np.mean(self._least_certain(reviewed)[bad])) if bad.any() else float("nan")

    def worst_caught(self, share: float) -> float:
        """Return the part of the worst `share` of masks that is among the least certain `share` of photos."""
        worst = np.zeros(len(self.dice), bool)
        worst[np.argsort(self.dice, kind="stable")[: self._count(share)]] = True
        return float(np.mean(self._least_certain(share)[worst]))

    @cached_property
    def correlation(self) -> tuple[float, float, float]:
        """Spearman's rank correlation of confidence and Dice, and a 95% interval by resampling garments.

        Where all photos are of one garment, they are resampled one by one.
        """
        shown = self.garments if len({*self.garments}) > 1 else range(len(self.garments))
        _, places, counts = np.unique(shown, return_inverse=True, return_counts=True)
        members = np.split(np.argsort(places, kind="stable"), np.cumsum(counts)[:-1])
        random = np.random.default_rng(_SEED)
        resampled = []
        for _ in range(_RESAMPLES):
            drawn = np.concatenate(
                [members[place] for place in random.integers(0, len(members), len(members))]
            )
            resampled.append(rank_correlation(self.confidence[drawn], self.dice[drawn]))
        low, high = map(float, np.percentile(resampled, _INTERVAL))
        return rank_correlation(self.confidence, self.dice), low, high

    def summary(self) -> dict[str, float | None]:
        """Return the figures by name, ready for JSON; None where no mask is bad."""
        correlation, low, high = self.correlation
        bad = bool((self.dice < GOOD_DICE).any())
        return {
            "confidence_correlation": correlation,
            "confidence_correlation_low": low,
            "confidence_correlation_high": high,
            "confidence_error_mean": float(np.abs(self.confidence - self.dice).mean()),
            "confidence_learned_from": self.known,
            **{
                f"caught_by_reviewing_{share:.0%}": self.caught(share) if bad else None for share in _REVIEWED
            },
            "worst_fifth_caught_by_reviewing_20%": self.worst_caught(0.2),
            **self._of_faults(),
        }

    def lines(self) -> list[str]:
        """Return the assessment in words: sentences without a full stop."""
        bad = np.count_nonzero(self.dice < GOOD_DICE)
        correlation, low, high = self.correlation
        interval = f"95% interval {low:.2f} to {high:.2f}"
        order = [f"confidence and Dice have a rank correlation of {correlation:.2f} ({interval})"]
        if self.known:
            order.append(
                f"this flatters it, since {self.known} of these photos were used to fit the confidence; on "
                f"others it differed from Dice by {self.confidence_model.error:.4f} on average, with a rank "
                f"correlation of {self.confidence_model.correlation:.2f}"
            )
        order += self._faults_in_words()
        if not bad:
            return [f"no mask is below {GOOD_DICE:g}", *order]
        found = [
            f"review the least certain {share:.0%} and you catch {self.caught(share):.0%} of the "
            f"{counted(int(bad), 'mask')} below {GOOD_DICE:g}"
            for share in _REVIEWED
        ]
        return [*found, *order]

    def faulty_caught(self, reviewed: float) -> float:
        """Return the share of masks with a fault that are among the `reviewed` share; NaN where none has."""
        faulty = np.zeros(0, bool) if self.faulty is None else self.faulty
        least = self._least(self._order_of_faults, reviewed)
        return float(np.mean(least[faulty])) if faulty.any() else float("nan")

    @property
    def _order_of_faults(self) -> np.ndarray:
        """The figures by which photos are ordered by having a fault: larger is more certain."""
        return self.confidence if self.clean is None else self.clean

    @property
    def _ordered_by(self) -> str:
        return "confidence" if self.clean is None else "likely faults"

    def _faults_in_words(self) -> list[str]:
        if self.faulty is None or not self.faulty.any():
            return []
        figures, count = self._of_faults(), int(np.count_nonzero(self.faulty))
        if count == len(self.faulty):  # there is nothing to rank
            return [f"every one of {counted(count, 'mask')} has a fault", *self._expected_clean(figures)]
        return [
            f"{counted(count, 'mask has', 'masks have')} a fault: review the least certain 20% and you catch "
            f"{self.faulty_caught(0.2):.0%} of these; in the order of {self._ordered_by} AURC is "
            f"{figures['faults_aurc']:.3f}, where {count / len(self.faulty):.3f} is chance and "
            f"{figures['faults_aurc_best']:.3f} the best, and AUGRC {figures['faults_augrc']:.3f}",
            *self._expected_clean(figures),
        ]

    def _expected_clean(self, figures: Mapping[str, float | None]) -> list[str]:
        expected = figures.get("clean_rate_expected")
        if expected is None or self.faulty is None:
            return []
        clean = int(np.count_nonzero(~self.faulty))
        return [
            f"by their {self._ordered_by} {expected * len(self.faulty):.1f} masks should have no fault, "
            f"{clean} have none"
        ]

    def _of_faults(self) -> dict[str, float | None]:
        """The figures about faults by name: none where they were not measured."""
        if self.faulty is None:
            return {}
        losses, some = self.faulty.astype(float), bool(self.faulty.any())
        cleanness, clean = self.confidence_model.cleanness, self.clean
        if clean is None and cleanness:
            clean = np.array(list(map(cleanness, self.confidence)))
        return {
            **({} if clean is None else {"clean_rate_expected": float(clean.mean())}),
            "faults_aurc": aurc(self._order_of_faults, losses),
            "faults_aurc_best": aurc(-losses, losses),
            "faults_augrc": augrc(self._order_of_faults, losses),
            **{
                f"faulty_caught_by_reviewing_{share:.0%}": self.faulty_caught(share) if some else None
                for share in _REVIEWED
            },
        }

    def _least_certain(self, share: float) -> np.ndarray:
        return self._least(self.confidence, share)

    def _least(self, certain: np.ndarray, share: float) -> np.ndarray:
        chosen = np.zeros(len(certain), bool)
        chosen[np.argsort(certain, kind="stable")[: self._count(share)]] = True
        return chosen

    def _count(self, share: float) -> int:
        return int(np.ceil(round(share * len(self.dice), 6)))


def _running_error(dice: np.ndarray) -> np.ndarray:
    return np.cumsum(1 - dice) / np.arange(1, len(dice) + 1)
