"""The shot: whether a photo shows the whole garment, in focus, and neither too bright nor too dark.

What is wrong with a shot no mask can mend, so that a person hears of it, whatever the confidence.
"""

import cv2
import numpy as np

from segmentation.confidence.model import Features
from segmentation.images.boxes import box_around

CUT_OFF = 0.05
"""The part of the garment along the frame, over the root of its area, for it to be cut off.

0 on 68 photos of a studio and a shop; 2 of 30 flat-lays reach 0.1.
"""

SOFT = 1.35
"""The sharpness below which a photo is out of focus: 1.6 and more on 119 sharp photos of four kinds."""

BLOWN_OUT, BLACK = 0.3, 0.35
"""The shares of a garment without any detail, white or black: 0.16 and 0.14 at most on the same photos."""

_WHITE, _DARK = 252, 5  # levels of grey from which on, and down to which, nothing can be distinguished
_COARSER = 4  # times: a blurred edge is as steep in a photo so much smaller
_MARGIN_PX = 8  # about the garment, for its outline
_STEEPEST = 0.01  # of the slopes
_FAINT = 16.0  # slopes of a photo without an edge that could be sharp or not
_SLOPES = 2048  # of Sobel's operators in 8 bits, both together


def of_shot(photo: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Return the figures of a shot, uint8 RGB [H, W, 3], of what a mask, bool [H, W], has found.

    - `cut_off`: pixels of the mask along the frame, over the root of its area.
    - `blown_out`, `black`: the shares of the mask that are white, and black.
    - `sharpness`: how much steeper the steepest edges about the mask are than in the photo made four times
      coarser: about 1 where they are blurred.

    What an empty mask does not have is missing, and the sharpness where there is nothing but faint edges.
    """
    box = box_around(mask, margin_px=_MARGIN_PX)
    if box is None:
        return {}
    found, grey = mask[box], cv2.cvtColor(np.ascontiguousarray(photo[box]), cv2.COLOR_RGB2GRAY)
    counts = cv2.calcHist([grey], [0], found.astype(np.uint8), [256], [0, 256]).ravel()
    area = counts.sum()
    rim = sum(int(np.count_nonzero(side)) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return {
        "cut_off": float(rim / np.sqrt(area)),
        "blown_out": float(counts[_WHITE:].sum() / area),
        "black": float(counts[: _DARK + 1].sum() / area),
        **_sharpness(grey),
    }


def words_of_shot(features: Features) -> tuple[str, ...]:
    """Return in words what is wrong with a shot; records of earlier versions do not have its figures."""
    found = {
        "cut off by the frame": features.get("cut_off", 0.0) >= CUT_OFF,
        "out of focus": features.get("sharpness", np.inf) < SOFT,
        "overexposed: much of the garment is white": features.get("blown_out", 0.0) >= BLOWN_OUT,
        "underexposed: much of the garment is black": features.get("black", 0.0) >= BLACK,
    }
    return tuple(words for words, wrong in found.items() if wrong)


def _sharpness(grey: np.ndarray) -> dict[str, float]:
    if min(grey.shape) < 2 * _COARSER:
        return {}
    coarse = cv2.resize(grey, None, fx=1 / _COARSER, fy=1 / _COARSER, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(coarse, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    steepest = _steepest(coarse)
    return {"sharpness": _steepest(grey) / steepest} if steepest >= _FAINT else {}


def _steepest(grey: np.ndarray) -> float:
    """Return the slope, by Sobel's operators, that a hundredth of all pixels exceed."""
    across, down = (np.abs(cv2.Sobel(grey, cv2.CV_16S, *axis)) for axis in ((1, 0), (0, 1)))
    slopes = cv2.add(across, down).view(np.uint16)
    counts = cv2.calcHist([slopes], [0], None, [_SLOPES], [0, _SLOPES]).ravel()
    return float(np.searchsorted(np.cumsum(counts), (1 - _STEEPEST) * slopes.size))
