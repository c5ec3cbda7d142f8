"""The job `calibrate`: a model's confidence, fitted on pairs that it was not trained on."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle, check_own, load_bundle
from segmentation.bundle.finding import find_bundle
from segmentation.bundle.names import check_name
from segmentation.bundle.saving import save_description
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.record import digest_of, record_of
from segmentation.core.errors import ConfigError
from segmentation.core.events import counting
from segmentation.core.files import atomic_folder, copy_folder
from segmentation.core.lock import LOCK, locked
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.split import Split
from segmentation.evaluation.calibration import fit_confidence
from segmentation.inference.suitability import refuse_objects, require_cutout
from segmentation.jobs.context import Context
from segmentation.jobs.interruption import ending, interruptible
from segmentation.jobs.named_files import contents
from segmentation.jobs.named_models import identities
from segmentation.jobs.pairs import find_dataset, trained_on, trusted
from segmentation.jobs.training_data import without_excluded
from segmentation.jobs.training_split import with_source
from segmentation.synth import drawn_set

_SEED = 900  # of the drawn garments: trainings draw others


def calibrate(options: CalibrateOptions, context: Context) -> ModelBundle:
    """Predict, compare with the ground truth, and return the model with its confidence model, saved.

    Raises ConfigError for a model of classes, for a `name` that a model has, without one for a model that may
    not be changed, and what `fit_confidence` raises.
    """
    with interruptible(context) as context:
        return _calibrate(options, ending(context))


def _together(datasets: Sequence[Dataset]) -> tuple[Sample, ...]:
    """Return the samples of all data sets; where names occur twice, the folder distinguishes them."""
    together = Split((), ())
    for number, dataset in enumerate(datasets):
        own = Split(dataset.samples, ())
        names = [{name for one in split.train for name in (one.id, one.group)} for split in (together, own)]
        if names[0].isdisjoint(names[1]):
            together = Split(together.train + own.train, ())
        else:
            together = with_source(together, dataset.root, own, number)
    return together.train


def _trusted(dataset: Dataset, models: Sequence[ModelBundle], context: Context) -> Dataset:
    return dataclasses.replace(dataset, samples=trusted(dataset.samples, models, dataset, context))


def _calibrate(options: CalibrateOptions, context: Context) -> ModelBundle:
    workspace, tell = context.workspace, context.tell
    bundle = find_bundle(options.model, workspace.models)
    others = [find_bundle(name, workspace.models) for name in options.fold_model]
    for model in (bundle, *others):
        require_cutout(model, "calibrate")
        refuse_objects(model, "calibrate", "choose another `model`")
    target = _target(options.name, bundle, workspace.models)
    folders = options.data or (() if options.synthetic else (trained_on(bundle, workspace),))
    datasets = [find_dataset(folder, context) for folder in folders]
    if options.exclude:
        datasets, _excluded = without_excluded(datasets, options.exclude, context)
    else:
        datasets = [_trusted(dataset, (bundle, *others), context) for dataset in datasets]
    if options.synthetic:
        drawing = counting(tell, "drawing")
        drawn = drawn_set(workspace.drawn, options.synthetic, Size(864, 576), _SEED, drawing)
        datasets.append(discover(drawn, check=False))
    samples = _together(datasets)
    with _changeable(bundle, target) as folder:
        bundle = load_bundle(folder)  # another process may have saved it meanwhile
        confidence_model = fit_confidence(bundle, samples, others, counting(tell, "scoring"), options.faults)
        record = {
            **bundle.provenance,
            "calibrated": list(context.command),
            "calibrated_digest": digest_of(record_of(options)),
            "calibrated_files": contents(options),
            "calibrated_by": identities(options, workspace.models),
        }
        save_description(dataclasses.replace(bundle, confidence_model=confidence_model, provenance=record))
    return load_bundle(target)


def _target(name: str | None, bundle: ModelBundle, models: Path) -> Path:
    """Return the folder of the model that is calibrated: the bundle's own, or that of a copy by its name."""
    if name is None:
        return check_own(bundle, "add `name=NAME`, which calibrates a copy").path
    target = models / check_name(name)
    if target.exists():
        raise ConfigError(f"`name={name}`: {target} exists; choose another name")
    return target


@contextmanager
def _changeable(bundle: ModelBundle, target: Path) -> Iterator[Path]:
    """Yield a bundle's folder, held, or the folder of a copy that appears at `target` when the block ends."""
    if target == bundle.path:
        with locked(target, remedy=""):
            yield target
        return
    named = f".{target.name}{LOCK}"
    with locked(target.parent, "choose another `name`", name=named), atomic_folder(target) as folder:
        copy_folder(bundle.path, folder)
        yield folder
