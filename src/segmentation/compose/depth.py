"""The depth of a background: surfaces on which things lie, and scenes behind the focus of a lens."""

import cv2
import numpy as np

_FINE_PX = 6  # a larger disc is laid in a smaller picture
_GAMMA = 2.2  # light adds up, stored values do not

_SEEN_PX = 128  # height and width of the picture in which that is judged
_CELLS = 4  # down and across
_MOST_APART = 0.5  # variation between cells over all variation of colour; in nine of ten scenes it is more
_MOST_UNLIKE = 0.3  # variation between cells in how much each one varies


def is_surface(picture: np.ndarray) -> bool:
    """Return whether a picture, uint8 RGB [H, W, 3], shows a surface: much the same in all its parts.

    The means of the parts differ little compared with the variation of the whole, and each part varies about
    as much as the others.
    """
    small = cv2.resize(picture, (_SEEN_PX, _SEEN_PX), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    colours = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    side = _SEEN_PX // _CELLS
    cells = colours.reshape(_CELLS, side, _CELLS, side, 3)
    apart = np.linalg.norm(cells.mean(axis=(1, 3)).std(axis=(0, 1)))
    within = cells.std(axis=(1, 3)).mean(axis=2)
    whole = max(float(np.linalg.norm(colours.std(axis=(0, 1)))), 1e-3)
    return bool(apart < _MOST_APART * whole and within.std() < _MOST_UNLIKE * max(float(within.mean()), 1e-3))


def defocused(picture: np.ndarray, radius_px: float) -> np.ndarray:
    """Return a picture, float32 RGB [H, W, 3] in 0...1, out of focus: points become discs of this radius."""
    height, width = picture.shape[:2]
    shrunk = max(1.0, radius_px / _FINE_PX)
    size = (max(1, round(width / shrunk)), max(1, round(height / shrunk)))
    small = cv2.resize(picture**_GAMMA, size, interpolation=cv2.INTER_AREA)
    small = cv2.filter2D(small, -1, _disc(radius_px / shrunk), borderType=cv2.BORDER_REPLICATE)
    blurred = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(blurred, 0, 1) ** np.float32(1 / _GAMMA)


def _disc(radius_px: float) -> np.ndarray:
    """Return a disc with a soft rim whose sum is 1, float32 with an odd side."""
    reach = int(np.ceil(radius_px)) + 1
    place = np.arange(-reach, reach + 1)
    inside = np.clip(radius_px + 0.5 - np.hypot(place[:, None], place), 0, 1)
    return (inside / inside.sum()).astype(np.float32)
