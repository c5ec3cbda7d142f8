"""The input of a network of mattes: a photo at its own resolution, its trimap, and a first alpha."""

import numpy as np

from segmentation.images.refinement import refine

TRIMAP_CHANNEL = 3
"""The channel of the trimap in a network's input."""


def with_trimap(photo: np.ndarray, trimap: np.ndarray, prior: str) -> np.ndarray:
    """Add to a photo, uint8 RGB [H, W, 3], its trimap, uint8 [H, W], and the alpha that `prior` finds by it.

    Returns uint8 [H, W, 5], or [H, W, 4] where `prior` is none. The last channel is the alpha to begin with:
    one half in the unknown band where the trimap is the only guide.
    """
    if prior == "none":
        return np.dstack([photo, trimap])
    return np.dstack([photo, trimap, refine(photo, trimap, trimap, method=prior)])
