"""The figures of a model on a whole set of photos."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segmentation.confidence.assessment import FEWEST, Triage
from segmentation.confidence.model import ConfidenceModel
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.image_row import ImageRow
from segmentation.metrics.threshold import ThresholdSearch


@dataclass(frozen=True)
class Evaluation:
    """The figures of each photo at `threshold`, and mean Dice of the same photos at every threshold.

    `confidence_model` is what their confidence comes from, which was fitted on `fitted_on` of them. Several
    classes need no threshold: there are `classes` in place of a `search`.
    """

    rows: tuple[ImageRow, ...]
    threshold: float
    tolerance_px: float
    search: ThresholdSearch | None
    confidence_model: ConfidenceModel | None = None
    classes: ClassFigures | None = None
    fitted_on: int = 0

    @property
    def worst_first(self) -> list[ImageRow]:
        """The rows by rising Dice, ties by id."""
        return sorted(self.rows, key=lambda row: (row.dice, row.id))

    @cached_property
    def triage(self) -> Triage | None:
        """How well confidence orders these photos; None where there is none."""
        confidence = [row.confidence for row in self.rows]
        if not self.confidence_model or None in confidence or len(self.rows) < FEWEST:
            return None
        garments = tuple(row.group or row.id for row in self.rows)
        return Triage(
            np.array(confidence), self._column("dice"), garments, self.confidence_model, self.fitted_on
        )

    def summary(self) -> dict[str, Any]:
        """Return the figures of the whole set by name, ready for JSON."""
        dice = self._column("dice")
        return {
            "images": len(self.rows),
            "dice_mean": float(dice.mean()),
            "dice_median": float(np.median(dice)),
            "dice_min": float(dice.min()),
            "iou_mean": float(self._column("iou").mean()),
            "accuracy_mean": float(self._column("accuracy").mean()),
            "boundary_iou_mean": float(self._column("boundary_iou").mean()),
            "boundary_f1_mean": float(self._column("boundary_f1").mean()),
            "tolerance_px": self.tolerance_px,
            **(self._threshold_summary(self.search) if self.search else {}),
            **(self.classes.summary() if self.classes else {}),
            **(self.triage.summary() if self.triage else {}),
        }

    def _threshold_summary(self, search: ThresholdSearch) -> dict[str, float]:
        return {
            "threshold": self.threshold,
            "threshold_best": search.best,
            "dice_mean_at_best": search.dice_mean_at_best,
        }

    def _column(self, name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in self.rows])
