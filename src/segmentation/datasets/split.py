"""Hold photos out of training by garment: the viewpoints of one are never on both sides."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segmentation.core.digests import content_of
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.samples import Sample
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.origin import COMPOSED, PSEUDO


@dataclass(frozen=True)
class Split:
    """The samples that a model is trained on and those that are held out, each sorted by id."""

    train: tuple[Sample, ...]
    val: tuple[Sample, ...]


def holdout(samples: Iterable[Sample], fraction: float = 0.15, seed: int = 0) -> Split:
    """Hold out as near to `fraction` of the photos as whole groups allow, at least one group on each side.

    The same samples in any order and the same seed give the same split. Raises ConfigError for a
    fraction outside (0, 1), DataError for fewer than two groups and for predicted (pseudo) pairs.
    """
    if not 0 < fraction < 1:
        raise ConfigError(
            f"held-out fraction: expected above 0 and below 1, received {fraction}; 0.15 is usual"
        )
    groups = _shuffled_groups(samples, seed)
    if len(groups) < 2:
        raise DataError(
            f"expected photos of at least 2 garments to hold some out, received {len(groups)}; add others"
        )
    chosen = _nearest_subset([len(group) for group in groups], fraction)
    return _split(groups, [index in chosen for index in range(len(groups))])


def folds(samples: Iterable[Sample], count: int, seed: int = 0) -> list[Split]:
    """Split into `count` folds of nearly equal numbers of photos; every sample is in `val` exactly once.

    Deterministic like `holdout`. Raises ConfigError for a count below 2 and DataError when there are
    fewer groups than folds, and for predicted (pseudo) pairs.
    """
    if count < 2:
        raise ConfigError(f"folds: expected at least 2, received {count}; use a hold-out for a single split")
    groups = _shuffled_groups(samples, seed)
    if len(groups) < count:
        raise DataError(
            f"expected at least {count} garments for {count} folds, received {len(groups)}; use fewer folds"
        )
    groups.sort(key=len, reverse=True)  # large ones first, so that the small ones level the folds
    photos = [0] * count
    fold_of_group = []
    for group in groups:
        lightest = photos.index(min(photos))
        photos[lightest] += len(group)
        fold_of_group.append(lightest)
    return [_split(groups, [fold == number for fold in fold_of_group]) for number in range(count)]


def fewer(split: Split, count: int, seed: int = 0) -> Split:
    """Return the split with about `count` photos to train on, whole garments, as many as come next to it.

    Those of a smaller count are among those of a larger one. Raises ConfigError for a count below 1, and what
    `holdout` raises.
    """
    if count < 1:
        raise ConfigError(f"photos to train on: expected at least 1, received {count}")
    chosen: list[Sample] = []
    for group in _shuffled_groups(split.train, seed):
        if chosen and abs(len(chosen) - count) <= abs(len(chosen) + len(group) - count):
            break
        chosen += group
    return Split(tuple(sorted(chosen, key=lambda sample: sample.id)), split.val)


def apart_from(held_out: Iterable[Sample], samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return the samples without those that were made of garments that are held out.

    These are predicted (pseudo) ones, by the name of the garment or by the photo, and composed ones, by the
    garment and the file that their record names: a cutout that they were made of may lie in another folder
    by another name. A model that was trained on its own prediction of a photo, or on the same garment
    elsewhere, would be judged too kindly on it. Raises DataError for a held-out file that cannot be read.
    """
    held_out, samples = tuple(held_out), tuple(samples)
    files = _files_of(held_out) if any(sample.made_of for sample in samples) else frozenset()
    predicted = [sample for sample in samples if sample.origin == PSEUDO]
    shown = {
        PSEUDO: KnownPhotos.of(held_out).garments(predicted) if predicted else frozenset[str](),
        COMPOSED: frozenset(sample.group for sample in held_out),
    }
    return tuple(
        sample
        for sample in samples
        if sample.group not in shown.get(sample.origin, ()) and sample.made_of not in files
    )


def _files_of(samples: Iterable[Sample]) -> frozenset[str]:
    """Return the content digests of photos and ground truths."""
    paths = [(sample.photo, *([sample.truth.path] if sample.truth else [])) for sample in samples]
    return frozenset(content_of(path) for of_one in paths for path in of_one)


def _shuffled_groups(samples: Iterable[Sample], seed: int) -> list[list[Sample]]:
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        if sample.origin == PSEUDO:
            raise DataError(
                f"{sample.photo}: expected pairs that a person made, to hold some out, received a "
                "prediction; name the folder of real pairs first, as in `train data=REAL data=PREDICTED`"
            )
        groups.setdefault(sample.group or sample.id, []).append(sample)
    names = sorted(groups)
    return [groups[names[index]] for index in np.random.default_rng(seed).permutation(len(names))]


def _nearest_subset(sizes: list[int], fraction: float) -> set[int]:
    """Return indices of a proper subset whose sizes add up nearest to `fraction` of the total (subset sum).

    Sums are reached in the order of the list, so a shuffled list gives a random subset.
    """
    total = sum(sizes)
    added_at = np.full(total + 1, -1)  # which size completed this sum first; -1 for not reached
    added_at[0] = len(sizes)
    distance = np.abs(np.arange(total + 1) - fraction * total)
    distance[[0, total]] = np.inf  # neither side may be empty
    for index, size in enumerate(sizes):
        reached = np.flatnonzero(added_at[: total + 1 - size] >= 0)
        fresh = reached[added_at[reached + size] < 0] + size
        added_at[fresh] = index
        if added_at[distance.argmin()] >= 0:
            break
    best = int(np.where(added_at >= 0, distance, np.inf).argmin())
    chosen = set()
    while best:
        chosen.add(int(added_at[best]))
        best -= sizes[added_at[best]]
    return chosen


def _split(groups: list[list[Sample]], held_out: list[bool]) -> Split:
    sides: tuple[list[Sample], list[Sample]] = ([], [])
    for group, is_val in zip(groups, held_out, strict=True):
        sides[is_val].extend(group)
    train, val = (tuple(sorted(side, key=lambda sample: sample.id)) for side in sides)
    return Split(train, val)
