"""What a network of mattes sees: a photo at its own resolution, its trimap, and a first alpha."""

import numpy as np

from segmentation.core.size import Size
from segmentation.images.refinement import refine

TRIMAP_CHANNEL = 3
"""Where the trimap is in what a network sees."""


def with_trimap(photo: np.ndarray, trimap: np.ndarray, prior: str) -> np.ndarray:
    """Add to a photo, uint8 RGB [H, W, 3], its trimap, uint8 [H, W], and the alpha that `prior` finds by it.

    Returns uint8 [H, W, 5], or [H, W, 4] where `prior` is none. The last channel is the alpha to begin with:
    one half in the unknown band of a trimap that is alone.
    """
    if prior == "none":
        return np.dstack([photo, trimap])
    return np.dstack([photo, trimap, refine(photo, trimap, trimap, method=prior)])


def at_least(picture: np.ndarray, size: Size) -> np.ndarray:
    """Extend a picture, [H, W] or [H, W, C], by its last row and column until it has this size at least."""
    missing = [
        max(0, wanted - has) for wanted, has in zip((size.height, size.width), picture.shape, strict=False)
    ]
    if not any(missing):
        return picture
    return np.pad(picture, [(0, missing[0]), (0, missing[1]), *[(0, 0)] * (picture.ndim - 2)], mode="edge")
