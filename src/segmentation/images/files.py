"""Image files: photos, masks and label maps are read, and pictures are written atomically."""

import io
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from segmentation.core.errors import ImageError
from segmentation.core.files import remedy_for, write_bytes
from segmentation.images.conversion import (
    cmyk_to_rgb,
    eight_bit,
    is_black_and_white,
    is_for_rgb,
    is_opaque,
)
from segmentation.images.headers import (
    LYING_ON_ITS_SIDE,
    bits_of,
    count_frames,
    orientation_of,
    resolution_of,
    tiles_of,
    upright,
)
from segmentation.images.opening import FORMATS, Source, content_of, image_error, opened, reason_of
from segmentation.images.pillow import prepare_pillow
from segmentation.images.sixteen_bit import decode_colour, encode_png, encode_tiff

MAX_PIXELS = 200_000_000  # twice the largest cameras' photos; they take about 2 GB while they are decoded

_RGB_OR_GREY = frozenset({"RGB", "RGBA", "I;16", "I;16B", "I;16L", "I;16N"})  # of pictures of 16 bits
_ONE_VALUE_A_PIXEL = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_LOSSLESS_WEBP = {"lossless": True, "exact": True, "quality": 20, "method": 2}  # quality is the effort here
_DEEP_ENCODERS = {"PNG": encode_png, "TIFF": encode_tiff}


@dataclass(frozen=True)
class Picture:
    """A photo as a person sees it: uint8 RGB [H, W, 3], EXIF orientation applied.

    `icc_profile` is the RGB colour profile that the pixels are meant for, where the file has one; `notes`
    says what was left out of the file or changed on the way, and is empty for an ordinary photo. `dpi`
    are the pixels per inch across and down, where the file tells. `deep` are the same pixels as uint16 RGB
    [H, W, 3], where the file has them and they were asked for.
    """

    pixels: np.ndarray
    icc_profile: bytes | None = None
    notes: tuple[str, ...] = ()
    dpi: tuple[float, float] | None = None
    deep: np.ndarray | None = None


