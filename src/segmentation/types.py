"""The types that tie the program together. Numpy only, so that every part may import them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ScoreFn = Callable[[np.ndarray], np.ndarray]
"""uint8 RGB [H, W, 3] -> float32 [H, W, C] in [0, 1], at the photo's own size."""


@dataclass(frozen=True)
class Sample:
    """One photo and, where known, its ground truth.

    `id` is unique in its set and needs no extension; samples of one `group` (a garment, a photo that
    occurs twice) stay on one side of every split; `view` is the viewpoint or "". `guide_path` holds the first
    scores that a second pass learns from, as a grey picture of the photo's size; `source` counts the folders
    that a training set was put together from. `garment_labels` are the values that are garment where the
    mask is a label map; None where it is a picture of the mask itself.
    """

    id: str
    image_path: Path
    mask_path: Path | None = None
    group: str = ""
    view: str = ""
    origin: str = "real"
    guide_path: Path | None = None
    source: int = 0
    garment_labels: tuple[int, ...] | None = None


@dataclass(frozen=True)
class LabelMap:
    """The classes of a model: one name is a binary cutout (sigmoid), more are a softmax over classes."""

    names: tuple[str, ...] = ("garment",)
    colours: tuple[tuple[int, int, int], ...] = ((255, 0, 0),)
    ignore: int | None = None

    @property
    def binary(self) -> bool:
        """Whether the model cuts one thing out; the only place that decides it."""
        return len(self.names) == 1


@dataclass(frozen=True)
class Prediction:
    """What a model says of one photo, at the photo's own size: nobody downstream resizes.

    `scores` is float32 [H, W, C] in [0, 1]; `threshold` turns scores into a mask; `notes` holds what
    the user must know about how the result came to be. `confidence` is the Dice, in [0, 1], that is expected
    of the mask, `evidence` what it was found from, and `doubtful`, bool [H, W], the pixels that speak against
    it; None and nothing where no one asked.
    """

    sample_id: str
    scores: np.ndarray
    labels: LabelMap
    threshold: float
    confidence: float | None = None
    notes: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    doubtful: np.ndarray | None = None

    @property
    def mask(self) -> np.ndarray:
        """bool [H, W]: the pixels whose score reaches the threshold."""
        return self.scores[..., 0] >= self.threshold

    @property
    def area(self) -> float:
        """The fraction of the photo that the mask covers, in [0, 1]."""
        return np.count_nonzero(mask := self.mask) / mask.size
