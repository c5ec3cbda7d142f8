"""Objects over a photo, each in a colour of its own, with its number, in pictures for people."""

from collections.abc import Sequence

import cv2
import numpy as np

from segmentation.core.palette import palette
from segmentation.core.predictions import FoundObject
from segmentation.images.outline import outlined

_COVER = 0.45  # of the colour of an object over the photo
_LETTERS_FOR_PX = 700  # the longer side of a photo that letters of one size suit


def overlay_objects(image: np.ndarray, objects: Sequence[FoundObject], threshold: float = 0.5) -> np.ndarray:
    """Draw objects over the image, uint8 RGB [H, W, 3]: mask, outline, box and number, from 1 on.

    A pixel belongs to an object whose scores reach the `threshold`; where objects overlap the first lies on
    top.
    """
    drawn = image.copy()
    colours = palette(len(objects) + 1)[1:]
    line_px = max(1, round(max(image.shape[:2]) / _LETTERS_FOR_PX))
    for one, colour in reversed(list(zip(objects, colours, strict=True))):
        window, mask = drawn[one.window], one.scores >= threshold
        covered = cv2.addWeighted(window, 1 - _COVER, np.full_like(window, colour), _COVER, 0)
        window[mask] = covered[mask]
        drawn = outlined(drawn, one.placed(image.shape) >= threshold, colour, line_px)
    for number, (one, colour) in enumerate(zip(objects, colours, strict=True), start=1):
        left, top, right, bottom = (round(place) for place in one.corners)
        cv2.rectangle(drawn, (left, top), (right - 1, bottom - 1), colour, line_px, cv2.LINE_AA)
        _write(drawn, f"{number}  {one.score:.2f}", (left, top), colour, line_px)
    return drawn


def _write(
    drawn: np.ndarray, text: str, corner: tuple[int, int], colour: tuple[int, int, int], line_px: int
) -> None:
    """Write a text on a patch of the colour at the upper left corner of a box."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.45 * line_px
    (width, height), below = cv2.getTextSize(text, font, scale, line_px)
    left, top = corner
    cv2.rectangle(drawn, (left, top), (left + width + 4, top + height + below + 4), colour, cv2.FILLED)
    dark = np.dot(colour, (0.299, 0.587, 0.114)) < 128
    cv2.putText(
        drawn,
        text,
        (left + 2, top + height + 2),
        font,
        scale,
        (255,) * 3 if dark else (0,) * 3,
        line_px,
        cv2.LINE_AA,
    )
