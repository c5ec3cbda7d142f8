"""The training itself: from a split to a bundle that is evaluated, exported and described."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.bundle.bundle import FIRST, GROUPS, ModelBundle, load_bundle
from segmentation.bundle.provenance import provenance, seen_from
from segmentation.bundle.saving import save_description
from segmentation.config.run import RunConfig
from segmentation.core.errors import BundleError, DataError, ExportError
from segmentation.core.events import Caution, Note, counting
from segmentation.core.files import atomic_folder, copy_folder, write_text
from segmentation.core.parallel import OnProgress
from segmentation.core.samples import Sample
from segmentation.datasets.class_choice import merged_groups
from segmentation.datasets.discover import Dataset
from segmentation.datasets.fingerprint import fingerprint
from segmentation.datasets.split import Split
from segmentation.datasets.trimaps import trimap_or_drawn
from segmentation.evaluation.calibration import fit_confidence
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.mattes import evaluate_mattes
from segmentation.evaluation.retouchers import Retouchers, compare_retouchers
from segmentation.evaluation.set_figures import Evaluation
from segmentation.inference.engines.keras_engine import keeping_networks
from segmentation.inference.matting import load_matte
from segmentation.inference.scoring import load_score
from segmentation.jobs.configuration import CONFIGURATION
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import ending
from segmentation.jobs.openvino_export import with_openvino
from segmentation.jobs.training_processes import fit_in_processes
from segmentation.metrics.threshold import doubt_about
from segmentation.reports.plots import plot_curves, plot_threshold
from segmentation.training.fit import fit
from segmentation.training.request import TrainingRequest


@dataclass(frozen=True)
class Judged:
    """An event: the best epoch of a training was judged on the held-out photos at full resolution."""

    evaluation: Evaluation


def train_model(
    config: RunConfig,
    datasets: Sequence[Dataset],
    split: Split,
    path: Path,
    context: Context,
    *,
    logs: Path,
    start: ModelBundle | None = None,
    first: ModelBundle | None = None,
    resuming: bool = False,
    begun_with: Mapping[str, Any] | None = None,
    record: Mapping[str, Any] | None = None,
    repeat: str = "",
    for_use: bool = True,
    processes: int = 1,
) -> ModelBundle:
    """Train a completed configuration on the split of data sets, and put the bundle at `path`.

    The held-out photos, at full resolution, give the figures of the model, the threshold of a cutout and its
    confidence; the network is exported to OpenVINO. The bundle of a second pass holds a copy of `first`.
    `begun_with` is kept for a resumption, as `TrainingRequest` has it; `record` is added to the provenance;
    `repeat` is the file of options that repeats the training. A model that is not `for_use`, but only there
    for its figures, is not exported and has no confidence. So many `processes` train together, see
    `fit_in_processes`. Tells the events of `fit`, and `Judged`. The bundle appears at `path` whole or not at
    all, in place of what was there before. Raises what `fit` and `evaluate` raise.
    """
    groups = merged_groups(dataset.groups for dataset in datasets)
    labels = datasets[0].labels
    if start and start.labels.names == labels.names:
        labels = start.labels  # in its colours
    data = str(seen_from(context.workspace.home, datasets[0].root))
    origin = {"data": data, **provenance(context.command), **(record or {})}
    request = TrainingRequest(
        config,
        split.train,
        split.val,
        fingerprint(split.train + split.val),
        labels,
        start,
        first,
        resuming,
        begun_with or {},
    )
    with atomic_folder(path) as folder:
        train = fit if processes == 1 else partial(fit_in_processes, processes)
        bundle, history = train(request, folder, logs=logs, tell=context.tell, stop=context.stop)
        if first:
            copy_folder(first.path, folder / FIRST)
            bundle = dataclasses.replace(bundle, first=load_bundle(folder / FIRST))
        hurried = context.interrupted()  # seconds are left, which the figures of the best epoch are worth
        if not bundle.provenance["interrupted"]:
            context = ending(context)
        with keeping_networks():
            bundle = _with_figures(bundle, datasets[0], split, context)
            if hurried and for_use:
                context.tell(
                    Note("not exported to OpenVINO, and without a confidence model, for want of time")
                )
            elif for_use:
                bundle = _exported(bundle, split, path, context)
        bundle = dataclasses.replace(bundle, provenance={**origin, **bundle.provenance})
        plot_curves(history, folder / "curves.png")
        if not bundle.labels.binary:
            write_text(folder / GROUPS, json.dumps(groups, indent=2) + "\n")
        if repeat:
            write_text(folder / CONFIGURATION, repeat)
        bundle = save_description(bundle)  # from here on it can be loaded
        if for_use and not hurried:
            bundle = _with_confidence(bundle, split, path, context)
    return dataclasses.replace(bundle, path=path)


def _with_figures(bundle: ModelBundle, dataset: Dataset, split: Split, context: Context) -> ModelBundle:
    """Return the bundle with its figures on the held-out photos, and the threshold of a cutout; tell them."""
    scoring = counting(context.tell, "scoring")
    retouchers = compare_retouchers(
        dataset.samples,
        () if bundle.matte else dataset.copies,
        labels=bundle.labels,
        target_threshold=bundle.config.data.target_threshold,
    )
    if bundle.matte:
        bundle = judged_matte(bundle, split.val, scoring)
    else:
        bundle, evaluation = judged(bundle, split.val, scoring, retouchers)
        context.tell(Judged(evaluation))
        if evaluation.objects:
            context.tell(Note(evaluation.objects.line()))
    if retouchers:
        context.tell(Note(retouchers.line()))
    if bundle.labels.binary and not bundle.matte and (doubt := doubt_about(bundle.threshold)):
        context.tell(Caution(doubt))
    return bundle


def _with_confidence(bundle: ModelBundle, split: Split, path: Path, context: Context) -> ModelBundle:
    """Return the bundle of masks, saved, with a confidence fitted to the held-out photos, if that can be.

    `path` is where it will be.
    """
    if not bundle.labels.binary or bundle.matte or bundle.finds_objects:
        return bundle
    try:
        fitted = fit_confidence(bundle, split.val, on_progress=counting(context.tell, "scoring"))
        return save_description(dataclasses.replace(bundle, confidence_model=fitted))
    except DataError as failure:
        reason = str(failure).replace(bundle.path.name, path.name).rpartition("; ")[0]
        remedy = f"`calibrate model={path.name} data=DIR` fits a confidence to further pairs"
        context.tell(Note(f"predict will not sort photos by confidence: {reason}; {remedy}"))
    return bundle


def _exported(bundle: ModelBundle, split: Split, path: Path, context: Context) -> ModelBundle:
    """Return the bundle with its network in OpenVINO's form, or as it is where that cannot be."""
    photos = [sample.photo for sample in split.val]
    try:
        # mattes have no masks by which precisions could be compared
        judged_by = () if bundle.matte else split.val
        bundle, _difference = with_openvino(bundle, photos, judged_by, context.tell)
    except (ExportError, BundleError) as failure:  # the training is worth keeping without it
        reason = str(failure).replace(bundle.path.name, path.name)
        context.tell(Note(f"no OpenVINO export, so predict will use Keras: {reason}"))
        return bundle
    if bundle.precisions:
        context.tell(Note(str(bundle.precisions)))
    return bundle


