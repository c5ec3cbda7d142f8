"""From a photo to the network's input, the same when training and when predicting.

`prepare` is the part that depends on one photo alone (contrast, size, colour) and stays uint8, so that
it can be kept between epochs; `normalise` is the part that depends on the training set.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from segmentation.config.training import PreprocessConfig
from segmentation.core.errors import BundleError
from segmentation.core.size import Size

_CLAHE_CLIP, _CLAHE_TILES = 2.0, (8, 8)
_MOST_ENLARGED, _MOST_SHRUNK = 128, 4  # channels that OpenCV resizes together, and with INTER_AREA
_STRETCHES = {"stretch-2-98": (2, 98), "stretch-10-90": (10, 90)}


@dataclass(frozen=True)
class Preprocessing:
    """The recorded way from a photo to the network's input.

    `guided` networks see the first scores of a double pass as their last channel. `mean` and `std` are the
    training set's, a value a channel in 0..255 after `prepare`; used by the normalisation `mean-std` alone.
    """

    input_size: Size
    colour: str = "colour"
    contrast: str = "none"
    normalisation: str = "mean-std"
    guided: bool = False
    mean: tuple[float, ...] = field(default=(0.0,))
    std: tuple[float, ...] = field(default=(255.0,))

    @classmethod
    def from_config(cls, config: PreprocessConfig, *, guided: bool = False) -> "Preprocessing":
        return cls(config.size, config.colour, config.contrast, config.normalisation, guided)

    @property
    def channels(self) -> int:
        """Channels of the network's input."""
        return (1 if self.colour == "grey" else 3) + self.guided

    def prepare(self, photo: np.ndarray) -> np.ndarray:
        """uint8 RGB [H, W, 3] of any size -> uint8 [height, width, channels] at the input size.

        A fourth channel holds the first scores of a double pass. Without it a guided network sees a photo in
        which the first pass has found nothing.
        """
        image, scores = resize(photo[..., :3], self.input_size), photo[..., 3:]
        if self.colour == "grey":
            image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., np.newaxis]
        image = adjust_contrast(image, self.contrast)
        if not self.guided:
            return image
        scores = resize(scores, self.input_size) if scores.size else np.zeros_like(image[..., 0])
        return np.dstack([image, scores])

    def normalise(self, images: np.ndarray) -> np.ndarray:
        """uint8 [..., channels] -> float32 of the same shape, as the network expects it."""
        images = images.astype(np.float32)
        if self.normalisation == "none":
            return images
        if self.normalisation == "unit":
            return images / 255.0
        return (images - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain values, the input size as WIDTHxHEIGHT."""
        return {
            **vars(self),
            "input_size": str(self.input_size),
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Preprocessing":
        """Inverse of `to_json`. Raises BundleError when a value is missing or of another kind."""
        try:
            size = Size.parse(plain["input_size"])
            mean, std = (tuple(float(value) for value in plain[key]) for key in ("mean", "std"))
            return cls(**{**plain, "input_size": size, "mean": mean, "std": std})
        except Exception as error:
            raise BundleError(
                f"preprocessing: not what this version writes ({error}); train again"
            ) from error


def resize(image: np.ndarray, size: Size) -> np.ndarray:
    """Resize [H, W] or [H, W, C]: smaller with INTER_AREA, larger with INTER_CUBIC (the capstone's finding).

    When one side shrinks and the other grows, the shrinking decides, since it is the one that aliases.
    """
    height, width = image.shape[:2]
    if (height, width) == (size.height, size.width):
        return image
    shrinks = size.height < height or size.width < width
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(image, (size.width, size.height), interpolation=interpolation)


def resize_labels(labels: np.ndarray, size: Size) -> np.ndarray:
    """Resize class indices, uint8 [H, W], to the nearest: between two classes there is no third."""
    if labels.shape == (size.height, size.width):
        return labels
    return cv2.resize(labels, (size.width, size.height), interpolation=cv2.INTER_NEAREST_EXACT)


def resize_scores(scores: np.ndarray, size: Size) -> np.ndarray:
    """Resize float32 scores [H, W, C] and keep them in [0, 1], which cubic interpolation leaves.

    Classes are resized by as many at a time as OpenCV takes.
    """
    height, width, classes = scores.shape
    if (height, width) == (size.height, size.width):
        return np.clip(scores, 0.0, 1.0)
    shrinks = size.height < height or size.width < width
    most = _MOST_SHRUNK if shrinks else _MOST_ENLARGED
    parts = [np.ascontiguousarray(scores[..., first : first + most]) for first in range(0, classes, most)]
    parts = [resize(part, size).reshape(size.height, size.width, -1) for part in parts]
    resized = np.concatenate(parts, axis=-1) if parts[1:] else parts[0]
    return np.clip(resized, 0.0, 1.0, out=resized)


def adjust_contrast(image: np.ndarray, contrast: str) -> np.ndarray:
    """Adjust uint8 [H, W, C]: `none`, `stretch-2-98`, `stretch-10-90` (percentiles), `equalize` or `clahe`.

    Colour pictures are adjusted in lightness alone (LAB), so that the hue of a garment stays.
    """
    if contrast == "none":
        return image
    if image.shape[2] == 1:
        return _adjust_lightness(image[..., 0], contrast)[..., np.newaxis]
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = _adjust_lightness(lab[..., 0], contrast)
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def statistics(images: Iterable[np.ndarray]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation a channel over all pixels of uint8 [H, W, C] images, in 0..255.

    A channel without any variation gets the deviation 1, so that it can be divided by.
    """
    count = 0
    total: Any = 0.0
    squares: Any = 0.0
    for image in images:
        pixels = image.reshape(-1, image.shape[2]).astype(np.float64)
        count += len(pixels)
        total = total + pixels.sum(axis=0)
        squares = squares + (pixels**2).sum(axis=0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    return tuple(mean.tolist()), tuple(np.where(std > 1e-6, std, 1.0).tolist())


def _adjust_lightness(lightness: np.ndarray, contrast: str) -> np.ndarray:
    if contrast == "equalize":
        return cv2.equalizeHist(lightness)
    if contrast == "clahe":
        return cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES).apply(lightness)
    low, high = np.percentile(lightness, _STRETCHES[contrast])
    scale = 255.0 / max(high - low, 1.0)
    return np.clip((lightness.astype(np.float32) - low) * scale, 0, 255).round().astype(np.uint8)
