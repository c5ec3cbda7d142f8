"""From a photo to a prediction."""

import dataclasses

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.confidence.model import EVERYTHING, LEAST_AREA, MOST_AREA, NOTHING
from segmentation.core.errors import printable
from segmentation.core.types import Prediction, ScoreFn
from segmentation.inference.ensemble import Ensemble
from segmentation.preprocessing.second_pass import count_regions


def predict(
    score: ScoreFn,
    models: ModelBundle | Ensemble,
    sample_id: str,
    photo: np.ndarray,
    threshold: float,
    estimator: ConfidenceEstimator | None = None,
) -> Prediction:
    """Score uint8 RGB [H, W, 3] and note what a person should know; estimate the confidence where asked."""
    prediction = Prediction(sample_id, score(photo), models.labels, threshold)
    note = _note_of_cutout(prediction) if models.labels.binary else _note_of_classes(prediction)
    if note:
        prediction = dataclasses.replace(prediction, notes=(note,))
    return estimator(photo, prediction) if estimator else prediction


def _note_of_cutout(prediction: Prediction) -> str:
    if prediction.area < LEAST_AREA:
        return NOTHING
    if prediction.area > MOST_AREA:
        return EVERYTHING
    regions = count_regions(prediction.mask)
    return f"{regions} separate regions" if regions > 1 else ""


def _note_of_classes(prediction: Prediction) -> str:
    """People and their clothes may fill a photo, and are in many parts; that there is nothing is odd."""
    background = printable(prediction.labels.names[0])
    return f"hardly anything but {background} found" if prediction.area < LEAST_AREA else ""
