"""The job `plan`: the options of a training, chosen by the photos and the machine, and what it will cost."""

import dataclasses
from collections.abc import Collection
from pathlib import Path

from segmentation.bundle.finding import find_bundle
from segmentation.config.data import DataConfig
from segmentation.config.jobs.plan import PlanOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.presets import AUTO
from segmentation.config.record import chosen
from segmentation.core.errors import ConfigError
from segmentation.core.events import Caution, counting, ignore
from segmentation.core.machine import Machine, read_machine
from segmentation.datasets.profile import profile_of
from segmentation.datasets.split import Split
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import ending, interruptible
from segmentation.jobs.pairs import find_dataset
from segmentation.jobs.plan_fitting import Fitting
from segmentation.jobs.plan_rules import (
    Choice,
    Facts,
    choose_changes,
    choose_held_out,
    choose_loss,
    choose_network,
    choose_workers,
    without_typed,
)
from segmentation.jobs.plan_start import choose_starts
from segmentation.jobs.planned import TrainingPlan
from segmentation.jobs.training_checks import check_shares
from segmentation.jobs.training_data import default_data, drawn_photos, without_excluded
from segmentation.jobs.training_split import split_of
from segmentation.models.architectures import finds_objects
from segmentation.training.mixture import Mixture
from segmentation.training.optimizers import on_graphics_card

_OF_A_COMMAND = ("preset", "name", "resume", "overwrite", "find_rate", "minutes")


def plan(options: PlanOptions, context: Context) -> TrainingPlan:
    """Plan a training and begin none. Raises what `plan_training` raises."""
    names = [found.name for found in dataclasses.fields(PlanOptions) if found.name != "given"]
    training = TrainOptions(
        preset=AUTO, given=options.given, **{name: getattr(options, name) for name in names}
    )
    with interruptible(context) as context:
        return plan_training(training, context)


def plan_training(options: TrainOptions, context: Context) -> TrainingPlan:
    """Return the plan of a training, whose options override what is chosen by the photos and the machine.

    Some steps are timed with a network that is forgotten. Raises ConfigError for what is not planned, mattes
    and objects, and what `train` raises before its first epoch.
    """
    _check(options)
    typed = {name: value for name, value in chosen(options).items() if name not in _OF_A_COMMAND}
    reading = ending(context)
    folders = options.data or (default_data(reading),)
    check_shares(options.run.data.mix, len(folders))
    classes, trained_by = _classes(options, typed, context)
    datasets = [find_dataset(folder, reading, classes, trained_by) for folder in folders]
    excluded: list[str] = []
    if options.exclude:
        datasets, excluded = without_excluded(datasets, options.exclude, reading)
    profile = profile_of(datasets, counting(reading.tell, "measuring"))
    data = options.run.data
    held_out = None
    if data.folds or not datasets[0].folder_split:
        held_out = choose_held_out(len(datasets[0].samples), typed)
    config = options.run.replace(**held_out.settings) if held_out else options.run
    named = find_bundle(options.model, context.workspace.models) if options.model else None
    split = split_of(datasets, config, dataclasses.replace(reading, tell=ignore), named)  # train tells it
    drawn = drawn_photos(data)
    first = Split(tuple(sample for sample in split.train if not sample.source), split.val)
    for start in choose_starts(options, typed, datasets[0], first, reading):
        facts = Facts(
            profile,
            _machine(),
            len(split.train) + drawn,
            len(split.val),
            shown=_shown(split, drawn, data, options.run.training.seed),
            warm=start.bundle is not None,
            passes=2 if start.first else 1,
            typed=typed,
        )
        fixed = [Choice(start.settings, start.reason), *choose_network(facts, start.reason)]
        fixed += [choose_loss(facts), choose_changes(facts)]
        fixed += [one for one in (held_out, choose_workers(facts)) if one]
        fitting = Fitting(
            facts, without_typed(fixed, typed), split.train, datasets[0].labels, options.minutes, context
        )
        fitted = fitting.best()
        if fitting.fits(fitted):
            break
    else:
        context.tell(
            Caution(
                f"the shortest training that is worth it takes {fitted.minutes:.0f} minutes and "
                f"{fitted.pace.memory_bytes / 1024**3:.1f} GB; `minutes` allows {options.minutes}"
            )
        )
    return TrainingPlan(
        profile=profile,
        machine=facts.machine,
        start=start,
        fitted=fitted,
        typed=typed,
        train=len(split.train),
        val=len(split.val),
        drawn=drawn,
        datasets=tuple(datasets),
        excluded=tuple(excluded),
    )


def _shown(split: Split, drawn: int, data: DataConfig, seed: int) -> int:
    """The photos of an epoch that shows a photo once; drawn ones count to the first folder."""
    return len(Mixture([*(sample.source for sample in split.train), *[0] * drawn], data.mix, seed))


def _check(options: TrainOptions) -> None:
    """Refuse what has rules of its own."""
    name = options.run.model.architecture
    if options.run.data.target == "alpha" or name.startswith("matte-"):
        raise ConfigError(
            f"`preset={AUTO}`: expected cutouts or classes, received mattes; add `preset=matte`"
        )
    if finds_objects(name):
        raise ConfigError(
            f"`preset={AUTO}`: expected a network of masks, received {name}; leave out `preset`, or give "
            "another `architecture`"
        )


def _classes(
    options: TrainOptions, typed: Collection[str], context: Context
) -> tuple[str | Path, str | None]:
    """The classes to make out of label maps, and the model whose they are, where it is one's."""
    if options.model is None or "classes" in typed:
        return options.run.data.classes, None
    bundle = find_bundle(options.model, context.workspace.models)
    return bundle.classes, bundle.name


def _machine() -> Machine:
    """The machine, without a graphics card that the installed library does not compute on."""
    machine = read_machine()
    return machine if on_graphics_card() else dataclasses.replace(machine, card="", card_bytes=0)
