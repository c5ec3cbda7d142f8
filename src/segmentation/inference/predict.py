"""Prediction, from a photo to its scores, notes and confidence."""

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.confidence.model import EVERYTHING, LEAST_AREA, MOST_AREA, NOTHING
from segmentation.confidence.parts import PARTS, parts_of, words_of
from segmentation.core.errors import printable
from segmentation.core.predictions import Prediction, ScoreFn
from segmentation.inference.engines.object_engine import ObjectEngine
from segmentation.inference.ensemble import Ensemble


def predict(
    score: ScoreFn,
    models: ModelBundle | Ensemble,
    sample_id: str,
    photo: np.ndarray,
    threshold: float,
    estimator: ConfidenceEstimator | None = None,
) -> Prediction:
    """Score uint8 RGB [H, W, 3] and note what a person should know; estimate the confidence where asked."""
    if isinstance(score, ObjectEngine):
        objects = score.find(photo, score.least_score)
        scores = score.score(objects, photo.shape)
    else:
        scores, objects = score(photo), None
    prediction = Prediction(sample_id, scores, models.labels, threshold, objects=objects)
    if estimator:
        prediction = estimator(photo, prediction)
    return prediction.adding(notes=_notes_on(prediction))


def _notes_on(prediction: Prediction) -> tuple[str, ...]:
    if prediction.objects is not None:  # objects may be many, and fill a photo
        return () if prediction.objects else ("no object found",)
    return _notes_of_cutout(prediction) if prediction.labels.binary else _notes_of_classes(prediction)


def _notes_of_cutout(prediction: Prediction) -> tuple[str, ...]:
    if prediction.area < LEAST_AREA:
        return (NOTHING,)
    if prediction.area > MOST_AREA:
        return (EVERYTHING,)
    known = {name: prediction.features[name] for name in PARTS if name in prediction.features}
    return words_of(known or parts_of(prediction.mask))


def _notes_of_classes(prediction: Prediction) -> tuple[str, ...]:
    """Note that nothing was found; people and their clothes may fill a photo, and be in many parts."""
    background = printable(prediction.labels.names[0])
    return (f"hardly anything but {background} found",) if prediction.area < LEAST_AREA else ()
