"""The job `eval`: the figures of a model, or of several as one, on pairs, and a report."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.bundle.finding import find_bundle
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError
from segmentation.core.events import Note, counting
from segmentation.core.lock import locked
from segmentation.core.predictions import Prediction
from segmentation.core.samples import Sample
from segmentation.datasets.discover import Dataset
from segmentation.datasets.selection import random_subset, select_samples
from segmentation.evaluation.candidates import judged_together
from segmentation.evaluation.evaluate import Look
from segmentation.evaluation.evaluate import evaluate as evaluate_scores
from segmentation.evaluation.retouchers import compare_retouchers
from segmentation.evaluation.robustness import CASES, Robustness, measure_robustness
from segmentation.evaluation.set_figures import Evaluation
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import Scorer, find_models, load_scorer
from segmentation.inference.suitability import options_of_masks, require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.evaluate_mattes import EvaluatedMattes, evaluate_matte_models
from segmentation.jobs.option_checks import check_with
from segmentation.jobs.pairs import find_pairs, trusted
from segmentation.outputs.alpha import soft_alpha
from segmentation.outputs.alpha_files import ALPHA, write_alpha
from segmentation.reports.evaluation import write_evaluation
from segmentation.reports.settings import settings_in_words


@dataclass(frozen=True)
class Evaluated:
    """The figures of models on samples, and the folder of results with report.html.

    `robustness` is None unless it was asked for.
    """

    models: Ensemble
    samples: tuple[Sample, ...]
    evaluation: Evaluation
    robustness: Robustness | None
    output: Path

    @property
    def report(self) -> Path:
        return self.output / "report.html"


def evaluate(options: EvaluateOptions, context: Context) -> Evaluated | EvaluatedMattes:
    """Score the models on pairs at the photos' own resolution, and write the figures and the report.

    Mattes are measured by the usual error measures, see `evaluate_matte_models`.

    Raises ConfigError for options or pairs that do not fit the models, and DataError for pairs that cannot be
    read, or when none are left, and for a folder of results that cannot be written or that another process
    writes into.
    """
    if options.mattes.matte or _are_mattes(options.models.model, context):
        return evaluate_matte_models(options, context)
    check_with(options, ("trimaps",), "matte")
    models = find_models(options.models.model, context.workspace.models, options.scoring)
    of_cutouts = [f"`{name}`" for name in ("robustness", "save_alpha") if getattr(options, name)]
    if unfit := [*options_of_masks(options.given), *of_cutouts]:
        require_cutout(models, " ".join(unfit), "leave it out")
    dataset = find_pairs(models.members[0], options.data, context)
    samples = random_subset(_select(models, dataset, options.split, context), options.size, options.seed)
    context.tell(
        Note(f"{models.name}: {len(samples)} of {counted(len(dataset.samples), 'photo')} ({options.split})")
    )
    output = options.output or context.workspace.results / models.name / "eval"
    with locked(output):  # before an hour of scoring
        return _evaluate(models, dataset, samples, output, options, context)


def _evaluate(
    models: Ensemble,
    dataset: Dataset,
    samples: tuple[Sample, ...],
    output: Path,
    options: EvaluateOptions,
    context: Context,
) -> Evaluated:
    target_threshold = _target_threshold(models)
    scorer = load_scorer(models, options.models, options.scoring, tell=context.tell)
    context.tell(Note(f"scored by {scorer.arithmetic}"))
    evaluation = evaluate_scores(
        scorer.score,
        samples,
        scorer.threshold,
        labels=models.labels,
        tolerance_px=options.tolerance_px,
        target_threshold=target_threshold,
        fault_options=options.faults,
        estimator=scorer.estimator if models.confidence_model else None,
        look=_saving(scorer, output / ALPHA) if options.save_alpha else None,
        on_progress=counting(context.tell, "scoring"),
    )
    retouchers = compare_retouchers(
        dataset.samples,
        dataset.copies,
        labels=models.labels,
        target_threshold=target_threshold,
        tolerance_px=options.tolerance_px,
        fault_options=options.faults,
    )
    evaluation = dataclasses.replace(evaluation, retouchers=retouchers)
    robustness = None
    if options.robustness:
        robustness = _disturb(scorer, samples, evaluation.threshold, target_threshold, context)
    write_evaluation(
        evaluation,
        scorer.score,
        samples,
        output,
        models.name,
        options.report_images,
        provenance=_provenance(scorer, f"{dataset.root} ({options.split})"),
        averaged=_digests(models),
        target_threshold=target_threshold,
        robustness=robustness,
    )
    return Evaluated(models, samples, evaluation, robustness, output)


def _saving(scorer: Scorer, folder: Path) -> Look:
    """Return a `Look` that writes the alpha of each photo, as `predict` does."""

    def save(sample: Sample, scores: np.ndarray) -> None:
        prediction = Prediction(sample.id, scores, scorer.models.labels, scorer.threshold)
        write_alpha(folder, sample.id, soft_alpha(prediction, scorer.enlargement(scores)))

    return save


def _are_mattes(names: Sequence[str], context: Context) -> bool:
    return bool(names) and all(find_bundle(name, context.workspace.models).matte for name in names)


def _select(models: Ensemble, dataset: Dataset, side: str, context: Context) -> tuple[Sample, ...]:
    if len(models.members) == 1:
        samples = select_samples(models.members[0], dataset, side)
    else:
        samples = judged_together(dict(zip(models.names, models.members, strict=True)), dataset, side)
    return trusted(samples, models.members, dataset, context) if side == "held-out" else samples


def _target_threshold(models: Ensemble) -> float:
    first, *others = sorted({member.config.data.target_threshold for member in models.members})
    if others:
        raise ConfigError(
            f"expected models trained with the same `target_threshold`, received {first} and {others[0]}; "
            "evaluate them one by one"
        )
    return first


def _disturb(
    scorer: Scorer, samples: tuple[Sample, ...], threshold: float, target_threshold: float, context: Context
) -> Robustness:
    context.tell(Note(f"disturbing: every photo is scored {len(CASES) + 1} times"))
    return measure_robustness(
        scorer.score,
        samples,
        threshold,
        target_threshold=target_threshold,
        on_progress=counting(context.tell, "disturbing"),
    )


def _provenance(scorer: Scorer, judged_on: str) -> dict[str, object]:
    """Return the models and the pairs, for the head of the report."""
    members = scorer.models.members
    return {
        "architecture": _joined(bundle.architecture for bundle in members),
        "input size": _joined(bundle.input_size for bundle in members),
        **settings_in_words(scorer.arithmetic, scorer.settings.plain()),
        "trained on": _joined(bundle.provenance.get("data") for bundle in members),
        "judged on": judged_on,
        "commit": _joined(bundle.provenance.get("git_commit") for bundle in members),
    }


def _digests(models: Ensemble) -> dict[str, str]:
    """Return the digests of several models by name; empty for a single one."""
    if len(models.members) == 1:
        return {}
    return {name: bundle.digest for name, bundle in zip(models.names, models.members, strict=True)}


def _joined(values: Iterable[object]) -> object:
    first, *others = values
    return " + ".join(map(str, (first, *others))) if others else first
