"""Predictions: the scores of a photo, and what is found in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from segmentation.core.boxes import Box
from segmentation.core.labels import LabelMap

ScoreFn = Callable[[np.ndarray], np.ndarray]
"""uint8 RGB [H, W, 3] -> float32 [H, W, C] in [0, 1], at the photo's own size."""


@dataclass(frozen=True, eq=False)
class FoundObject:
    """One object that a model finds in a photo, in pixels of the photo.

    `corners` are (left, top, right, bottom), `score` in [0, 1] how sure the model is, `index` that of its
    class, from 1 on. `scores`, float32 [h, w] in [0, 1], tell which pixels belong to it, from the row
    `scores_top` and the column `scores_left` on.
    """

    corners: tuple[float, float, float, float]
    score: float
    index: int
    scores: np.ndarray
    scores_top: int
    scores_left: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The `corners`, by an earlier name."""
        return self.corners

    @property
    def window(self) -> tuple[slice, slice]:
        """Return the slices of the photo that the object's scores cover."""
        return Box(self.scores_left, self.scores_top, *self.scores.shape[::-1]).slices

    def placed(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return its scores in the whole photo, float32 [H, W]."""
        whole = np.zeros(shape[:2], np.float32)
        whole[self.window] = self.scores
        return whole


_OF_SCORES = {"indices", "mask"}


@dataclass(frozen=True)
class LikelyFault:
    """A place in a mask that may be a fault, as a box in pixels of the photo.

    `probability`, in [0, 1], is how likely it is one, None where that is not known; `kind` is "missed" for
    garment that may be left out and "excess" for something else that may be taken in; `signs` say in words
    what speaks for it.
    """

    left: int
    top: int
    width: int
    height: int
    probability: float | None
    kind: str
    signs: tuple[str, ...] = ()

    @property
    def box(self) -> Box:
        """Left, top, width and height, with `right` and `bottom`."""
        return Box(self.left, self.top, self.width, self.height)


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for one photo, at the photo's own size: nobody downstream resizes.

    `scores` is float32 [H, W, C] in [0, 1]; `threshold` turns those of a cutout into a mask; `notes` holds
    what the user must know about how the result came to be. `confidence` is the Dice, in [0, 1], that is
    expected of the mask, `clean` the probability that it has no fault, `features` what they were found from,
    and `doubtful`, bool [H, W], the pixels that speak against it; they are None or empty where no one asked.
    `likely_faults` are the places where a fault is likely, the most likely first; None for a model that knows
    no such places.
    `objects` are those that were found one by one, best first; None for a model that finds none.
    """

    sample_id: str
    scores: np.ndarray
    labels: LabelMap
    threshold: float
    confidence: float | None = None
    notes: tuple[str, ...] = ()
    features: Mapping[str, float] = field(default_factory=dict)
    doubtful: np.ndarray | None = None
    objects: tuple[FoundObject, ...] | None = None
    clean: float | None = None
    likely_faults: tuple[LikelyFault, ...] | None = None

    @cached_property
    def indices(self) -> np.ndarray:
        """uint8 [H, W]: the class of each pixel, see `LabelMap.classify`."""
        return self.labels.classify(self.scores, self.threshold)

    @cached_property
    def mask(self) -> np.ndarray:
        """bool [H, W]: the pixels that are not background."""
        return self.indices > 0

    def adding(self, **fields: Any) -> Self:
        """Return it with other fields, but for the scores; what was computed from those is kept."""
        added = replace(self, **fields)
        added.__dict__.update({name: self.__dict__[name] for name in _OF_SCORES & self.__dict__.keys()})
        return added

    @property
    def area(self) -> float:
        """The fraction of the photo that the mask covers, in [0, 1]."""
        return np.count_nonzero(mask := self.mask) / mask.size
