"""The ways in which studios' photos differ: light, lens, sensor, compression, framing. Pure and repeatable.

Each disturbance has a few levels, the strongest beyond what a studio would accept. After Hendrycks and
Dietterich 2019 (corruptions in levels) and Engstrom et al. 2019 (shifts); the levels were chosen here.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.predictions import ScoreFn
from segmentation.core.size import Size
from segmentation.images.files import as_jpeg
from segmentation.preprocessing.pixels import resize, resize_scores


@dataclass(frozen=True)
class Disturbance:
    """One way of changing a photo.

    `change(photo, level)` takes and returns uint8 RGB [H, W, 3], of the same size except where resolution is
    what changes. `levels` rise, in `unit`; `neutral` is the level that changes nothing,
    None where there is none. Where the picture moves, so does its ground truth (`moves`), edge pixels are
    repeated as in training, and what leaves the frame is gone.
    """

    unit: str
    levels: tuple[float, ...]
    change: Callable[[np.ndarray, float], np.ndarray]
    neutral: float | None
    moves: bool = False

    def move(self, alpha: np.ndarray, level: float) -> np.ndarray:
        """Return the ground truth of the changed photo: uint8 [H, W] -> uint8 [H, W]."""
        return self.change(alpha, level) if self.moves else alpha


def _brightness(photo: np.ndarray, factor: float) -> np.ndarray:
    return cv2.LUT(photo, _as_levels(np.arange(256) * factor))


def _contrast(photo: np.ndarray, factor: float) -> np.ndarray:
    mean = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).mean()  # is kept, since brightness is another disturbance
    return cv2.LUT(photo, _as_levels((np.arange(256) - mean) * factor + mean))


def _white_balance(photo: np.ndarray, gain: float) -> np.ndarray:
    gains = np.array([1 + gain, 1, 1 - gain])  # red, green, blue
    return cv2.LUT(photo, _as_levels(np.arange(256)[:, np.newaxis] * gains)[np.newaxis])  # table [1, 256, 3]


def _blur(photo: np.ndarray, sigma: float) -> np.ndarray:
    sigma_px = sigma * len(photo) / 1000
    return cv2.GaussianBlur(photo, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE) if sigma else photo


def _noise(photo: np.ndarray, deviation: float) -> np.ndarray:
    # seeded by the photo: others get other noise, and its levels differ in strength alone
    random = np.random.default_rng(zlib.crc32(np.ascontiguousarray(photo).data))
    return _as_levels(photo + random.standard_normal(photo.shape, np.float32) * np.float32(deviation))


def _jpeg(photo: np.ndarray, quality: float) -> np.ndarray:
    return as_jpeg(photo, int(quality))


def _shift_right(image: np.ndarray, share: float) -> np.ndarray:
    return _moved(image, right_px=round(share * image.shape[1]))


def _shift_down(image: np.ndarray, share: float) -> np.ndarray:
    return _moved(image, down_px=round(share * image.shape[0]))


def _scale(image: np.ndarray, factor: float) -> np.ndarray:
    return _moved(image, factor)


def _flip(image: np.ndarray, mirrored: float) -> np.ndarray:
    return cv2.flip(image, 1) if mirrored else image


def _resolution(photo: np.ndarray, share: float) -> np.ndarray:
    height, width = (max(1, round(length * share)) for length in photo.shape[:2])
    return resize(photo, Size(height, width))


def _moved(image: np.ndarray, scale: float = 1.0, right_px: int = 0, down_px: int = 0) -> np.ndarray:
    """Scale the picture about its centre, then move it."""
    height, width = image.shape[:2]
    across, down = ((1 - scale) * (length - 1) / 2 for length in (width, height))
    matrix = np.array([[scale, 0, across + right_px], [0, scale, down + down_px]])
    return cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _as_levels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


_FACTORS, _SHIFTS = (0.5, 0.75, 1.25, 1.5), (-0.1, -0.05, 0.05, 0.1)

DISTURBANCES: dict[str, Disturbance] = {
    # what gets brighter than white is lost, as in an overexposed photo
    "brightness": Disturbance("factor", (0.5, 0.75, 0.9, 1.1, 1.25, 1.5), _brightness, 1),
    "contrast": Disturbance("factor around the mean", _FACTORS, _contrast, 1),
    # 0.1 is about the light of 5000 K and 0.2 that of 4000 K on a camera set to 6500 K
    "white balance": Disturbance("gain of red, loss of blue", (-0.2, -0.1, 0.1, 0.2), _white_balance, 0),
    "blur": Disturbance("sigma, 1/1000 of the height", (0.5, 1, 2, 4, 8), _blur, 0),
    "noise": Disturbance("deviation in levels of 255", (5, 10, 20, 40), _noise, 0),
    "JPEG": Disturbance("quality", (10, 25, 50, 75), _jpeg, None),
    "shift right": Disturbance("share of the width", _SHIFTS, _shift_right, 0, moves=True),
    "shift down": Disturbance("share of the height", _SHIFTS, _shift_down, 0, moves=True),
    "scale": Disturbance("factor", (0.8, 0.9, 1.1, 1.2), _scale, 1, moves=True),
    "flip": Disturbance("1 is mirrored", (1,), _flip, 0, moves=True),
    # the scores of the small photo are enlarged: what is judged is what the photo's owner would get
    "resolution": Disturbance("share of width and height", (0.125, 0.25, 0.5), _resolution, 1),
}
"""The disturbances by name."""

STILL = {
    f"{name} {level:g}": (kind, level)
    for name, kind in DISTURBANCES.items()
    for level in kind.levels
    if not kind.moves
}
"""The disturbances that leave the ground truth where it is, at each level, by name and level."""


def disturbed(score: ScoreFn, case: str) -> ScoreFn:
    """Return a score function that sees every photo disturbed as one of `STILL` says."""
    kind, level = STILL[case]

    def score_disturbed(photo: np.ndarray) -> np.ndarray:
        return resize_scores(score(kind.change(photo, level)), Size(*photo.shape[:2]))

    return score_disturbed
