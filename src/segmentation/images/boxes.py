"""Boxes in a picture: the one that holds a mask, and what two of them share."""

from typing import NamedTuple

import cv2
import numpy as np


class Box(NamedTuple):
    """A part of a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and its columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


def box_around(mask: np.ndarray, margin_px: int) -> tuple[slice, slice] | None:
    """Return the rows and columns that hold a mask, bool [H, W], and a margin; None where it is empty."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    if not width:
        return None
    return (
        slice(max(0, top - margin_px), top + height + margin_px),
        slice(max(0, left - margin_px), left + width + margin_px),
    )


def shared_px(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> int:
    """Return the pixels that two boxes, of the fields of `Box`, share."""
    one, other = Box(*one), Box(*other)
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return max(0, across) * max(0, down)
