"""The figures of one photo, by the same names for a cutout and for a map of classes."""

from dataclasses import dataclass
from statistics import fmean

import numpy as np

from segmentation.core.types import LEAST_SHARE, Sample
from segmentation.metrics import classes as class_metrics
from segmentation.metrics import masks as metrics


@dataclass(frozen=True)
class ImageRow:
    """One photo's figures: measures and areas (of the frame) in [0, 1], seconds of scoring alone.

    Of several classes Dice and IoU are means over those that the photo has or is predicted to have (traces
    are not, see LEAST_SHARE), the figures of the boundary over those without the background, and the areas
    are of all but the background. `confidence` is the Dice that was expected, None where it was not
    estimated.
    """

    id: str
    view: str
    dice: float
    iou: float
    accuracy: float
    boundary_iou: float
    boundary_f1: float
    area_target: float
    area_mask: float
    seconds: float
    confidence: float | None = None
    group: str = ""


def cutout_row(
    sample: Sample, mask: np.ndarray, target: np.ndarray, seconds: float, tolerance_px: float
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
        area_target=(counts.tp + counts.fn) / mask.size,
        area_mask=(counts.tp + counts.fp) / mask.size,
        seconds=seconds,
        group=sample.group,
    )


def class_row(
    sample: Sample,
    predicted: np.ndarray,
    truth: np.ndarray,
    confusion: np.ndarray,
    seconds: float,
    tolerance_px: float,
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
        area_target=int(confusion[1:].sum()) / counted,
        area_mask=int(confusion[:, 1:].sum()) / counted,
        seconds=seconds,
        group=sample.group,
    )


def _mean(values: list[float]) -> float:
    """The mean; 1 of no values, since two maps without a class agree."""
    return fmean(values) if values else 1.0
