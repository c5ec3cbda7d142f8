"""Anchors: the boxes that every place of a feature pyramid proposes before it has seen anything."""

from collections.abc import Sequence

import numpy as np

SIDES = 8.0
"""The side of a square anchor in strides: 32 pixels at stride 4, as Lin et al. 2017 have it."""

RATIOS = (0.5, 1.0, 2.0)
"""The heights of a place's anchors over their widths."""


def anchors_of(
    height: int, width: int, strides: Sequence[int], sides: float = SIDES, ratios: Sequence[float] = RATIOS
) -> list[np.ndarray]:
    """Return the anchors of each stride, float32 [height / stride * width / stride * ratios, 4].

    They are boxes (top, left, bottom, right) in pixels of the network's input, in the order of rows, columns
    and ratios; the anchors of a place have its centre and the same area. After Ren et al. 2015.
    """
    return [_anchors_of_level(height // stride, width // stride, stride, sides, ratios) for stride in strides]


def _anchors_of_level(
    rows: int, columns: int, stride: int, sides: float, ratios: Sequence[float]
) -> np.ndarray:
    root = np.sqrt(np.asarray(ratios, np.float64))
    half = np.stack([root, 1 / root], axis=-1) * sides * stride / 2  # [ratios, 2]: heights, widths
    places = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    centres = (np.stack(places, axis=-1) + 0.5) * stride  # [rows, columns, 2]
    centres = centres[:, :, np.newaxis]
    return np.concatenate([centres - half, centres + half], axis=-1).reshape(-1, 4).astype(np.float32)
