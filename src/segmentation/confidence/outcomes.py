"""The outcomes for the photos that a confidence model was fitted on: which of their masks had a fault."""

from dataclasses import dataclass

import numpy as np

from segmentation.confidence.places import few_faults


@dataclass(frozen=True)
class FaultOutcomes:
    """The confidence of held-out predictions, and whether their masks had a fault, in one order.

    `confidence`, in [0, 1], is that of a confidence model that has not seen the photo, and `expected_faults`
    are the faults that a place model expects of it that has not seen it either; empty where there is none.
    `faulty` is whether the mask has a fault of more than `area_px` and at least `thickness_px`, see
    `metrics.faults`. `odd` is whether triage sends the photo to review however certain its mask is.
    `garments` are numbers, the same for photos of one garment.
    """

    confidence: tuple[float, ...]
    faulty: tuple[bool, ...]
    odd: tuple[bool, ...]
    garments: tuple[int, ...]
    thickness_px: int
    area_px: int
    expected_faults: tuple[float, ...] = ()

    @property
    def faults(self) -> int:
        """The number of photos whose masks have a fault."""
        return sum(self.faulty)

    @property
    def certainty(self) -> np.ndarray:
        """The `ConfidenceModel.certainty` of each mask by models without it: float64 [N] in [0, 1]."""
        if self.expected_faults:
            return few_faults(np.array(self.expected_faults, float))
        return np.array(self.confidence, float)

    def by_certainty(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return those that certainty alone decides on, the most certain first.

        Certainty, float64 [N], whether they have a fault, bool [N], and garments, int64 [N].
        """
        certainty, faulty = self.certainty, np.array(self.faulty, bool)
        garments = np.array(self.garments, int)
        decided = np.flatnonzero(~np.array(self.odd, bool))
        order = decided[np.argsort(-certainty[decided], kind="stable")]
        return certainty[order], faulty[order], garments[order]
