"""The properties of a picture that Pillow has open, besides its pixels: depth, orientation, frames."""

from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile

from segmentation.images.orientation import LYING_ON_ITS_SIDE
from segmentation.images.pnm import white_of

_MOST_DPI = 30_000  # more is damage, and PSD holds no more than 65535


def bits_of(picture: Image.Image) -> int:
    """Return the bits of a channel in the file, which Pillow's modes tell only for grey.

    Call it before the picture is decoded.
    """
    if white := white_of(picture):
        return 16 if white > 255 else 8
    if picture.mode in ("I", "F"):
        return 32
    if picture.format is None:  # made by a program
        return 16 if picture.mode.startswith("I") and np.max(np.asarray(picture)) > 255 else 8
    return 16 if ";16" in tiles_of(picture) + picture.mode else 8


def orientation_of(picture: Image.Image) -> int | None:
    """Return the EXIF orientation, 1 to 8; None where the metadata is damaged."""
    try:
        exif = Image.Image.getexif(picture)  # PNG's own method decodes the whole file
    except Exception:  # see `opening.opened`; the pixels may still be sound
        return None
    return exif.get(ExifTags.Base.Orientation, 1)


def resolution_of(picture: Image.Image) -> tuple[float, float] | None:
    """Return the pixels per inch across and down, of the picture as a person sees it.

    Call it before the picture is decoded.
    """
    dpi = picture.info.get("dpi")
    return upright_resolution(dpi, orientation_of(picture)) if dpi else None


def upright_resolution(dpi: Any, orientation: int | None) -> tuple[float, float] | None:
    """Return the pixels per inch across and down of a picture that is turned; None for damage."""
    try:
        across, down = (round(float(value), 4) for value in dpi)
    except Exception:  # absent, or see `opening.opened`
        return None
    if not (1 <= across <= _MOST_DPI and 1 <= down <= _MOST_DPI):
        return None
    return (down, across) if orientation in LYING_ON_ITS_SIDE else (across, down)


def count_frames(picture: Image.Image) -> int:
    """Count the frames; call it after the first is decoded, since there may be damage further on."""
    if picture.format == "MPO":
        return 1  # a phone's photo; the others are its preview, depth or brightness
    try:
        return getattr(picture, "n_frames", 1)
    except Exception:  # see `opening.opened`
        return picture.tell() + 1


def tiles_of(picture: Image.Image) -> str:
    """Return Pillow's description of how the pixels are stored; empty for a picture that is no file."""
    return str(picture.tile) if isinstance(picture, ImageFile.ImageFile) else ""
