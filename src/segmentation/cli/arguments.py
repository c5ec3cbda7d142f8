"""Arguments and folders that several commands share."""

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from segmentation.inference.choices import ENGINES, PRECISIONS, TEST_TIME

DRAWN = Path("data/.drawn")  # sets that were drawn on demand, hidden from the user's own

_MOST_WORKERS = 256
_MOST_LEFT_OUT = 20  # files that are named one by one


def add_models(parser: argparse.ArgumentParser) -> None:
    """Add --model, which can be repeated, and --threshold."""
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="model in the models folder, or the path of one; can be repeated: the scores of several are "
        "averaged (default: the one named default, or else the only one)",
    )
    add_threshold(parser)


def add_threshold(parser: argparse.ArgumentParser) -> None:
    """Add --threshold."""
    parser.add_argument(
        "--threshold",
        type=_threshold,
        default=None,
        metavar="auto|X",
        help="score from which a pixel is garment, 0 to 1 (default: auto, the model's own; of several, the "
        "mean of theirs)",
    )


def add_model_name(parser: argparse.ArgumentParser) -> None:
    """Add --model."""
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="model in the models folder, or the path of one (default: the one named default, or else the "
        "only one)",
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add what decides the scores besides the model: --engine, --precision, --tta and the cleaning."""
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="what computes the scores: OpenVINO, or Keras, the slow reference; auto is OpenVINO if the "
        "model has been exported to it (default: auto)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="of the computation; auto is bfloat16 where the processor has it and the model's masks were "
        "found to stay the same in it (default: auto)",
    )
    parser.add_argument(
        "--tta",
        choices=TEST_TIME,
        default="none",
        help="test-time augmentation: flip averages the scores of a photo and of its mirror image, in twice "
        "the time; scales those of the photo as it is, 0.9 times and 1.1 times as large, in three times the "
        "time; flip+scales both, in six times the time (default: none)",
    )
    parser.add_argument(
        "--double-pass",
        action=argparse.BooleanOptionalAction,
        help="both passes, or the first alone (default: both where the model has two)",
    )
    parser.add_argument(
        "--remove-islands",
        type=whole_number(0),
        default=0,
        metavar="PIXELS",
        help="remove regions of the mask with fewer pixels of the photo, but the largest (default: 0, none)",
    )
    parser.add_argument(
        "--fill-holes",
        type=whole_number(0),
        default=0,
        metavar="PIXELS",
        help="fill holes in the mask with fewer pixels of the photo (default: 0, none)",
    )


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add --input and --max-pixels."""
    parser.add_argument(
        "--input",
        type=path_argument,
        required=True,
        metavar="PATH",
        help="folder of photos, or one photo (required)",
    )
    parser.add_argument(
        "--max-pixels",
        type=whole_number(1),
        default=200_000_000,
        metavar="N",
        help="refuse photos that declare more pixels (default: %(default)s)",
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add --workers."""
    parser.add_argument(
        "--workers",
        type=whole_number(1, _MOST_WORKERS),
        metavar="N",
        help="photos in work at the same time, each in memory (default: one for each processor core that "
        "the program may use)",
    )


def path_argument(text: str) -> Path:
    """An argument type: a path. An empty one, as of an unset variable, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, received an empty text")
    return Path(text)


def whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """An argument type: a whole number from `minimum` to `maximum`."""
    bounds = f"from {minimum}" if maximum is None else f"from {minimum} to {maximum}"

    def parse(text: str) -> int:
        if not (text.isdecimal() and minimum <= int(text) <= (maximum or int(text))):
            raise argparse.ArgumentTypeError(f"expected a whole number {bounds}, received {text!r}")
        return int(text)

    return parse


def number_up_to(text: str, maximum: float, expected: str) -> float:
    """The number from 0 to `maximum` that a text says; `expected` describes it where it says none."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= maximum:
        raise argparse.ArgumentTypeError(f"expected {expected}, received {text!r}")
    return value


def warn(message: str) -> None:
    """Print a line on stderr, if anybody listens; what was asked for are the files."""
    with suppress(BrokenPipeError):
        print(message, file=sys.stderr)


def tuned_threshold(chosen: float | None, tuned: float) -> float:
    """The user's threshold, or the model's own for `auto`."""
    return tuned if chosen is None else chosen


def chosen_score(options: argparse.Namespace, models: Any, streams: int = 1) -> tuple[Any, dict[str, Any]]:
    """The score function that `add_engine` lets choose, and what decides its scores besides the models.

    Scores of several models are averaged. When `auto` is the slow reference, stderr says so.
    """
    score, _judge, decided = chosen_judgement(options, models, streams)
    return score, decided


def chosen_judgement(
    options: argparse.Namespace, models: Any, streams: int = 1
) -> tuple[Any, Any, dict[str, Any]]:
    """What `chosen_score` gives and, between the two, the judge of its predictions."""
    from segmentation.confidence.estimator import estimator_for
    from segmentation.scores.augmentation import averaged, cleaned, flipped, rescaled

    loaded = [_load_score(options, bundle, streams) for bundle in models.members]
    engines = [engine for _, its_engines in loaded for engine in its_engines]
    score = averaged([score for score, _ in loaded])
    augmentations = options.tta.split("+")
    if "scales" in augmentations:
        score = rescaled(score)
    if "flip" in augmentations:
        score = flipped(score, models.labels)
    limits = {"islands_px": options.remove_islands, "holes_px": options.fill_holes}
    if any(limits.values()):
        score = cleaned(score, tuned_threshold(options.threshold, models.threshold), **limits)
    estimator = estimator_for(
        [its_engines[0] for _, its_engines in loaded],
        models.first_threshold,
        models.confidence_model,
    )
    computed = {name: ", ".join(getattr(one, name) for one in engines) for name in ("name", "precision")}
    decided = {"engine": computed["name"], "precision": computed["precision"], "tta": options.tta}
    if models.labels.binary:
        decided |= limits
    return score, estimator, decided


def _load_score(options: argparse.Namespace, bundle: Any, streams: int) -> tuple[Any, list[Any]]:
    from segmentation.inference.scoring import load_score

    score, engines = load_score(bundle, engine=options.engine, precision=options.precision, streams=streams)
    if options.engine == "auto" and any(engine.name == "keras" for engine in engines):
        print(
            f"{bundle.name} has no OpenVINO export, so Keras computes the scores, slowly; "
            f"`python main.py export --model {bundle.name}` adds one",
            file=sys.stderr,
        )
    return score, engines


def chosen_models(options: argparse.Namespace) -> Any:
    """The ensemble of every --model, of the first passes alone with --no-double-pass."""
    from segmentation.bundle.bundle import find_bundle
    from segmentation.inference.ensemble import Ensemble

    bundles = [find_bundle(name, options.home / "models") for name in options.model or [None]]
    return Ensemble(tuple(chosen_passes(options, bundle) for bundle in bundles))


def require_cutout(bundle: Any, what: str, remedy: str = "choose another --model") -> None:
    """Raise ConfigError for a bundle that does not cut one thing out, but tells several classes apart.

    `what` names the command or the options that can do nothing with it.
    """
    from segmentation.core.errors import ConfigError

    if not bundle.labels.binary:
        raise ConfigError(
            f"{what}: expected a model that cuts one thing out, received {bundle.name}, which tells "
            f"{len(bundle.labels.names)} classes apart; {remedy}"
        )


def given_of_masks(options: argparse.Namespace) -> list[str]:
    """The options about a single mask that were given: they mean nothing where classes are told apart."""
    given = {
        "--threshold": options.threshold is not None,
        "--remove-islands": options.remove_islands,
        "--fill-holes": options.fill_holes,
    }
    return [option for option, value in given.items() if value]


def chosen_passes(options: argparse.Namespace, bundle: Any) -> Any:
    """The bundle, or its first pass alone with --no-double-pass."""
    from segmentation.core.errors import ConfigError

    if options.double_pass is not None:
        option = "--double-pass" if options.double_pass else "--no-double-pass"
        require_cutout(bundle, option, "leave it out")
    if options.double_pass and not bundle.first:
        raise ConfigError(
            f"--double-pass: expected a model with two passes, received {bundle.name}, which has one; "
            f"`python main.py train --second-pass {bundle.name}` adds the second"
        )
    return bundle.first if options.double_pass is False and bundle.first else bundle


def find_dataset(folder: Path, console: Any, classes: str = "garment", learned_by: str | None = None) -> Any:
    """Discover the pairs of a folder behind a progress bar, and name on stderr what was left out and why.

    `classes` is what is made of label maps, which may be what the model `learned_by` has learned.
    """
    from segmentation.cli.display import progress
    from segmentation.datasets.discover import discover

    with progress(console, "reading") as on_progress:
        dataset = discover(folder, classes=classes, learned_by=learned_by, on_progress=on_progress)
    for problem in dataset.problems[:_MOST_LEFT_OUT]:
        print(f"left out: {problem.path} {problem.reason}; {problem.remedy}", file=sys.stderr)
    if others := len(dataset.problems[_MOST_LEFT_OUT:]):
        print(f"left out: {others} more; `python main.py data --data {folder}` shows all", file=sys.stderr)
    if dataset.classes:
        print(f"{folder}: {dataset.classes}")
    for note in dataset.notes:
        print(note, file=sys.stderr)
    return dataset


def find_pairs(bundle: Any, data: Path | None, home: Path, console: Any) -> Any:
    """Discover the pairs that a model is judged by, their classes as it has learned them.

    They are in `data`, by default where it was trained from. Raises ConfigError for pairs of other classes.
    """
    from segmentation.datasets.same_classes import check_same_classes

    dataset = find_dataset(data or trained_from(bundle, home), console, bundle.classes, bundle.name)
    known = {bundle.name: bundle.labels, str(dataset.root): dataset.labels}
    check_same_classes(known, "give other --data")
    return dataset


def trained_from(bundle: Any, home: Path) -> Path:
    """The folder of pairs that a model was trained from. Raises BundleError where none is known."""
    from segmentation.bundle.provenance import data_folder
    from segmentation.core.errors import BundleError

    folder = data_folder(bundle, home)
    if folder is None:
        raise BundleError(f"{bundle.path}: does not say which data it was trained from; name it with --data")
    if not folder.exists():
        raise BundleError(
            f"{bundle.path}: was trained from {folder}, which is not here; name pairs with --data"
        )
    return folder


def _threshold(text: str) -> float | None:
    return None if text == "auto" else number_up_to(text, 1.0, "auto or a number from 0 to 1")
