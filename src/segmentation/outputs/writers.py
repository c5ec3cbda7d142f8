"""Pictures that a retoucher opens: masks and cutouts."""

import os
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from segmentation.errors import DataError
from segmentation.files import UNFINISHED
from segmentation.imageio import Picture, write_image
from segmentation.inference.scoring import Enlargement
from segmentation.outputs.naming import CUTOUTS, MASKS, Photo
from segmentation.types import Prediction

_VERSION = 3  # to be raised whenever the same prediction gives other files, so that none is taken for done


class CutoutWriter:
    """Writes `masks/STEM.png` (grey) and `cutouts/STEM.png` (RGBA) below a folder, at the photo's size.

    `enlargement` tells how many times scores were enlarged to the photo; `binary` asks for hard edges.
    """

    def __init__(self, folder: Path, enlargement: Enlargement, *, binary: bool = False):
        self._folder = folder
        self._enlargement = enlargement
        self._binary = binary

    @property
    def settings(self) -> dict[str, Any]:
        """What, besides the prediction, decides the bytes of the files."""
        return {"binary": self._binary, "writer": _VERSION}

    def prepare(self) -> None:
        """Make the folders and remove what a killed process left half-written: no other may be at work.

        Raises DataError when nothing can be written there, before a night is spent on it.
        """
        for folder in (self._folder / MASKS, self._folder / CUTOUTS):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(prefix=UNFINISHED, suffix=".png", dir=folder):
                    pass
            except OSError as error:
                raise DataError(
                    f"{folder}: expected a folder to write in, received: {os.strerror(error.errno).lower()}; "
                    "check its permissions and its free space"
                ) from error
            for path in folder.rglob(f"{UNFINISHED}*.png"):
                path.unlink(missing_ok=True)

    def write(self, photo: Photo, picture: Picture, prediction: Prediction) -> dict[str, str]:
        """Write both pictures, the cutout in the photo's colour profile; return their relative paths."""
        if self._binary:
            alpha = hard_alpha(prediction)
        else:
            alpha = soft_alpha(prediction, self._enlargement(prediction.scores))
        mask, cutout = (self._folder / name for name in photo.outputs.values())
        write_image(mask, alpha, mostly_empty=True)
        write_image(
            cutout,
            cut_out(picture.pixels, alpha),
            mostly_empty=True,
            icc_profile=picture.icc_profile,
        )
        return photo.outputs


def hard_alpha(prediction: Prediction) -> np.ndarray:
    """uint8 [H, W]: 255 where the score reaches the threshold, else 0."""
    return np.where(prediction.mask, np.uint8(255), np.uint8(0))


def soft_alpha(prediction: Prediction, enlargement: float) -> np.ndarray:
    """uint8 [H, W]: one half where the score is at the threshold, rising `enlargement` times as fast.

    Scores that were enlarged n times have edges n times too soft for the photo; rising n times as fast
    makes them about as soft as the edges that the network learned from. Scores of 0 are transparent and
    of 1 opaque at every threshold between them, so that a low or a high one leaves no veil.
    """
    reach, threshold = 0.5 / enlargement, prediction.threshold
    below, above = min(reach, threshold), min(reach, 1.0 - threshold)
    difference = prediction.scores[..., 0] - np.float32(threshold)
    # one line through one half on each side; OpenCV rounds and keeps within 0 to 255 as it computes them
    lines = [
        cv2.addWeighted(difference, 127.5 / side, difference, 0.0, 127.5, dtype=cv2.CV_8U)
        for side in (below, above)
        if side
    ]
    return cv2.min(lines[0], lines[-1]) if below < above else cv2.max(lines[0], lines[-1])


def cut_out(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 RGBA [H, W, 4] of a photo [H, W, 3] and its alpha [H, W]; black where alpha is zero."""
    return cv2.merge([*cv2.split(cv2.copyTo(image, alpha)), alpha])  # nine times as fast as numpy
