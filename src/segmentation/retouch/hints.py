"""Hints: the network's second pass, told of a stroke, scores the photo again about it.

As in interactive segmentation a person says roughly what is garment, or is not, and the network finds how far
that reaches. A network that was trained on strokes sees them in a channel of their own; to another one they
are certain first scores. A hint that adds takes nothing out, and one that takes out adds nothing.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from segmentation.confidence.doubts import Region
from segmentation.core.boxes import Box
from segmentation.core.labels import HALF, LabelMap
from segmentation.core.predictions import Prediction
from segmentation.inference.scoring import Passes
from segmentation.outputs.alpha import soft_alpha
from segmentation.preprocessing.preprocessing import NO_STROKE
from segmentation.preprocessing.second_pass import framed
from segmentation.retouch.operations import Area, Hint, Operation, Stroke
from segmentation.retouch.painting import covered_by, disc
from segmentation.retouch.sheet import Sheet
from segmentation.scores.two_passes import score_region

_SLIVER = 1 / 1152  # of the height: thinner changes lead to no other place, as those along an edge do
_EDGE_PX = 3  # about what changes: the soft edge, which changes with it
_CORE = 0.5  # coverage from which on a pixel is of a stroke


def settled_in(sheet: Sheet, done: Sequence[Operation]) -> np.ndarray:
    """Return where a person said what is garment and what is not: bool [H, W].

    `done` are the operations of the sheet, of which the last that reached a pixel decides. What was put back
    to how it was predicted is of it. The network's answers to earlier hints are no more certain than before,
    but for what lies below their strokes.
    """
    settled, known = (np.zeros(sheet.alpha.shape, bool) for _ in range(2))

    def decide(box: Box, reached: np.ndarray, value: bool) -> None:
        place = box.slices
        settled[place] |= reached & ~known[place] & value
        known[place] |= reached

    for operation, step in zip(reversed(done), sheet.steps_back(), strict=True):
        said = operation.stroke if isinstance(operation, Hint) else operation
        if isinstance(said, Stroke | Area) and (covered := covered_by(said, settled.shape)):
            box, coverage = covered
            decide(box, coverage >= _CORE, True)
        if step:
            decide(step.box, (step.before >= HALF) != (step.after >= HALF), not isinstance(operation, Hint))
    return settled


def find_hint(
    stroke: Stroke,
    photo: np.ndarray,
    first_scores: np.ndarray,
    passes: Passes,
    threshold: float,
    alpha: np.ndarray,
    settled: np.ndarray,
) -> Hint | None:
    """Return a mask after a stroke; None for a stroke outside of the photo or one that changes nothing.

    `photo` is uint8 RGB [H, W, 3] and `first_scores`, uint8 [H, W, 1], are of the first pass; `alpha`, uint8
    [H, W], is the mask as it is, and `settled`, bool [H, W], where it is certain and stays (see
    `settled_in`). Only pixels that are connected with the stroke change.
    """
    covered = covered_by(stroke, alpha.shape)
    if covered is None:
        return None
    box, coverage = covered
    below = np.zeros(alpha.shape, bool)  # the stroke
    below[box.slices] = coverage >= _CORE
    told = _told(first_scores, alpha, settled, below, stroke.add)
    settled = settled | below
    region = _seen_region(told, box, passes)
    place = region.slices
    seen, scores = photo[place], told[place]
    if passes.strokes:
        said = np.where(settled[place], np.rint(255 * told[place][..., 0]), NO_STROKE).astype(np.uint8)
        seen, scores = np.dstack([seen, said]), first_scores[place] / np.float32(255)
    rescored = score_region(passes.second, passes.view, seen, scores, Box.between(0, 0, *seen.shape[:2]))
    enlargement = 1.0 if passes.nearby else max(1.0, len(rescored) / passes.view.shape.height)
    fresh = soft_alpha(Prediction("", rescored, LabelMap(), threshold), enlargement)
    reached = np.zeros(fresh.shape, np.float32)
    top, left = box.top - region.top, box.left - region.left
    reached[top : top + box.height, left : left + box.width] = coverage
    part, own = alpha[place], reached >= _CORE
    free = own | ~settled[place]
    sliver_px = max(1, round(_SLIVER * len(alpha)))
    if stroke.add:
        changed = _added(part, fresh, reached, free, sliver_px)
    else:  # as adding to what is around the garment
        changed = 255 - _added(255 - part, 255 - fresh, reached, free, sliver_px)
    return _hint_of(stroke, region, part, changed)


def _seen_region(told: np.ndarray, place: Box, passes: Passes) -> Box:
    """Return the region that the second pass sees because of a place, by the scores with what was said."""
    view, limits = passes.view, told.shape[:2]
    if passes.nearby:  # the reach of a tile about it
        return framed(place, max(view.shape.height, view.shape.width) / 2, view.shape, limits)
    return view.region_with(told, place)


def _added(
    part: np.ndarray, fresh: np.ndarray, reached: np.ndarray, free: np.ndarray, sliver_px: int
) -> np.ndarray:
    """Return an alpha, uint8 [h, w], with what a stroke adds to it.

    `fresh`, uint8 [h, w], is what the network says; `reached`, float32 in [0, 1], how far the stroke covers
    each pixel; `free`, bool, where anything may change.
    """
    own = reached >= _CORE
    taken = _hanging_together(own | (free & (fresh >= HALF) & (part < HALF)), own, sliver_px)
    near = cv2.dilate(taken.astype(np.uint8), disc(_EDGE_PX)) > 0
    stroke = np.rint(255 * reached).astype(np.uint8)
    return np.maximum(part, np.maximum(stroke, np.where(near & free, fresh, np.uint8(0))))


def _told(
    first_scores: np.ndarray, alpha: np.ndarray, settled: np.ndarray, below: np.ndarray, add: bool
) -> np.ndarray:
    """Return the first scores with what is settled and what a stroke says of what lies below it.

    They are float32 [H, W, 1] in [0, 1].
    """
    scores = np.divide(first_scores, np.float32(255), dtype=np.float32)
    scores[settled, 0] = (alpha >= HALF)[settled]
    scores[below] = add
    return scores


def _hanging_together(wanted: np.ndarray, own: np.ndarray, sliver_px: int) -> np.ndarray:
    """Return the part of bool [h, w] that is connected with a stroke's pixels by more than slivers."""
    thick = cv2.morphologyEx(wanted.astype(np.uint8), cv2.MORPH_OPEN, disc(sliver_px)) | own
    _count, labels = cv2.connectedComponents(thick, connectivity=8)
    numbers = np.unique(labels[own])
    core = np.isin(labels, numbers[numbers > 0])
    return wanted & (cv2.dilate(core.astype(np.uint8), disc(sliver_px + 1)) > 0)


def _hint_of(stroke: Stroke, region: Box, before: np.ndarray, after: np.ndarray) -> Hint | None:
    differs = before != after
    left, top, width, height = cv2.boundingRect(differs.astype(np.uint8))
    if not width:
        return None
    part = slice(top, top + height), slice(left, left + width)
    pixels = differs[part].copy()
    changed = Region(region.left + left, region.top + top, pixels, not stroke.add)
    return Hint(stroke.add, stroke.size, stroke.points, changed, after[part][pixels])
