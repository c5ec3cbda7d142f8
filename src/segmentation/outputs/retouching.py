"""What a retoucher does with a photo and its alpha: backgrounds, crops, outlines, trimaps."""

import cv2
import numpy as np

_OUTLINE = (255, 0, 150)  # of no garment, no skin and no wall
_HALF = 128


def blend(image: np.ndarray, background: np.ndarray | int, alpha: np.ndarray) -> np.ndarray:
    """uint8 RGB [H, W, 3]: the image over a background of its shape, or over one grey value.

    `alpha` is uint8 [H, W]; where it is 0 the result is the background itself, where it is 255 the image.
    """
    share = alpha[..., np.newaxis].astype(np.uint16)  # [H, W, 1]
    return ((share * image + (255 - share) * np.asarray(background, np.uint16) + 127) // 255).astype(np.uint8)


def cover(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 RGB [height, width, 3]: the middle of a picture that is made just large enough to fill it."""
    rows, columns = picture.shape[:2]
    scale = max(height / rows, width / columns)
    size = max(width, round(columns * scale)), max(height, round(rows * scale))
    filling = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return filling[top : top + height, left : left + width]


def crop_box(alpha: np.ndarray, margin_percent: float) -> tuple[slice, slice] | None:
    """Rows and columns of all that shows in alpha uint8 [H, W], and a margin; None where nothing shows.

    The margin is in per cent of the height of what shows, and ends at the borders of the photo.
    """
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(alpha))
    if not height:
        return None
    margin_px = round(height * margin_percent / 100)
    rows = slice(max(0, top - margin_px), min(alpha.shape[0], top + height + margin_px))
    return rows, slice(max(0, left - margin_px), min(alpha.shape[1], left + width + margin_px))


def outlined(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 RGB [H, W, 3]: the image with a line where alpha uint8 [H, W] passes one half, just inside it."""
    drawn = image.copy()
    contours, _ = cv2.findContours(_mask(alpha), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, contours, -1, _OUTLINE, max(1, round(max(alpha.shape) / 700)), cv2.LINE_AA)
    return drawn


def trimap_of(alpha: np.ndarray) -> np.ndarray:
    """uint8 [H, W] of an alpha uint8 [H, W]: 255 surely garment, 0 surely none, 128 where an edge is near.

    Near is within 1/200 of the height, on either side of the edge: the mask eroded and dilated by a disc.
    """
    mask, radius_px = _mask(alpha), max(1.0, alpha.shape[0] / 200)
    trimap = np.full_like(alpha, _HALF)
    for side, value in ((mask, 255), (1 - mask, 0)):
        trimap[cv2.distanceTransform(side, cv2.DIST_L2, 5) > radius_px] = value
    return trimap


def _mask(alpha: np.ndarray) -> np.ndarray:
    return (alpha >= _HALF).astype(np.uint8)
