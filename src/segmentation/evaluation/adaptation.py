"""A verdict on a model that was trained on corrections, compared with the one before: figures, a sentence."""

from dataclasses import dataclass

import numpy as np

from segmentation.core.counting import counted
from segmentation.evaluation.compare import Comparison
from segmentation.metrics.intervals import CONFIDENCE, Interval, cautious_interval

FEWEST_JUDGED = 6
"""The fewest garments on which one model can be told from another."""


@dataclass(frozen=True)
class Trial:
    """The change of the mean Dice of a set of photos from the old model to the new one, paired.

    `old` and `new` are the means; `better` and `worse` count photos.
    """

    photos: int
    garments: int
    old: float
    new: float
    change: Interval
    better: int
    worse: int

    @classmethod
    def of(cls, comparison: Comparison) -> "Trial":
        """Return the change from the first model of a comparison to its second."""
        difference = comparison.pairs[0].differences["dice"]
        old, new = (model.means["dice"].mean for model in comparison.models)
        before, after = (np.array(model.by_photo["dice"]) for model in comparison.models)
        garments = comparison.garments_shown
        change = cautious_interval(after - before, garments)
        photos, shown = len(comparison.photos), len(set(garments))
        return cls(photos, shown, old, new, change, difference.better, difference.worse)

    @property
    def enough(self) -> bool:
        """Return whether there are garments enough to tell a change from chance."""
        return self.garments >= FEWEST_JUDGED

    def __str__(self) -> str:
        """Return the change in words: "Dice 0.9712 to 0.9830, +0.0118 (95% interval +0.0041 to +0.0202)"."""
        change = self.change
        return (
            f"Dice {self.old:.4f} to {self.new:.4f}, {change.mean:+.4f} "
            f"({CONFIDENCE:.0%} interval {change.low:+.4f} to {change.high:+.4f})"
        )


@dataclass(frozen=True)
class Verdict:
    """The trials of a new model on corrected photos and, if there is one, on the validation set of the old.

    Neither model was trained on any of the photos. One that could not be judged on a validation set that was
    named for it has `failed` it.
    """

    old: str
    new: str
    corrections: Trial
    validation: Trial | None
    failed: bool = False

    @property
    def gains(self) -> bool:
        """Return whether the new model cuts corrected photos out better, beyond chance."""
        return self.corrections.enough and self.corrections.change.low > 0

    @property
    def loses(self) -> bool:
        """Return whether the new model is worse on the validation set, beyond chance where it can be told."""
        trial = self.validation
        return trial is not None and (trial.change.high if trial.enough else trial.change.mean) < 0

    @property
    def outweighed(self) -> bool:
        """Return whether it loses more on the validation set than it gains, be that chance or not."""
        gain = self.corrections.change.mean
        return self.validation is not None and self.validation.change.mean + max(gain, 0.0) < 0

    @property
    def better(self) -> bool:
        """Return whether the new model deserves a name of its own: it gains more than it may cost."""
        return self.gains and not self.outweighed and not self.failed

    @property
    def better_everywhere(self) -> bool:
        """Return whether it may replace another model: it gains, and is known to cost nothing."""
        return self.better and self.validation is not None and not self.loses

    def __str__(self) -> str:
        """Return in one sentence whether it is better, where, and at what cost."""
        trial = self.corrections
        said = "better" if self.gains else "perhaps better" if trial.change.mean > 0 else "no better"
        chance = "" if self.gains or trial.change.high < 0 else ", which could be chance"
        if not trial.enough:
            few = counted(trial.garments, "garment")
            chance = f", too few to tell: {few}, where {FEWEST_JUDGED} are needed"
        photos = f"{counted(trial.photos, 'photo')} that neither was trained on"
        return (
            f"{self.new} is {said} than {self.old} on corrected photos ({photos}: {trial}{chance}), "
            f"{self._cost()}"
        )

    def _cost(self) -> str:
        trial = self.validation
        if trial is None and self.failed:
            return "and what it costs on others is unknown, since the validation set could not judge it"
        if trial is None:
            return (
                "and what it costs on others is unknown, since there is no validation set, without which no "
                "model is replaced (`validation` names one)"
            )
        figures = f"({counted(trial.photos, 'validation photo')}: {trial})"
        if self.outweighed:
            return f"and loses more on others {figures}"
        if self.loses:
            return f"at the cost of others {figures}"
        if trial.change.low > 0:
            return f"and better on others as well {figures}"
        return f"and costs nothing beyond chance on others {figures}"
