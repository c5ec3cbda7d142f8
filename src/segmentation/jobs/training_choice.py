"""The choices of a training's options: the whole configuration, and the models that it is built on."""

from pathlib import Path
from typing import NamedTuple

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.presets import configure
from segmentation.config.record import chosen
from segmentation.config.run import RunConfig
from segmentation.jobs.training_checks import (
    check_first_passes,
    check_loss_parts,
    check_matte_parts,
    check_start,
    check_used,
)
from segmentation.models.registry import complete


class ModelChoice(NamedTuple):
    """The outcome of the options: the completed configuration, and the models that it is built on.

    `inherits_classes` is whether the classes are those of `start`.
    """

    config: RunConfig
    start: ModelBundle | None
    first_passes: list[ModelBundle]
    inherits_classes: bool


def choose(options: TrainOptions, models: Path) -> ModelChoice:
    """Return what the options choose, with models by their names in the folder `models`.

    Raises ConfigError for options that do not fit each other, and BundleError for models that are not there.
    """
    start = find_bundle(options.model, models) if options.model else None
    if start:
        check_start(start, options)
    first_passes = [find_bundle(name, models) for name in options.second_pass]
    explicit = chosen(options, "run")
    explicit |= check_first_passes(first_passes, explicit)
    inherits_classes = start is not None and "classes" not in explicit
    if start and inherits_classes:
        explicit["classes"] = start.config.data.classes
    config = complete(
        configure(options.preset, options.augmentation, explicit, base=start.config if start else None)
    )
    check_loss_parts(explicit, config.loss.loss)
    check_matte_parts(explicit, config)
    check_used(explicit, config, second_pass=bool(first_passes))
    return ModelChoice(config, start, first_passes, inherits_classes)
