"""The job `train`: a model, trained on folders of pairs."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.bundle.names import check_name
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.record import digest_of, record_of
from segmentation.core.errors import ConfigError, TrainingError, unwritable
from segmentation.core.events import Note, counting
from segmentation.core.lock import locked
from segmentation.datasets.discover import Dataset
from segmentation.datasets.same_classes import check_same_classes
from segmentation.datasets.split import Split
from segmentation.jobs.configuration import repeating
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import ending, interruptible
from segmentation.jobs.named_files import contents
from segmentation.jobs.named_models import changed, identities
from segmentation.jobs.option_checks import check_alone
from segmentation.jobs.pairs import find_dataset
from segmentation.jobs.planned import TrainingPlan
from segmentation.jobs.planned_training import plan_first
from segmentation.jobs.resuming import begun_with, going_on
from segmentation.jobs.trained import Trained
from segmentation.jobs.training import train_model
from segmentation.jobs.training_checks import (
    check_before_data,
    check_made_by_a_person,
    check_parts,
    check_planned,
    check_processes,
    check_shares,
)
from segmentation.jobs.training_choice import ModelChoice, choose
from segmentation.jobs.training_data import (
    default_data,
    with_drawn_photos,
    with_first_pass_scores,
    without_excluded,
)
from segmentation.jobs.training_split import split_of
from segmentation.models.architectures import finds_objects
from segmentation.reports.rates import write_rates
from segmentation.training.run_state import (
    RECORD,
    EpochsKept,
    check_changes,
    check_folder,
    has_epochs_since,
    read_run,
    version_of,
)

if TYPE_CHECKING:
    from segmentation.training.rate_finder import RateSearch


@dataclass(frozen=True)
class RateFound:
    """The effect of rising learning rates, and the folder of rates.csv and rates.png."""

    search: "RateSearch"
    output: Path


def train(options: TrainOptions, context: Context, *, for_use: bool = True) -> Trained:
    """Train a model and put it into the models folder.

    One that is not `for_use` is there for its figures, see `train_model`. Tells the events of
    `training.progress`, and `Judged`. With `resume` the options are those that the run was begun with, but
    for those that are given. Raises ConfigError for options that do not fit each other or the data,
    DataError for data that cannot be trained on and where another process trains a model of this name,
    TrainingError as `fit` does, and EpochsKept, a KeyboardInterrupt, for Ctrl-C when epochs are kept that
    `resume` continues from.
    """
    check_alone(options, "resume", "overwrite")
    models = context.workspace.models
    name = check_name(options.name or options.preset or choose(options, models).config.model.architecture)
    path, logs = models / name, context.workspace.logs / name
    check_folder(logs)
    in_use = locked(path, remedy="") if path.is_dir() else nullcontext()  # by who calibrates or exports it
    with interruptible(context) as context, locked(logs, "choose another `name`"), in_use:
        replaced = None if options.resume else version_of(logs)
        try:
            return _train(options, path, logs, context, for_use=for_use)
        except KeyboardInterrupt:
            if not has_epochs_since(logs, replaced):
                raise
            raise EpochsKept from None
        except OSError as error:
            if not has_epochs_since(logs, replaced):
                raise
            raise TrainingError(f"{unwritable(error)}; `resume` goes on from the finished epochs") from error


def _train(options: TrainOptions, path: Path, logs: Path, context: Context, *, for_use: bool) -> Trained:
    models, home = context.workspace.models, context.workspace.home
    state = read_run(logs) if options.resume else None
    if state:
        options = going_on(options, state, home)
    elif not options.overwrite:
        _refuse_to_replace(path, logs / RECORD)
    check_processes(options)
    check_planned(options)
    made_with, begun = record_of(options), begun_with(options, home)
    planned = plan_first(options, state, context)
    options, started = planned.options, time.monotonic()
    choice = config, start, first_passes, inherits_classes = choose(options, models)
    if state:
        for change in check_changes(state, {"config": config.to_json()}):
            context.tell(Note(f"going on with another option: {change}"))
    used = identities(options, models)
    if state and (others := changed(state.begun_with.get("models"), used)):
        raise TrainingError(
            f"`resume`: {' and '.join(others)} changed since the run in {logs} was begun; bring back what "
            "was there, or start again with `overwrite`"
        )
    check_before_data(config, start, second_pass=bool(first_passes))
    check_parts(options.processes, config)
    held_out = state.settings.get("held_out") if state else None
    datasets, split, excluded = _read(options, choice, logs, context, planned.plan, held_out)
    record: dict[str, Any] = {"options": made_with, "digest": digest_of(made_with)} | planned.kept
    record["files"] = contents(options)
    if used:
        record["models"] = begun["models"] = used
    if excluded:
        record["excluded"] = excluded
    bundle = train_model(
        config,
        datasets,
        split,
        path,
        context,
        logs=logs,
        start=start,
        first=first_passes[0] if first_passes else None,
        resuming=options.resume,
        begun_with=begun | planned.kept,
        record=record,
        repeat=repeating(options, config, inherits_classes=inherits_classes),
        for_use=for_use,
        processes=options.processes,
    )
    if planned.plan and not bundle.provenance["interrupted"]:
        took = (time.monotonic() - started) / 60
        context.tell(Note(f"took {took:.0f} minutes, planned {planned.plan.fitted.minutes:.0f}"))
    return Trained(bundle)


def find_rate(options: TrainOptions, context: Context) -> RateFound:
    """Try rising learning rates on the training that the options describe; write a table and a picture.

    They are in the results folder, under the name that the model would have. Raises what `train` raises
    before its first epoch, and TrainingError for a loss that never falls.
    """
    from segmentation.training.rate_finder import find_rate as find

    check_alone(options, "resume", "overwrite")
    check_processes(options)
    check_planned(options)
    name = options.name or options.preset
    planned = plan_first(options, None, context)
    options = planned.options
    choice = choose(options, context.workspace.models)
    check_before_data(choice.config, choice.start, second_pass=bool(choice.first_passes))
    name = check_name(name or choice.config.model.architecture)
    output = context.workspace.results / "rates" / name
    with locked(output), interruptible(context) as context:
        logs = context.workspace.logs / name
        datasets, split, _excluded = _read(options, choice, logs, context, planned.plan)
        found = find(
            choice.config,
            split.train,
            labels=datasets[0].labels,
            start=choice.start,
            first=choice.first_passes[0] if choice.first_passes else None,
            tell=context.tell,
            stop=context.stop,
        )
        write_rates(found, output)
    return RateFound(found, output)


def _read(
    options: TrainOptions,
    choice: ModelChoice,
    logs: Path,
    context: Context,
    plan: TrainingPlan | None,
    held_out: list[str] | None = None,
) -> tuple[list[Dataset], Split, list[str]]:
    """Return the pairs, those to train on and to hold out, and the ids of those that are excluded.

    A `plan` has read them; `held_out` are the ids that an interrupted run holds out.
    """
    config, start, _first_passes, inherits_classes = choice
    folders = options.data or (default_data(ending(context)),)
    check_shares(config.data.mix, len(folders))
    inherited = start if inherits_classes else None
    classes = inherited.classes if inherited else config.data.classes
    trained_by = inherited.name if inherited else None
    reading = ending(context)
    if plan:
        split = _split(choice, [*plan.datasets], logs, reading, held_out)
        return [*plan.datasets], split, [*plan.excluded]
    objects = finds_objects(config.model.architecture)
    datasets = [find_dataset(folder, reading, classes, trained_by, objects=objects) for folder in folders]
    excluded: list[str] = []
    if options.exclude:
        datasets, excluded = without_excluded(datasets, options.exclude, reading)
    split = _split(choice, datasets, logs, reading, held_out)
    return datasets, split, excluded


def _split(
    choice: ModelChoice,
    datasets: list[Dataset],
    logs: Path,
    context: Context,
    held_out: list[str] | None,
) -> Split:
    """Return the samples to train on and to hold out, with drawn garments and first-pass scores."""
    config, start, first_passes, _inherits = choice
    check_same_classes(
        {str(dataset.root): dataset.labels for dataset in datasets},
        "give all of them the same groups with `classes`",
    )
    split = split_of(datasets, config, context, start, held_out)
    if first_passes:
        check_made_by_a_person(split)
    drawing = counting(context.tell, "drawing")
    split = with_drawn_photos(split, config, context.workspace.drawn, drawing)
    if first_passes:
        folder = logs.with_name(f"{logs.name}-guides")
        scoring = counting(context.tell, "first pass")
        split = with_first_pass_scores(split, config, first_passes, folder, scoring)
    return split


def _refuse_to_replace(path: Path, record: Path) -> None:
    if path.exists():
        raise ConfigError(f"`name={path.name}`: {path} exists; choose another name, or add `overwrite`")
    if record.exists():
        raise ConfigError(
            f"`name={path.name}`: an unfinished run is in {record.parent}; add `resume`, or `overwrite`"
        )
