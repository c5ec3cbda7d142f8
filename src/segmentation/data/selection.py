"""Which photos of a data set a model is judged on."""

import random

from segmentation.bundle import ModelBundle
from segmentation.data.discover import Dataset
from segmentation.errors import DataError
from segmentation.types import Sample


def select_samples(bundle: ModelBundle, dataset: Dataset, side: str = "held-out") -> tuple[Sample, ...]:
    """The photos of `dataset` that a model is judged on: `held-out`, `train` or `all`.

    Held out are the photos that the bundle's split names as such; of data that it does not know, those in
    val/ or else all, but none that it has learned from. Raises DataError when nothing is left.
    """
    learned, held_out = set(bundle.split.get("train", ())), set(bundle.split.get("val", ()))
    unseen = tuple(sample for sample in dataset.samples if sample.id in held_out)
    if not unseen:
        candidates = dataset.folder_split.val if dataset.folder_split else dataset.samples
        unseen = tuple(sample for sample in candidates if sample.id not in learned)
    trained = tuple(sample for sample in dataset.samples if sample.id in learned)
    chosen = {"held-out": unseen, "train": trained, "all": dataset.samples}[side]
    if not chosen:
        raise DataError(
            f"{dataset.root}: expected {side} photos, found none, since {bundle.name} learned from "
            f"{len(trained)} of its {len(dataset.samples)}; give other --data, or --split all"
        )
    return chosen


def random_subset(samples: tuple[Sample, ...], count: int | None, seed: int) -> tuple[Sample, ...]:
    """`count` of the samples, chosen at random but always the same for one seed; all of them for None."""
    if count is None or count >= len(samples):
        return samples
    return tuple(random.Random(seed).sample(samples, count))
