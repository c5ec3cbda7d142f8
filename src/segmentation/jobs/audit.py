"""The job `audit`: wrong ground truth, found by models that were not trained on it."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.jobs.audit import AuditOptions
from segmentation.core.events import counting
from segmentation.core.imports import import_keras_quietly
from segmentation.core.lock import locked
from segmentation.datasets.discover import Dataset
from segmentation.evaluation.audit import Finding, unbiased_scores
from segmentation.evaluation.audit import audit as audit_pairs
from segmentation.inference.suitability import require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import ending, interruptible
from segmentation.jobs.option_checks import check_alone
from segmentation.jobs.pairs import find_dataset
from segmentation.reports.audit_report import decided, write_audit

FOLDS = "folds"  # the folder with the models of an audit


@dataclass(frozen=True)
class Audited:
    """The pairs, most suspicious first, and the folder with table and report.

    `kept` counts a person's decisions in an earlier table, and `lapsed` are the pairs whose photo or ground
    truth is another one than that which was decided on. Where the audit was `stopped`, there are no findings
    yet.
    """

    output: Path
    findings: tuple[Finding, ...] = ()
    kept: int = 0
    lapsed: tuple[str, ...] = ()
    stopped: bool = False


def audit(options: AuditOptions, context: Context) -> Audited:
    """Train or find the models, rank the pairs, write table and report.

    Raises ConfigError for options that exclude each other and for models that do not fit; DataError for an
    earlier table that cannot be read, and as `unbiased_scores` does.
    """
    check_alone(options, "fold_model", "model")
    models = context.workspace.models
    start = find_bundle(options.network.model, models) if options.network.model else None
    bundles = [find_bundle(model, models) for model in options.fold_model]
    for bundle in [start, *bundles] if start else bundles:
        require_cutout(bundle, "audit")
    dataset = find_dataset(options.data or context.workspace.data, context)
    name = dataset.root.resolve().name
    output = options.output or context.workspace.results / "audit" / name
    decided(output)  # a table that cannot be read fails before an hour of training
    with locked(output), interruptible(context) as context:
        return _audit(options, start, bundles, dataset, output, context)


def _audit(
    options: AuditOptions,
    start: ModelBundle | None,
    bundles: list[ModelBundle],
    dataset: Dataset,
    output: Path,
    context: Context,
) -> Audited:
    name, tell = dataset.root.resolve().name, ending(context).tell
    if not bundles:
        import_keras_quietly()
        from segmentation.jobs.audit_folds import train_folds

        trained = train_folds(options, start, dataset, output / FOLDS, context)
        if trained is None:
            return Audited(output, stopped=True)
        bundles = trained
    unbiased = unbiased_scores(bundles, dataset.samples)
    target_threshold = bundles[0].config.data.target_threshold
    findings = audit_pairs(unbiased, dataset.samples, target_threshold, counting(tell, "scoring"))
    kept, lapsed = write_audit(
        findings,
        unbiased,
        dataset.samples,
        output,
        name,
        options.report_images,
        about=_about(dataset, bundles),
        target_threshold=target_threshold,
        on_progress=counting(tell, "drawing"),
    )
    return Audited(output, findings, kept, lapsed)


def _about(dataset: Dataset, bundles: list[ModelBundle]) -> dict[str, object]:
    first = bundles[0]
    return {
        "pairs": dataset.root,
        "models": ", ".join(str(bundle.path) for bundle in bundles),
        "architecture": ", ".join(dict.fromkeys(bundle.architecture for bundle in bundles)),
        "input size": ", ".join(dict.fromkeys(str(bundle.input_size) for bundle in bundles)),
        "epochs": first.provenance.get("epochs"),
        "commit": first.provenance.get("git_commit"),
    }