def judged_matte(
    bundle: ModelBundle, samples: tuple[Sample, ...], on_photo: OnProgress | None = None
) -> ModelBundle:
    """Return the bundle of a matte with its errors on `samples`, by the first of its trimaps."""
    matte = load_matte(bundle, engine="keras")
    first = bundle.config.matte.trimap_names[0]

    def start(
        sample: Sample, _photo: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = trimap_or_drawn(sample, first, target)
        return known, known, known

    evaluation = evaluate_mattes({"matte": lambda _sample: matte}, samples, first, start, None, on_photo)
    figures = evaluation.baseline.summary() | {"images": len(samples), "trimaps": first}
    return dataclasses.replace(bundle, provenance={**bundle.provenance, "val_at_full_resolution": figures})


def judged(
    bundle: ModelBundle,
    samples: tuple[Sample, ...],
    on_score: OnProgress | None = None,
    retouchers: Retouchers | None = None,
) -> tuple[ModelBundle, Evaluation]:
    """Return the bundle with its figures on `samples` at full resolution, and the figures of each.

    A cutout's are those at the threshold of the best mean Dice, which becomes that of the bundle; the curve
    is written beside it. Those of two people on the same photos are kept beside them.
    """
    score, _engines = load_score(bundle, engine="keras")
    evaluation = evaluate(
        score,
        samples,
        None,
        labels=bundle.labels,
        target_threshold=bundle.config.data.target_threshold,
        on_progress=on_score,
    )
    evaluation = dataclasses.replace(evaluation, retouchers=retouchers)
    if evaluation.search:
        evaluation.search.write_csv(bundle.path / "threshold.csv")
        plot_threshold(evaluation.search, bundle.path / "threshold.png")
    figures = {**bundle.provenance, "val_at_full_resolution": evaluation.summary()}
    return dataclasses.replace(bundle, threshold=evaluation.threshold, provenance=figures), evaluation
