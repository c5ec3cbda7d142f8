"""What a model was worth on photos that it had not learned, and what those photos were like.

Numpy only, so that predicting needs no more: learning it is `segmentation.evaluation.calibration`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

Features = Mapping[str, float]
"""Finite figures of a photo and its prediction by name: see `segmentation.confidence.features`."""

DOUBTS = ("disagreement", "thick_disagreement", "softness", "fragments")
"""Measures that are 0 where nothing speaks against a mask; they enter as log10(0.001 + x)."""

SHAPE = ("area", "outline")
"""Measures of the mask which speak against it where they are unlike those of other photos, either way."""

SIGNS = {
    "disagreement": "a second look differs",
    "thick_disagreement": "whole parts are doubtful",
    "softness": "unsure of the edge",
    "fragments": "in separate parts",
    "unusual_area": "of unusual size",
    "unusual_outline": "of unusual outline",
}
"""What the confidence is a function of, and what each is called where it is high."""

LEAST_AREA, MOST_AREA = 0.002, 0.9
"""The shares of a photo between which a garment lies; what is found beyond them is none."""

NOTHING, EVERYTHING = "hardly any garment found", "nearly the whole photo was taken for garment"
"""What is said of a mask that is smaller, and of one that is larger."""

UNLIKE = 4.0
"""From how many standard deviations on a photo counts as unlike those that the model knows."""

_USUAL_DEVIATION = 0.8  # the mean absolute deviation, in standard deviations, of what is distributed normally
_TELLING = 0.05  # of the error's exponent: an error 12% larger
_MOST_DOUBTS = 2
_FLOOR = 1e-3  # of measures and of errors: what is smaller is noise
NARROWEST = 1e-3
"""The least standard deviation that counts: of drawn photos some figures are all the same."""

_NARROWEST_OF = {  # so that what nobody would see is not unlike
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
"""Measures by which a photo is told from those that a model knows, and what less and more of it is called."""


@dataclass(frozen=True)
class ConfidenceModel:
    """Predictions of photos that the model had not learned, summed up.

    `usual` is the mean and the standard deviation of each measure over the photos. The error that is
    expected of a mask, 1 - Dice, is 10^(bias + sum of weights x signs); no weight is negative, so that no
    doubt raises the confidence. `error` is the mean absolute difference of confidence and Dice and
    `correlation` their rank correlation, both of garments that were left out of the fit. `samples` are the
    photos' ids.
    """

    samples: tuple[str, ...]
    usual: Mapping[str, tuple[float, float]]
    weights: Mapping[str, float]
    bias: float
    error: float
    correlation: float

    @property
    def photos(self) -> int:
        """How many they were."""
        return len(self.samples)

    def confidence(self, features: Features) -> float:
        """The Dice, in [0, 1], that is expected of a mask; 0 where nothing or nearly everything was found."""
        if not garment_found(features):
            return 0.0
        signs = signs_of(features, self.usual)
        exponent = self.bias + sum(weight * signs[name] for name, weight in self.weights.items())
        return float(dice_of(np.float64(exponent)))

    def doubts(self, features: Features) -> list[str]:
        """In words, what makes a prediction less certain than it usually is, the most telling first."""
        signs = signs_of(features, self.usual)
        usual = {name: self.usual[name][0] if name in DOUBTS else _USUAL_DEVIATION for name in SIGNS}
        losses = {name: weight * (signs[name] - usual[name]) for name, weight in self.weights.items()}
        telling = sorted(losses, key=lambda name: -losses[name])
        return [SIGNS[name] for name in telling[:_MOST_DOUBTS] if losses[name] > _TELLING]

    def deviations(self, features: Features) -> dict[str, float]:
        """By how many standard deviations a photo differs from those known, by the measures of DRIFT."""
        known = [name for name in DRIFT if name in features and name in self.usual]
        return {name: _deviation(features, self.usual, name) for name in known}


def shown(confidence: float) -> str:
    """A confidence with three digits, rounded down: what is shown as 0.985 is no less."""
    return f"{math.floor(1000 * confidence) / 1000:.3f}"


def garment_found(features: Features) -> bool:
    """Whether what was found is neither hardly anything nor nearly the whole photo."""
    return LEAST_AREA <= features["area"] <= MOST_AREA


def signs_of(features: Features, usual: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """What of a prediction's evidence speaks against it, by the names of SIGNS."""
    doubts = {name: _linear(features, name) for name in DOUBTS}
    return doubts | {f"unusual_{name}": abs(_deviation(features, usual, name)) for name in SHAPE}


def error_of(dice: np.ndarray) -> np.ndarray:
    """What is fitted: log10 of the error, with a floor, of Dice in [0, 1]."""
    return np.log10(_FLOOR + 1.0 - dice)


def dice_of(error: np.ndarray) -> np.ndarray:
    """The Dice, in [0.001, 1], of what `error_of` gives: 0 is for masks of no garment."""
    return np.clip(1.0 + _FLOOR - 10.0 ** np.minimum(error, 0.0), 0.0, 1.0)


def usual_of(features: Iterable[Features]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of each measure that all photos have, of DOUBTS and SHAPE by logarithm."""
    rows = list(features)
    names = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: np.array([_linear(row, name) for row in rows]) for name in names}
    return {
        name: (float(column.mean()), max(float(column.std()), _NARROWEST_OF.get(name, NARROWEST)))
        for name, column in columns.items()
    }


def unlike(deviations: Mapping[str, float]) -> list[str]:
    """In words, by what a photo, or the mean of many, is unlike those that a model knows; the most first."""
    far = [name for name, deviation in deviations.items() if abs(deviation) >= UNLIKE]
    far.sort(key=lambda name: -abs(deviations[name]))
    return [DRIFT[name][int(deviations[name] > 0)] for name in far]


def _deviation(features: Features, usual: Mapping[str, tuple[float, float]], name: str) -> float:
    mean, deviation = usual[name]
    return (_linear(features, name) - mean) / deviation


def _linear(features: Features, name: str) -> float:
    """A measure as it may be averaged: what is a product of many causes by its logarithm."""
    by_logarithm = name in DOUBTS or name in SHAPE
    return float(np.log10(_FLOOR + features[name])) if by_logarithm else features[name]
