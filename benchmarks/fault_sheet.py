"""A picture of photos with their likely faults and the true ones beside them."""

from pathlib import Path

import cv2
import numpy as np
import project  # noqa: F401  (so that the library is found)
from fault_photos import KnownPhoto

from segmentation.confidence.candidates import find_candidates, judge
from segmentation.confidence.places import PlaceModel
from segmentation.images.boxes import box_around
from segmentation.images.files import write_image
from segmentation.metrics.faults import faults_and_regions

HEIGHT_PX = 900
EDGE, LIKELY, TRUE = (255, 0, 150), (255, 190, 0), (0, 220, 60)
COUNT, COLUMNS = 10, 5


def write_sheet(
    path: Path, photos: list[KnownPhoto], places: list[PlaceModel], sizes: tuple[int, int]
) -> None:
    """Write ten photos, evenly taken from all but the street's: likely faults yellow, true ones green."""
    known = [place for place, one in enumerate(photos) if one.kind != "street"]
    chosen = [known[round(step)] for step in np.linspace(0, len(known) - 1, min(COUNT, len(known)))]
    drawn = [_drawn(photos[place], places[place], sizes) for place in chosen]
    width = max(one.shape[1] for one in drawn)
    padded = [np.pad(one, ((0, 0), (0, width - one.shape[1]), (0, 0)), constant_values=255) for one in drawn]
    rows = [np.concatenate(padded[begin : begin + COLUMNS], 1) for begin in range(0, len(padded), COLUMNS)]
    longest = max(row.shape[1] for row in rows)
    rows = [np.pad(row, ((0, 0), (0, longest - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    write_image(path, np.concatenate(rows))


def _drawn(one: KnownPhoto, places: PlaceModel, sizes: tuple[int, int]) -> np.ndarray:
    mask = one.prediction.mask
    candidates = find_candidates(one.photo, one.prediction.scores[..., 0], mask, one.second)
    _expected, marked = judge(candidates, places)
    _faults, true = faults_and_regions(mask, one.target, *sizes)
    box = box_around(mask, len(mask) // 20) or (slice(None), slice(None))
    shape = mask[box].shape
    scale = HEIGHT_PX / shape[0]
    size = round(shape[1] * scale), HEIGHT_PX
    picture = cv2.resize(np.ascontiguousarray(one.photo[box]), size, interpolation=cv2.INTER_AREA)
    picture = (0.6 * picture + 100).clip(0, 255).astype(np.uint8)
    _outline(picture, mask[box], size, EDGE, 1)
    _outline(picture, true[box] > 0, size, TRUE, 3)
    for region, fault in marked:
        pixels = np.zeros(mask.shape, bool)
        pixels[region.slices] = region.pixels
        _outline(picture, pixels[box], size, LIKELY, 2)
        across = fault.left + fault.width - (box[1].start or 0)
        down = fault.top + fault.height / 2 - (box[0].start or 0)
        place = round(across * scale) + 3, round(down * scale)
        for colour, thickness in (((0, 0, 0), 3), (LIKELY, 1)):
            cv2.putText(
                picture, f"{fault.probability:.0%}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness
            )
    return picture


def _outline(
    picture: np.ndarray, pixels: np.ndarray, size: tuple[int, int], colour: tuple[int, int, int], width: int
) -> None:
    small = cv2.resize(pixels.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    contours, _ = cv2.findContours((small >= 64).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, colour, width)
