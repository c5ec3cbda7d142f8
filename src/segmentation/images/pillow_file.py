"""Every format but TIFF, by Pillow, and what has to be done so that its pixels are those of the file."""

import re
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL import Image

from segmentation.images.headers import bits_of, count_frames, orientation_of, resolution_of, tiles_of
from segmentation.images.jpeg import check_cmyk_jpeg, decode_jpeg
from segmentation.images.opened import OpenedImage, Pixels, Space
from segmentation.images.orientation import LYING_ON_ITS_SIDE, turned
from segmentation.images.png_colour import decode_colour
from segmentation.images.pnm import decode_pnm, white_of
from segmentation.images.value_range import full_range

_ONE_VALUE_A_PIXEL = frozenset({"1", "L", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_SPREAD_GREY = re.compile("'L;([24])'")  # tiles of 2 or 4 bits, which Pillow spreads over 0 to 255


def read_pillow(
    picture: Image.Image, file: BinaryIO | None, *, icc_profile: bytes | None, notes: tuple[str, ...] = ()
) -> OpenedImage:
    """Return a picture that Pillow has open, in a file or, None, in memory.

    `icc_profile` is its colour profile, `notes` are those of whoever opened it.
    """
    orientation = orientation_of(picture)
    if orientation is None:
        notes = ("damaged metadata ignored",)
    bits, tiles, white = bits_of(picture), tiles_of(picture), white_of(picture)
    kind: Literal["values", "palette", "colours"] = "colours"
    if picture.mode in _ONE_VALUE_A_PIXEL or picture.mode == "P":
        kind = "palette" if picture.mode == "P" else "values"
    width, height = picture.size
    if orientation in LYING_ON_ITS_SIDE:
        height, width = width, height

    def decode(deep: bool) -> Pixels:
        return _decode(picture, file, orientation, bits, tiles, white, deep, notes)

    return OpenedImage(
        height,
        width,
        bits,
        kind,
        picture.mode,
        picture.has_transparency_data,
        decode,
        icc_profile=icc_profile,
        dpi=resolution_of(picture),
        read_exif=lambda: Image.Image.getexif(picture),
    )


def _decode(
    picture: Image.Image,
    file: BinaryIO | None,
    orientation: int | None,
    bits: int,
    tiles: str,
    white: int | None,
    deep: bool,
    notes: tuple[str, ...],
) -> Pixels:
    more: tuple[str, ...] = ()
    if white:
        channels = _pnm(picture, file, white)
    else:
        channels, more = _channels(picture, file, tiles, bits, deep)
    if file and (frames := count_frames(picture)) > 1:
        more = (f"first of {frames} frames", *more)
    upright: dict[str, Any] = {
        name: turned(value, orientation) if isinstance(value, np.ndarray) else value
        for name, value in channels.items()
    }
    return Pixels(**upright, notes=(*notes, *more))


def _channels(
    picture: Image.Image, file: BinaryIO | None, tiles: str, bits: int, deep: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the arguments of `Pixels` but for its notes, not turned yet, and notes."""
    if file and picture.format in ("JPEG", "MPO") and (found := _jpeg(picture, file)):
        return found, ()
    picture.load()
    mode, values = picture.mode, None
    if mode in ("I", "F"):
        stored = np.asarray(picture)
        grey = full_range(stored, 32)
        return {
            "colours": grey.values[..., np.newaxis],
            "space": "grey",
            "values": stored if mode == "I" else None,
            "unknown": grey.unknown,
        }, grey.notes
    if mode.startswith("I;16"):
        values = np.asarray(picture).astype(np.uint16)
        level = picture.info.get("transparency")  # a PNG has it without an alpha channel
        alpha = None if level is None else np.where(values == level, 0, 65535).astype(np.uint16)
        return {"colours": values[..., np.newaxis], "space": "grey", "alpha": alpha, "values": values}, ()
    if mode in ("1", "L", "P"):
        values = np.asarray(picture).astype(np.uint8)
        if spread := _SPREAD_GREY.search(tiles):
            values = values // np.uint8(255 // (2 ** int(spread[1]) - 1))
    alpha = None
    if picture.has_transparency_data:
        with_alpha = "LA" if mode in ("L", "LA", "La", "1") else "RGBA"
        picture = picture if mode == with_alpha else picture.convert(with_alpha)
        alpha = np.array(picture.getchannel("A"))
        if bits == 16 and mode == "RGB" and file:
            alpha = _alpha_of_colour(file, alpha)
    space: Space = "grey" if mode in ("1", "L", "LA", "La") else "RGB"
    if mode == "CMYK":
        space, colours = "CMYK", np.array(picture)
    elif mode == "LAB":
        space, colours = "Lab", np.array(picture)
    elif space == "grey":
        colours = np.array(picture.convert("L"))[..., np.newaxis]
    else:
        colours = np.array(picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGB"))[..., :3]
    if deep and bits == 16 and file and space != "Lab" and picture.format != "JPEG2000":
        colours, alpha = _sixteen_bit(file, colours, alpha)
    return {"colours": colours, "space": space, "alpha": alpha, "values": values}, ()


def _pnm(picture: Image.Image, file: BinaryIO | None, white: int) -> dict[str, Any]:
    colours, values = decode_pnm(picture, file, white)
    grey = picture.mode != "RGB"
    return {"colours": colours, "space": "grey" if grey else "RGB", "values": values if grey else None}


def _jpeg(picture: Image.Image, file: BinaryIO) -> dict[str, Any] | None:
    """Return what libjpeg-turbo decodes, None where Pillow has to. Raises ValueError for damage."""
    file.seek(0)
    content = file.read()
    if picture.mode not in ("L", "RGB"):
        if picture.mode == "CMYK":
            check_cmyk_jpeg(content)
        return None
    pixels = decode_jpeg(content, grey=picture.mode == "L")
    if pixels is None or pixels.shape[:2] != picture.size[::-1]:
        return None
    grey = picture.mode == "L"
    return {"colours": pixels, "space": "grey" if grey else "RGB", "values": pixels[..., 0] if grey else None}


def _alpha_of_colour(file: BinaryIO, alpha: np.ndarray) -> np.ndarray:
    """Return the alpha, uint8, of a PNG of 16 bits in which one colour is transparent.

    Pillow's `alpha`, which looks for that colour among those of 8 bits, stays where OpenCV has none.
    """
    file.seek(0)
    found = decode_colour(file.read())
    if found is None or found.shape[2] != 4 or found.shape[:2] != alpha.shape:
        return alpha
    return (found[..., 3] >> 8).astype(np.uint8)


def _sixteen_bit(
    file: BinaryIO, colours: np.ndarray, alpha: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return colours and alpha with 16 bits, where OpenCV sees the same picture as Pillow does with 8."""
    file.seek(0)
    found = decode_colour(file.read())
    if found is None or found[..., 0].shape != colours.shape[:2]:
        return colours, alpha
    deep, share = found[..., :3], found[..., 3] if found.shape[2] == 4 else None
    deep = deep[..., : colours.shape[2]]  # of grey, all three are alike
    if not np.array_equal(deep >> 8, colours) or (alpha is None) != (share is None):
        return colours, alpha
    if alpha is not None and share is not None and not np.array_equal(share >> 8, alpha):
        return colours, alpha
    return np.ascontiguousarray(deep), None if share is None else np.ascontiguousarray(share)
