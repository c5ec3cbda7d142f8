"""The outcomes for the photos that a confidence model was fitted on: which of their masks had a fault."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FaultOutcomes:
    """The confidence of held-out predictions, and whether their masks had a fault, in one order.

    `confidence`, in [0, 1], is that of a confidence model that has not seen the photo. `faulty` is whether
    the mask has a fault of more than `area_px` and at least `thickness_px`, see `metrics.faults`. `odd` is
    whether triage sends the photo to review however certain its mask is. `garments` are numbers, the same for
    photos of one garment.
    """

    confidence: tuple[float, ...]
    faulty: tuple[bool, ...]
    odd: tuple[bool, ...]
    garments: tuple[int, ...]
    thickness_px: int
    area_px: int

    @property
    def faults(self) -> int:
        """The number of photos whose masks have a fault."""
        return sum(self.faulty)

    def by_confidence(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return those that confidence alone decides on, the most certain first.

        Confidence, float64 [N], whether they have a fault, bool [N], and garments, int64 [N].
        """
        confidence, faulty = np.array(self.confidence, float), np.array(self.faulty, bool)
        garments = np.array(self.garments, int)
        decided = np.flatnonzero(~np.array(self.odd, bool))
        order = decided[np.argsort(-confidence[decided], kind="stable")]
        return confidence[order], faulty[order], garments[order]
