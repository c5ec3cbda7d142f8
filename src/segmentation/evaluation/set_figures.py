"""The figures of a model on a whole set of photos."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segmentation.confidence.assessment import FEWEST, Triage
from segmentation.confidence.model import ConfidenceModel
from segmentation.config.faults import USUAL, FaultOptions
from segmentation.config.options import plain
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.image_row import ImageRow
from segmentation.evaluation.object_figures import ObjectFigures
from segmentation.evaluation.retouchers import Retouchers
from segmentation.metrics.faults import Fault
from segmentation.metrics.intervals import Interval, mean_interval
from segmentation.metrics.threshold import ThresholdSearch

_MEANS = {
    "dice_mean": "dice",
    "boundary_f1_mean": "boundary_f1",
    "clean_rate": "clean",
    "faults_mean": "fault_count",
    "largest_fault_share_mean": "largest_fault_share",
}


@dataclass(frozen=True)
class Evaluation:
    """The figures of each photo at `threshold`, and mean Dice of the same photos at every threshold.

    `confidence_model` is what their confidence comes from, which was fitted on `fitted_on` of them. Several
    classes need no threshold: there are `classes` in place of a `search`. `retouchers` are the figures of two
    people's ground truths of the same photo, None where there are no such pairs. `objects` are the figures of
    those that were found one by one, None where the model finds none.
    """

    rows: tuple[ImageRow, ...]
    threshold: float
    tolerance_px: float
    search: ThresholdSearch | None
    confidence_model: ConfidenceModel | None = None
    classes: ClassFigures | None = None
    fitted_on: int = 0
    fault_options: FaultOptions = USUAL
    retouchers: Retouchers | None = None
    objects: ObjectFigures | None = None

    @property
    def worst_first(self) -> list[ImageRow]:
        """The rows by rising Dice, ties by id."""
        return sorted(self.rows, key=lambda row: (row.dice, row.id))

    @property
    def clean(self) -> int:
        """The number of photos without a fault."""
        return sum(row.clean for row in self.rows)

    @property
    def faults(self) -> list[tuple[ImageRow, Fault]]:
        """The faults of all photos with the rows of these, the largest share of the garment first."""
        found = [(row, fault) for row in self.rows for fault in row.faults]
        return sorted(found, key=lambda one: (-one[1].share, one[0].id, one[1].top, one[1].left))

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """Means over the photos with their intervals, by their names in the summary.

        There is none for a single photo, nor where all photos are equal, since resampling says nothing then.
        """
        if len(self.rows) < 2:
            return {}
        garments = [row.garment for row in self.rows]
        found = {name: mean_interval(self._column(key), garments) for name, key in _MEANS.items()}
        return {name: interval for name, interval in found.items() if interval.low < interval.high}

    @cached_property
    def triage(self) -> Triage | None:
        """Return figures on how well confidence orders these photos; None if there is no confidence."""
        confidence = [row.confidence for row in self.rows]
        if not self.confidence_model or None in confidence or len(self.rows) < FEWEST:
            return None
        garments = tuple(row.garment for row in self.rows)
        return Triage(
            np.array(confidence),
            self._column("dice"),
            garments,
            self.confidence_model,
            self.fitted_on,
            ~self._column("clean"),
            self._known("clean_expected"),
        )

    def summary(self) -> dict[str, Any]:
        """Return the figures of the whole set by name, ready for JSON."""
        dice = self._column("dice")
        shares = self._column("largest_fault_share")
        kinds = Counter(fault.kind for _, fault in self.faults)
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
            "clean_images": self.clean,
            "clean_rate": self.clean / len(self.rows),
            "faults_mean": float(self._column("fault_count").mean()),
            "faults_by_kind": dict(sorted(kinds.items())),
            "largest_fault_share_mean": float(shares.mean()),
            "largest_fault_share_max": float(shares.max()),
            **plain(self.fault_options),
            "intervals": {name: [one.low, one.high] for name, one in self.intervals.items()},
            **({"retouchers": self.retouchers.summary()} if self.retouchers else {}),
            **(self._threshold_summary(self.search) if self.search else {}),
            **(self.classes.summary() if self.classes else {}),
            **(self.objects.summary() if self.objects else {}),
            **(self.triage.summary() if self.triage else {}),
            **self._marked(),
        }

    def _marked(self) -> dict[str, float | None]:
        """Return how many places were marked as likely faults, and how many faults lie under one."""
        marked, found = self._known("marked"), self._known("faults_marked")
        if marked is None or found is None:
            return {}
        clean, count = self._column("clean"), self._column("fault_count").sum()
        return {
            "marked_mean": float(marked.mean()),
            "marked_mean_without_fault": float(marked[clean].mean()) if clean.any() else None,
            "faults_marked_rate": float(found.sum() / count) if count else None,
        }

    def _known(self, name: str) -> np.ndarray | None:
        """Return a column that all rows have; None where one lacks it."""
        column = [getattr(row, name) for row in self.rows]
        return None if None in column or not column else np.array(column)

    def _threshold_summary(self, search: ThresholdSearch) -> dict[str, float]:
        return {
            "threshold": self.threshold,
            "threshold_best": search.best,
            "dice_mean_at_best": search.dice_mean_at_best,
        }

    def _column(self, name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in self.rows])
