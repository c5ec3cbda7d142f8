"""Pictures of single faults, pixel for pixel, so that causes can be read at a glance."""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.labels import LabelMap
from segmentation.images.class_overlay import overlay_classes
from segmentation.images.outline import OUTLINE, outlined
from segmentation.metrics.faults import Fault
from segmentation.reports import html
from segmentation.reports.error_pictures import EXCESS, MISSED

_LONGEST_PX = 400  # three pictures side by side on a small laptop
_SHORTEST_PX = 190  # two faults side by side
_AROUND = 0.3  # of the fault's longer side, that is shown around it
_LEAST_AROUND_PX = 24
_BACKDROP, _FADED = 128, 0.75  # grey over what is left out
_TINT = 0.6
_BESIDE_PX = 3  # between a fault and the line around it


@dataclass(frozen=True)
class FaultPictures:
    """A fault of a photo as data URIs: the photo, its ground truth, and the mask, all of the same part.

    `scale` is their pixels over those of the photo, at most 1; `width` and `height` are those of a picture.
    For several classes `told` says which class is taken for which in most of the fault.
    """

    photo_id: str
    fault: Fault
    scale: float
    width: int
    height: int
    photo: str
    truth: str
    mask: str
    told: str = ""


def draw_fault(
    photo_id: str,
    fault: Fault,
    image: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    labels: LabelMap,
) -> FaultPictures:
    """Draw a fault of a photo, uint8 RGB [H, W, 3], with its true and predicted indices [H, W]."""
    box = part_around(fault, truth.shape)
    part, true, found = image[box], truth[box], predicted[box]
    if labels.ignore is not None:
        ignored = true == labels.ignore
        true, found = np.where(ignored, 0, true), np.where(ignored, 0, found)
    small, scale = html.shrink(part, _LONGEST_PX)
    line_px = round(1 / scale)
    if labels.binary:
        drawn = _both_cutouts(part, true > 0, found > 0, line_px)
    else:
        drawn = _coloured(part, true, found, labels, line_px)
    marked = _marked(image, fault, line_px)[box]
    told = "" if labels.binary else _told(fault, truth, predicted, labels)
    photo, cut_out, mask = (html.encode(picture, _LONGEST_PX) for picture in (marked, *drawn))
    height, width = small.shape[:2]
    return FaultPictures(photo_id, fault, scale, width, height, photo, cut_out, mask, told)


def part_around(fault: Fault, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the part of a photo [H, W] that shows a fault and what is around it."""
    around = max(_LEAST_AROUND_PX, round(_AROUND * max(fault.width, fault.height)))
    fits = max(fault.width, fault.height) + 2 * _LEAST_AROUND_PX <= _LONGEST_PX
    sides = []
    for start, extent, length in zip(
        (fault.top, fault.left), (fault.height, fault.width), shape, strict=True
    ):
        side = max(extent + 2 * around, _SHORTEST_PX)
        side = min(side, _LONGEST_PX if fits else length, length)
        first = min(max(0, start + extent // 2 - side // 2), length - side)
        sides.append(slice(first, first + side))
    return sides[0], sides[1]


def _marked(image: np.ndarray, fault: Fault, line_px: int) -> np.ndarray:
    """Return the photo with a frame around the fault, which covers none of it."""
    beside = _BESIDE_PX * line_px
    first = fault.left - beside, fault.top - beside
    last = fault.left + fault.width - 1 + beside, fault.top + fault.height - 1 + beside
    return cv2.rectangle(image.copy(), first, last, OUTLINE, line_px)


def _both_cutouts(
    part: np.ndarray, target: np.ndarray, mask: np.ndarray, line_px: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the part as the ground truth and as the mask cut it out, with what is wrong in two colours."""
    faded = cv2.addWeighted(part, 1 - _FADED, np.full_like(part, _BACKDROP), _FADED, 0)
    true, found = (np.where(inside[..., None], part, faded) for inside in (target, mask))
    for wrong, colour in ((target & ~mask, MISSED), (mask & ~target, EXCESS)):
        tinted = cv2.addWeighted(part, 1 - _TINT, np.full_like(part, colour), _TINT, 0)
        found[wrong] = tinted[wrong]
    return _edged(true, target, line_px), _edged(found, mask, line_px)


def _coloured(
    part: np.ndarray, truth: np.ndarray, predicted: np.ndarray, labels: LabelMap, line_px: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the part in the colours of its true and its predicted classes, with lines around the errors."""
    true, found = (
        _edged(overlay_classes(part, indices, labels), truth != predicted, line_px)
        for indices in (truth, predicted)
    )
    return true, found


def _edged(picture: np.ndarray, mask: np.ndarray, line_px: int) -> np.ndarray:
    """Return the picture with the edge of the mask, but without a line where the picture ends."""
    around = 2 * line_px
    picture, inside = (
        cv2.copyMakeBorder(one, around, around, around, around, cv2.BORDER_REPLICATE)
        for one in (picture, mask.astype(np.uint8))
    )
    return outlined(picture, inside > 0, line_px=line_px)[around:-around, around:-around]


def _told(fault: Fault, truth: np.ndarray, predicted: np.ndarray, labels: LabelMap) -> str:
    box = (
        slice(fault.top, fault.top + fault.height),
        slice(fault.left, fault.left + fault.width),
    )
    wrong = (truth[box] != predicted[box]) & (truth[box] != labels.ignore)
    pairs = truth[box][wrong].astype(int) * len(labels.names) + predicted[box][wrong]
    true, found = divmod(int(np.bincount(pairs).argmax()), len(labels.names))
    return f"{labels.names[true]} taken for {labels.names[found]}"
