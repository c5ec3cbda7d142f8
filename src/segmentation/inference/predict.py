"""From a photo to a prediction."""

import dataclasses

import numpy as np

from segmentation.bundle import ModelBundle
from segmentation.data.second_look import count_regions
from segmentation.experience import EVERYTHING, LEAST_AREA, MOST_AREA, NOTHING
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.judge import Judge
from segmentation.types import Prediction, ScoreFn


def predict(
    score: ScoreFn,
    models: ModelBundle | Ensemble,
    sample_id: str,
    photo: np.ndarray,
    threshold: float,
    judge: Judge | None = None,
) -> Prediction:
    """Score uint8 RGB [H, W, 3] and note what the user should know of the result; judge it where asked."""
    prediction = Prediction(sample_id, score(photo), models.labels, threshold)
    notes, area = [], prediction.area
    if area < LEAST_AREA:
        notes.append(NOTHING)
    elif area > MOST_AREA:
        notes.append(EVERYTHING)
    elif (regions := count_regions(prediction.mask)) > 1:
        notes.append(f"{regions} separate regions")
    noted = dataclasses.replace(prediction, notes=tuple(notes))
    return judge(photo, noted) if judge else noted
