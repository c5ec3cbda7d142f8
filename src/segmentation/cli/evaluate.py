"""Score a model, or several as one, at the photos' own resolution, with a report."""

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from segmentation.cli.arguments import add_engine, add_models, path_argument, whole_number

if TYPE_CHECKING:
    from segmentation.core.types import Sample
    from segmentation.datasets.discover import Dataset
    from segmentation.inference.ensemble import Ensemble


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_models(parser)
    add_engine(parser)
    parser.add_argument(
        "--data",
        type=path_argument,
        metavar="DIR",
        help="folder of pairs (default: the one that the first model was trained from)",
    )
    parser.add_argument(
        "--split",
        choices=("held-out", "train", "all"),
        default="held-out",
        help="photos that no model learned from, those that one did, or all (default: held-out)",
    )
    parser.add_argument(
        "--size", type=whole_number(1), metavar="N", help="score N random photos (default: all)"
    )
    parser.add_argument(
        "--seed", type=whole_number(0), default=0, metavar="N", help="seed of that choice (default: 0)"
    )
    parser.add_argument(
        "--tolerance-px",
        type=float,
        default=2.0,
        metavar="X",
        help="distance that counts as on the boundary, in pixels of the photo (default: 2)",
    )
    parser.add_argument(
        "--report-images",
        type=whole_number(0),
        default=40,
        metavar="N",
        help="photos in the report, worst first (default: 40)",
    )
    parser.add_argument(
        "--robustness",
        action="store_true",
        help="score every photo some 40 times more, with its light, sharpness, compression, framing and size "
        "disturbed, and tell what that costs (default: off)",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="DIR",
        help="results (default: results/MODEL/eval, of several models results/MODEL+MODEL/eval)",
    )


def run(options: argparse.Namespace) -> int:
    """Evaluate, print the table, write the figures and the report."""
    from segmentation.cli.arguments import (
        chosen_judgement,
        chosen_models,
        find_pairs,
        given_of_masks,
        require_cutout,
        tuned_threshold,
    )
    from segmentation.cli.display import new_console, progress
    from segmentation.datasets.selection import random_subset
    from segmentation.evaluation.evaluate import evaluate
    from segmentation.evaluation.robustness import CASES, measure_robustness, print_robustness
    from segmentation.reports.evaluation import write_evaluation
    from segmentation.reports.tables import print_evaluation

    console = new_console()
    models = chosen_models(options)
    if unfit := [*given_of_masks(options), *(["--robustness"] if options.robustness else [])]:
        require_cutout(models.members[0], " ".join(unfit), "leave it out")
    dataset = find_pairs(models.members[0], options.data, options.home, console)
    samples = random_subset(_selected(models, dataset, options.split), options.size, options.seed)
    print(f"{models.name}: {len(samples)} of {len(dataset.samples)} photos ({options.split})")
    score, estimator, decided = chosen_judgement(options, models)
    target_threshold = _target_threshold(models)
    with progress(console, "scoring") as on_progress:
        evaluation = evaluate(
            score,
            samples,
            tuned_threshold(options.threshold, models.threshold),
            labels=models.labels,
            tolerance_px=options.tolerance_px,
            target_threshold=target_threshold,
            estimator=estimator if models.confidence_model else None,
            on_progress=on_progress,
        )
    print_evaluation(evaluation, console)
    robustness = None
    if options.robustness:
        print(f"disturbing: every photo is scored {len(CASES) + 1} times")
        with progress(console, "disturbing") as on_progress:
            robustness = measure_robustness(
                score,
                samples,
                evaluation.threshold,
                target_threshold=target_threshold,
                on_progress=on_progress,
            )
        print_robustness(robustness, console)
    output = options.output or options.home / "results" / models.name / "eval"
    write_evaluation(
        evaluation,
        score,
        samples,
        output,
        models.name,
        options.report_images,
        provenance={
            "architecture": _joined(bundle.architecture for bundle in models.members),
            "input size": _joined(bundle.input_size for bundle in models.members),
            **decided,
            "trained on": _joined(bundle.provenance.get("data") for bundle in models.members),
            "judged on": f"{dataset.root} ({options.split})",
            "commit": _joined(bundle.provenance.get("git_commit") for bundle in models.members),
        },
        averaged=_digests(models),
        target_threshold=target_threshold,
        robustness=robustness,
    )
    print(f"report: {output / 'report.html'}")
    return 0


def _target_threshold(models: "Ensemble") -> float:
    from segmentation.core.errors import ConfigError

    first, *others = sorted({member.config.data.target_threshold for member in models.members})
    if others:
        raise ConfigError(
            f"expected models trained with the same --target-threshold, received {first} and {others[0]}; "
            "evaluate them one by one"
        )
    return first


def _selected(models: "Ensemble", dataset: "Dataset", side: str) -> "tuple[Sample, ...]":
    from segmentation.datasets.selection import select_samples
    from segmentation.evaluation.candidates import judged_together

    if len(models.members) == 1:
        return select_samples(models.members[0], dataset, side)
    return judged_together(dict(zip(models.names, models.members, strict=True)), dataset, side)


def _digests(models: "Ensemble") -> dict[str, str]:
    """What each of several models is, by its name; nothing of one, whose name is that of the results."""
    if len(models.members) == 1:
        return {}
    return {name: bundle.digest for name, bundle in zip(models.names, models.members, strict=True)}


def _joined(values: Iterable[object]) -> object:
    first, *others = values
    return " + ".join(map(str, (first, *others))) if others else first
