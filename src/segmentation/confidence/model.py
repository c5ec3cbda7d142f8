"""The confidence model: how well a model did on held-out photos, and what those photos were like.

Numpy only, since predicting needs no more; `confidence.fitting` fits it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from segmentation.confidence.cleanness import Cleanness, fit_cleanness
from segmentation.confidence.edge_distances import EdgeDistances
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.confidence.places import EXPECTED_FAULTS, PlaceModel, promise_score_of

Features = Mapping[str, float]
"""Finite figures of a photo and its prediction by name, see `confidence.features`."""

DOUBTS = ("disagreement", "thick_disagreement", "softness", "fragments")
"""Features that are 0 where nothing speaks against a mask; they enter as log10(0.001 + x)."""

SHAPE = ("area", "outline")
"""Features of the mask that speak against it where they differ from those of other photos, either way."""

SIGNS = {
    "disagreement": "the second opinion differs",
    "thick_disagreement": "whole parts are doubtful",
    "softness": "unsure of the edge",
    "fragments": "in separate parts",
    "unusual_area": "of unusual size",
    "unusual_outline": "of unusual outline",
}
"""The inputs of the confidence, and what a high value of each means, in words."""

LEAST_AREA, MOST_AREA = 0.002, 0.9
"""The least and the largest share of a photo that a garment covers; a mask beyond them shows none."""

NOTHING, EVERYTHING = "no garment found", "nearly the whole photo was taken for garment"
"""The reasons that are given for a mask that is smaller, and for one that is larger."""

MOST_THICK_DISAGREEMENT = 0.22
"""The most `thick_disagreement` about a garment. Garments reached 0.20, empty rooms began at 0.25."""

UNCONFIRMED = "no garment that the model is sure of"
"""The reason that is given where it is more."""

UNLIKE = 4.0
"""The standard deviations from which a photo counts as unlike those that the model was fitted on."""

_USUAL_DEVIATION = 0.8  # mean absolute deviation of a normal distribution, in standard deviations
_TELLING = 0.05  # of the error's exponent: an error 12% larger
_MOST_DOUBTS = 2
_FLOOR = 1e-3  # of features and of errors: smaller values are noise
NARROWEST = 1e-3
"""The least standard deviation that is used: some features of drawn photos are all the same."""

_NARROWEST_OF = {  # differences below what a person would see do not count
    **dict.fromkeys(("lightness", "contrast"), 2.0),
    **dict.fromkeys((f"backdrop_{name}" for name in ("lightness", "green_red", "blue_yellow")), 2.0),
    **dict.fromkeys(("height", "across", "down"), 0.02),
}

DRIFT = {
    "lightness": ("darker", "brighter"),
    "contrast": ("flatter in contrast", "harder in contrast"),
    "backdrop_lightness": ("before a darker backdrop", "before a brighter backdrop"),
    "backdrop_green_red": ("before a greener backdrop", "before a redder backdrop"),
    "backdrop_blue_yellow": ("before a bluer backdrop", "before a yellower backdrop"),
    "height": ("of a garment smaller in the frame", "of a garment larger in the frame"),
    "across": ("of a garment further left", "of a garment further right"),
    "down": ("of a garment higher up", "of a garment further down"),
    "area": ("of less garment", "of more garment"),
}
"""Features by which photos may differ from those that a model was fitted on: words for less and for more."""


@dataclass(frozen=True)
class ConfidenceModel:
    """A regression of the error of a mask on its features, fitted to held-out predictions.

    `usual` is the mean and the standard deviation of each feature over the photos. The expected error of a
    mask, 1 - Dice, is 10^(bias + sum of weights x signs); no weight is negative, so that no doubt raises the
    confidence. `error` is the mean absolute difference of confidence and Dice and `correlation` their rank
    correlation, both cross-validated by garment. `samples` are the ids of the photos, and `contents` the
    digests of their files in the same order, of which models of earlier versions have none; nor have these
    `outcomes`, which of the masks had a fault, `edges`, how far off the true edges were, and `places`, which
    tells where faults are likely.
    """

    samples: tuple[str, ...]
    usual: Mapping[str, tuple[float, float]]
    weights: Mapping[str, float]
    bias: float
    error: float
    correlation: float
    contents: tuple[str, ...] = ()
    outcomes: FaultOutcomes | None = None
    edges: EdgeDistances | None = None
    places: PlaceModel | None = None

    @property
    def photos(self) -> int:
        """The number of photos that it was fitted on."""
        return len(self.samples)

    def confidence(self, features: Features) -> float:
        """Return the expected Dice of a mask, in [0, 1]; 0 where nothing or nearly everything was found."""
        if not garment_found(features):
            return 0.0
        signs = signs_of(features, self.usual)
        exponent = self.bias + sum(weight * signs[name] for name, weight in self.weights.items())
        return float(dice_of(exponent))

    @cached_property
    def cleanness(self) -> Cleanness | None:
        """The probability that a mask has no fault, by its confidence; None where no faults are known."""
        return fit_cleanness(self.outcomes) if self.outcomes and self.outcomes.faulty else None

    @property
    def knows_faults(self) -> bool:
        """True where it tells how likely a mask has no fault, by the places of faults or by its outcomes."""
        return bool(self.places or self.cleanness)

    def clean(self, confidence: float, features: Features = MappingProxyType({})) -> float | None:
        """Return the probability, in [0, 1], that a mask has no fault; None where no faults are known.

        It comes from the faults that are expected of the mask by its `features`, or else from its confidence.
        """
        if confidence <= 0:
            return 0.0 if self.knows_faults else None
        if self.places and EXPECTED_FAULTS in features:
            return round(self.places.clean(features[EXPECTED_FAULTS]), 4)
        return round(self.cleanness(confidence), 4) if self.cleanness else None

    def promise_score(self, confidence: float, features: Features) -> float:
        """Return the score of a mask, in [0, 1], by which promises are made: the larger, the less doubtful.

        It comes from the faults that are expected of the mask where the outcomes have such: then it is 0 for
        a mask whose `features` do not tell them. Otherwise it is the confidence.
        """
        if not (self.outcomes and self.outcomes.expected_faults):
            return confidence
        known = confidence > 0 and EXPECTED_FAULTS in features
        return float(promise_score_of(features[EXPECTED_FAULTS])) if known else 0.0

    def doubts(self, features: Features) -> list[str]:
        """Return in words what makes a prediction less certain than usual, the largest effect first."""
        signs = signs_of(features, self.usual)
        usual = {name: self.usual[name][0] if name in DOUBTS else _USUAL_DEVIATION for name in SIGNS}
        losses = {name: weight * (signs[name] - usual[name]) for name, weight in self.weights.items()}
        telling = sorted(losses, key=lambda name: -losses[name])
        return [SIGNS[name] for name in telling[:_MOST_DOUBTS] if losses[name] > _TELLING]

    def deviations(self, features: Features) -> dict[str, float]:
        """Return how far a photo is from the known ones, in standard deviations, by features of DRIFT."""
        return {
            name: _deviation(features, self.usual, name)
            for name in DRIFT
            if name in features and name in self.usual
        }


def shown(confidence: float) -> str:
    """Return a confidence with three digits, rounded down: what is shown as 0.985 is no less."""
    return f"{math.floor(1000 * confidence) / 1000:.3f}"


def garment_found(features: Features) -> bool:
    """Return whether the mask is neither nearly empty nor nearly the whole photo."""
    return LEAST_AREA <= features["area"] <= MOST_AREA


def signs_of(features: Features, usual: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Return the signs against a prediction, by the names of SIGNS, from its features."""
    doubts = {name: _linear(features, name) for name in DOUBTS}
    return doubts | {f"unusual_{name}": abs(_deviation(features, usual, name)) for name in SHAPE}


