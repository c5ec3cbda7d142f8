"""The confidence estimator: a second opinion on the photo gives features, the model their meaning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.confidence.candidates import doubtful_pixels, find_candidates, judge
from segmentation.confidence.features import extract_features
from segmentation.confidence.model import ConfidenceModel
from segmentation.confidence.places import EXPECTED_FAULTS
from segmentation.core.predictions import LikelyFault, Prediction, ScoreFn
from segmentation.scores.augmentation import averaged, scores_of_mirror_image


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
        return self.judge(photo, prediction, self.second_mask(photo))

    def second_mask(self, photo: np.ndarray) -> np.ndarray:
        """Return the second opinion on a photo: bool [H, W]."""
        return self.second(photo)[..., 0] >= self.threshold

    def judge(self, photo: np.ndarray, prediction: Prediction, other: np.ndarray) -> Prediction:
        """Add the same, given the second opinion, `other`."""
        scores, mask, model = prediction.scores[..., 0], prediction.mask, self.confidence_model
        features = dict(extract_features(photo, scores, prediction.threshold, other))
        doubtful = doubtful_pixels(scores, mask, other)
        likely: tuple[LikelyFault, ...] | None = None
        if model and model.places:
            edges = model.places.knows_edges
            candidates = find_candidates(photo, scores, mask, other, by_edges=edges)
            expected, marked = judge(candidates, model.places)
            features[EXPECTED_FAULTS] = expected
            likely = tuple(fault for _region, fault in marked)
            for region, _fault in marked:
                doubtful[region.slices] |= region.pixels
        confidence = model.confidence(features) if model else None
        return prediction.adding(
            features=features,
            confidence=confidence,
            clean=None if model is None or confidence is None else model.clean(confidence, features),
            doubtful=doubtful,
            likely_faults=likely,
        )


def estimator_for(
    first_passes: Sequence[ScoreFn], threshold: float, confidence_model: ConfidenceModel | None
) -> ConfidenceEstimator:
    """Return the estimator of models that work as one, given the score functions of their first passes.

    Its second opinion is their scores of the mirror image, cut at `threshold`; they score it themselves where
    they can, see `scores_of_mirror_image`. For a double pass it shows both where the passes disagree and
    where the mirror image is scored differently, for the time of another first pass; a single pass takes
    twice the time.
    """
    return ConfidenceEstimator(
        averaged([scores_of_mirror_image(score) for score in first_passes]), threshold, confidence_model
    )
