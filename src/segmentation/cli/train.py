"""Train a network on photos and their cutouts or label maps."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.cli.arguments import DRAWN, path_argument, require_cutout
from segmentation.config.options import (
    AUGMENTATIONS,
    PRESETS,
    AugmentConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    PreprocessConfig,
    RunConfig,
    SecondPassConfig,
    TrainConfig,
    add_options,
    configure,
    explicit_options,
    parse_shares,
)
from segmentation.core.size import Size
from segmentation.models.registry import complete, describe

if TYPE_CHECKING:
    from segmentation.bundle.bundle import ModelBundle
    from segmentation.datasets.discover import Dataset
    from segmentation.datasets.split import Split

SECTIONS = (
    DataConfig,
    PreprocessConfig,
    AugmentConfig,
    ModelConfig,
    SecondPassConfig,
    LossConfig,
    TrainConfig,
)

_DRAWN = 60  # garments of the set that stands in for missing photos


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: the run's own, then those of the configuration."""
    parser.epilog = f"architectures: {describe()}"
    parser.add_argument(
        "--data",
        type=path_argument,
        action="append",
        metavar="DIR",
        help="pairs to learn from; further folders (--data A --data B) are learned from whole, no photo is "
        "held out of them (default: data, or drawn photos if it is empty)",
    )
    parser.add_argument(
        "--exclude",
        type=path_argument,
        metavar="FILE",
        help="neither learn nor hold out the pairs that this table, the audit.csv of `audit`, excludes: with "
        "yes in the column exclude, or nothing there and yes in the column marked (default: none)",
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="name of the model (default: that of the preset, or of the architecture)",
    )
    parser.add_argument(
        "--preset", choices=tuple(PRESETS), help="named settings beneath the other options (default: none)"
    )
    parser.add_argument(
        "--augmentation",
        choices=tuple(AUGMENTATIONS),
        help="named augmentation beneath its options (default: studio)",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="start from this model's weights, architecture, preprocessing and classes; with other --classes "
        "its head begins anew (default: from scratch)",
    )
    parser.add_argument(
        "--second-pass",
        action="append",
        default=[],
        metavar="FIRST",
        help="learn to look again where this model finds the garment; name those of its folds as well, since "
        "the first scores of a photo come from models that have not learned it (default: a single pass)",
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--resume", action="store_true", help="go on with an interrupted run (default: no)")
    existing.add_argument(
        "--overwrite", action="store_true", help="replace a model of this name (default: no)"
    )
    add_options(parser, *SECTIONS)


def run(options: argparse.Namespace) -> int:
    """Train and print where the model is. Status 130 when the user ended the training early."""
    from segmentation.core.imports import import_keras_quietly

    import_keras_quietly()
    from segmentation.bundle.bundle import check_name, find_bundle
    from segmentation.cli.arguments import find_dataset
    from segmentation.cli.display import TrainingDisplay, new_console, progress
    from segmentation.core.errors import ConfigError
    from segmentation.datasets.same_classes import check_same_classes
    from segmentation.jobs.workflow import (
        choose_split,
        train,
        with_drawn_garments,
        with_first_pass_scores,
        with_sources,
    )
    from segmentation.training.objectives import check_loss
    from segmentation.training.run_state import RECORD

    console = new_console()
    start = find_bundle(options.model, options.home / "models") if options.model else None
    if start and options.preset and "architecture" in PRESETS[options.preset]:
        raise ConfigError(f"--model {options.model} brings its own architecture; leave out --preset")
    if start and start.first and not options.second_pass:
        raise ConfigError(
            f"--model {options.model}: expected a single pass, received a double pass; start from its first, "
            f"--model {start.first.path}, and then, with --second-pass, from {options.model}"
        )
    first_passes = [find_bundle(name, options.home / "models") for name in options.second_pass]
    explicit = explicit_options(options, *SECTIONS)
    _check_passes(first_passes, explicit)
    _check_loss(explicit)
    inherited = start if start and "classes" not in explicit else None
    if inherited:
        explicit["classes"] = inherited.config.data.classes
    config = complete(configure(options.preset, options.augmentation, explicit, base=start and start.config))
    name = check_name(options.name or options.preset or config.model.architecture)
    path, logs = options.home / "models" / name, options.home / "logs" / name
    if not (options.overwrite or options.resume):
        _refuse_to_replace(path, logs / RECORD)
    _check_classes(config, bool(first_passes))
    _check_learned(config, start)
    check_loss(config.loss, 1 if config.data.classes == DataConfig.classes else 2)  # two, or any more
    folders = options.data or [_default_data(options.home)]
    _check_shares(config.data.mix, len(folders))
    classes = inherited.classes if inherited else config.data.classes
    learned_by = inherited.name if inherited else None
    datasets = [find_dataset(folder, console, classes, learned_by) for folder in folders]
    excluded: list[str] = []
    if options.exclude:
        datasets, excluded = _without_excluded(datasets, options.exclude)
    dataset, *others = datasets
    check_same_classes(
        {str(dataset.root): dataset.labels for dataset in datasets},
        "give all the same groups with --classes FILE",
    )
    split = choose_split(dataset, config.data, config.training.seed)
    split = with_sources(split, [_apart_from(split, other) for other in others])
    _check_predicted(split, bool(first_passes))
    with progress(console, "drawing") as on_photo:
        split = with_drawn_garments(split, config, options.home / DRAWN, on_photo)
    if first_passes:
        with progress(console, "first pass") as on_photo:
            split = with_first_pass_scores(
                split, config, first_passes, logs.with_name(f"{name}-guides"), on_photo
            )

    try:
        with TrainingDisplay(console, name, config.training.epochs) as display:
            bundle = train(
                config,
                datasets,
                split,
                path,
                home=options.home,
                logs=logs,
                start=start,
                first=first_passes[0] if first_passes else None,
                resuming=options.resume,
                excluded=excluded,
                progress=display,
            )
    except KeyboardInterrupt:
        if not (logs / RECORD).exists():
            raise
        print("interrupted; the epochs are kept: the same command with --resume goes on", file=sys.stderr)
        return 130
    print(f"{path}: held-out {_result(bundle)}, epoch {bundle.provenance['best_epoch']}")
    if bundle.provenance["interrupted"]:
        print("interrupted: this is the best epoch so far; `--resume` goes on from the last one")
        return 130
    return 0


def _result(bundle: "ModelBundle") -> str:
    figures = bundle.provenance["val_at_full_resolution"]
    if bundle.labels.binary:
        return (
            f"Dice at full resolution {figures['dice_mean']:.4f} (median {figures['dice_median']:.4f}, "
            f"worst {figures['dice_min']:.4f}) at threshold {bundle.threshold:.3f}"
        )
    return (
        f"pixel accuracy at full resolution {figures['pixel_accuracy']:.4f}, mean IoU of "
        f"{len(bundle.labels.names)} classes {figures['mean_iou']:.4f}"
    )


def _check_classes(config: RunConfig, second_pass: bool) -> None:
    """Drawn garments and a second look are of a cutout alone."""
    from segmentation.core.errors import ConfigError

    if config.data.classes == DataConfig.classes:
        return
    cutouts_alone = {
        "--second-pass": (second_pass, "leave it out"),
        "--synthetic": (config.data.synthetic, "set it to 0"),
        "--target binary": (config.data.target == "binary", "leave it out"),
    }
    for flag, remedy in ((flag, remedy) for flag, (given, remedy) in cutouts_alone.items() if given):
        raise ConfigError(
            f"{flag}: expected --classes garment, a cutout, received --classes {config.data.classes}; "
            f"{remedy}"
        )


def _check_loss(explicit: dict[str, Any]) -> None:
    """A sum of losses takes the place of the program's own, whose parts would not be heeded."""
    from segmentation.core.errors import ConfigError

    own = ("bce_weight", "dice_weight", "boundary_weight", "boundary_width")
    given = ["--" + name.replace("_", "-") for name in own if name in explicit]
    if given and explicit.get("loss"):
        raise ConfigError(
            f'{" and ".join(given)}: expected without --loss, received beside --loss "{explicit["loss"]}", '
            "which takes the place of the loss that they make up; leave one of them out"
        )


def _check_learned(config: RunConfig, start: "ModelBundle | None") -> None:
    """What is frozen has been learned before."""
    from segmentation.core.errors import ConfigError

    if config.training.freeze and not start and config.model.backbone_weights == "none":
        raise ConfigError(
            "--freeze: expected a backbone that has learned something, received --backbone-weights none, "
            "random ones; give imagenet, a FILE or --model NAME, or leave it out"
        )


def _without_excluded(datasets: "list[Dataset]", table: Path) -> "tuple[list[Dataset], list[str]]":
    """The data sets without the pairs that the table marks, and which of these there were; both are told."""
    from segmentation.datasets.exclusion import read_exclusion, without

    marked = read_exclusion(table)
    known = {sample.id for dataset in datasets for sample in dataset.samples}
    unknown = [name for name in marked if name not in known]
    if unknown:
        print(f"--exclude {table}: no such pair: {', '.join(unknown)}", file=sys.stderr)
    excluded = sorted(known.intersection(marked))
    print(f"excluded: {len(excluded)} of {len(known)} pairs, by {table}")
    return [without(dataset, excluded) for dataset in datasets], excluded


def _check_shares(mix: str | None, sources: int) -> None:
    from segmentation.core.errors import ConfigError

    if mix and len(parse_shares(mix)) != sources:
        raise ConfigError(f"--mix: expected a share for each --data, {sources}, received {mix}")


def _apart_from(split: "Split", other: "Dataset") -> "Dataset":
    """The data set without predictions of what is held out; stderr says how many are left out."""
    from segmentation.core.errors import DataError
    from segmentation.datasets.split import apart_from

    samples = apart_from(split.val, other.samples)
    left_out = len(other.samples) - len(samples)
    if not samples:
        raise DataError(f"{other.root}: expected photos that are not held out, found none; predict others")
    if left_out:
        print(f"left out: {left_out} predicted pairs of {other.root} show what is held out", file=sys.stderr)
    return dataclasses.replace(other, samples=samples)


def _check_predicted(split: "Split", second_pass: bool) -> None:
    from segmentation.core.errors import ConfigError
    from segmentation.datasets.origin import PSEUDO

    if second_pass and any(sample.origin == PSEUDO for sample in split.train):
        raise ConfigError(
            "--second-pass: expected pairs that a person made, received predictions as well, from which a "
            "second pass would learn to repeat the first; leave out their --data"
        )


def _check_passes(first_passes: Sequence["ModelBundle"], explicit: dict[str, Any]) -> None:
    """A second pass looks, by default at the region of the first mask; a single pass does not."""
    from segmentation.core.errors import ConfigError

    looks = explicit.get("look", "crop") != "none"
    if first_passes and not looks:
        raise ConfigError("--look none is a single pass; leave out --second-pass, or choose crop or mask")
    if first_passes:
        explicit.setdefault("look", "crop")
    elif "look" in explicit and looks:
        raise ConfigError("--look: expected --second-pass FIRST with it, received none; name the first pass")
    for first in first_passes:
        require_cutout(first, "--second-pass", "choose another first pass")
    twice = [first.name for first in first_passes if first.first]
    if twice:
        raise ConfigError(f"--second-pass: expected models of a single pass, received {', '.join(twice)}")


def _refuse_to_replace(path: Path, record: Path) -> None:
    from segmentation.core.errors import ConfigError

    if path.exists():
        raise ConfigError(f"--name {path.name}: {path} is there; choose another name, or add --overwrite")
    if record.exists():
        raise ConfigError(
            f"--name {path.name}: an unfinished run is in {record.parent}; add --resume, or --overwrite"
        )


def _default_data(home: Path) -> Path:
    """The data folder if there is anything in it, else a set that is drawn now."""
    from segmentation.cli.display import new_console, progress
    from segmentation.jobs.workflow import drawn_set

    folder = home / "data"
    if any(found.name != "README.md" for found in folder.glob("[!.]*")):
        return folder
    print(f"{folder} is empty and no --data was given: drawing a synthetic set of {_DRAWN} garments")
    with progress(new_console(), "drawing") as on_photo:
        return drawn_set(home / DRAWN, _DRAWN, Size(864, 576), 0, on_photo)
