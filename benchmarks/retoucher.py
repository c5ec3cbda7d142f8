"""A retoucher in a review who knows the truth: a photo on the desk, and the actions that may be best.

It is imported by the benchmark of reviews. The operations are those of the page. A stroke runs along the
middle of a fault, in several sizes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from skimage.graph import MCP_Geometric, route_through_array

from segmentation.confidence.doubts import Region
from segmentation.core.labels import HALF
from segmentation.inference.scoring import Passes
from segmentation.metrics.faults import Fault, faults
from segmentation.metrics.masks import counts, dice
from segmentation.retouch.hints import find_hint, settled_in
from segmentation.retouch.operations import Operation, Stroke
from segmentation.retouch.painting import turned
from segmentation.retouch.sheet import Sheet

LOOKED_AT = 3  # faults, the largest ones, among which the best stroke is looked for
SIZES = (0.25, 0.5, 1.0)  # quantiles of what is free about a line, of which strokes are made as wide
LARGEST_PX = 400


@dataclass
class Case:
    """A photo with its mask on the desk, and all that an oracle needs.

    `photo` is uint8 RGB [H, W, 3], `truth` bool [H, W], `first_scores` uint8 [H, W, 1]; `done` are the
    operations that were done to the sheet, `regions` the doubtful ones.
    """

    photo: np.ndarray
    truth: np.ndarray
    sheet: Sheet
    done: list[Operation]
    regions: Sequence[Region]
    first_scores: np.ndarray
    passes: Passes
    threshold: float

    @property
    def dice(self) -> float:
        return self.dice_of(self.sheet.alpha)

    def dice_of(self, alpha: np.ndarray) -> float:
        return float(dice(counts(alpha >= HALF, self.truth)))

    def after(self, operation: Operation) -> np.ndarray | None:
        """The alpha after an operation, which is not done."""
        patch = self.sheet.preview(operation)
        if patch is None:
            return None
        alpha = self.sheet.alpha.copy()
        alpha[patch.box.slices] = patch.alpha
        return alpha

    def do(self, operation: Operation) -> None:
        self.sheet.do(operation)
        self.done.append(operation)

    def again(self) -> "Case":
        """The same photo as it was predicted."""
        return Case(**{**vars(self), "sheet": Sheet(self.sheet.base), "done": []})

    def wrong_by_region(self) -> list[tuple[np.ndarray, bool]]:
        """The largest faults, bool [H, W] of the wrong pixels, and whether garment is missing there."""
        return [self.wrong_in(fault) for fault in faults(self.sheet.alpha >= HALF, self.truth)[:LOOKED_AT]]

    def wrong_in(self, fault: Fault) -> tuple[np.ndarray, bool]:
        """The connected wrong pixels in the box of a fault."""
        rows = slice(fault.top, fault.top + fault.height)
        columns = slice(fault.left, fault.left + fault.width)
        garment = self.sheet.alpha >= HALF
        missing = int((self.truth & ~garment)[rows, columns].sum())
        add = 2 * missing > int((self.truth ^ garment)[rows, columns].sum())
        wrong = np.zeros(garment.shape, np.uint8)
        wrong[rows, columns] = (self.truth & ~garment if add else garment & ~self.truth)[rows, columns]
        _, labels, stats, _ = cv2.connectedComponentsWithStats(wrong, connectivity=8)
        return labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()), add


def clicks(case: Case) -> Iterator[Operation]:
    """Yield a click on each doubtful region that is mostly wrong."""
    for region in case.regions:
        whole = turned(region, case.sheet.alpha)
        if (case.truth[region.slices][region.pixels] == whole.add).mean() > 0.5:
            yield whole


def brush_strokes(case: Case) -> Iterator[Stroke]:
    """Yield strokes of several sizes along the middle of the largest faults."""
    for wrong, add in case.wrong_by_region():
        yield from along(wrong, add, case.truth == add)


def hints(case: Case) -> Iterator[Operation]:
    """Yield what the network makes of these strokes."""
    for stroke in brush_strokes(case):
        if found := hint_of(case, stroke):
            yield found


def hint_of(case: Case, stroke: Stroke) -> Operation | None:
    """Return what the network makes of a stroke."""
    sheet = case.sheet
    settled = settled_in(sheet, case.done)
    return find_hint(stroke, case.photo, case.first_scores, case.passes, case.threshold, sheet.alpha, settled)


def everything(case: Case) -> Iterator[Operation]:
    """Yield all of these."""
    yield from clicks(case)
    yield from hints(case)
    yield from brush_strokes(case)


ACTIONS: dict[str, Callable[[Case], Iterator[Operation]]] = {
    "regions": clicks,
    "network": hints,
    "brush": brush_strokes,
    "all": everything,
}


def along(wrong: np.ndarray, add: bool, free: np.ndarray) -> Iterator[Stroke]:
    """Yield strokes from one end of a fault to the other, as wide as what is free about them is in places.

    `wrong` and `free`, bool [H, W], are the pixels of the fault, and those on which a stroke does no harm.
    """
    left, top, width, height = cv2.boundingRect(wrong.astype(np.uint8))
    part = np.pad(wrong[top : top + height, left : left + width], 1)
    depth = cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    costs = np.where(part, 1 / np.maximum(depth, 0.5), -1)  # negative: no way
    end = np.unravel_index(int(depth.argmax()), depth.shape)
    for _ in range(2):  # the furthest from anywhere, and the furthest from that
        start, end = end, furthest(part, end)
    path, _cost = route_through_array(costs, start, end, fully_connected=True, geometric=True)
    rows, columns = np.array(path).T
    places = np.column_stack([columns + left - 0.5, rows + top - 0.5])
    points = cv2.approxPolyDP(places.astype(np.float32).reshape(-1, 1, 2), 1.0, False).reshape(-1, 2)
    room = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    widths = 2 * room[rows + top - 1, columns + left - 1]
    for size in dict.fromkeys(np.quantile(widths, SIZES).round().clip(2, LARGEST_PX)):
        yield Stroke(add, float(size), 1.0, tuple((float(x), float(y)) for x, y in points))


def furthest(inside: np.ndarray, start: tuple[int, ...]) -> tuple[int, int]:
    """Return the place of bool [h, w] that is the furthest from a place on ways within."""
    distances, _ = MCP_Geometric(np.where(inside, 1.0, -1.0)).find_costs([start])
    row, column = np.unravel_index(np.where(np.isfinite(distances), distances, -1).argmax(), inside.shape)
    return int(row), int(column)
