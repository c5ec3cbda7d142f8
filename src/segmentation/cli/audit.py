"""Find wrong ground truth: rank pairs by what models that have not learned them say against it."""

import argparse
import hashlib
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.cli.arguments import path_argument, whole_number
from segmentation.config.options import (
    AugmentConfig,
    RunConfig,
    TrainConfig,
    add_options,
    configure,
    explicit_options,
)
from segmentation.core.size import Size
from segmentation.jobs.recipes import WHOLE_PHOTOS
from segmentation.training.run_state import RECORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from segmentation.bundle.bundle import ModelBundle
    from segmentation.core.types import Sample
    from segmentation.datasets.discover import Dataset

FOLDS = "folds"  # the folder of the models of an audit

_FOLDS, _EPOCHS, _BATCH_SIZE = 3, 14, 8
_NETWORK = {"architecture": "unet-efficientnet-lite0", "filters": 16}
_PIXELS = 192 * 288  # of the network's input
_STEP = 32  # pixels, by multiples of which inputs grow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--data", type=path_argument, metavar="DIR", help="folder of pairs (default: the data folder)"
    )
    parser.add_argument(
        "--folds",
        type=whole_number(2),
        default=_FOLDS,
        metavar="K",
        help="train K models, each on all pairs but a share, which it is then held against; those that are "
        f"there from an audit of the same pairs are used again (default: {_FOLDS})",
    )
    models = parser.add_mutually_exclusive_group()
    models.add_argument(
        "--fold-model",
        action="append",
        metavar="NAME",
        help="train nothing: this model is held against the pairs that it has not learned; can be repeated, "
        "and must be until every pair is new to one (default: train)",
    )
    models.add_argument(
        "--model",
        metavar="NAME",
        help="start from the weights of this model, which must not have learned these pairs (default: from "
        "those of ImageNet)",
    )
    parser.add_argument(
        "--architecture",
        metavar="NAME",
        help=f"of the models (default: {_NETWORK['architecture']}, or that of --model)",
    )
    parser.add_argument(
        "--filters",
        type=whole_number(1),
        metavar="N",
        help=f"of the first level (default: {_NETWORK['filters']}, or those of --model)",
    )
    parser.add_argument(
        "--input-size",
        type=Size.parse,
        metavar="WxH",
        help="size the models see (default: 192x288, turned to the proportions of the photos, or that of "
        "--model)",
    )
    parser.add_argument(
        "--epochs",
        type=whole_number(1),
        default=_EPOCHS,
        metavar="N",
        help="of each model (default: %(default)s)",
    )
    parser.add_argument(
        "--batch-size",
        type=whole_number(1),
        default=_BATCH_SIZE,
        metavar="N",
        help="photos a step (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**32 - 1),
        default=0,
        metavar="N",
        help="of the folds and the trainings (default: 0)",
    )
    parser.add_argument(
        "--report-images",
        type=whole_number(0),
        default=40,
        metavar="N",
        help="pairs with pictures in the report, most suspicious first (default: 40)",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="DIR",
        help="results, and the models in the folder folds (default: results/audit/NAME of the data)",
    )


def run(options: argparse.Namespace) -> int:
    """Train or find the models, rank the pairs, write table and report. Status 130 when it was stopped."""
    from segmentation.bundle.bundle import find_bundle
    from segmentation.cli.arguments import find_dataset, require_cutout
    from segmentation.cli.display import new_console, progress
    from segmentation.datasets.exclusion import EXCLUDE
    from segmentation.evaluation.audit import audit, unbiased_scores
    from segmentation.reports.audit_report import PAGE, TABLE, decided, print_findings, write_audit

    console, models = new_console(), options.home / "models"
    start = find_bundle(options.model, models) if options.model else None
    bundles = [find_bundle(model, models) for model in options.fold_model or ()]
    for bundle in [start] * bool(start) + bundles:
        require_cutout(bundle, "audit")
    dataset = find_dataset(options.data or options.home / "data", console)
    name = dataset.root.resolve().name
    output = options.output or options.home / "results" / "audit" / name
    decided(output)  # a table that cannot be read is told of before an hour of training
    if not bundles:
        bundles = _train_folds(options, start, dataset, output / FOLDS, console)
        if bundles is None:
            print("stopped; the same command goes on from there", file=sys.stderr)
            return 130
    unbiased = unbiased_scores(bundles, dataset.samples)
    target_threshold = bundles[0].config.data.target_threshold
    with progress(console, "scoring") as on_progress:
        findings = audit(unbiased, dataset.samples, target_threshold, on_progress)
    print_findings(findings, console)
    with progress(console, "drawing") as on_progress:
        kept = write_audit(
            findings,
            unbiased,
            dataset.samples,
            output,
            name,
            options.report_images,
            about=_about(dataset, bundles),
            target_threshold=target_threshold,
            on_progress=on_progress,
        )
    if kept:
        print(f"decisions kept from the table that was there: {kept}")
    print(f"table: {output / TABLE}, which `train --exclude` follows; decide in its column {EXCLUDE}")
    print(f"report: {output / PAGE}")
    return 0


