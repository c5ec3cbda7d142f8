"""An edge that is fitted to the photo: by the colours of the garment and of its surroundings nearby.

It is for places where a person sees that the edge misses that of the garment. On 10 studio photos it halves
the error of edges that are 4 pixels off, but makes edges worse that the bundled model drew.
"""

import cv2
import numpy as np

from segmentation.images.trimaps import GARMENT, SURROUNDINGS, UNKNOWN, trimap

_ALIKE, _APART = 25.0, 80.0  # distances of two colours, of 255: they tell nothing, or all they can
_STEEPNESS = 2.0  # of alpha between the two colours, since patterns and noise do not mean half transparency
_NOISE_PX = 0.7
_FINE_PX = (
    8  # the reach, in pixels of a reduced photo, with which mean colours are found; a smaller one as it is
)


def fit_to_colours(photo: np.ndarray, alpha: np.ndarray, reach_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the alpha that colours suggest within `reach_px` of an edge, and how reliable that is.

    `photo` is uint8 RGB [H, W, 3], `alpha` uint8 [H, W]. A colour between the mean one of the garment about
    it and that of its surroundings is a mixture of the two. Returns float32 [H, W], the alpha from 0 to 255,
    and a share in [0, 1], which is 0 further from the edge and where both are of one colour.
    """
    known = trimap(alpha, max(1.0, reach_px) / len(alpha))
    colours = photo.astype(np.float32)
    garment, surroundings = (_mean_near(colours, known == side, reach_px) for side in (GARMENT, SURROUNDINGS))
    along = garment - surroundings
    length = np.sqrt((along * along).sum(axis=2))
    mixed = ((colours - surroundings) * along).sum(axis=2) / np.maximum(length * length, 1.0)
    mixed = cv2.GaussianBlur(mixed, (0, 0), _NOISE_PX)
    fitted = np.clip((mixed - 0.5) * _STEEPNESS + 0.5, 0, 1) * np.float32(255)
    share = np.clip((length - _ALIKE) / (_APART - _ALIKE), 0, 1)
    return fitted, np.where(known == UNKNOWN, share, np.float32(0))


def _mean_near(colours: np.ndarray, known: np.ndarray, reach_px: float) -> np.ndarray:
    """Return the mean colour of the known pixels nearby: float32 [H, W, 3]; 0 where there are none.

    Colours that are blurred so far are found on a smaller photo, since the time grows with the reach.
    """
    sigma = max(1.0, reach_px)
    weight: np.ndarray = known.astype(np.float32)
    weighted: np.ndarray = colours * weight[..., np.newaxis]
    (height, width), step = known.shape, max(1, int(sigma / _FINE_PX))
    if step > 1:
        size = -(-width // step), -(-height // step)
        weight, weighted = (cv2.resize(of, size, interpolation=cv2.INTER_AREA) for of in (weight, weighted))
    total = cv2.GaussianBlur(weight, (0, 0), sigma / step)[..., np.newaxis]
    mean = cv2.GaussianBlur(weighted, (0, 0), sigma / step) / np.maximum(total, 1e-6)
    return mean if step == 1 else cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR)
