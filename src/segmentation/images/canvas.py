"""Placing a garment on a canvas of a fixed size, as shops ask for."""

import cv2
import numpy as np

from segmentation.core.file_kinds import ALIGNMENTS
from segmentation.core.size import Size
from segmentation.images.compositing import crop_box


def place_on_canvas(
    image: np.ndarray, alpha: np.ndarray, canvas: Size, *, margin_percent: float, align: str
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Scale the garment to the largest size that fits between the margins of a canvas, and place it there.

    `image` is RGB [H, W, 3] and `alpha` [H, W], both uint8 or both uint16. The margins are in per cent of the
    sides of the canvas; across, the garment is in the middle. Returns RGB and alpha of the canvas, like the
    arguments, and the factor by which the garment was enlarged; None where nothing shows. Colours are scaled
    by their share, so that what lies behind the garment does not bleed into its edge.
    """
    box = crop_box(alpha, 0)
    if box is None:
        return None
    free = 1 - 2 * margin_percent / 100
    image, alpha = image[box], alpha[box]
    scale = min(free * canvas.height / alpha.shape[0], free * canvas.width / alpha.shape[1])
    height, width = (max(1, round(scale * side)) for side in alpha.shape)
    scaled_image, scaled_alpha = _resized(image, alpha, Size(height, width))
    left = (canvas.width - width) // 2
    margin = round(canvas.height * margin_percent / 100)
    top = round(margin + (canvas.height - 2 * margin - height) * ALIGNMENTS[align])
    placed_image = np.zeros((canvas.height, canvas.width, 3), image.dtype)
    placed_alpha = np.zeros((canvas.height, canvas.width), alpha.dtype)
    part = slice(top, top + height), slice(left, left + width)
    placed_image[part], placed_alpha[part] = scaled_image, scaled_alpha
    return placed_image, placed_alpha, scale


def _resized(image: np.ndarray, alpha: np.ndarray, size: Size) -> tuple[np.ndarray, np.ndarray]:
    opaque = np.iinfo(alpha.dtype).max
    share = alpha[..., np.newaxis].astype(np.float32) / opaque
    shrinks = size.height < alpha.shape[0]
    scaled = cv2.resize(
        np.concatenate([image * share, share], axis=2),
        (size.width, size.height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
    )
    shares = np.clip(scaled[..., 3:], 0, 1)
    colours = np.clip(scaled[..., :3] / np.maximum(shares, 1 / opaque), 0, opaque)
    return (
        np.round(colours).astype(image.dtype),
        np.round(shares[..., 0] * opaque).astype(alpha.dtype),
    )
