"""Score a model at the photos' own resolution, with a report."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.commands.arguments import add_engine, add_model, path_argument, whole_number

if TYPE_CHECKING:
    from segmentation.bundle import ModelBundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_model(parser)
    add_engine(parser)
    parser.add_argument(
        "--data",
        type=path_argument,
        metavar="DIR",
        help="folder of pairs (default: the one that the model was trained from)",
    )
    parser.add_argument(
        "--split",
        choices=("held-out", "train", "all"),
        default="held-out",
        help="photos that the model did not learn from, those that it did, or all (default: held-out)",
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
        "--output", type=path_argument, metavar="DIR", help="results (default: results/MODEL/eval)"
    )


def run(options: argparse.Namespace) -> int:
    """Evaluate, print the table, write the figures and the report."""
    from segmentation.bundle import find_bundle
    from segmentation.commands.arguments import chosen_score, find_dataset, tuned_threshold
    from segmentation.data.selection import random_subset, select_samples
    from segmentation.display import new_console, progress
    from segmentation.evaluation.evaluate import evaluate, print_evaluation, write_evaluation

    console = new_console()
    bundle = find_bundle(options.model, options.home / "models")
    dataset = find_dataset(options.data or _trained_from(bundle), console)
    samples = random_subset(select_samples(bundle, dataset, options.split), options.size, options.seed)
    print(f"{bundle.name}: {len(samples)} of {len(dataset.samples)} photos ({options.split})")
    score, decided = chosen_score(options, bundle)
    target_threshold = bundle.config.data.target_threshold
    with progress(console, "scoring") as on_progress:
        evaluation = evaluate(
            score,
            samples,
            tuned_threshold(options.threshold, bundle.threshold),
            tolerance_px=options.tolerance_px,
            target_threshold=target_threshold,
            on_progress=on_progress,
        )
    print_evaluation(evaluation, console)
    output = options.output or options.home / "results" / bundle.name / "eval"
    write_evaluation(
        evaluation,
        score,
        samples,
        output,
        bundle.name,
        options.report_images,
        provenance={
            "architecture": bundle.architecture,
            "input size": bundle.input_size,
            **decided,
            "trained on": bundle.provenance.get("data"),
            "judged on": f"{dataset.root} ({options.split})",
            "commit": bundle.provenance.get("git_commit"),
        },
        target_threshold=target_threshold,
    )
    print(f"report: {output / 'report.html'}")
    return 0


def _trained_from(bundle: "ModelBundle") -> Path:
    from segmentation.errors import BundleError

    folder = bundle.provenance.get("data")
    if not folder:
        raise BundleError(f"{bundle.path}: does not say which data it was trained from; name it with --data")
    return Path(folder)
