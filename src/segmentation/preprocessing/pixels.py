"""Resizing and adjusting of pixels, and their statistics."""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from segmentation.core.size import Size

_CLAHE_CLIP, _CLAHE_TILES = 2.0, (8, 8)
_MOST_ENLARGED, _MOST_SHRUNK = 128, 4  # channels that OpenCV resizes together, and with INTER_AREA
_STRETCHES = {"stretch-2-98": (2, 98), "stretch-10-90": (10, 90)}
_INTERPOLATIONS = {
    "area": cv2.INTER_AREA,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
    "linear": cv2.INTER_LINEAR,
    "nearest": cv2.INTER_NEAREST_EXACT,
}


def resize(image: np.ndarray, size: Size, shrink: str = "area", enlarge: str = "cubic") -> np.ndarray:
    """Resize [H, W] or [H, W, C], by default as the capstone found best, with these interpolations by name.

    When one side shrinks and the other grows, the shrinking decides, since it is the one that aliases.
    """
    height, width = image.shape[:2]
    if (height, width) == (size.height, size.width):
        return image
    shrinks = size.height < height or size.width < width
    interpolation = _INTERPOLATIONS[shrink if shrinks else enlarge]
    return cv2.resize(image, (size.width, size.height), interpolation=interpolation)


def at_least(picture: np.ndarray, size: Size) -> np.ndarray:
    """Extend a picture, [H, W] or [H, W, C], by its last row and column until it has this size at least."""
    missing = [
        max(0, wanted - has) for wanted, has in zip((size.height, size.width), picture.shape, strict=False)
    ]
    if not any(missing):
        return picture
    return np.pad(picture, [(0, missing[0]), (0, missing[1]), *[(0, 0)] * (picture.ndim - 2)], mode="edge")


def resize_labels(labels: np.ndarray, size: Size) -> np.ndarray:
    """Resize class indices, uint8 [H, W], to the nearest: between two classes there is no third."""
    if labels.shape == (size.height, size.width):
        return labels
    return cv2.resize(labels, (size.width, size.height), interpolation=cv2.INTER_NEAREST_EXACT)


def resize_scores(scores: np.ndarray, size: Size, enlarge: str = "cubic") -> np.ndarray:
    """Resize float32 scores [H, W, C] and keep them in [0, 1], which cubic interpolation leaves.

    `enlarge` is the interpolation of those that grow. Classes are resized by as many at a time as OpenCV
    takes.
    """
    height, width, classes = scores.shape
    if (height, width) == (size.height, size.width):
        return np.clip(scores, 0.0, 1.0)
    shrinks = size.height < height or size.width < width
    most = _MOST_SHRUNK if shrinks else _MOST_ENLARGED
    parts = [np.ascontiguousarray(scores[..., first : first + most]) for first in range(0, classes, most)]
    parts = [resize(part, size, enlarge=enlarge).reshape(size.height, size.width, -1) for part in parts]
    resized = np.concatenate(parts, axis=-1) if parts[1:] else parts[0]
    return np.clip(resized, 0.0, 1.0, out=resized)


def adjust_contrast(image: np.ndarray, contrast: str) -> np.ndarray:
    """Adjust uint8 [H, W, C]: `none`, `stretch-2-98`, `stretch-10-90` (percentiles), `equalize` or `clahe`.

    Colour pictures are adjusted in lightness alone (LAB), so that the hue of a garment stays.
    """
    if contrast == "none":
        return image
    if image.shape[2] == 1:
        return _adjust_lightness(image[..., 0], contrast)[..., np.newaxis]
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = _adjust_lightness(lab[..., 0], contrast)
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Return the lightness of RGB: uint8 [H, W, 3] -> uint8 [H, W, 1]."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., np.newaxis]


def statistics(images: Iterable[np.ndarray]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation a channel over all pixels of uint8 [H, W, C] images, in 0..255.

    A channel without any variation gets the deviation 1, so that it can be divided by.
    """
    count = 0
    total: Any = 0.0
    squares: Any = 0.0
    for image in images:
        pixels = image.reshape(-1, image.shape[2]).astype(np.float64)
        count += len(pixels)
        total = total + pixels.sum(axis=0)
        squares = squares + (pixels**2).sum(axis=0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    return tuple(mean.tolist()), tuple(np.where(std > 1e-6, std, 1.0).tolist())


def _adjust_lightness(lightness: np.ndarray, contrast: str) -> np.ndarray:
    if contrast == "equalize":
        return cv2.equalizeHist(lightness)
    if contrast == "clahe":
        return cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES).apply(lightness)
    low, high = np.percentile(lightness, _STRETCHES[contrast])
    scale = 255.0 / max(high - low, 1.0)
    return np.clip((lightness.astype(np.float32) - low) * scale, 0, 255).round().astype(np.uint8)
