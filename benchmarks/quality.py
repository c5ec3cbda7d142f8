"""Measure what a quality gives and costs: figures and seconds of each on the same photos.

    python benchmarks/quality.py [--model NAME] [--data DIR]

Every photo is scored in each quality in turn, one photo at a time with the networks on all cores, and
compared with its ground truth at its own size. Printed is the table of docs/explanation/engines.md. Its
seconds are those of all cores together, in the median, which depend less than the clock on what else the
machine does. The qualities of `config/quality.py` were chosen by these figures; measure again when the
bundled model changes.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

from project import ROOT

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.quality import QUALITIES
from segmentation.config.scoring import ScoringOptions
from segmentation.core.parallel import cores
from segmentation.core.samples import Sample
from segmentation.datasets.discover import discover
from segmentation.datasets.selection import select_samples
from segmentation.evaluation.candidates import CpuTimed
from segmentation.evaluation.evaluate import measurement_of
from segmentation.evaluation.measurement import MeasureSettings
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.evaluation.set_figures import Evaluation
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.score_settings import ScoreSettings
from segmentation.inference.scorer import Scorer, load_scorer
from segmentation.inference.suitability import choose_passes
from segmentation.jobs.openvino_export import held_out_samples

TOLERANCE_PX = 2.0
HEADINGS = (
    "`--quality`",
    "what it is",
    "mean Dice",
    "worst",
    "boundary F1",
    "clean",
    "faults a photo",
    "CPU seconds a photo",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="name or path of a model (default: default)")
    parser.add_argument("--data", type=Path, help="folder of pairs (default: the held-out ones of the model)")
    options = parser.parse_args()
    bundle = find_bundle(options.model, ROOT / "models")
    samples = (
        select_samples(bundle, discover(options.data)) if options.data else held_out_samples(bundle, ROOT)
    )
    if not samples:
        parser.error(f"the held-out photos of {bundle.name} are not here; name a folder with --data")
    print(f"{bundle.name}, {len(samples)} photos, {cores()} cores\n")
    scorers = {name: _scorer(bundle, name) for name in QUALITIES}
    timed = {name: CpuTimed(scorer.score) for name, scorer in scorers.items()}
    for line in _table(scorers, timed, _measure(bundle, scorers, timed, samples)):
        print(line)


def _scorer(bundle: ModelBundle, quality: str) -> Scorer:
    scoring = ScoringOptions(quality=quality)
    return load_scorer(Ensemble((choose_passes(bundle, scoring),)), scoring=scoring)


def _measure(
    bundle: ModelBundle, scorers: dict[str, Scorer], timed: dict[str, CpuTimed], samples: Sequence[Sample]
) -> dict[str, Evaluation]:
    """The figures of each quality, measured in turn on each photo."""
    target_threshold = bundle.config.data.target_threshold
    measuring = {
        name: measurement_of(bundle.labels, MeasureSettings(scorer.threshold, TOLERANCE_PX, target_threshold))
        for name, scorer in scorers.items()
    }
    for sample in samples:
        image, truth = read_pair(sample)
        for name, score in timed.items():
            scores, seconds = score_photo(score, image, sample, bundle.labels)
            measuring[name].add(sample, image, truth, scores, seconds)
    return {name: measurement.finish() for name, measurement in measuring.items()}


def _table(scorers: dict[str, Scorer], timed: dict[str, CpuTimed], found: dict[str, Evaluation]) -> list[str]:
    """The lines of a table in Markdown, a quality each."""
    usual = timed["standard"].median_seconds
    lines = [f"| {' | '.join(HEADINGS)} |", "| --- " * len(HEADINGS) + "|"]
    for name, evaluation in found.items():
        rows = evaluation.rows
        dice = [row.dice for row in rows]
        cpu_seconds = timed[name].median_seconds
        cells = (
            f"`{name}`",
            _in_words(scorers[name].settings),
            f"{statistics.fmean(dice):.4f}",
            f"{min(dice):.3f}",
            f"{statistics.fmean(row.boundary_f1 for row in rows):.4f}",
            f"{evaluation.clean} of {len(rows)}",
            f"{statistics.fmean(row.fault_count for row in rows):.2f}",
            f"{cpu_seconds:.3f} ({cpu_seconds / usual:.2f} times)",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _in_words(settings: ScoreSettings) -> str:
    passes = "both passes" if len(settings.engines) > 1 else "one pass"
    averaging = "" if settings.tta == "none" else f", averaged over {settings.tta}"
    return f"{passes} on {settings.computed_by}{averaging}"


if __name__ == "__main__":
    main()
