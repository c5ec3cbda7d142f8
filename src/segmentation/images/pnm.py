"""PGM and PPM: their header says which value is white, and Pillow stretches all others to it."""

import math
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile


def white_of(picture: Image.Image) -> int | None:
    """Return the value that is white in a PGM or PPM, None for any other picture.

    Call it before the picture is decoded.
    """
    if picture.format != "PPM" or picture.mode not in ("L", "I", "RGB"):
        return None
    tile = _tile(picture)
    if tile and isinstance(tile.args, tuple):
        return int(tile.args[-1])
    return 65535 if picture.mode == "I" else 255


def decode_pnm(picture: Image.Image, file: BinaryIO | None, white: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours of a PGM or PPM, uint8 or uint16 [H, W, C], their whole range used, and its values.

    `file` is the one that Pillow has open, if any. Colours of 16 bits have 8 without it, and in a PPM that is
    a text. Raises ValueError for a file that ends too early.
    """
    tile = _tile(picture)
    if file and tile and tile.codec_name == "ppm":  # which Pillow stretches, in RGB to 8 bits
        file.seek(tile.offset)
        values = np.minimum(_numbers(file, picture, white), white)  # [H, W, C]
        highest = 65535 if white > 255 else 255
        colours = (values.astype(np.uint32) * highest + white // 2) // white
        return colours.astype(np.uint16 if white > 255 else np.uint8), values[..., 0]
    picture.load()
    stretched = np.asarray(picture)
    colours = stretched.astype(np.uint16 if picture.mode == "I" else np.uint8)
    highest = np.iinfo(colours.dtype).max
    values = colours
    if white != highest:  # what they were before, to the bit
        values = np.rint(stretched * (white / highest)).astype(colours.dtype)
    return colours if colours.ndim == 3 else colours[..., np.newaxis], values


def _numbers(file: BinaryIO, picture: Image.Image, white: int) -> np.ndarray:
    """Return the numbers of one or two bytes that follow in the file: [H, W, C]."""
    kind = np.dtype(">u2" if white > 255 else np.uint8)
    width, height = picture.size
    shape = height, width, len(picture.getbands())
    content = file.read(math.prod(shape) * kind.itemsize)
    if len(content) < math.prod(shape) * kind.itemsize:
        raise ValueError("the file ends too early")
    return np.frombuffer(content, kind).reshape(shape)


def _tile(picture: Image.Image) -> ImageFile._Tile | None:
    """Return where and how the pixels are stored; None for a picture that is decoded or no file."""
    return picture.tile[0] if isinstance(picture, ImageFile.ImageFile) and picture.tile else None
