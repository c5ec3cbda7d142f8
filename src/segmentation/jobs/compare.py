"""The job `compare`: models on the same photos, with intervals, a test, and a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.jobs.compare import CompareOptions, Reference
from segmentation.config.scoring import ModelOptions
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError
from segmentation.core.events import Note, Tell, counting, ignore
from segmentation.core.lock import locked
from segmentation.core.samples import Sample
from segmentation.datasets.discover import Dataset
from segmentation.evaluation.candidates import CpuTimed, facts_of, unseen_by_all
from segmentation.evaluation.compare import Candidate, Comparison
from segmentation.evaluation.compare import compare as compare_candidates
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.history import History, read_history
from segmentation.evaluation.retouchers import compare_retouchers
from segmentation.inference.ensemble import Ensemble, check_comparable, distinct_names
from segmentation.inference.scorer import Scorer, load_scorer
from segmentation.inference.suitability import choose_passes, options_of_masks, require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.pairs import find_pairs, trusted
from segmentation.reports.compare_report import write_comparison
from segmentation.reports.gallery import Gallery, choose_photos, find_maps, make_gallery

_LONGEST_NAME_BYTES = 200  # of a folder; file systems allow 255


@dataclass(frozen=True)
class Compared:
    """The comparison of models, and the folder of results with report.html and table.md."""

    comparison: Comparison
    output: Path

    @property
    def report(self) -> Path:
        return self.output / "report.html"

    @property
    def table(self) -> Path:
        return self.output / "table.md"


def compare(options: CompareOptions, context: Context) -> Compared:
    """Evaluate each model on the photos that none was trained on, and write figures, charts and the report.

    Pairs that the training of one of them excluded are left out. Raises ConfigError for fewer than two
    models, models of different classes and options that do not fit them, and DataError for pairs that cannot
    be read, or when none are left.
    """
    bundles = _find_bundles(options, context)
    check_comparable(bundles)
    baseline = next(iter(bundles.values()))
    if unfit := options_of_masks(options.given):
        require_cutout(baseline, " ".join(unfit), "leave it out")
    references = _references(options.reference, bundles)
    output = options.output or _default_output(context.workspace.results, bundles)
    histories = {name: read_history(bundle) for name, bundle in bundles.items()}
    dataset = find_pairs(baseline, options.data, context)
    samples = trusted(unseen_by_all(bundles, dataset), bundles.values(), dataset, context)
    photos = counted(len(dataset.samples), "photo")
    context.tell(Note(f"{len(samples)} of {photos}, on which none of the models was trained"))
    target_threshold = baseline.config.data.target_threshold
    with locked(output):  # before an hour of scoring
        candidates = [
            _evaluate(name, bundle, samples, target_threshold, histories[name], options, context)
            for name, bundle in bundles.items()
        ]
        garments = len({sample.group for sample in samples})
        retouchers = compare_retouchers(
            dataset.samples,
            dataset.copies,
            labels=baseline.labels,
            target_threshold=target_threshold,
            fault_options=options.faults,
        )
        comparison = compare_candidates(candidates, garments, references, retouchers)
        gallery = _gallery(comparison, bundles, samples, options, context) if options.report_images else None
        write_comparison(comparison, histories, output, _about(dataset, baseline), gallery)
    return Compared(comparison, output)


def _find_bundles(options: CompareOptions, context: Context) -> dict[str, ModelBundle]:
    """Return the bundles by distinct names, in the order in which they were given."""
    if len(options.models) < 2:
        raise ConfigError(
            f"compare: expected two or more models, received {options.models[0]} alone; add another"
        )
    bundles = [find_bundle(model, context.workspace.models) for model in options.models]
    chosen = [choose_passes(bundle, options.scoring) for bundle in bundles]
    return dict(zip(distinct_names(bundles), chosen, strict=True))


def _load(bundle: ModelBundle, options: CompareOptions, tell: Tell = ignore) -> Scorer:
    threshold = ModelOptions(threshold=options.threshold)
    return load_scorer(Ensemble((bundle,)), threshold, options.scoring, tell=tell)


def _evaluate(
    name: str,
    bundle: ModelBundle,
    samples: tuple[Sample, ...],
    target_threshold: float,
    history: History,
    options: CompareOptions,
    context: Context,
) -> Candidate:
    """Evaluate one model on the photos, with its engine, which is freed before the next is loaded."""
    scorer = _load(bundle, options, context.tell)
    timed = CpuTimed(scorer.score)
    evaluation = evaluate(
        timed,
        samples,
        scorer.threshold,
        labels=bundle.labels,
        target_threshold=target_threshold,
        fault_options=options.faults,
        on_progress=counting(context.tell, name),
    )
    facts = facts_of(bundle, samples, scorer.threshold, scorer.settings, timed.median_seconds)
    return Candidate(name, facts, evaluation, history)


def _gallery(
    comparison: Comparison,
    bundles: Mapping[str, ModelBundle],
    samples: tuple[Sample, ...],
    options: CompareOptions,
    context: Context,
) -> Gallery:
    """Return a few photos, scored again by every model for their pictures."""
    by_id = {sample.id: sample for sample in samples}
    chosen = [by_id[name] for name in choose_photos(comparison, options.report_images)]
    baseline = next(iter(bundles.values()))
    maps = {}
    for name, bundle in bundles.items():
        scorer = _load(bundle, options)
        on_progress = counting(context.tell, f"pictures by {name}")
        maps[name] = find_maps(scorer.score, chosen, baseline.labels, scorer.threshold, on_progress)
    return make_gallery(comparison, chosen, maps, baseline.labels, baseline.config.data.target_threshold)


def _about(dataset: Dataset, baseline: ModelBundle) -> dict[str, object]:
    """Return the settings of the comparison, for the report."""
    truth = f"garment where its alpha is at least {baseline.config.data.target_threshold:g}"
    if not baseline.labels.binary:
        truth = f"{len(baseline.labels.names)} classes: {', '.join(baseline.labels.names)}"
    return {
        "judged on": f"{dataset.root} (photos on which none of the models was trained)",
        "ground truth": truth,
    }


def _references(given: tuple[Reference, ...], bundles: Mapping[str, ModelBundle]) -> dict[str, float]:
    names = [*bundles, *(reference.name for reference in given)]
    for reference in given:
        if names.count(reference.name) > 1:
            raise ConfigError(
                f"`reference`: expected a name that nothing else has, received {reference.name!r} twice; "
                "choose another"
            )
    return {reference.name: reference.value for reference in given}


def _default_output(results: Path, bundles: Mapping[str, ModelBundle]) -> Path:
    name = "-".join(name.replace("/", "-") for name in bundles)
    if len(name.encode()) > _LONGEST_NAME_BYTES:
        raise ConfigError(
            f"compare: the names of {len(bundles)} models are too long for a folder; name one with `output`"
        )
    return results / "compare" / name
