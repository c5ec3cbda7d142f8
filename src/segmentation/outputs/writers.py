"""Pictures that a retoucher opens: masks and cutouts."""

from pathlib import Path

import numpy as np

from config import Size
from segmentation.imageio import write_image
from segmentation.outputs.naming import Photo
from segmentation.types import Prediction

_MASK_LEVEL, _CUTOUT_LEVEL = 6, 3  # PNG levels: masks shrink well at little cost, photos hardly at any


class CutoutWriter:
    """Writes `masks/STEM.png` (grey) and `cutouts/STEM.png` (RGBA) below a folder, at the photo's size.

    `input_size` is the network's, from which its scores were enlarged; `binary` asks for hard edges.
    """

    def __init__(self, folder: Path, input_size: Size, *, binary: bool = False):
        self._folder = folder
        self._input_size = input_size
        self._binary = binary

    def write(self, photo: Photo, image: np.ndarray, prediction: Prediction) -> dict[str, str]:
        """Write both pictures; return their paths relative to the folder."""
        enlargement = max(1.0, image.shape[0] / self._input_size.height)
        alpha = hard_alpha(prediction) if self._binary else soft_alpha(prediction, enlargement)
        outputs = {"mask": f"masks/{photo.stem}.png", "cutout": f"cutouts/{photo.stem}.png"}
        write_image(self._folder / outputs["mask"], alpha, compress_level=_MASK_LEVEL)
        write_image(self._folder / outputs["cutout"], cut_out(image, alpha), compress_level=_CUTOUT_LEVEL)
        return outputs


def hard_alpha(prediction: Prediction) -> np.ndarray:
    """uint8 [H, W]: 255 where the score reaches the threshold, else 0."""
    return np.where(prediction.mask, np.uint8(255), np.uint8(0))


def soft_alpha(prediction: Prediction, enlargement: float) -> np.ndarray:
    """uint8 [H, W]: one half where the score is at the threshold, rising `enlargement` times as fast.

    Scores that were enlarged n times have edges n times too soft for the photo; rising n times as fast
    makes them about as soft as the edges that the network learned from. Scores of 0 are transparent and
    of 1 opaque at every threshold, so that a low or a high one leaves no veil.
    """
    threshold, reach = prediction.threshold, 0.5 / enlargement
    corners = (threshold - min(reach, threshold), threshold, threshold + min(reach, 1.0 - threshold))
    return np.round(np.interp(prediction.scores[..., 0], corners, (0.0, 127.5, 255.0))).astype(np.uint8)


def cut_out(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 RGBA [H, W, 4] of a photo [H, W, 3] and its alpha [H, W]; black where alpha is zero."""
    return np.dstack([np.where(alpha[..., np.newaxis] > 0, image, np.uint8(0)), alpha])
