"""The largest input and the longest training that fit the time and the memory, by timing real steps."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segmentation.config.jobs.train import TrainOptions
from segmentation.config.run import RunConfig
from segmentation.core.events import Note
from segmentation.core.labels import LabelMap
from segmentation.core.memory import begin_peak, peak_bytes
from segmentation.core.samples import Sample
from segmentation.jobs.context import Context
from segmentation.jobs.plan_rules import (
    Choice,
    Facts,
    choose_batch,
    choose_memory,
    length_of,
    sizes_of,
    without_typed,
)
from segmentation.jobs.training_checks import check_before_data
from segmentation.jobs.training_choice import ModelChoice, choose
from segmentation.training.pace import Pace, measure_pace

_LEAST_SHARE = 0.4  # of the wanted epochs: with fewer, fewer pixels are better
_MOST_MEMORY = 0.8  # of what is there


@dataclass(frozen=True)
class Fitted:
    """Choices that fit, the options of `train` and the configuration that they make, and their cost.

    `held_bytes` are what the process had taken before anything was timed.
    """

    choices: tuple[Choice, ...]
    options: TrainOptions
    config: RunConfig
    pace: Pace
    minutes: float
    held_bytes: int = 0

    @property
    def pixels(self) -> int:
        """The pixels of a batch."""
        return self.config.preprocessing.size.area * self.pace.batch_size


@dataclass(frozen=True)
class Fitting:
    """The choices to fit: those that are `fixed`, and what is left to choose by the time that they take.

    `train` are the samples to time steps with, and `most` the minutes.
    """

    facts: Facts
    fixed: Sequence[Choice]
    train: Sequence[Sample]
    labels: LabelMap
    most: int
    context: Context

    def best(self) -> Fitted:
        """Return the first of the sizes that fits, or else the smallest.

        Raises what a training raises before its first epoch.
        """
        own = self._choice(self.fixed).config
        step = 2**own.model.levels
        sizes = sizes_of(self.facts, own.preprocessing.size if self.facts.passes == 2 else None, step)
        if "input_size" in self.facts.typed:
            sizes = [Choice({}, "")]
        timed: Fitted | None = None
        for size in sizes:
            last = size is sizes[-1]
            choices = [*self.fixed, *self._of_size(size, own)]
            choice = self._choice(choices)
            if timed and not last and not self._may_fit(timed, choice.config):
                continue  # timing it would only take time
            timed = self._timed(choices, choice, timed)
            if last or self.fits(timed):
                break
        assert timed is not None  # there is a smallest size
        return timed

    def _of_size(self, size: Choice, own: RunConfig) -> list[Choice]:
        pixels = size.settings.get("input_size", own.preprocessing.size)
        found = [size, choose_batch(self.facts, pixels), choose_memory(self.facts, pixels)]
        return without_typed([one for one in found if one], self.facts.typed)

    def _timed(self, choices: Sequence[Choice], choice: ModelChoice, larger: Fitted | None) -> Fitted:
        """Time some steps, and choose the epochs by them."""
        config, context = choice.config, self.context
        context.tell(Note(f"timing some steps at {config.preprocessing.size} ..."))
        anew = begin_peak()
        held = larger.held_bytes if larger else peak_bytes()
        pace = measure_pace(
            config,
            self.train,
            labels=self.labels,
            start=choice.start,
            first=choice.first_passes[0] if choice.first_passes else None,
            tell=context.tell,
            stop=context.stop,
        )
        if (
            larger and not anew and not self.facts.machine.card_bytes
        ):  # the peak may be that of the larger input
            share = config.preprocessing.size.area * pace.batch_size / larger.pixels
            memory = held + round(share * max(0, larger.pace.memory_bytes - held))
            pace = dataclasses.replace(pace, memory_bytes=min(pace.memory_bytes, memory))
        length = without_typed([self._length(pace)], self.facts.typed)
        choices = [*choices, *length]
        options = self._options(choices)
        config = choose(options, context.workspace.models).config
        return Fitted(tuple(choices), options, config, pace, self._minutes(pace, config), held)

    def _length(self, pace: Pace) -> Choice:
        """The epochs that are wanted, or as many as fit the time, but not much fewer."""
        facts = self.facts
        typed = facts.typed.get("repeats")
        epochs, repeats = length_of(facts).epochs(facts.shown, pace.batch_size, typed)
        settings = {"epochs": epochs, **({"repeats": repeats} if repeats > 1 else {})}
        which = "each photo" if facts.shown == facts.train else "each photo of the first folder"
        shown = f"{which} {epochs * repeats} times"
        if "epochs" in facts.typed:
            return Choice({}, "")
        one, none = (
            pace.minutes(_steps(facts, pace, repeats), count, facts.train, facts.val) for count in (1, 0)
        )
        fitting = int((self.most - none) / (one - none))
        if fitting >= epochs:
            return Choice(settings, f"shows {shown}, each time changed")
        fewer = max(fitting, round(_LEAST_SHARE * epochs), 1)
        why = "as many as fit the time" if fewer == fitting else "the fewest that are worth it"
        return Choice({**settings, "epochs": fewer}, f"{why}; {epochs} would be usual")

    def _minutes(self, pace: Pace, config: RunConfig) -> float:
        facts = self.facts
        steps = _steps(facts, pace, config.data.repeats)
        return pace.minutes(steps, config.training.epochs, facts.train, facts.val)

    def fits(self, fitted: Fitted) -> bool:
        """Return whether a training fits the time and the memory of the machine."""
        machine = self.facts.machine
        memory = machine.card_bytes or machine.memory_bytes
        return fitted.minutes <= self.most and fitted.pace.memory_bytes <= _MOST_MEMORY * memory

    def _may_fit(self, timed: Fitted, config: RunConfig) -> bool:
        """Return whether the shortest training at another size fits, its steps as long by the pixel."""
        share = config.preprocessing.size.area / timed.config.preprocessing.size.area
        pace = dataclasses.replace(timed.pace, step=share * timed.pace.step, check=share * timed.pace.check)
        return self._minutes(pace, timed.config) <= self.most

    def _choice(self, choices: Sequence[Choice]) -> ModelChoice:
        choice = choose(self._options(choices), self.context.workspace.models)
        check_before_data(choice.config, choice.start, second_pass=bool(choice.first_passes))
        return choice

    def _options(self, choices: Sequence[Choice]) -> TrainOptions:
        """The options of `train` with these choices, and with what a person typed on top."""
        settings: dict[str, Any] = {}
        for choice in choices:
            settings |= choice.settings
        return TrainOptions.of(**{**settings, **self.facts.typed})


def _steps(facts: Facts, pace: Pace, repeats: int) -> int:
    """The steps of an epoch."""
    return -(-facts.shown * repeats // pace.batch_size)
