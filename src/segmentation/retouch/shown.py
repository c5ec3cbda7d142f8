"""A photo as the page shows it: tiles of it in its own and in smaller sizes, in sRGB."""

import math
import threading

import cv2
import numpy as np

from segmentation.core.labels import HALF
from segmentation.images.colour import in_profile
from segmentation.images.files import Picture
from segmentation.images.outline import outlined
from segmentation.reports.review import region_around

TILE_PX = 1024
_QUALITY = 95
_THUMBNAIL_PX = 112
_OUTLINED_PX = 640  # as large as predict draws a photo with its outline


class ShownPhoto:
    """The levels of a photo: the first has its own size, each further one half of that before.

    Any thread may ask for tiles.
    """

    def __init__(self, picture: Picture):
        self._lock = threading.Lock()  # a page asks for several tiles at once, and each level is made once
        self._levels = [in_profile(picture.seen, picture.icc_profile, None)]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self._levels[0].shape[:2]
        return width, height

    @property
    def nbytes(self) -> int:
        """Return the memory that it takes, in bytes."""
        return sum(level.nbytes for level in self._levels)

    def level_of(self, longer_px: int) -> np.ndarray:
        """Return the smallest level whose longer side has at least so many pixels: uint8 RGB [h, w, 3]."""
        return self._level(max(0, math.floor(math.log2(max(self.size) / longer_px))))

    def tile(self, level: int, column: int, row: int) -> bytes | None:
        """Return a tile of a level as JPEG, columns and rows counted from 0; None where there is none."""
        if not 0 <= level <= 16:
            return None
        picture = self._level(level)
        top, left = row * TILE_PX, column * TILE_PX
        part = picture[top : top + TILE_PX, left : left + TILE_PX]
        return encode_jpeg(part) if row >= 0 and column >= 0 and part.size else None

    def _level(self, number: int) -> np.ndarray:
        with self._lock:
            while len(self._levels) <= number:
                last = self._levels[-1]
                size = max(1, (last.shape[1] + 1) // 2), max(1, (last.shape[0] + 1) // 2)
                self._levels.append(cv2.resize(last, size, interpolation=cv2.INTER_AREA))
            return self._levels[number]


def encode_jpeg(picture: np.ndarray, quality: int = _QUALITY) -> bytes:
    """Return uint8 RGB [H, W, 3] as JPEG, its colours at full resolution."""
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, content = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return content.tobytes()


def thumbnail(picture: np.ndarray) -> bytes:
    """Return a picture, uint8 RGB [H, W, 3], small enough for a list, as JPEG."""
    scale = _THUMBNAIL_PX / max(picture.shape[:2])
    height, width = (max(1, round(side * min(1.0, scale))) for side in picture.shape[:2])
    return encode_jpeg(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), 85)


def outlined_thumbnail(photo: ShownPhoto, alpha: np.ndarray) -> bytes:
    """Return the `thumbnail` of the garment of a photo with the outline of its mask, uint8 [H, W]."""
    picture = photo.level_of(_OUTLINED_PX)
    small = cv2.resize(alpha, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    box = region_around(small >= HALF)
    return thumbnail(outlined(picture[box], small[box]))
