"""The outcomes for the photos that a confidence model was fitted on: which of their masks had a fault."""

from dataclasses import dataclass

import numpy as np

from segmentation.confidence.places import promise_score_of


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
    def promise_scores(self) -> np.ndarray:
        """The `ConfidenceModel.promise_score` of each mask by models without it: float64 [N] in [0, 1]."""
        if self.expected_faults:
            return promise_score_of(np.array(self.expected_faults, float))
        return np.array(self.confidence, float)

    def by_promise_score(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return those that the score alone decides on, the largest first.

        Scores, float64 [N], whether the masks have a fault, bool [N], and garments, int64 [N].
        """
        scores, faulty = self.promise_scores, np.array(self.faulty, bool)
        garments = np.array(self.garments, int)
        decided = np.flatnonzero(~np.array(self.odd, bool))
        order = decided[np.argsort(-scores[decided], kind="stable")]
        return scores[order], faulty[order], garments[order]
