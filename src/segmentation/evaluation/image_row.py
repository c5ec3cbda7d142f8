"""The figures of one photo, by the same names for a cutout and for a map of classes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from statistics import fmean

import numpy as np

from segmentation.config.faults import USUAL, FaultOptions
from segmentation.core.labels import LEAST_SHARE
from segmentation.core.predictions import LikelyFault, Prediction
from segmentation.core.samples import Sample
from segmentation.metrics import classes as class_metrics
from segmentation.metrics import masks as metrics
from segmentation.metrics.faults import Fault, faults

_LATER = ("clean_expected", "marked", "faults_marked", "whole_gradient")
_UNDER = 0.3


@dataclass(frozen=True)
class ImageRow:
    """One photo's figures: measures and areas (of the frame) in [0, 1], seconds of scoring alone.

    For several classes Dice and IoU are means over those that the photo has or is predicted to have (traces
    do not count, see LEAST_SHARE), the figures of the boundary over those without the background, and the
    areas are of all but the background. `boundary_f1_1px` allows one pixel, whatever the tolerance of the
    others. `confidence` is the Dice that was expected, None where it was not estimated. `faults` are the
    places to mend, the largest first; for several classes those with a wrong class. `clean_expected` is the
    probability that there is none, `marked` how many places were marked as likely faults, and `faults_marked`
    how many faults lie under one; None where these are not known. `whole_gradient` is the gradient error of
    the scores as an alpha, in thousands, see `MatteErrors`; None of several classes.
    """

    id: str
    view: str
    dice: float
    iou: float
    accuracy: float
    boundary_iou: float
    boundary_f1: float
    boundary_f1_1px: float
    area_target: float
    area_mask: float
    seconds: float
    confidence: float | None = None
    group: str = ""
    faults: tuple[Fault, ...] = ()
    clean_expected: float | None = None
    marked: int | None = None
    faults_marked: int | None = None
    whole_gradient: float | None = None

    def judged(self, prediction: Prediction) -> "ImageRow":
        """Return the row with what an estimator has told of the prediction."""
        likely = prediction.likely_faults
        return replace(
            self,
            confidence=prediction.confidence,
            clean_expected=prediction.clean,
            marked=None if likely is None else len(likely),
            faults_marked=None if likely is None else sum(_is_under(one, likely) for one in self.faults),
        )

    @property
    def garment(self) -> str:
        """Return the unit that the photo is resampled with: its garment, or itself if that is unknown."""
        return self.group or self.id

    @property
    def clean(self) -> bool:
        """Return whether there is nothing to mend."""
        return not self.faults

    @property
    def fault_count(self) -> int:
        return len(self.faults)

    @property
    def largest_fault_px(self) -> int:
        """The area of the largest fault in pixels of the photo; 0 where there is none."""
        return self.faults[0].area_px if self.faults else 0

    @property
    def largest_fault_share(self) -> float:
        """The same over the area of the true garment."""
        return self.faults[0].share if self.faults else 0.0

    def plain(self) -> dict[str, object]:
        """Return all figures by name, as a table holds them."""
        later = [name for name in _LATER if getattr(self, name) is None]  # what is not known has no column
        names = [field.name for field in fields(self) if field.name not in ("faults", *later)]
        counted = {
            "faults": self.fault_count,
            "largest_fault_px": self.largest_fault_px,
            "largest_fault_share": self.largest_fault_share,
        }
        return {name: getattr(self, name) for name in names} | counted


def cutout_row(
    sample: Sample,
    mask: np.ndarray,
    target: np.ndarray,
    seconds: float,
    tolerance_px: float,
    options: FaultOptions = USUAL,
) -> ImageRow:
    """Measure a mask against its target, both bool [H, W]."""
    counts = metrics.counts(mask, target)
    return ImageRow(
        id=sample.id,
        view=sample.view,
        dice=metrics.dice(counts),
        iou=metrics.iou(counts),
        accuracy=metrics.accuracy(counts),
        boundary_iou=metrics.boundary_iou(mask, target, tolerance_px),
        boundary_f1=metrics.boundary_f1(mask, target, tolerance_px),
        boundary_f1_1px=metrics.boundary_f1(mask, target, 1),
        area_target=(counts.tp + counts.fn) / mask.size,
        area_mask=(counts.tp + counts.fp) / mask.size,
        seconds=seconds,
        group=sample.group,
        faults=_faults(mask, target, options),
    )


def class_row(
    sample: Sample,
    predicted: np.ndarray,
    truth: np.ndarray,
    confusion: np.ndarray,
    seconds: float,
    tolerance_px: float,
    options: FaultOptions = USUAL,
) -> ImageRow:
    """Measure a map of classes against its truth, indices [H, W] without any that are ignored.

    `confusion`, int64 [C, C], counts the pixels that are not ignored. For the boundary of each class see
    Csurka et al. 2013.
    """
    true, predicted_present = class_metrics.present(confusion, LEAST_SHARE)
    occurring = np.flatnonzero(true | predicted_present).tolist()
    pairs = [(predicted == index, truth == index) for index in occurring if index]
    counted = max(int(confusion.sum()), 1)
    return ImageRow(
        id=sample.id,
        view=sample.view,
        dice=_mean(class_metrics.dice(confusion)[occurring].tolist()),
        iou=_mean(class_metrics.iou(confusion)[occurring].tolist()),
        accuracy=class_metrics.pixel_accuracy(confusion),
        boundary_iou=_mean([metrics.boundary_iou(*pair, tolerance_px) for pair in pairs]),
        boundary_f1=_mean([metrics.boundary_f1(*pair, tolerance_px) for pair in pairs]),
        boundary_f1_1px=_mean([metrics.boundary_f1(*pair, 1) for pair in pairs]),
        area_target=int(confusion[1:].sum()) / counted,
        area_mask=int(confusion[:, 1:].sum()) / counted,
        seconds=seconds,
        group=sample.group,
        faults=_faults(predicted, truth, options),
    )


def _is_under(fault: Fault, likely: Sequence[LikelyFault]) -> bool:
    """Return whether a good part of a fault's box is that of a likely fault."""
    least_px = _UNDER * fault.width * fault.height
    return any(fault.box.shared_px(one.box) >= least_px for one in likely)


def _faults(mask: np.ndarray, target: np.ndarray, options: FaultOptions) -> tuple[Fault, ...]:
    return faults(mask, target, options.fault_thickness_px, options.fault_area_px)


def _mean(values: list[float]) -> float:
    """Return the mean; 1 for no values, since two maps without a class agree."""
    return fmean(values) if values else 1.0
