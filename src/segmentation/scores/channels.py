"""Channels: a photo scored as grey pictures, for garments that stand out in one of its channels."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import cv2
import numpy as np

from segmentation.config.scoring import CHANNELS
from segmentation.core.predictions import ScoreFn

_RGB, _LAB = CHANNELS[:3], CHANNELS[3:]

_MERGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda scores: scores.mean(axis=0, dtype=np.float32),
    "median": lambda scores: np.median(scores, axis=0),
    "max": lambda scores: scores.max(axis=0),
}


@dataclass(frozen=True)
class Channels:
    """The channels of a photo that are scored by themselves, and how their scores become one.

    `merge` is mean, median, max, or a weight for each of them. With `cross`, a second pass sees each channel
    with the mask of every other one, as the background study has it; without, with the mask of its own.
    """

    names: tuple[str, ...]
    cross: bool = False
    merge: str | tuple[float, ...] = "mean"

    def pairs(self) -> list[tuple[str, str]]:
        """Return the channels that first pass and last pass see, in the order of the weights."""
        return list(permutations(self.names, 2)) if self.cross else [(name, name) for name in self.names]

    def over(self, make: Callable[[str, str], ScoreFn]) -> ScoreFn:
        """Merge the score functions that `make` returns for each of the `pairs`."""
        scores = [make(first, last) for first, last in self.pairs()]

        def score(photo: np.ndarray) -> np.ndarray:
            each = np.stack([one(photo) for one in scores])  # [N, H, W, C]
            if isinstance(self.merge, str):
                return np.asarray(_MERGES[self.merge](each), np.float32)
            return np.tensordot(np.asarray(self.merge, np.float32), each, axes=1)

        return score

    def __str__(self) -> str:
        ways = self.merge if isinstance(self.merge, str) else ",".join(f"{weight:g}" for weight in self.merge)
        return f"{'cross ' if self.cross else ''}{', '.join(self.names)} by {ways}"


def channel(picture: np.ndarray, name: str) -> np.ndarray:
    """Return a channel of a picture by a name of `CHANNELS`: uint8 [H, W, 3 or more] -> [H, W].

    Those of Lab are as OpenCV has them in 8 bits. What is behind RGB is not looked at.
    """
    photo = picture[..., :3]
    if name in _RGB:
        return photo[..., _RGB.index(name)]
    return cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2LAB)[..., _LAB.index(name)]


def as_grey(picture: np.ndarray, name: str) -> np.ndarray:
    """Return a channel of a picture, uint8 [H, W, 3 or more], as a grey picture in RGB, uint8 [H, W, 3]."""
    return np.repeat(channel(picture, name)[..., np.newaxis], 3, axis=-1)


def on_channel(score: ScoreFn, name: str) -> ScoreFn:
    """Score the grey picture of a channel. First-pass scores behind RGB stay."""

    def score_channel(picture: np.ndarray) -> np.ndarray:
        return score(np.dstack([as_grey(picture, name), picture[..., 3:]]))

    return score_channel
