"""A training as it was planned."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation.config.jobs.train import TrainOptions
from segmentation.config.options import options_of
from segmentation.core.machine import Machine
from segmentation.datasets.discover import Dataset
from segmentation.datasets.profile import DataProfile
from segmentation.jobs.plan_rules import Choice

if TYPE_CHECKING:
    from segmentation.jobs.plan_fitting import Fitted
    from segmentation.jobs.plan_start import Start


@dataclass(frozen=True)
class TrainingPlan:
    """A training as it was planned: an event, too, of the training that follows the plan.

    `fitted` are what was chosen and why, and what it will cost; `typed` is what a person chose. `datasets`
    are the pairs that were read, of which so many are to `train` on, beside `drawn` photos, and held out
    (`val`).
    """

    profile: DataProfile
    machine: Machine
    start: "Start"
    fitted: "Fitted"
    typed: Mapping[str, Any]
    train: int
    val: int
    datasets: tuple[Dataset, ...]
    excluded: tuple[str, ...] = ()
    drawn: int = 0

    @property
    def memory_bytes(self) -> int:
        """The memory that is expected to be taken, with the resized pairs that are kept."""
        config = self.fitted.config
        kept = 4 * config.preprocessing.size.area * (self.train + self.drawn + self.val)
        return self.fitted.pace.memory_bytes + min(kept, int(config.data.cache))

    def settings(self) -> dict[str, Any]:
        """Return what was chosen by flat name, as JSON holds it."""
        return {name: value for one in self.fitted.choices for name, value in plain_settings(one).items()}

    def record(self) -> dict[str, Any]:
        """Return the plan as JSON holds it, with the reason for each choice."""
        profile = dataclasses.asdict(self.profile)
        profile["size"] = str(self.profile.size)
        profile["detail"] = [{"size": str(one.size), "dice": one.dice} for one in self.profile.detail]
        known = self.start.known
        return {
            "data": profile,
            "machine": dataclasses.asdict(self.machine),
            "known": known
            and {"model": known.name, "first_pass": dict(known.first), "both_passes": dict(known.both)},
            "choices": [
                {"options": plain_settings(one), "reason": one.reason} for one in self.fitted.choices
            ],
            "settings": self.settings(),
            "minutes": round(self.fitted.minutes, 1),
            "memory_bytes": self.memory_bytes,
        }


def plain_settings(choice: Choice) -> dict[str, Any]:
    """Return the options of a choice as JSON holds them."""
    fields = {found.name: found for found in options_of(TrainOptions)}
    return {name: fields[name].plain(fields[name].accept(value)) for name, value in choice.settings.items()}
