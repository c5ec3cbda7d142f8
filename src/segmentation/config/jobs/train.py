"""Options of `train`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option, registered
from segmentation.config.run import RunConfig


def _presets() -> tuple[str, ...]:
    from segmentation.config.presets import preset_names  # a person's own are added when the program starts

    return preset_names()


@dataclass(frozen=True, kw_only=True)
class TrainOptions(JobOptions):
    """Train a network on photos and their cutouts or label maps."""

    data: tuple[Path, ...] = option(
        (),
        "folder of pairs to train on; no photos are held out from further ones",
        shown="the data folder, or drawn photos if it is empty",
        metavar="DIR",
    )
    exclude: Path | None = option(
        None,
        "leave out the pairs that this table, the audit.csv of `audit`, excludes: those with yes in the "
        "column exclude, or with nothing there and yes in the column marked; or a table that comes with the "
        "program: held-out, the packshots and flat-lays that the bundled model is judged on",
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
        "named settings, which the other options override; auto plans them by the photos and this machine, "
        "as `plan` does",
        choices=_presets,
        shown="none",
    )
    augmentation: str | None = option(
        None,
        "named augmentation, which its options override",
        choices=registered("config.augmentation", "AUGMENTATIONS"),
        shown="studio",
    )
    model: str | None = option(
        None,
        "start from this model's weights, architecture, preprocessing and classes; with other `classes` its "
        "head starts from scratch",
        shown="from scratch",
        metavar="NAME",
    )
    second_pass: tuple[str, ...] = option(
        (),
        "train a second pass, which sees the region where this model finds the garment; name the models of "
        "its folds as well, since first-pass scores of a photo come from models that were not trained on it",
        shown="a single pass",
        metavar="FIRST",
    )
    resume: bool = option(
        False,
        "continue the interrupted run of this `name`, with the options that it was begun with",
        shown="no",
    )
    overwrite: bool = option(False, "replace a model of this name", shown="no")
    find_rate: bool = option(
        False,
        "train nothing, but try rising learning rates for some steps, and suggest one, with a picture of the "
        "loss",
        shown="no",
    )
    minutes: int = option(
        60,
        "minutes that a training planned by `preset=auto` may take: it is shorter, or sees fewer pixels, "
        "where more would take longer",
        minimum=1,
    )
    processes: int = option(
        1,
        "processes of this machine that train together, by Keras on JAX: each computes an equal part of "
        "every batch, on a graphics card of its own; on a CPU that is slower than one process",
        minimum=1,
        common=False,
    )
    run: RunConfig = RunConfig()
