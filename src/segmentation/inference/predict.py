"""From a photo to a prediction."""

import numpy as np

from segmentation.bundle import ModelBundle
from segmentation.data.second_look import count_regions
from segmentation.inference.ensemble import Ensemble
from segmentation.types import Prediction, ScoreFn

_NOTHING, _EVERYTHING = 0.002, 0.9  # fractions of the frame that no studio photo of a garment reaches


def predict(
    score: ScoreFn, models: ModelBundle | Ensemble, sample_id: str, photo: np.ndarray, threshold: float
) -> Prediction:
    """Score uint8 RGB [H, W, 3] and note what the user should know of the result."""
    prediction = Prediction(sample_id, score(photo), models.labels, threshold)
    notes, area = [], prediction.area
    if area < _NOTHING:
        notes.append("hardly any garment found")
    elif area > _EVERYTHING:
        notes.append("nearly the whole photo was taken for garment")
    elif (regions := count_regions(prediction.mask)) > 1:
        notes.append(f"{regions} separate regions")
    return Prediction(sample_id, prediction.scores, models.labels, threshold, notes=tuple(notes))
