"""How well a model tells classes apart over a whole set of photos."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segmentation.evaluation import class_metrics
from segmentation.types import LabelMap


@dataclass(frozen=True, eq=False)
class ClassFigures:
    """The confusion matrices of photos, int64 [P, C, C], a row a true class and a column a predicted one."""

    labels: LabelMap
    by_photo: np.ndarray

    @cached_property
    def confusion(self) -> np.ndarray:
        """Of all photos together: int64 [C, C]."""
        return self.by_photo.sum(axis=0)

    def summary(self) -> dict[str, float]:
        """The figures of the whole set by name, of its pixels, so that a large photo counts for more."""
        return {
            "pixel_accuracy": class_metrics.pixel_accuracy(self.confusion),
            "mean_accuracy": class_metrics.mean_accuracy(self.confusion),
            "mean_iou": class_metrics.mean_iou(self.confusion),
            "frequency_weighted_iou": class_metrics.frequency_weighted_iou(self.confusion),
            "mean_dice": class_metrics.mean_dice(self.confusion),
        }