def error_of(dice: np.ndarray) -> np.ndarray:
    """Return the value that is fitted: log10 of the error, with a floor, of Dice in [0, 1]."""
    return np.log10(_FLOOR + 1.0 - dice)


def dice_of(error: np.ndarray | float) -> np.ndarray:
    """Return the Dice, in [0.001, 1], the inverse of `error_of`: 0 is for masks without a garment."""
    return np.minimum(np.maximum(1.0 + _FLOOR - 10.0 ** np.minimum(error, 0.0), 0.0), 1.0)


def usual_of(features: Iterable[Features]) -> dict[str, tuple[float, float]]:
    """Return mean and deviation of each feature that all photos have, DOUBTS and SHAPE by logarithm."""
    rows = list(features)
    names = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: np.array([_linear(row, name) for row in rows]) for name in names}
    return {
        name: (float(column.mean()), max(float(column.std()), _NARROWEST_OF.get(name, NARROWEST)))
        for name, column in columns.items()
    }


def unlike(deviations: Mapping[str, float]) -> list[str]:
    """Return in words how a photo, or the mean of many, differs from the known ones, the largest first."""
    far = [name for name, deviation in deviations.items() if abs(deviation) >= UNLIKE]
    far.sort(key=lambda name: -abs(deviations[name]))
    return [DRIFT[name][int(deviations[name] > 0)] for name in far]


def _deviation(features: Features, usual: Mapping[str, tuple[float, float]], name: str) -> float:
    mean, deviation = usual[name]
    return (_linear(features, name) - mean) / deviation


def _linear(features: Features, name: str) -> float:
    """Return a feature on the scale on which it is averaged: DOUBTS and SHAPE by their logarithm."""
    by_logarithm = name in DOUBTS or name in SHAPE
    return math.log10(_FLOOR + features[name]) if by_logarithm else features[name]
