"""Fit a confidence model to features and Dice of held-out predictions."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from segmentation.confidence.model import (
    SIGNS,
    ConfidenceModel,
    Features,
    dice_of,
    error_of,
    signs_of,
    usual_of,
)
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.confidence.verdict import is_odd
from segmentation.config.faults import USUAL, FaultOptions
from segmentation.core.errors import DataError
from segmentation.metrics.intervals import rank_correlation

_FOLDS = 5
_PENALTY = 3.0  # on the weights of standardised signs; from 0.1 to 10 it makes no difference


def fit_confidence_model(
    features: Sequence[Features],
    dice: Sequence[float],
    samples: Sequence[str],
    garments: Sequence[str],
    faulty: Sequence[bool] | None = None,
    fault_options: FaultOptions = USUAL,
) -> ConfidenceModel:
    """Fit a confidence model to features and Dice, in [0, 1], of photos with these ids and garments.

    It is a ridge regression of the logarithm of the error, without negative weights. Its `error` and
    `correlation` are cross-validated, all views of a garment in one fold. With `faulty`, whether each mask
    has a fault of `fault_options`, it has outcomes, of the same cross-validation. Raises DataError for a
    single garment.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len({*garments}) < 2:
        raise DataError("expected photos of several garments to fit a confidence, received those of one")
    usual, targets = usual_of(features), np.asarray(dice)
    signs = np.array([[signs_of(row, usual)[name] for name in SIGNS] for row in features])
    error = error_of(targets)
    model = make_pipeline(StandardScaler(), Ridge(_PENALTY, positive=True))
    folds = GroupKFold(min(_FOLDS, len({*garments})))
    expected = dice_of(cross_val_predict(model, signs, error, groups=garments, cv=folds))
    scaler, ridge = model.fit(signs, error)
    weights = ridge.coef_ / scaler.scale_
    fitted = ConfidenceModel(
        samples=tuple(samples),
        usual=usual,
        weights={name: float(weight) for name, weight in zip(SIGNS, weights, strict=True)},
        bias=float(ridge.intercept_ - weights @ scaler.mean_),
        error=float(np.abs(expected - targets).mean()),
        correlation=rank_correlation(expected, targets),
    )
    if faulty is None:
        return fitted
    outcomes = FaultOutcomes(
        confidence=tuple(np.round(expected, 5).tolist()),
        faulty=tuple(map(bool, faulty)),
        odd=tuple(is_odd(row, fitted) for row in features),
        garments=tuple(np.unique(list(garments), return_inverse=True)[1].tolist()),
        thickness_px=fault_options.fault_thickness_px,
        area_px=fault_options.fault_area_px,
    )
    return dataclasses.replace(fitted, outcomes=outcomes)
