"""Distances of a true edge from that of a mask, measured on photos with ground truth."""

from collections.abc import Iterable

import cv2
import numpy as np

from segmentation.confidence.edge_distances import DISTANCES_PX, EdgeDistances
from segmentation.core.size import REFERENCE_HEIGHT_PX
from segmentation.images.regions import edge_of

Beyond = tuple[tuple[float, ...], tuple[float, ...]]
"""The share of a true edge that is further inside the mask than each distance, and further outside."""


def beyond_lines(mask: np.ndarray, target: np.ndarray) -> Beyond | None:
    """Return how much of a true edge lies beyond each distance from a mask, both bool [H, W].

    The edge are the pixels on both of its sides; the border of the photo is none. None where there is no edge
    or no mask.
    """
    edge = edge_of(target)
    if not edge.any() or not mask.any() or mask.all():
        return None
    scale = len(mask) / REFERENCE_HEIGHT_PX
    distances = np.maximum(np.array(DISTANCES_PX) * scale, 1.0)  # as in a trimap
    total = np.count_nonzero(edge)
    missed = []
    for side in (mask, ~mask):
        reach = cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[edge]
        missed.append(tuple(float(np.count_nonzero(reach > distance) / total) for distance in distances))
    return missed[0], missed[1]


def mean_distances(photos: Iterable[tuple[str, Beyond]]) -> EdgeDistances | None:
    """Return the distances over photos, each with its garment; None where there are none."""
    by_garment: dict[str, list[Beyond]] = {}
    for garment, beyond in photos:
        by_garment.setdefault(garment, []).append(beyond)
    if not by_garment:
        return None
    means = np.mean([np.mean(beyond, axis=0) for beyond in by_garment.values()], axis=0)  # [2, distances]
    inner, outer = (tuple(np.round(side, 6).tolist()) for side in means)
    return EdgeDistances(len(by_garment), inner, outer)
