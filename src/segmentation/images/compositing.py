"""What a retoucher does with a photo and its alpha: depths, backgrounds, crops."""

import cv2
import numpy as np


def in_bits(image: np.ndarray, bits: int) -> np.ndarray:
    """A picture, uint8 or uint16 of any shape, in 8 or 16 bits a channel, rounded: black and white stay."""
    if image.dtype.itemsize * 8 == bits:
        return image
    if bits == 16:
        return image.astype(np.uint16) * np.uint16(257)
    return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)


def blend(image: np.ndarray, background: np.ndarray | int, alpha: np.ndarray) -> np.ndarray:
    """RGB [H, W, 3]: the image over a background of its shape, or over one grey value.

    `image` and `alpha` [H, W] are both uint8 or both uint16, and so is the result; where alpha is 0 it is the
    background itself, where alpha is all the image.
    """
    opaque = np.iinfo(alpha.dtype).max
    wide = np.uint16 if alpha.dtype == np.uint8 else np.uint32  # holds the product of two values
    share = alpha[..., np.newaxis].astype(wide)  # [H, W, 1]
    mixed = share * image + (opaque - share) * np.asarray(background, wide) + wide(opaque // 2)
    return (mixed // opaque).astype(image.dtype)


def cover(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 RGB [height, width, 3]: the middle of a picture that is made just large enough to fill it."""
    rows, columns = picture.shape[:2]
    scale = max(height / rows, width / columns)
    size = max(width, round(columns * scale)), max(height, round(rows * scale))
    filling = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return filling[top : top + height, left : left + width]


def crop_box(alpha: np.ndarray, margin_percent: float) -> tuple[slice, slice] | None:
    """Rows and columns of all that shows in alpha [H, W], and a margin; None where nothing shows.

    The margin is in per cent of the height of what shows, and ends at the borders of the photo.
    """
    left, top, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    if not height:
        return None
    margin_px = round(height * margin_percent / 100)
    rows = slice(max(0, top - margin_px), min(alpha.shape[0], top + height + margin_px))
    return rows, slice(max(0, left - margin_px), min(alpha.shape[1], left + width + margin_px))
