"""The job `train`: a model, trained on folders of pairs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle, check_name, find_bundle
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.presets import PRESETS, configure
from segmentation.config.record import chosen, digest_of, record_of
from segmentation.config.training import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.events import counting
from segmentation.datasets.discover import Dataset
from segmentation.datasets.same_classes import check_same_classes
from segmentation.datasets.split import Split
from segmentation.jobs.configuration import repeating
from segmentation.jobs.context import Context
from segmentation.jobs.option_checks import check_alone
from segmentation.jobs.pairs import find_dataset
from segmentation.jobs.training import train_model
from segmentation.jobs.training_checks import (
    check_before_data,
    check_first_passes,
    check_loss_parts,
    check_made_by_a_person,
    check_shares,
    check_start,
)
from segmentation.jobs.training_data import (
    choose_split,
    default_data,
    with_drawn_garments,
    with_first_pass_scores,
    with_sources,
    without_excluded,
    without_held_out,
)
from segmentation.models.registry import complete
from segmentation.training.run_state import RECORD, EpochsKept, check_folder


@dataclass(frozen=True)
class Trained:
    """A model that was fully trained, or as far as it came before it was `interrupted`."""

    bundle: ModelBundle

    @property
    def interrupted(self) -> bool:
        return self.bundle.provenance["interrupted"]


def train(options: TrainOptions, context: Context) -> Trained:
    """Train a model and put it into the models folder.

    Tells the events of `training.progress`. Raises ConfigError for options that do not fit each other or
    the data, DataError for data that cannot be trained on, TrainingError as `fit` does, and EpochsKept, a
    KeyboardInterrupt, for Ctrl-C when epochs are kept that `resume` continues from.
    """
    check_alone(options, "resume", "overwrite")
    models = context.workspace.models
    start = find_bundle(options.model, models) if options.model else None
    if start:
        check_start(start, options, PRESETS)
    first_passes = [find_bundle(name, models) for name in options.second_pass]
    explicit = chosen(options, "run")
    explicit |= check_first_passes(first_passes, explicit)
    inherited = start if start and "classes" not in explicit else None
    if inherited:
        explicit["classes"] = inherited.config.data.classes
    config = complete(
        configure(options.preset, options.augmentation, explicit, base=start.config if start else None)
    )
    check_loss_parts(explicit, config.loss.loss)
    name = check_name(options.name or options.preset or config.model.architecture)
    path, logs = models / name, context.workspace.logs / name
    if not options.resume:
        check_folder(logs)
        if not options.overwrite:
            _refuse_to_replace(path, logs / RECORD)
    check_before_data(config, start, second_pass=bool(first_passes))
    folders = options.data or (default_data(context),)
    check_shares(config.data.mix, len(folders))
    classes = inherited.classes if inherited else config.data.classes
    trained_by = inherited.name if inherited else None
    datasets = [find_dataset(folder, context, classes, trained_by) for folder in folders]
    excluded: list[str] = []
    if options.exclude:
        datasets, excluded = without_excluded(datasets, options.exclude, context)
    split = _split(config, datasets, first_passes, logs, context)
    made_with = record_of(options)
    record: dict[str, Any] = {"options": made_with, "digest": digest_of(made_with)}
    if excluded:
        record["excluded"] = excluded
    try:
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
            record=record,
            repeat=repeating(options, config, inherits_classes=inherited is not None),
        )
    except KeyboardInterrupt:
        if not (logs / RECORD).exists():
            raise
        raise EpochsKept from None
    return Trained(bundle)


def _split(
    config: RunConfig,
    datasets: list[Dataset],
    first_passes: list[ModelBundle],
    logs: Path,
    context: Context,
) -> Split:
    """The samples to train on and to hold out, with drawn garments and first-pass scores."""
    dataset, *others = datasets
    check_same_classes(
        {str(dataset.root): dataset.labels for dataset in datasets},
        "give all of them the same groups with `classes`",
    )
    split = choose_split(dataset, config.data, config.training.seed)
    split = with_sources(split, [without_held_out(split, other, context) for other in others])
    if first_passes:
        check_made_by_a_person(split)
    drawing = counting(context.tell, "drawing")
    split = with_drawn_garments(split, config, context.workspace.drawn, drawing)
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
