"""A photo in memory, as every part of the program takes it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segmentation.images.compositing import blend, in_bits

TRANSPARENT = "parts of the photo are transparent, and stay so"
"""The note on a photo with transparency."""

MOST_JPEG_EXIF_BYTES = 65_533
"""The most that a JPEG holds of what the camera noted: its length has 16 bits (ITU-T T.81, B.1.1.4)."""

NO_EXIF = "what the camera noted is too long for a JPEG, and is left out of it"
"""The note on a photo whose metadata a JPEG cannot hold."""

_WHITE = 255


@dataclass(frozen=True)
class Picture:
    """A photo as a person sees it: uint8 RGB [H, W, 3], EXIF orientation applied.

    `icc_profile` is the RGB colour profile that the pixels are meant for, where the file has one; `notes`
    says what was left out of the file or changed on the way, and is empty for an ordinary photo. `dpi`
    are the pixels per inch across and down, where the file tells. `deep` are the same pixels as uint16 RGB
    [H, W, 3], where the file has them and they were asked for. `alpha`, uint8 or where these were asked for
    uint16 [H, W], is the transparency of a photo that is transparent somewhere. `exif` is what the camera
    noted, see `camera_exif`.
    """

    pixels: np.ndarray
    icc_profile: bytes | None = None
    notes: tuple[str, ...] = ()
    dpi: tuple[float, float] | None = None
    deep: np.ndarray | None = None
    alpha: np.ndarray | None = None
    exif: bytes | None = None

    @property
    def about(self) -> dict[str, Any]:
        """Return the file's metadata, all but the pixels, as `write_image` and `write_psd` take them."""
        return {"icc_profile": self.icc_profile, "dpi": self.dpi, "exif": self.exif}

    @property
    def jpeg_notes(self) -> tuple[str, ...]:
        """Return a note on what a JPEG of it cannot hold."""
        return (NO_EXIF,) if self.exif and len(self.exif) > MOST_JPEG_EXIF_BYTES else ()

    def within(self, alpha: np.ndarray) -> np.ndarray:
        """Return alpha, uint8 or uint16 [H, W], nowhere more opaque than the photo itself."""
        if self.alpha is None:
            return alpha
        return np.minimum(alpha, in_bits(self.alpha, 8 * alpha.dtype.itemsize))

    @cached_property
    def seen(self) -> np.ndarray:
        """The photo on white paper: uint8 RGB [H, W, 3], the pixels themselves of an opaque one."""
        return self.pixels if self.alpha is None else blend(self.pixels, _WHITE, in_bits(self.alpha, 8))
