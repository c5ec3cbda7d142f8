"""What a picture that is open tells of itself besides its pixels: depth, orientation, resolution, frames."""

from contextlib import suppress

import numpy as np
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
"""The EXIF orientations whose width is the stored height."""

_PREVIEW_OR_MASK = 0b101  # bits of TIFF's NewSubfileType
_MOST_DPI = 30_000  # more is damage, and PSD holds no more than 65535
_MOST_PAGES = 1000  # Pillow's time to count them is quadratic


def bits_of(picture: Image.Image) -> int:
    """Return the bits of a channel in the file, which Pillow's modes tell of grey only.

    To be asked before the picture is decoded.
    """
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        return max(picture.tag_v2.get(ExifTags.Base.BitsPerSample, (1,)))
    if picture.format is None:  # made by a program
        return 16 if picture.mode.startswith("I") and np.max(np.asarray(picture)) > 255 else 8
    return 16 if picture.format == "PNG" and ";16" in tiles_of(picture) + picture.mode else 8


def upright(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Decode a picture and turn it as its EXIF orientation says; return it and notes."""
    orientation = orientation_of(picture)  # before the pixels: what a PNG holds behind them, no viewer obeys
    picture.load()
    turned = picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture
    return turned, ["damaged metadata ignored"] if orientation is None else []


def orientation_of(picture: Image.Image) -> int | None:
    """Return the EXIF orientation, 1 to 8; None where the metadata is damaged."""
    if picture.format == "TIFF":
        return 1  # Pillow has turned it
    try:
        exif = Image.Image.getexif(picture)  # PNG's own method decodes the whole file
    except Exception:  # see `opening.opened`; the pixels may still be sound
        return None
    return exif.get(ExifTags.Base.Orientation, 1)


def resolution_of(picture: Image.Image) -> tuple[float, float] | None:
    """Return the pixels per inch across and down, of the picture as a person sees it.

    To be asked before the picture is decoded.
    """
    try:
        across, down = (round(float(value), 4) for value in picture.info["dpi"])
    except Exception:  # absent, or see `opening.opened`
        return None
    if not (1 <= across <= _MOST_DPI and 1 <= down <= _MOST_DPI):
        return None
    return (down, across) if orientation_of(picture) in LYING_ON_ITS_SIDE else (across, down)


def count_frames(picture: Image.Image) -> int:
    """Count frames or pages; ask after the first is decoded, for there may be damage further on."""
    if picture.format == "MPO":
        return 1  # a phone's photo; the others are its preview, depth or brightness
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        try:
            return getattr(picture, "n_frames", 1)
        except Exception:  # see `opening.opened`
            return picture.tell() + 1
    pages = 1
    with suppress(Exception):  # EOFError behind the last page, anything at a damaged one
        for page in range(1, _MOST_PAGES):
            picture.seek(page)
            pages += not picture.tag_v2.get(ExifTags.Base.NewSubfileType, 0) & _PREVIEW_OR_MASK
    return pages


def tiles_of(picture: Image.Image) -> str:
    """Return Pillow's description of how the pixels are stored; empty for a picture that is no file."""
    return str(picture.tile) if isinstance(picture, ImageFile.ImageFile) else ""
