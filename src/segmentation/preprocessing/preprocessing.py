"""The way from a photo to the network's input, the same in training and in prediction.

`prepare` is the part that depends on one photo alone (contrast, size, colour) and stays uint8, so that
it can be kept between epochs; `normalise` is the part that depends on the training set.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segmentation.config.training import PreprocessConfig
from segmentation.core.size import Size

_UNKNOWN = 128  # in a trimap, and as an alpha


@dataclass(frozen=True)
class Preprocessing:
    """The recorded way from a photo to the network's input.

    `guided` networks see the first scores of a double pass as their last channel; those of mattes see the
    `guides` instead, a trimap and perhaps a first alpha. `mean` and `std` are the
    training set's, a value a channel in 0..255 after `prepare`; used by the normalisation `mean-std` alone.
    `shrink` and `enlarge` are the interpolations of a photo that is made smaller and of its scores; `sees` is
    whether the network is shown whole photos or tiles of them at their own resolution.
    """

    input_size: Size
    colour: str = "colour"
    contrast: str = "none"
    normalisation: str = "mean-std"
    guided: bool = False
    shrink: str = "area"
    enlarge: str = "cubic"
    mean: tuple[float, ...] = field(default=(0.0,))
    std: tuple[float, ...] = field(default=(255.0,))
    guides: tuple[str, ...] = ()
    sees: str = "whole"

    @classmethod
    def from_config(
        cls, config: PreprocessConfig, *, guided: bool = False, guides: tuple[str, ...] = ()
    ) -> "Preprocessing":
        return cls(
            config.size,
            config.colour,
            config.contrast,
            config.normalisation,
            guided,
            config.shrink,
            config.enlarge,
            guides=guides,
            sees=config.sees,
        )

    @property
    def channels(self) -> int:
        """Channels of the network's input."""
        return (1 if self.colour == "grey" else 3) + self.guided + len(self.guides)

    def prepare(self, photo: np.ndarray) -> np.ndarray:
        """Prepare a photo: uint8 RGB [H, W, 3] of any size -> uint8 [height, width, channels] at the input's.

        A fourth channel holds the first scores of a double pass. Without it a guided network sees a photo in
        which the first pass has found nothing. Behind the photo of a matte there are its guides; without them
        all of it is unknown.
        """
        # reading a bundle needs no OpenCV
        from segmentation.preprocessing.pixels import adjust_contrast, resize, to_grey

        image, scores = resize(photo[..., :3], self.input_size, self.shrink), photo[..., 3:]
        if self.colour == "grey":
            image = to_grey(image)
        image = adjust_contrast(image, self.contrast)
        if not (self.guided or self.guides):
            return image
        if scores.size:
            return np.dstack([image, resize(scores, self.input_size)])
        missing = np.full(
            (*image.shape[:2], max(1, len(self.guides))), _UNKNOWN if self.guides else 0, np.uint8
        )
        return np.dstack([image, missing])

    def normalise(self, images: np.ndarray) -> np.ndarray:
        """Normalise for the network: uint8 [..., channels] -> float32 of the same shape."""
        images = images.astype(np.float32)
        if self.normalisation == "none":
            return images
        if self.normalisation == "unit":
            return images / 255.0
        return (images - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the input size as WIDTHxHEIGHT.

        Fields that earlier versions did not know are left out at their defaults, so that old models stay the
        same.
        """
        usual = {name: getattr(type(self), name) for name in ("shrink", "enlarge", "guides", "sees")}
        plain = {
            **vars(self),
            "input_size": str(self.input_size),
            "mean": list(self.mean),
            "std": list(self.std),
            "guides": list(self.guides),
        }
        return {name: value for name, value in plain.items() if usual.get(name, ...) != vars(self)[name]}
