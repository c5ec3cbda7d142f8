"""The placement of one photo's garment on another: scale and shift, found from the outlines of both."""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.compose.figure import LEVELS, Outline
from segmentation.images.decontamination import decontaminate


@dataclass(frozen=True)
class Placement:
    """A garment is scaled by `scale` and shifted; `line` is the row above which nothing of it is taken.

    All lengths are in heights of photos: `line` of the garment's own, `right` and `down` of the one that it
    is laid on, to which the scale leads. Down the photo the scale is `stretch` times as large.
    """

    scale: float
    right: float
    down: float
    line: float | None = None
    stretch: float = 1.0

    def outline(self, garment: Outline) -> Outline:
        """Return the outline of a garment where it comes to lie, what is taken of it."""
        top = garment.top if self.line is None else max(self.line, garment.top)
        rows = np.linspace(top, garment.bottom, LEVELS)
        left, right = garment.edges_at(rows)
        filled = np.interp(rows, np.linspace(garment.top, garment.bottom, LEVELS), garment.filled)
        return Outline(
            top * self.scale * self.stretch + self.down,
            garment.bottom * self.scale * self.stretch + self.down,
            left * self.scale + self.right,
            right * self.scale + self.right,
            filled,
        )

    def matrix(self, own_height: int, height: int) -> np.ndarray:
        """Return the affine matrix [2, 3] from pixels of the garment's photo to those of the other."""
        across = self.scale * height / own_height
        along = across * self.stretch
        return np.array(
            [
                [across, 0, self.right * height + 0.5 * across - 0.5],
                [0, along, self.down * height + 0.5 * along - 0.5],
            ]
        )


def uncovered(under: Outline, over: Outline) -> float:
    """Return the share of the outline `under` that `over` leaves uncovered, in 0...1."""
    rows = np.linspace(under.top, under.bottom, LEVELS)
    left, right = over.edges_at(rows)
    hidden = np.minimum(right, under.right) - np.maximum(left, under.left)
    hidden = np.where((rows >= over.top) & (rows <= over.bottom), np.maximum(hidden, 0), 0)
    return float(1 - (hidden / np.maximum(under.widths, 1e-6)).mean())


def laid(
    photo: np.ndarray, alpha: np.ndarray, placement: Placement, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the garment's own colours and its alpha where they come to lie in a photo of `shape`.

    `photo` is uint8 RGB [h, w, 3], `alpha` uint8 [h, w]; both results are uint8, [H, W, 3] and [H, W]. Beyond
    the edge the colours go on.
    """
    matrix = placement.matrix(len(photo), shape[0])
    scale = matrix[0, 0]
    colours = decontaminate(photo, alpha)
    if scale < 0.9:  # a linear interpolation alone would leave out pixels
        sigma = 0.4 * np.sqrt(1 / scale**2 - 1)
        colours, alpha = (cv2.GaussianBlur(field, (0, 0), sigma) for field in (colours, alpha))
    size = (shape[1], shape[0])
    flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    moved = cv2.warpAffine(colours, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return moved, cv2.warpAffine(alpha, matrix, size, flags=cv2.INTER_LINEAR, borderValue=0)
