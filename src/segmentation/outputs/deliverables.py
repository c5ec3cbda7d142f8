"""The files to write for a photo besides its mask, and how to write them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from segmentation.config.files import FileOptions
from segmentation.config.values import HexColour
from segmentation.core.errors import ConfigError, ImageError
from segmentation.core.file_kinds import EIGHT_BIT, FILES, FORMATS
from segmentation.images.colour import srgb_profile
from segmentation.images.files import Picture, open_photo
from segmentation.images.refinement import ensure_available


@dataclass(frozen=True)
class Deliverables:
    """The files to write for a photo besides its mask, and how to write them.

    `formats` are names of FORMATS. `background`, uint8 RGB [H, W, 3] of any size, one pixel for a colour,
    takes the place of transparency in the cutouts; `background_profile` is its colour profile, None for
    a colour that counts in the profile of each photo. With `crop_percent` they are trimmed to the garment and
    a margin, in per cent of its height. `overlay` asks for the photo with the outline of the mask, `trimap`
    for a map of what is certainly garment, certainly background, and near the edge. `decontaminate` removes
    the colours of the surroundings from soft edges; the photo in a PSD is untouched. `refine`, one of
    REFINEMENTS, fits the edge of the mask to the photo. With `bits` of 16 masks and cutouts have 16 bits a
    channel, the alpha rounded once from the scores; EIGHT_BIT formats have 8. `review` asks for the picture
    that a contact sheet shows. `keep_gps` is told here because it changes what the files say.
    """

    formats: tuple[str, ...] = ("png",)
    background: np.ndarray | None = None
    crop_percent: float | None = None
    overlay: bool = False
    trimap: bool = False
    decontaminate: bool = True
    refine: str = "none"
    bits: int = 8
    review: bool = False
    background_profile: bytes | None = None
    keep_gps: bool = False

    @classmethod
    def from_options(cls, options: FileOptions, *, review: bool = False) -> Self:
        """Return the deliverables that the options ask for, with the pictures of the review page if `review`.

        Raises ConfigError when none of the formats holds the bits, ImageError when the background cannot be
        read, and SegmentationError when the refinement needs a package that is not installed.
        """
        formats = tuple(name for name in FORMATS if name in options.format)  # the same in any order
        if options.bits == 16 and {*formats} <= {*EIGHT_BIT}:
            *others, last = (name for name in FORMATS if name not in EIGHT_BIT)
            raise ConfigError(
                f"`bits=16`: expected a `format` that holds them, {', '.join(others)} or {last}, received "
                f"{', '.join(formats)}; add one of them"
            )
        if options.refine != "none":
            ensure_available(options.refine)
        background = _picture(options.background)
        return cls(
            formats,
            background.pixels if background else None,
            options.crop,
            options.overlay,
            options.trimap,
            options.decontaminate,
            options.refine,
            options.bits,
            review,
            background.icc_profile if background else None,
            options.keep_gps,
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files, in the order of FILES."""
        wanted = {"mask", *(FORMATS[name] for name in self.formats)}
        wanted |= {kind for kind in ("overlay", "trimap", "review") if getattr(self, kind)}
        return tuple(kind for kind in FILES if kind in wanted)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the bytes of the files besides the prediction, as plain JSON."""
        background = None
        if self.background is not None:
            content = hashlib.sha256(self.background.tobytes() + (self.background_profile or b"")).hexdigest()
            background = [*self.background.shape[:2], content]
        return {
            "kinds": self.kinds,
            "background": background,
            "crop": self.crop_percent,
            "decontaminated": self.decontaminate,
            "refined": self.refine,
            "bits": self.bits,
            "gps": self.keep_gps,
        }


def _picture(background: Path | HexColour | None) -> Picture | None:
    """Return the picture with a colour profile, or one pixel of the colour, without."""
    if background is None:
        return None
    if isinstance(background, HexColour):
        return Picture(np.array([[background]], np.uint8))
    try:
        picture = open_photo(background)
    except ImageError as error:
        raise ImageError(f"`background`: expected a colour like #ffffff or a picture; {error}") from error
    return Picture(picture.seen, picture.icc_profile or srgb_profile())