def _train_folds(
    options: argparse.Namespace,
    start: "ModelBundle | None",
    dataset: "Dataset",
    folder: Path,
    console: "Console",
) -> "list[ModelBundle] | None":
    """A model a fold, trained now unless it is there; None when the user stopped a training."""
    from segmentation.core.imports import import_keras_quietly

    import_keras_quietly()
    import keras

    from segmentation.bundle.bundle import DESCRIPTION, load_bundle
    from segmentation.cli.display import TrainingDisplay
    from segmentation.datasets.fingerprint import fingerprint
    from segmentation.jobs.workflow import choose_split, train

    if start:
        _check_start(start, dataset)
    config = _configure(options, start, dataset.samples)
    settings = [config.to_json(), fingerprint(dataset.samples), start and start.digest]
    folder /= hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]  # other settings, other models
    bundles = []
    for fold in range(1, options.folds + 1):
        path, logs = folder / f"fold{fold}", folder / "logs" / f"fold{fold}"
        if (path / DESCRIPTION).is_file():
            bundle = load_bundle(path)
            if not bundle.provenance.get("interrupted"):
                print(f"fold {fold} of {options.folds}: is there, {path}", flush=True)
                bundles.append(bundle)
                continue
        one = config.replace(fold=fold)
        try:
            keras.utils.clear_session()  # else the networks of all folds stay in memory
            with TrainingDisplay(
                console, f"fold {fold} of {options.folds}", config.training.epochs
            ) as display:
                bundle = train(
                    one,
                    [dataset],
                    choose_split(dataset, one.data, config.training.seed),
                    path,
                    home=options.home,
                    logs=logs,
                    start=start,
                    resuming=(logs / RECORD).is_file(),
                    progress=display,
                )
        except KeyboardInterrupt:
            return None
        if bundle.provenance["interrupted"]:
            return None
        bundles.append(bundle)
    return bundles


def _check_start(start: "ModelBundle", dataset: "Dataset") -> None:
    from segmentation.core.errors import ConfigError

    if start.first:
        raise ConfigError(
            f"--model {start.name}: expected a single pass, received a double pass; start from its first, "
            f"--model {start.first.path}"
        )
    learned = start.learned
    known = sum(sample.id in learned for sample in dataset.samples)
    if known:
        raise ConfigError(
            f"--model {start.name}: expected a model that has not learned these pairs, since it agrees with "
            f"their errors; it has learned {known} of {len(dataset.samples)}; leave it out, or name another"
        )


def _configure(
    options: argparse.Namespace, start: "ModelBundle | None", samples: "Sequence[Sample]"
) -> RunConfig:
    """The settings of all folds, of which the first is chosen."""
    from segmentation.models.registry import complete

    network: dict[str, Any] = {} if start else {**_NETWORK, "input_size": _input_size(samples)}
    typed = {name: getattr(options, name) for name in ("architecture", "filters", "input_size")}
    network |= {name: value for name, value in typed.items() if value is not None}
    if options.architecture and options.filters is None:
        network["filters"] = 0  # its own
    chosen = {name: getattr(options, name) for name in ("epochs", "batch_size", "seed", "folds")}
    explicit = {**_training(), **network, **chosen}
    return complete(configure(None, None, explicit, base=start and start.config))


def _training() -> dict[str, Any]:
    """As the folds of the recipe `default` are trained."""
    sections = TrainConfig, AugmentConfig
    parser = argparse.ArgumentParser()
    add_options(parser, *sections)
    return explicit_options(parser.parse_args(shlex.split(WHOLE_PHOTOS)), *sections)


def _input_size(samples: "Sequence[Sample]") -> Size:
    """About as many pixels as 192x288 has, in the median proportions of the photos."""
    from statistics import median

    from segmentation.images.files import image_size

    proportion = median(height / width for height, width in (image_size(one.photo) for one in samples))
    sides = (_PIXELS * proportion) ** 0.5, (_PIXELS / proportion) ** 0.5
    return Size(*(max(_STEP, _STEP * round(side / _STEP)) for side in sides))


def _about(dataset: "Dataset", bundles: "list[ModelBundle]") -> dict[str, object]:
    first = bundles[0]
    return {
        "pairs": dataset.root,
        "models": ", ".join(str(bundle.path) for bundle in bundles),
        "architecture": ", ".join(dict.fromkeys(bundle.architecture for bundle in bundles)),
        "input size": ", ".join(dict.fromkeys(str(bundle.input_size) for bundle in bundles)),
        "epochs": first.provenance.get("epochs"),
        "commit": first.provenance.get("git_commit"),
    }
