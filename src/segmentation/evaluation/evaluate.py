"""Compare the scores of a model with the ground truth of whole photos."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.config.faults import USUAL, FaultOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.parallel import OnProgress
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.evaluation.class_measurement import ClassMeasurement
from segmentation.evaluation.cutout_measurement import CutoutMeasurement
from segmentation.evaluation.measurement import Measurement, MeasureSettings
from segmentation.evaluation.object_figures import ObjectMeasurement
from segmentation.evaluation.photo import find_objects, read_pair, score_photo
from segmentation.evaluation.set_figures import Evaluation
from segmentation.inference.engines.object_engine import ObjectEngine

Look = Callable[[Sample, np.ndarray], None]
"""A function that sees a sample and its scores, float32 [H, W, C]."""

_LARGEST_TOLERANCE_PX = 50  # the work grows with its square, and an edge so far off is no edge


def evaluate(
    score: ScoreFn,
    samples: Sequence[Sample],
    threshold: float | None,
    *,
    labels: LabelMap = BINARY,
    tolerance_px: float = 2.0,
    target_threshold: float = 0.5,
    fault_options: FaultOptions = USUAL,
    estimator: ConfidenceEstimator | None = None,
    look: Look | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Score each photo once at its own size and measure it against its ground truth.

    `threshold` in [0, 1] turns the scores of a cutout into masks; None takes the one with the best mean Dice
    over these very photos. Its ground truth is garment where its alpha is at least `target_threshold`. Where
    `labels` has several classes, neither is used. The contour measures allow `tolerance_px`, and
    `fault_options` say what counts as a fault. An `estimator`
    adds the confidence where a threshold is given, and `look` sees the scores of each photo. Photos are read
    one at a time; what waits for the best threshold is kept compressed, some 50 kB a photo.

    A `score` that finds objects is judged by these as well, with COCO's average precision of their masks at
    the threshold.

    Raises ConfigError for a threshold or a tolerance out of range, DataError for a photo without a
    usable ground truth and SegmentationError for scores out of range or of another shape; the last two name
    the photo.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"threshold: expected a number from 0 to 1, received {threshold}; 0.5 is usual")
    if not 1 <= tolerance_px <= _LARGEST_TOLERANCE_PX:
        raise ConfigError(
            f"boundary tolerance: expected 1 to {_LARGEST_TOLERANCE_PX} pixels, received {tolerance_px}; "
            "2 is usual"
        )
    if not samples:
        raise DataError("evaluation: expected at least one photo with its ground truth, received none")
    measurement = measurement_of(
        labels, MeasureSettings(threshold, tolerance_px, target_threshold, estimator, fault_options)
    )
    objects = None
    if isinstance(score, ObjectEngine):
        at = threshold if labels.binary or threshold is not None else 0.5  # of classes there is no best one
        objects = ObjectMeasurement(labels, score.least_score, at)
    for done, sample in enumerate(samples, start=1):
        image, truth = read_pair(sample)
        if objects and isinstance(score, ObjectEngine):
            found, scores, seconds = find_objects(score, image)
            objects.add(sample, found, image.shape)
        else:
            scores, seconds = score_photo(score, image, sample, labels)
        measurement.add(sample, image, truth, scores, seconds)
        if look:
            look(sample, scores)
        if on_progress:
            on_progress(done, len(samples))
    evaluation = measurement.finish()
    if objects:
        evaluation = dataclasses.replace(evaluation, objects=objects.finish(evaluation.threshold))
    if evaluation.confidence_model is None:
        return evaluation
    fitted_on = KnownPhotos.of_confidence(evaluation.confidence_model)
    return dataclasses.replace(evaluation, fitted_on=len(fitted_on.among(samples)))


def measurement_of(labels: LabelMap, settings: MeasureSettings) -> Measurement:
    """Return a measurement of scores of these classes that has yet to see its first photo."""
    return CutoutMeasurement(labels, settings) if labels.binary else ClassMeasurement(labels, settings)
