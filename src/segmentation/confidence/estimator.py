"""The confidence estimator: a second opinion on the photo gives features, the model their meaning."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.confidence.features import extract_features
from segmentation.confidence.model import ConfidenceModel
from segmentation.core.types import Prediction, ScoreFn
from segmentation.scores.augmentation import averaged, mirrored

_UNSURE = 0.2  # scores from 0.2 to 0.8 are doubtful


@dataclass(frozen=True)
class ConfidenceEstimator:
    """The estimator that adds features to predictions and, with a `confidence_model`, their confidence.

    `second` is another score function for the same photos; `threshold` turns its scores into a mask.
    """

    second: ScoreFn
    threshold: float
    confidence_model: ConfidenceModel | None = None

    def __call__(self, photo: np.ndarray, prediction: Prediction) -> Prediction:
        """Add features, confidence and doubtful pixels to the prediction of a photo, uint8 RGB [H, W, 3]."""
        other = self.second(photo)[..., 0] >= self.threshold
        scores = prediction.scores[..., 0]
        features = extract_features(photo, scores, prediction.threshold, other)
        confidence = self.confidence_model.confidence(features) if self.confidence_model else None
        clean = None
        if self.confidence_model and confidence is not None:
            clean = self.confidence_model.clean(confidence)
        doubtful = scores > _UNSURE
        doubtful &= scores < 1 - _UNSURE
        doubtful |= prediction.mask ^ other
        return dataclasses.replace(
            prediction, features=features, confidence=confidence, clean=clean, doubtful=doubtful
        )


def estimator_for(
    first_passes: Sequence[ScoreFn], threshold: float, confidence_model: ConfidenceModel | None
) -> ConfidenceEstimator:
    """Return the estimator of models that work as one, given the score functions of their first passes.

    Its second opinion is their scores of the mirror image, cut at `threshold`. For a double pass it shows
    both where the passes disagree and where the mirror image is scored differently, for the time of another
    first pass; a single pass takes twice the time.
    """
    return ConfidenceEstimator(mirrored(averaged(first_passes)), threshold, confidence_model)
