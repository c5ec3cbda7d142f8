"""How far a prediction can be trusted: a second opinion is asked, and experience tells what it means."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from segmentation.bundle import ModelBundle
from segmentation.experience import Experience
from segmentation.inference.compose import averaged, mirrored
from segmentation.inference.evidence import gather
from segmentation.types import Prediction, ScoreFn

_UNSURE = 0.2  # scores between it and 1 less it are


@dataclass(frozen=True)
class Judge:
    """Adds evidence to predictions and, with `experience`, their confidence.

    `second` is another score function for the same photos, `threshold` turns its scores into a mask.
    """

    second: ScoreFn
    threshold: float
    experience: Experience | None = None

    def __call__(self, photo: np.ndarray, prediction: Prediction) -> Prediction:
        """The prediction of a photo, uint8 RGB [H, W, 3], with what speaks for and against it."""
        other = self.second(photo)[..., 0] >= self.threshold
        scores = prediction.scores[..., 0]
        evidence = gather(photo, scores, prediction.threshold, other)
        confidence = self.experience.confidence(evidence) if self.experience else None
        doubtful = (prediction.mask ^ other) | ((scores > _UNSURE) & (scores < 1 - _UNSURE))
        return dataclasses.replace(prediction, evidence=evidence, confidence=confidence, doubtful=doubtful)


def judge_of(
    members: Sequence[ModelBundle], firsts: Sequence[ScoreFn], experience: Experience | None
) -> Judge:
    """The judge of models that work as one, with the score functions of their first passes.

    Its second opinion is what those make of the mirror image. A double pass is so told both where its passes
    disagree and where the mirror image is seen otherwise, for the price of another first pass; a single pass
    costs twice as much as without.
    """
    threshold = fmean(member.passes[0].threshold for member in members)
    return Judge(mirrored(averaged(firsts)), threshold, experience)
