"""The state of a review as JSON for the page."""

from typing import Any

import cv2
import numpy as np

from segmentation.confidence.cleanness import in_percent
from segmentation.confidence.doubts import Region
from segmentation.confidence.model import shown
from segmentation.confidence.promise import in_words, taken_by
from segmentation.core.errors import printable
from segmentation.images.trimaps import GARMENT, SURROUNDINGS, trimap
from segmentation.retouch.desk import Desk
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.shown import TILE_PX
from segmentation.retouch.state import PhotoState
from segmentation.retouch.summary import Summary

NEVER_KEPT = {"cache-control": "no-store"}
"""The header of what may change: no cache keeps it."""

_LINE_TOLERANCE_PX = 0.7


def overview(desk: Desk, summary: Summary) -> dict[str, Any]:
    """Return the photos of a review with their states, and the figures of the whole."""
    return {
        "folder": printable(str(desk.results)),
        "photos": [listed(desk, photo) for photo in desk.photos()],
        "promises": in_words(taken_by((photo.decision, photo.promise) for photo in desk.photos())),
        "saved": desk.writing.saved,
        "summary": summary.plain(),
    }


def listed(desk: Desk, photo: CutPhoto) -> dict[str, Any]:
    """Return a photo as an entry of the queue."""
    return {
        "id": photo.id,
        "name": printable(photo.stem),
        "garment": printable(photo.garment),
        "view": photo.view,
        "predicted": photo.decision,
        "soundness": photo.soundness,
        "clean": "" if photo.clean is None else in_percent(photo.clean),
        "confidence": "" if photo.confidence is None else shown(photo.confidence),
        "reasons": [printable(reason) for reason in dict.fromkeys((*photo.reasons, *photo.notes))],
        "flags": photo.flags,
        "version": _version(photo.sha256),
        **state_of(desk, photo),
    }


def _version(digest: str | None) -> str:
    return (digest or "")[:12]


def _thumbnail(photo: CutPhoto, state: PhotoState) -> str:
    """Return what stands for the picture of a photo in the list; it changes with the mask."""
    drawn = photo.files.get(photo.outputs.get("review", ""), {}).get("sha256")
    corrected = f"-{state.revision}" if state.done else ""
    return _version(drawn or photo.sha256) + corrected


def state_of(desk: Desk, photo: CutPhoto) -> dict[str, Any]:
    """Return what may change of a photo while it is reviewed; `last` stands for the last change of it."""
    state = desk.state_of(photo.stem)
    return {
        "revision": state.revision,
        "thumbnail": _thumbnail(photo, state),
        "undo": state.position,
        "redo": len(state.operations) - state.position,
        "last": state.last,
        "decision": state.decision,
        "pending": bool(desk.writing.lacking(photo)),
        "problem": desk.writing.problem_of(photo.stem),
        "outdated": desk.is_outdated(photo),
    }


def opened(desk: Desk, photo: CutPhoto) -> dict[str, Any]:
    """Return a photo as it is laid before a person: its size and its doubtful regions besides its entry."""
    width, height = desk.shown(photo).size
    return {
        **listed(desk, photo),
        "width": width,
        "height": height,
        "tile": TILE_PX,
        "knows_doubts": photo.knows_doubts,
        "regions": [drawn(region) for region in desk.regions(photo)],
        "edge_lines": _edge_lines(desk, photo),
    }


def _edge_lines(desk: Desk, photo: CutPhoto) -> list[list[list[float]]]:
    """Return the lines between which the true edge of a mask lies, as it was predicted, in pixels."""
    lines = photo.edge_lines
    alpha = desk.alpha(photo, predicted=True).alpha if lines else None
    if lines is None or alpha is None:
        return []
    known = trimap(alpha, lines.inner, lines.outer)
    found = []
    for side in (known == GARMENT, known != SURROUNDINGS):
        contours, _ = cv2.findContours(side.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        found += [cv2.approxPolyDP(line, _LINE_TOLERANCE_PX, True).reshape(-1, 2) + 0.5 for line in contours]
    return [line.tolist() for line in found]


def drawn(region: Region) -> dict[str, Any]:
    """Return a region: lines about it, a place inside, both in pixels, and how likely it is a fault."""
    pixels = np.pad(region.pixels.astype(np.uint8), 1)
    contours, _ = cv2.findContours(pixels, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    inside = cv2.distanceTransform(pixels, cv2.DIST_L2, 3)
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    origin = np.array([region.left - 0.5, region.top - 0.5])
    lines = [cv2.approxPolyDP(line, _LINE_TOLERANCE_PX, True).reshape(-1, 2) + origin for line in contours]
    height, width = region.pixels.shape
    return {
        "box": [region.left, region.top, width, height],
        "at": [float(column + region.left - 0.5), float(row + region.top - 0.5)],
        "lines": [line.round(1).tolist() for line in lines],
        "probability": region.likely and region.likely.probability,
        "signs": list(region.likely.signs) if region.likely else [],
    }
