"""Options of `train`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option, registered
from segmentation.config.training import (
    RunConfig,
)


@dataclass(frozen=True, kw_only=True)
class TrainOptions(JobOptions):
    """Train a network on photos and their cutouts or label maps."""

    data: tuple[Path, ...] = option(
        (),
        "pairs to train on; further folders are trained on whole, no photo is held out of them",
        shown="data, or drawn photos if it is empty",
        metavar="DIR",
    )
    exclude: Path | None = option(
        None,
        "neither train on nor hold out the pairs that this table, the audit.csv of `audit`, excludes: with "
        "yes in the column exclude, or nothing there and yes in the column marked",
        shown="none",
        metavar="FILE",
    )
    name: str | None = option(
        None,
        "name of the model",
        shown="that of the preset, or of the architecture",
        metavar="NAME",
    )
    preset: str | None = option(
        None,
        "named settings beneath the other options",
        choices=registered("config.presets", "PRESETS"),
        shown="none",
    )
    augmentation: str | None = option(
        None,
        "named augmentation beneath its options",
        choices=registered("config.training", "AUGMENTATIONS"),
        shown="studio",
    )
    model: str | None = option(
        None,
        "start from this model's weights, architecture, preprocessing and classes; with other `classes` its "
        "head begins anew",
        shown="from scratch",
        metavar="NAME",
    )
    second_pass: tuple[str, ...] = option(
        (),
        "train a second pass that looks again where this model finds the garment; name those of its folds as "
        "well, since the first-pass scores of a photo come from models that were not trained on it",
        shown="a single pass",
        metavar="FIRST",
    )
    resume: bool = option(False, "go on with an interrupted run", shown="no")
    overwrite: bool = option(False, "replace a model of this name", shown="no")
    run: RunConfig = RunConfig()
