"""Compositing of a photo by its alpha: bit depths, backgrounds, crops."""

import cv2
import numpy as np

VISIBLE = 10 / 255
"""The share of opacity up to which nobody sees a pixel of a cutout, whatever it lies over."""


def in_bits(image: np.ndarray, bits: int) -> np.ndarray:
    """Convert a picture, uint8 or uint16 of any shape, to 8 or 16 bits a channel; black and white stay."""
    if image.dtype.itemsize * 8 == bits:
        return image
    if bits == 16:
        return image.astype(np.uint16) * np.uint16(257)
    return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)


def blend(image: np.ndarray, background: np.ndarray | int, alpha: np.ndarray) -> np.ndarray:
    """Blend the image over a background of its shape, or over one grey value: RGB [H, W, 3].

    `image` and `alpha` [H, W] are both uint8 or both uint16, and so is the result; where alpha is 0 it is the
    background itself, where alpha is all the image.
    """
    opaque = np.iinfo(alpha.dtype).max
    wide = np.uint16 if alpha.dtype == np.uint8 else np.uint32  # holds the product of two values
    share = alpha[..., np.newaxis].astype(wide)  # [H, W, 1]
    mixed = share * image + (opaque - share) * np.asarray(background, wide) + wide(opaque // 2)
    return (mixed // opaque).astype(image.dtype)


def blend_alpha(alpha: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the product of two alphas [H, W], of the type of the first."""
    other = in_bits(other, alpha.dtype.itemsize * 8)
    return blend(alpha[..., np.newaxis], 0, other)[..., 0]


def cover(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scale a picture just large enough and crop its middle: uint8 RGB [height, width, 3]."""
    rows, columns = picture.shape[:2]
    scale = max(height / rows, width / columns)
    size = max(width, round(columns * scale)), max(height, round(rows * scale))
    filling = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return filling[top : top + height, left : left + width]


def crop_box(alpha: np.ndarray, margin_percent: float) -> tuple[slice, slice] | None:
    """Return the rows and columns of all that can be seen, and a margin; None where there is nothing.

    That is where alpha, uint8 or uint16 [H, W], is above `VISIBLE`. The margin is in per cent of the height
    of the box, and ends at the borders of the photo.
    """
    visible = alpha > VISIBLE * np.iinfo(alpha.dtype).max
    left, top, width, height = cv2.boundingRect(visible.astype(np.uint8))
    if not height:
        return None
    margin_px = round(height * margin_percent / 100)
    rows = slice(max(0, top - margin_px), min(alpha.shape[0], top + height + margin_px))
    return rows, slice(max(0, left - margin_px), min(alpha.shape[1], left + width + margin_px))
