"""The alpha of a cutout, from the scores of its photo: the same in every file that is written."""

import math

import cv2
import numpy as np

from segmentation.core.bands import PIXELS, bands_of
from segmentation.core.predictions import Prediction
from segmentation.images.boxes import box_around
from segmentation.metrics.threshold import CERTAIN

_REACH_PX = 3  # of the scores before they were enlarged: so far from the edge they decide its softness
_LEAST_STEP = 0.955  # of OpenCV's distances between two neighbours, which are a little short
_TYPES = {8: np.uint8, 16: np.uint16}


def hard_alpha(prediction: Prediction, bits: int = 8) -> np.ndarray:
    """Return an alpha with hard edges, opaque from the threshold on: uint8 or uint16 [H, W] by `bits`."""
    return prediction.mask * _TYPES[bits](2**bits - 1)


def soft_alpha(
    prediction: Prediction, enlargement: float, bits: int = 8, *, pixels: int = PIXELS
) -> np.ndarray:
    """Return a soft alpha: one half at the threshold, and `enlargement` times as steep as the scores.

    Scores that were enlarged n times have edges n times too soft for the photo; n times as steep they are
    about as soft as the edges that the network was trained on. Certain scores (see `CERTAIN`) are transparent
    and opaque, and where a threshold lies beyond them there is nothing between.

    Softness belongs to the edge: from 3 x `enlargement` pixels on both sides of it alpha goes to its end, and
    from twice as many on the garment is opaque and its surroundings are transparent, whatever the scores and
    the threshold. Returns uint8 or uint16 [H, W] by `bits`, computed in bands of about so many `pixels`.
    """
    inside = prediction.mask
    alpha = np.zeros(inside.shape, _TYPES[bits])
    margin_px = math.ceil(2 * _REACH_PX * enlargement / _LEAST_STEP) + 1  # further away nothing counts
    box = box_around(inside, margin_px)
    if box is None:
        return alpha
    inside, scores, part = inside[box], prediction.scores[..., 0][box], alpha[box]
    for band in bands_of(inside.shape, margin_px, pixels=pixels):
        soft = _soft(inside[band.seen], scores[band.seen], prediction.threshold, enlargement, bits)
        part[band.own] = soft[band.kept]
    return alpha


def _soft(
    inside: np.ndarray, scores: np.ndarray, threshold: float, enlargement: float, bits: int
) -> np.ndarray:
    """Return the soft alpha of a mask, bool [H, W], with its scores, float32 [H, W]."""
    reach = 0.5 / enlargement
    below, above = min(reach, threshold - CERTAIN), min(reach, 1.0 - CERTAIN - threshold)
    difference = scores - np.float32(threshold)
    # the side of the edge and how far on it: -1 is transparent, 1 opaque
    side = np.where(
        inside, difference / above if above > 0 else 1.0, difference / below if below > 0 else -1.0
    ).astype(np.float32, copy=False)
    steps = _distance_px(inside) / np.float32(_REACH_PX * enlargement)
    side += steps.clip(-2, 2) - steps.clip(-1, 1)
    half, depth = (2**bits - 1) / 2, {8: cv2.CV_8U, 16: cv2.CV_16U}[bits]
    return cv2.addWeighted(side, half, side, 0.0, half, dtype=depth)  # rounds and keeps within the type


def _distance_px(mask: np.ndarray) -> np.ndarray:
    """Return how far each pixel is inside a mask, bool [H, W], or outside of it, negative: float32 [H, W].

    The border of the photo is no edge: without any, all is very far.
    """
    inside, outside = (
        cv2.distanceTransform(part.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) for part in (mask, ~mask)
    )
    return inside - outside
