"""The way from a photo to the network's input, the same in training and in prediction.

`prepare` is the part that depends on one photo alone (contrast, size, colour) and stays uint8, so that
it can be kept between epochs; `normalise` is the part that depends on the training set.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segmentation.config.preprocessing import PreprocessConfig
from segmentation.config.run import RunConfig
from segmentation.core.size import Size

GREY = "grey"  # name of the one channel of a grey photo
GREY_OF = {"red": 0.299, "green": 0.587, "blue": 0.114}  # those of a photo in colour, which it mixes
STROKES, SCORES = "strokes", "scores"  # names of the channels that hold them
NO_STROKE = 128  # in the channel of strokes, where nothing was said
_UNKNOWN = 128  # in a trimap, and as an alpha
_MISSING = {SCORES: 0, STROKES: NO_STROKE}


@dataclass(frozen=True)
class Preprocessing:
    """The recorded way from a photo to the network's input.

    `guided` networks see the first scores of a double pass as their last channel, and where they take
    `strokes` these before it: 255 on garment, 0 on what is none, 128 where nothing was said. Networks of
    mattes see the `guides` instead, a trimap and perhaps a first alpha. `mean` and `std` are the
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
    strokes: bool = False

    @classmethod
    def from_config(
        cls,
        config: PreprocessConfig,
        *,
        guided: bool = False,
        guides: tuple[str, ...] = (),
        strokes: bool = False,
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
            strokes=strokes,
        )

    @classmethod
    def of_run(cls, config: RunConfig) -> "Preprocessing":
        """Return the preprocessing of a completed configuration, without the statistics of a training set."""
        return cls.from_config(
            config.preprocessing,
            guided=config.second_pass.guided,
            guides=config.guides,
            strokes=config.strokes,
        )

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the channels of the network's input, in their order."""
        photo = (GREY,) if self.colour == "grey" else (*GREY_OF,)
        strokes, scores = (STROKES,) * self.strokes, (SCORES,) * self.guided
        return (*photo, *strokes, *scores, *self.guides)

    @property
    def channels(self) -> int:
        """Number of channels of the network's input."""
        return len(self.channel_names)

    def prepare(self, photo: np.ndarray) -> np.ndarray:
        """Prepare a photo: uint8 RGB [H, W, 3] of any size -> uint8 [height, width, channels] at the input's.

        Behind the photo there may be the first scores of a double pass, and strokes before them. Without
        scores a guided network sees a photo in which the first pass has found nothing, and without strokes
        one of which nothing was said. Behind the photo of a matte there are its guides; without them all of
        it is unknown.
        """
        # reading a bundle needs no OpenCV
        from segmentation.images.channels import add_channel, split_colours
        from segmentation.preprocessing.pixels import adjust_contrast, resize, to_grey

        colours, others = split_colours(photo)
        image = resize(colours, self.input_size, self.shrink)
        if self.colour == "grey":
            image = to_grey(image)
        image = adjust_contrast(image, self.contrast)
        names = self.channel_names[image.shape[2] :]
        if not names:
            return image
        given = np.atleast_3d(resize(others, self.input_size)) if others.size else image[..., :0]
        if names == (SCORES,) and given.size:
            return add_channel(image, given)
        missing = names[: len(names) - given.shape[2]]
        blank = [np.full_like(image[..., 0], _MISSING.get(name, _UNKNOWN)) for name in missing]
        return np.dstack([image, *blank, given])

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
        later = ("shrink", "enlarge", "guides", "sees", "strokes")
        usual = {name: getattr(type(self), name) for name in later}
        plain = {
            **vars(self),
            "input_size": str(self.input_size),
            "mean": list(self.mean),
            "std": list(self.std),
            "guides": list(self.guides),
        }
        return {name: value for name, value in plain.items() if usual.get(name, ...) != vars(self)[name]}
