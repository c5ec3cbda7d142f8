"""The options of the preprocessing of photos."""

from dataclasses import dataclass

from segmentation.config.options import option
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size


@dataclass(frozen=True)
class PreprocessConfig:
    """The preprocessing of photos, recorded in the bundle: the same in training and prediction."""

    input_size: Size | None = option(
        None, "input size of the network, width x height", shown="that of the architecture"
    )
    colour: str = option(
        "colour",
        "whether the network sees the photo in colour or in grey",
        choices=("colour", "grey"),
        common=False,
    )
    contrast: str = option(
        "none",
        "contrast adjustment of each photo",
        choices=("none", "stretch-2-98", "stretch-10-90", "equalize", "clahe"),
        common=False,
    )
    normalisation: str = option(
        "mean-std",
        "scaling of the pixels: none 0..255, unit 0..1, mean-std by the statistics of the training set",
        choices=("none", "unit", "mean-std"),
        common=False,
    )
    shrink: str = option(
        "area",
        "interpolation of a photo that is made smaller for the network",
        choices=("area", "nearest", "linear", "cubic", "lanczos"),
        common=False,
    )
    enlarge: str = option(
        "cubic",
        "interpolation of scores that are made as large as the photo",
        choices=("cubic", "nearest", "linear", "lanczos"),
        common=False,
    )
    sees: str = option(
        "whole",
        "what the network sees of a photo at its input size: the whole photo or, in a second pass, the whole "
        "region of the first mask; or tiles of it at the photo's own resolution",
        choices=("whole", "tiles"),
        common=False,
    )

    @property
    def size(self) -> Size:
        """The input size. Raises ConfigError where it is still left to the architecture."""
        if self.input_size is None:
            raise ConfigError("`input_size`: expected the size that the network sees, received none")
        return self.input_size
