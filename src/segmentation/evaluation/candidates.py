"""The photos that models are compared on, and what each model is and costs."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from segmentation.bundle.bundle import ENGINE_FILES, WEIGHTS, ModelBundle
from segmentation.bundle.names import DESCRIPTION
from segmentation.core.errors import DataError
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.datasets.discover import Dataset
from segmentation.datasets.exclusion import keeps_apart
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.selection import garments_known, select_samples, without_predicted
from segmentation.inference.score_settings import ScoreSettings

_LARGEST_NUMBER = 1e15  # of parameters, operations or epochs


@dataclass(frozen=True)
class Facts:
    """The facts about a model and its cost, both passes together; None for what its bundle does not record.

    `computed_by` names its engines, `decided` are all settings that decide its scores. `megabytes`
    (10^6 bytes) is what its engine reads from disk, `gflop` and `cpu_seconds` (of all threads, median) are
    for one photo, and `chosen_on` counts the compared photos by which its epoch and threshold were
    chosen. `training_seconds` is how long its training took.
    """

    path: str
    architecture: str
    input_size: str
    threshold: float
    computed_by: str
    decided: Mapping[str, object]
    megabytes: float
    cpu_seconds: float
    chosen_on: int
    parameters: float | None
    gflop: float | None
    epochs: float | None
    best_epoch: float | None
    training_seconds: float | None = None


class CpuTimed:
    """A `ScoreFn` that notes the CPU seconds of each photo, all threads together, after one warm-up."""

    def __init__(self, score: ScoreFn):
        self._score = score
        self._seconds: list[float] = []

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """Score a photo: uint8 RGB [H, W, 3] -> float32 [H, W, C] in [0, 1]."""
        if not self._seconds:
            self._score(photo)
        start = time.process_time()
        scores = self._score(photo)
        self._seconds.append(time.process_time() - start)
        return scores

    @property
    def median_seconds(self) -> float:
        """The median over the photos so far. Raises StatisticsError before the first."""
        return median(self._seconds)


def unseen_by_all(bundles: Mapping[str, ModelBundle], dataset: Dataset) -> tuple[Sample, ...]:
    """Return the held-out photos of the first bundle whose garments no other bundle was trained on.

    `bundles` maps names to bundles. Raises DataError when none is left, with the name of the model that was
    trained on the last of them, and for predicted pairs.
    """
    made = without_predicted(dataset.samples)
    try:
        samples = select_samples(next(iter(bundles.values())), dataset)
    except DataError:  # the first was trained on all of them, which the message below says
        samples = made
    for name, bundle in bundles.items():
        known = garments_known(bundle, dataset.samples)
        left = tuple(sample for sample in samples if sample.group not in known)
        if not left:
            raise DataError(
                f"{dataset.root}: expected photos on which none of the models was trained, found none, since "
                f"{name} was trained on the last {len(samples)} of {len(dataset.samples)}; give other `data`"
            )
        samples = left
    return samples


def trusted_by_all(
    samples: Sequence[Sample], bundles: Iterable[ModelBundle], dataset: Dataset
) -> tuple[Sample, ...]:
    """Return those of the samples whose ground truth no training of a model was told to leave out.

    A bundle records the names of those pairs alone, which say nothing of a `dataset` with none of its photos.
    Those that a table of the program keeps apart are there to judge by. Raises DataError when nothing is
    left.
    """
    excluded = set[str]()
    for network in (one for bundle in bundles for one in bundle.passes):
        names = _distrusted(network)
        photos = KnownPhotos(network.photos("train") + network.photos("val"))
        if names and any(sample in photos for sample in dataset.samples):
            excluded |= names
    left = tuple(sample for sample in samples if sample.id not in excluded)
    if not left:
        raise DataError(
            f"{dataset.root}: expected photos whose ground truth no training was told to leave out, found "
            f"none among {len(samples)}; give other `data`"
        )
    return left


def judged_together(
    bundles: Mapping[str, ModelBundle], dataset: Dataset, side: str = "held-out"
) -> tuple[Sample, ...]:
    """Return the photos of `dataset` that models are judged on as one: `held-out`, `train` or `all`.

    Held out are those that `select_samples` names for one of them and whose garments none of them was trained
    on; `train` are those that at least one was trained on. `bundles` maps names to bundles, whose order does
    not matter. Raises DataError when nothing is left, as with predicted pairs only.
    """
    made = without_predicted(dataset.samples)
    if side == "all":
        return made
    chosen = {sample.id for bundle in bundles.values() for sample in _selected(bundle, dataset, side)}
    known_by = {name: garments_known(bundle, dataset.samples) for name, bundle in bundles.items()}
    known = frozenset[str]().union(*known_by.values()) if side == "held-out" else frozenset()
    left = tuple(sample for sample in made if sample.id in chosen and sample.group not in known)
    if left:
        return left
    if side == "train":
        raise DataError(
            f"{dataset.root}: expected photos on which one of the models was trained, found none among "
            f"{len(dataset.samples)}; give other `data`, or `split=all`"
        )
    counts = ", ".join(
        f"{name} was trained on {sum(sample.group in groups for sample in dataset.samples)}"
        for name, groups in known_by.items()
    )
    raise DataError(
        f"{dataset.root}: expected held-out photos on which none of the models was trained, found none among "
        f"{len(dataset.samples)} ({counts}; folds hold out different photos); give `data` with photos that "
        "are new to all, such as its val folder or another set, or `split=all`"
    )


def facts_of(
    bundle: ModelBundle,
    samples: Sequence[Sample],
    threshold: float,
    settings: ScoreSettings,
    cpu_seconds: float,
) -> Facts:
    """Return the facts of a bundle that was judged on `samples`; the other arguments are as in `Facts`."""
    passes = bundle.passes
    engines = [engine.name for engine in settings.engines]
    chosen_on = [KnownPhotos.held_out(member) for member in passes]
    return Facts(
        path=str(bundle.path),
        architecture=" + ".join(member.architecture for member in passes),
        input_size=" + ".join(str(member.input_size) for member in passes),
        threshold=threshold,
        computed_by=settings.computed_by,
        decided=settings.plain(),
        megabytes=sum(map(_bytes_read, passes, engines)) / 1e6,
        cpu_seconds=cpu_seconds,
        chosen_on=sum(any(sample in photos for photos in chosen_on) for sample in samples),
        parameters=_cost(passes, "parameters"),
        gflop=_cost(passes, "gflop"),
        epochs=_number(bundle.provenance.get("epochs")),
        best_epoch=_number(bundle.provenance.get("best_epoch")),
        training_seconds=_number(bundle.provenance.get("training_seconds")),
    )


def _distrusted(network: ModelBundle) -> frozenset[str]:
    """Return the ids that a person's table excluded from a training, whatever its provenance holds."""
    names, options = (network.provenance.get(key) for key in ("excluded", "options"))
    if not isinstance(names, list) or (isinstance(options, dict) and keeps_apart(options.get("exclude"))):
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str))


def _selected(bundle: ModelBundle, dataset: Dataset, side: str) -> tuple[Sample, ...]:
    try:
        return select_samples(bundle, dataset, side)
    except DataError:  # none for this model; the others may have some
        return ()


def _bytes_read(bundle: ModelBundle, engine: str) -> int:
    network = ENGINE_FILES if engine == "openvino" else (WEIGHTS,)
    return sum((bundle.path / name).stat().st_size for name in (DESCRIPTION, *network))


def _cost(passes: Sequence[ModelBundle], name: str) -> float | None:
    """Return the sum over the passes, where all of them record it."""
    recorded = [member.provenance.get("cost") for member in passes]
    found = [_number(cost.get(name)) if isinstance(cost, dict) else None for cost in recorded]
    known = [figure for figure in found if figure is not None]
    return sum(known) if len(known) == len(found) else None


def _number(value: object) -> float | None:
    """Return the number, or None: a bundle may come from anyone, and its provenance may hold anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < _LARGEST_NUMBER else None
