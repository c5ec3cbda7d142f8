"""The photos that are worth cutting out by hand next: doubtful ones, unlike each other."""

from collections.abc import Mapping, Sequence

import numpy as np

_LOOKS = (
    *("area", "outline", "height", "across", "down", "lightness", "contrast"),
    *(f"{part}_{of}" for part in ("backdrop", "garment") for of in ("lightness", "green_red", "blue_yellow")),
)
"""The features that tell what a photo looks like, and not how good its mask is."""


def choose_next(
    features: Sequence[Mapping[str, float]], doubts: Sequence[float], count: int
) -> list[tuple[int, float]]:
    """Return the places of at most `count` photos, the best first, and how unlike those before each is.

    `doubts` are the errors that are expected of the masks, 1 - Dice in [0, 1]. The first photo is the most
    doubtful one; each further one has the largest product of doubt and distance, in deviations of the
    `features`, to the nearest chosen one. It is the greedy k-centre of Sener and Savarese, "Active Learning
    for Convolutional Neural Networks: A Core-Set Approach" (2018), weighted by doubt. The first photo is
    unlike by infinity.
    """
    looks, weight = _standardised(features), np.maximum(np.asarray(doubts, np.float64), 1e-6)
    distance = np.full(len(weight), np.inf)
    chosen: list[tuple[int, float]] = []
    left = np.ones(len(weight), bool)
    while left.any() and len(chosen) < count:
        value = np.where(left, weight * np.where(np.isinf(distance), 1.0, distance), -1.0)
        place = int(value.argmax())
        chosen.append((place, float(distance[place])))
        left[place] = False
        distance = np.minimum(distance, np.linalg.norm(looks - looks[place], axis=1))
    return chosen


def _standardised(features: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Return what photos look like in deviations, float64 [N, F]; what one lacks is as usual."""
    table = np.array([[one.get(name, np.nan) for name in _LOOKS] for one in features], np.float64)
    table = table.reshape(len(features), len(_LOOKS))
    known = ~np.isnan(table)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, table, 0.0).sum(axis=0) / counts
    centred = np.where(known, table - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / counts)
    return centred / np.where(deviation > 1e-9, deviation, 1.0)
