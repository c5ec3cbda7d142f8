"""Select the photos of a data set that a model is judged on."""

import random
from collections.abc import Iterable

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import DataError
from segmentation.core.samples import Sample
from segmentation.datasets.discover import Dataset
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.origin import PSEUDO


def select_samples(bundle: ModelBundle, dataset: Dataset, side: str = "held-out") -> tuple[Sample, ...]:
    """Return the photos of `dataset` that a model is judged on: `held-out`, `train` or `all`.

    Held out are the photos that the bundle's split names as such; of other data those in val/, or else all,
    but none of garments that the model was trained on (see `KnownPhotos`). Raises DataError when nothing is
    left, as with predicted pairs only.
    """
    samples = without_predicted(dataset.samples)
    known = KnownPhotos.trained_on(bundle)
    trained = known.among(samples)
    held_out = KnownPhotos.held_out(bundle)
    unseen = tuple(sample for sample in samples if sample in held_out and sample not in known)
    if not unseen:
        candidates = dataset.folder_split.val if dataset.folder_split else samples
        garments = garments_known(bundle, samples)
        unseen = tuple(sample for sample in candidates if sample.group not in garments)
    chosen = {"held-out": unseen, "train": trained, "all": samples}[side]
    if not chosen:
        raise DataError(
            f"{dataset.root}: expected {side} photos, found none, since {bundle.name} was trained "
            f"on {len(trained)} of its {len(samples)}; give other `data`, or `split=all`"
        )
    return chosen


def garments_known(bundle: ModelBundle, samples: Iterable[Sample]) -> frozenset[str]:
    """Return the groups of samples that show garments which any pass of a model was trained on."""
    return KnownPhotos.trained_on(bundle).garments(samples, KnownPhotos.held_out(bundle))


def new_to(bundle: ModelBundle, samples: Iterable[Sample]) -> frozenset[str]:
    """Return the ids of samples that show garments which no pass of a model was trained on."""
    samples = tuple(samples)
    known = garments_known(bundle, samples)
    return frozenset(sample.id for sample in samples if sample.group not in known)


def without_predicted(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return the samples without predicted (pseudo) ones: nothing is judged by another model's opinion.

    Raises DataError when nothing else is among them.
    """
    samples = tuple(samples)
    made = tuple(sample for sample in samples if sample.origin != PSEUDO)
    if samples and not made:
        raise DataError(
            f"{samples[0].photo}: expected pairs that a person made, to judge by, received predictions "
            "alone; name other pairs with `data`"
        )
    return made


def random_subset(samples: tuple[Sample, ...], count: int | None, seed: int) -> tuple[Sample, ...]:
    """Return `count` of the samples, chosen at random but always the same for one seed; all for None."""
    if count is None or count >= len(samples):
        return samples
    return tuple(random.Random(seed).sample(samples, count))
