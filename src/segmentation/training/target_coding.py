"""The differences between training cutouts and training classes, except the loss (see `objectives`)."""

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from segmentation.config.data import DataConfig
from segmentation.core.labels import HALF, IGNORED, LabelMap
from segmentation.core.size import Size
from segmentation.preprocessing.pixels import resize, resize_labels


class TargetCoding(Protocol):
    """The conversion of ground truth, uint8 [H, W], see `GroundTruth`, into the targets of a network."""

    @property
    def interpolation(self) -> int:
        """OpenCV's interpolation for a ground truth that is moved."""
        ...

    def resize(self, truth: np.ndarray, size: Size, config: DataConfig) -> np.ndarray:
        """Return the ground truth at `size`."""
        ...

    def targets(self, truths: np.ndarray) -> Any:
        """Return the targets of the network: uint8 [...] -> float32 [..., C] in [0, 1], or several arrays."""
        ...

    def choose_garment(self, truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return uint8 [H, W], 255 in a region that may be recoloured."""
        ...

    def regions(self, truth: np.ndarray) -> np.ndarray:
        """Return uint8 [H, W], the same number in all pixels of a class."""
        ...


def coding_of(labels: LabelMap) -> TargetCoding:
    """Return the coding for a network of these classes."""
    return CutoutCoding() if labels.binary else ClassCoding(len(labels.names))


class CutoutCoding:
    """The coding for a network that predicts alpha, C = 1."""

    interpolation = cv2.INTER_LINEAR

    def resize(self, truth: np.ndarray, size: Size, config: DataConfig) -> np.ndarray:
        """Return alpha, soft or binary as `config` has it."""
        alpha = resize(truth, size)
        if config.target == "binary":
            alpha = np.where(alpha >= config.target_threshold * 255, 255, 0).astype(np.uint8)
        return alpha

    def targets(self, truths: np.ndarray) -> np.ndarray:
        """Return alpha, float32 [..., 1]."""
        return truths.astype(np.float32)[..., np.newaxis] / 255.0

    def choose_garment(self, truth: np.ndarray, _random: np.random.Generator) -> np.ndarray:
        """Return alpha as it is."""
        return truth

    def regions(self, truth: np.ndarray) -> np.ndarray:
        """Return 1 where alpha is half or more, else 0."""
        return (truth >= HALF).astype(np.uint8)


class MatteCoding(CutoutCoding):
    """The coding for a network that finds alpha in a trimap's band; a ground truth has layers, [H, W, L]."""

    def targets(self, truths: np.ndarray) -> np.ndarray:
        """Return the layers that `matte_losses` describes, float32 [..., L]."""
        return truths.astype(np.float32) / 255.0


@dataclass(frozen=True)
class ClassCoding:
    """The coding for a network that predicts which of `classes` a pixel belongs to."""

    classes: int
    interpolation = cv2.INTER_NEAREST  # between two classes there is no third

    def resize(self, truth: np.ndarray, size: Size, _config: DataConfig) -> np.ndarray:
        """Return the indices of the nearest pixels."""
        return resize_labels(truth, size)

    def targets(self, truths: np.ndarray) -> np.ndarray:
        """Return one-hot classes, float32 [..., classes], all 0 where the pixel is ignored."""
        return (truths[..., np.newaxis] == np.arange(self.classes, dtype=np.uint8)).astype(np.float32)

    def choose_garment(self, truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return one of the classes besides the background, if there are any."""
        present = [index for index in np.unique(truth) if index not in (0, IGNORED)]
        if not present:
            return np.zeros_like(truth)
        return np.where(truth == random.choice(present), 255, 0).astype(np.uint8)

    def regions(self, truth: np.ndarray) -> np.ndarray:
        """Return the ground truth as it is."""
        return truth
