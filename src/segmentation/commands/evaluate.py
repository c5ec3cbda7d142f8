"""Score a model at the photos' own resolution, with a report."""

import argparse

from segmentation.commands.arguments import add_engine, add_model, path_argument, whole_number


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
        "--robustness",
        action="store_true",
        help="score every photo some 40 times more, with its light, sharpness, compression, framing and size "
        "disturbed, and tell what that costs (default: off)",
    )
    parser.add_argument(
        "--output", type=path_argument, metavar="DIR", help="results (default: results/MODEL/eval)"
    )


def run(options: argparse.Namespace) -> int:
    """Evaluate, print the table, write the figures and the report."""
    from segmentation.commands.arguments import (
        chosen_bundle,
        chosen_score,
        find_dataset,
        trained_from,
        tuned_threshold,
    )
    from segmentation.data.selection import random_subset, select_samples
    from segmentation.display import new_console, progress
    from segmentation.evaluation.evaluate import evaluate, print_evaluation, write_evaluation
    from segmentation.evaluation.robustness import CASES, measure_robustness, print_robustness

    console = new_console()
    bundle = chosen_bundle(options)
    dataset = find_dataset(options.data or trained_from(bundle), console)
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
        robustness=robustness,
    )
    print(f"report: {output / 'report.html'}")
    return 0
