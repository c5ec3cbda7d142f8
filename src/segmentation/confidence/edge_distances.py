"""Distances of the true edges of photos with ground truth from those of masks, and the lines that follow.

Conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster, "Conformal Risk Control", 2022) for
morphological sets (Mossina and Friedrich, "Conformal Prediction for Image Segmentation Using Morphological
Prediction Sets", 2025): the mask is eroded and dilated until so little of the true edge is left outside, on
photos with ground truth, that no more is expected to be on the next photo.
"""

from dataclasses import dataclass

import numpy as np

from segmentation.core.errors import ConfigError
from segmentation.core.size import REFERENCE_HEIGHT_PX

DISTANCES_PX = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 26, 32, 40, 52, 64, 80, 104, 128, 160, 208, 256)
"""The distances from the edge of a mask at which a line may be, in pixels of a photo 1728 high."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class EdgeLines:
    """The lines of a mask, in heights of the photo: how far inside of its edge, and how far outside."""

    inner: float
    outer: float


@dataclass(frozen=True)
class EdgeDistances:
    """Distances of true edges from those of masks: `inner` and `outer` of DISTANCES_PX, means over garments.

    Each is the share of the true edge, in [0, 1], that lies further inside the mask, or further outside;
    `garments` is how many there were.
    """

    garments: int
    inner: tuple[float, ...]
    outer: tuple[float, ...]

    def lines(self, certainty: float) -> EdgeLines:
        """Return the closest lines between which a part of the true edge lies with a `certainty`, in (0, 1).

        Each side may miss half of the rest. Raises ConfigError where the garments are too few and where true
        edges lie too far off.
        """
        if not 0 < certainty < 1:
            raise ConfigError(
                f"`trimap_certainty`: expected a number between 0 and 1, received {certainty:g}; 0.9 is usual"
            )
        return EdgeLines(*(self._distance(missed, certainty) for missed in (self.inner, self.outer)))

    def _distance(self, missed: tuple[float, ...], certainty: float) -> float:
        least = (1 - certainty) / 2
        for distance_px, share in zip(DISTANCES_PX, missed, strict=True):
            # the next photo could lie all beyond
            if (self.garments * share + 1) / (self.garments + 1) <= least + _ROUNDING:
                return distance_px / REFERENCE_HEIGHT_PX
        needed = int(np.ceil(1 / least - 1 - _ROUNDING))
        raise ConfigError(
            f"`trimap_certainty` {certainty:g}: expected at least {needed} garments with ground truth, and "
            f"true edges within {DISTANCES_PX[-1]} px of 1728, received {self.garments} garments with "
            f"{missed[-1]:.1%} of an edge beyond; give a smaller one, or `calibrate` with more pairs"
        )