def read_photo(path: Path, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read the pixels of `open_photo`: uint8 RGB [H, W, 3]. Raises ImageError."""
    return open_photo(path, max_pixels=max_pixels).pixels


def open_photo(source: Source, *, max_pixels: int = MAX_PIXELS, bits: int = 8) -> Picture:
    """Read a photo as a person sees it, from a path or the bytes of a file.

    Palettes, grey, CMYK (through its colour profile) and 16-bit files are converted; an alpha channel is
    dropped; of several frames or pages the first is read. With `bits` of 16 a PNG or TIFF in RGB or grey that
    has as many keeps them beside its 8. Raises ImageError with the file's name and the reason, without
    decoding anything where the file declares more than `max_pixels` pixels.
    """
    with opened(source, max_pixels) as stored:
        may_be_deep = bits == bits_of(stored) == 16 and stored.mode in _RGB_OR_GREY
        picture = _picture(stored)
        if (frames := count_frames(stored)) > 1:
            picture = replace(picture, notes=(f"first of {frames} frames", *picture.notes))
        deep = decode_colour(content_of(source)) if may_be_deep else None
    if deep is not None and np.array_equal(deep >> 8, picture.pixels):
        notes = tuple(note for note in picture.notes if note != "16 bit reduced to 8")
        return replace(picture, notes=notes, deep=deep)
    return picture  # unread, or the two decoders see different pictures; the mask is made of Pillow's


def convert_photo(image: Image.Image) -> Picture:
    """Return a Pillow image as `open_photo` would read it from a file; of several frames the present one.

    The image stays as it is. Raises ImageError where it cannot be decoded.
    """
    prepare_pillow()
    try:
        return _picture(image)
    except Exception as error:  # see `opened`
        raise ImageError(f"photo: cannot be decoded ({reason_of(error)}); replace it") from error


def _picture(stored: Image.Image) -> Picture:
    """Return the photo in an image of Pillow, whose pixels need not be decoded yet."""
    bits, profile, dpi = bits_of(stored), stored.info.get("icc_profile"), resolution_of(stored)
    picture, notes = upright(stored)
    if bits > 8:
        notes.append(f"{bits} bit reduced to 8")
        picture = eight_bit(picture, bits)
    if picture.has_transparency_data and not is_opaque(picture):
        notes.append("transparency ignored")
    if picture.mode == "CMYK":
        picture, note = cmyk_to_rgb(picture, profile)
        notes.append(note)
        profile = None
    elif not (picture.mode.startswith(("RGB", "P", "YCbCr")) and is_for_rgb(profile)):
        profile = None
    pixels = np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    return Picture(pixels, profile, tuple(notes), dpi)


def read_mask(path: Path, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a ground truth: uint8 [H, W], 0 outside and 255 inside the garment, soft edges kept.

    A file with transparency (an RGBA cutout) gives its alpha channel, any other its grey values, and so
    does a black and white picture whose alpha channel is opaque everywhere: a mask that was saved with
    one. A mask that is stored as 0 and 1 is scaled to 0 and 255. Raises ImageError like `open_photo`.
    """
    with opened(path, max_pixels) as stored:
        bits = bits_of(stored)
        picture, _ = upright(stored)
        if picture.mode.startswith("I") and np.max(np.asarray(picture)) <= 255:
            bits = 8  # 0 and 1, or 0 and 255, in 16 bit
        picture = eight_bit(picture, bits)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            alpha = np.array(picture.getchannel("A"))
            if alpha.min() < 255 or not is_black_and_white(picture):
                return alpha
        mask = np.array(picture.convert("L"))
    return mask * 255 if mask.max() == 1 else mask


def read_labels(path: Path, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a label map: integers [H, W], of palette pictures the index and not its colour.

    A file of 8 bits or fewer gives uint8. Raises ImageError like `open_photo`, and for a picture in colour.
    """
    with opened(path, max_pixels) as stored:
        if stored.mode not in _ONE_VALUE_A_PIXEL:
            problem = f"is no label map (expected one value a pixel, received {stored.mode})"
            remedy = "save the values themselves as a grey or palette PNG, or name the colours of the classes"
            raise image_error(path, problem, remedy)
        if re.search("'L;[24]'", tiles_of(stored)):  # which Pillow spreads over 0 to 255
            raise image_error(path, "is no label map (2 or 4 bit of grey)", "save it in 8 bit")
        picture, _ = upright(stored)
        labels = np.array(picture)
    return labels.astype(np.uint8) if labels.dtype == bool else labels


def kind_of_pixels(path: Path) -> Literal["values", "palette", "colours"]:
    """Return what the pixels of the file are, by its header. Raises ImageError."""
    with opened(path) as picture:
        if picture.mode == "P":
            return "palette"
        return "values" if picture.mode in _ONE_VALUE_A_PIXEL else "colours"


def image_size(path: Path) -> tuple[int, int]:
    """Read height and width of the picture as a person sees it from its header. Raises ImageError."""
    with opened(path) as picture:
        width, height = picture.size
        return (width, height) if orientation_of(picture) in LYING_ON_ITS_SIDE else (height, width)


def has_alpha(path: Path) -> bool:
    """Return whether the file has transparency, by its header. Raises ImageError."""
    with opened(path) as picture:
        return picture.has_transparency_data


def write_image(
    path: Path,
    image: np.ndarray,
    *,
    mostly_empty: bool = False,
    lossless: bool = False,
    palette: Sequence[tuple[int, int, int]] = (),
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> None:
    """Write uint8 grey [H, W], RGB [H, W, 3] or RGBA [H, W, 4] atomically; the suffix names the format.

    PNG and TIFF hold uint16 as well. A PNG that is `mostly_empty`, and every one of 16 bits in colour, is
    compressed by runs of equal bytes alone, which makes masks and cutouts smaller, and faster. JPEG is
    4:4:4, TIFF deflated with unassociated alpha; `lossless` is for WebP. With a `palette`, the colours of
    its values, a grey PNG keeps its values, 8 bits each, and shows these colours.
    `icc_profile` says what the colours mean (PNG, JPEG, WebP and TIFF hold it), `dpi` how many pixels make an
    inch across and down (PNG, JPEG, TIFF and BMP do). Parents are created. Raises ImageError when the file
    cannot be written, and leaves what was there before.
    """
    if path.suffix.lower() not in FORMATS:
        reason = f"expected one of {' '.join(FORMATS)}, received {path.suffix or 'no suffix'}"
        raise image_error(path, f"cannot be written ({reason})", "end its name in one of them")
    kind = FORMATS[path.suffix.lower()]
    encodings: dict[str, dict[str, Any]] = {
        "PNG": {
            "compress_level": 3,
            "compress_type": zlib.Z_RLE if mostly_empty else zlib.Z_DEFAULT_STRATEGY,
        },
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": _LOSSLESS_WEBP if lossless else {"quality": 95},
        "TIFF": {"compression": "tiff_adobe_deflate"},
    }
    encoding = encodings.get(kind, {})
    if dpi:
        encoding["dpi"] = dpi
    if palette:
        encoding["bits"] = 8  # where fewer would do, not every reader takes them
    content = io.BytesIO()  # Pillow's encoders overlook that a full disk took only a part
    try:
        if image.dtype == np.uint16 and image.ndim == 3:
            if kind not in _DEEP_ENCODERS:
                raise ValueError(f"16 bits a channel, which {' and '.join(_DEEP_ENCODERS)} hold")
            content.write(_DEEP_ENCODERS[kind](image, icc_profile=icc_profile, dpi=dpi))
        else:
            picture = Image.fromarray(image)
            if palette:
                picture.putpalette([level for colour in palette for level in colour])
            picture.save(content, kind, icc_profile=icc_profile, **encoding)
        write_bytes(path, content.getvalue())
    except (OSError, ValueError, OverflowError, MemoryError, struct.error) as error:
        from_system = getattr(error, "errno", None)
        remedy = remedy_for(path, error) if from_system else "make it smaller or .png"
        raise image_error(path, f"cannot be written ({reason_of(error)})", remedy) from error


def as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Return what a JPEG of `quality` 1 to 100, in the usual 4:2:0, makes of uint8 RGB [H, W, 3]."""
    prepare_pillow()
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(content, formats=("JPEG",)) as picture:
        return np.array(picture)
