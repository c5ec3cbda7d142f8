"""The distance between the colours of foreground and background about each pixel of a photo."""

import numpy as np


def colour_distance(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the distance of the two colours that a pixel is mixed of, the mean over the channels.

    They are taken from the nearest pixels that are wholly foreground and wholly background, so that there are
    two for every pixel: uint8 RGB [H, W, 3], uint8 [H, W] -> uint8 [H, W]. It is 0 everywhere in a photo
    without either.
    """
    if alpha.max() < 255 or alpha.min() > 0:
        return np.zeros_like(alpha)
    foreground, background = (_nearest(photo, pure).astype(np.int16) for pure in (alpha == 255, alpha == 0))
    return np.abs(foreground - background).mean(axis=2).astype(np.uint8)


def _nearest(photo: np.ndarray, pure: np.ndarray) -> np.ndarray:
    """Return the colour of the nearest pixel of a mask, bool [H, W], that is not empty: [H, W, 3]."""
    from scipy import ndimage

    rows, columns = ndimage.distance_transform_edt(~pure, return_distances=False, return_indices=True)
    return photo[rows, columns]
