"""Hold models against each other on the same photos, with intervals, a test, and a report."""

import argparse
from pathlib import Path
from typing import Any

from segmentation.cli.arguments import add_engine, add_threshold, path_argument, whole_number

_MOST_IMAGES = 100  # of which one picture is made
_LONGEST_NAME_BYTES = 200  # of a folder; file systems allow 255


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="two or more, by name in the models folder or by path; the first is the baseline (required)",
    )
    parser.add_argument(
        "--data",
        type=path_argument,
        metavar="DIR",
        help="folder of pairs; those that a model has learned from are left out (default: the one that the "
        "first model was trained from)",
    )
    add_threshold(parser)
    add_engine(parser)
    parser.add_argument(
        "--reference",
        type=_reference,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a published figure to show beside the models, such as capstone=0.99: a mean Dice, or the mean "
        "IoU of all pixels of models of several classes; can be repeated (default: none)",
    )
    parser.add_argument(
        "--report-images",
        type=whole_number(0, _MOST_IMAGES),
        default=6,
        metavar="N",
        help="photos shown by every model, from the worst to the best; they are scored again (default: 6)",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="DIR",
        help="results (default: results/compare/MODEL-MODEL...)",
    )


def run(options: argparse.Namespace) -> int:
    """Evaluate each model, print how they compare, write the figures, the charts and the report."""
    from segmentation.cli.arguments import find_pairs, given_of_masks, require_cutout
    from segmentation.cli.display import new_console
    from segmentation.evaluation.candidates import unseen_by_all
    from segmentation.evaluation.compare import compare
    from segmentation.evaluation.history import read_history
    from segmentation.inference.ensemble import check_comparable
    from segmentation.reports.compare_report import write_comparison
    from segmentation.reports.compare_tables import print_comparison

    console = new_console()
    bundles = _find_bundles(options)
    check_comparable(bundles)
    baseline = next(iter(bundles.values()))
    if unfit := given_of_masks(options):
        require_cutout(baseline, " ".join(unfit), "leave it out")
    references = _references(options.reference, bundles)
    output = options.output or _default_output(options.home, bundles)
    histories = {name: read_history(bundle) for name, bundle in bundles.items()}
    choice = baseline.config.data
    dataset = find_pairs(baseline, options.data, options.home, console)
    samples = unseen_by_all(bundles, dataset)
    print(f"{len(samples)} of {len(dataset.samples)} photos, from which none of the models has learned")
    candidates = [
        _evaluate(name, bundle, samples, choice.target_threshold, histories[name], options, console)
        for name, bundle in bundles.items()
    ]
    comparison = compare(candidates, len({sample.group for sample in samples}), references)
    print_comparison(comparison, console)
    gallery = _gallery(comparison, bundles, samples, choice.target_threshold, options, console)
    write_comparison(comparison, histories, output, _about(dataset, baseline), gallery)
    print(f"report: {output / 'report.html'}, table: {output / 'table.md'}")
    return 0


def _find_bundles(options: argparse.Namespace) -> dict[str, Any]:
    """The bundles by names that tell them apart, in the order in which they were given."""
    from segmentation.bundle.bundle import find_bundle
    from segmentation.cli.arguments import chosen_passes
    from segmentation.core.errors import ConfigError
    from segmentation.inference.ensemble import distinct_names

    if len(options.models) < 2:
        raise ConfigError(
            f"compare: expected two or more models, received {options.models[0]} alone; add another"
        )
    bundles = [find_bundle(model, options.home / "models") for model in options.models]
    chosen = [chosen_passes(options, bundle) for bundle in bundles]
    return dict(zip(distinct_names(bundles), chosen, strict=True))


def _evaluate(
    name: str,
    bundle: Any,
    samples: Any,
    target_threshold: float,
    history: Any,
    options: argparse.Namespace,
    console: Any,
) -> Any:
    """One model on the photos, with its engine, which is given back before the next is loaded."""
    from segmentation.cli.arguments import chosen_score, tuned_threshold
    from segmentation.cli.display import progress
    from segmentation.evaluation.candidates import CpuTimed, facts_of
    from segmentation.evaluation.compare import Candidate
    from segmentation.evaluation.evaluate import evaluate
    from segmentation.inference.ensemble import Ensemble

    score, decided = chosen_score(options, Ensemble((bundle,)))
    timed, threshold = CpuTimed(score), tuned_threshold(options.threshold, bundle.threshold)
    with progress(console, name) as on_progress:
        evaluation = evaluate(
            timed,
            samples,
            threshold,
            labels=bundle.labels,
            target_threshold=target_threshold,
            on_progress=on_progress,
        )
    facts = facts_of(bundle, samples, threshold, decided, timed.median_seconds)
    return Candidate(name, facts, evaluation, history)


def _gallery(
    comparison: Any,
    bundles: dict[str, Any],
    samples: Any,
    target_threshold: float,
    options: argparse.Namespace,
    console: Any,
) -> Any:
    """A few photos, scored again by every model for their pictures; None without any."""
    from segmentation.cli.arguments import chosen_score, tuned_threshold
    from segmentation.cli.display import progress
    from segmentation.inference.ensemble import Ensemble
    from segmentation.reports.gallery import choose_photos, find_maps, make_gallery

    if not options.report_images:
        return None
    by_id = {sample.id: sample for sample in samples}
    chosen = [by_id[name] for name in choose_photos(comparison, options.report_images)]
    maps, labels = {}, next(iter(bundles.values())).labels
    for name, bundle in bundles.items():
        score, _ = chosen_score(options, Ensemble((bundle,)))
        threshold = tuned_threshold(options.threshold, bundle.threshold)
        with progress(console, f"pictures by {name}") as on_progress:
            maps[name] = find_maps(score, chosen, labels, threshold, on_progress)
    return make_gallery(comparison, chosen, maps, labels, target_threshold)


def _about(dataset: Any, baseline: Any) -> dict[str, object]:
    """How the comparison was made, for the report."""
    choice = baseline.config.data
    truth = f"garment where its alpha is at least {choice.target_threshold:g}"
    if not baseline.labels.binary:
        truth = f"{len(baseline.labels.names)} classes: {', '.join(baseline.labels.names)}"
    return {
        "judged on": f"{dataset.root} (photos from which none of the models has learned)",
        "ground truth": truth,
    }


def _reference(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not (name.strip() and name.isprintable() and 0 <= number <= 1):
        raise argparse.ArgumentTypeError(
            f"expected NAME=VALUE with a figure from 0 to 1, such as capstone=0.99, received {text!r}"
        )
    return name.strip(), number


def _references(given: list[tuple[str, float]], bundles: dict[str, Any]) -> dict[str, float]:
    from segmentation.core.errors import ConfigError

    names = [*bundles, *(name for name, _ in given)]
    for name, _ in given:
        if names.count(name) > 1:
            raise ConfigError(
                f"--reference: expected a name of its own, received {name!r} twice; name it otherwise"
            )
    return dict(given)


def _default_output(home: Path, bundles: dict[str, Any]) -> Path:
    from segmentation.core.errors import ConfigError

    name = "-".join(name.replace("/", "-") for name in bundles)
    if len(name.encode()) > _LONGEST_NAME_BYTES:
        raise ConfigError(
            f"compare: the names of {len(bundles)} models are too long for a folder; name one with --output"
        )
    return home / "results" / "compare" / name
