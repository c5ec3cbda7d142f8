"""The only file that opens or writes images: EXIF turn, alpha, 16 bit, one clear error, atomic writes."""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from segmentation.errors import ImageError
from segmentation.files import atomic_file

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"})

_TURNED_ORIENTATIONS = frozenset({5, 6, 7, 8})  # EXIF: the stored picture lies on its side
_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class Picture:
    """A photo as a person sees it: uint8 RGB [H, W, 3], EXIF orientation applied.

    `icc_profile` is the colour profile that the pixels are meant for, where the file has one; `notes`
    says what was left out of the file or changed on the way.
    """

    pixels: np.ndarray
    icc_profile: bytes | None = None
    notes: tuple[str, ...] = ()


def read_photo(path: Path) -> np.ndarray:
    """The pixels of `open_photo`: uint8 RGB [H, W, 3]. Raises ImageError."""
    return open_photo(path).pixels


def open_photo(path: Path) -> Picture:
    """Read a photo as a person sees it.

    Palettes, grey, CMYK and 16-bit files are converted; an alpha channel is dropped; of an animation
    the first frame is read. Raises ImageError with the file's name and the reason.
    """
    return Picture(np.array(_convert(path, _eight_bit(_decode(path)), "RGB")))


def read_mask(path: Path) -> np.ndarray:
    """Read a ground truth: uint8 [H, W], 0 outside and 255 inside the garment, soft edges kept.

    A file with transparency (an RGBA cutout) gives its alpha channel, any other its grey values, and so
    does a black and white picture whose alpha channel is opaque everywhere: a mask that was saved with
    one. A mask that is stored as 0 and 1 is scaled to 0 and 255. Raises ImageError.
    """
    picture = _decode(path)
    if picture.mode.startswith("I") and picture.getextrema()[1] <= 255:
        picture = Image.fromarray(np.asarray(picture).astype(np.uint8))  # 0 and 1, or 0 and 255, in 16 bit
    picture = _eight_bit(picture)
    if picture.has_transparency_data:
        picture = _convert(path, picture, "RGBA")
        alpha = np.array(picture.getchannel("A"))
        if alpha.min() < 255 or not _is_black_and_white(picture):
            return alpha
    mask = np.array(_convert(path, picture, "L"))
    return mask * 255 if mask.max(initial=0) == 1 else mask


def image_size(path: Path) -> tuple[int, int]:
    """Height and width of the picture as a person sees it, read from the header alone. Raises ImageError."""
    with _open(path) as picture:
        width, height = picture.size
        if picture.format == "TIFF":  # Pillow has exchanged the two already
            return height, width
        try:
            exif = Image.Image.getexif(picture)  # PNG's own method decodes the whole file
        except _DECODE_ERRORS as error:
            raise _unreadable(path, error) from error
    turned = exif.get(ExifTags.Base.Orientation) in _TURNED_ORIENTATIONS
    return (width, height) if turned else (height, width)


def has_alpha(path: Path) -> bool:
    """Whether the file carries transparency, read from the header alone. Raises ImageError."""
    with _open(path) as picture:
        return picture.has_transparency_data


def write_image(
    path: Path,
    image: np.ndarray,
    *,
    quality: int = 95,
    compress_level: int = 3,
    icc_profile: bytes | None = None,
) -> None:
    """Write uint8 grey [H, W], RGB [H, W, 3] or RGBA [H, W, 4] atomically; the suffix names the format.

    `quality` is for JPEG (4:4:4) and WebP, `compress_level` (0 to 9) for PNG; `icc_profile` says what
    the colours mean. Parents are created.
    Raises ImageError when the file cannot be written, and leaves what was there before.
    """
    try:
        picture = Image.fromarray(image)
        with atomic_file(path) as temporary:
            picture.save(
                temporary,
                quality=quality,
                subsampling=0,
                compress_level=compress_level,
                icc_profile=icc_profile,
            )
    except _DECODE_ERRORS as error:
        raise ImageError(
            f"{path}: cannot be written ({_reason(error)}); check the folder and its free space"
        ) from error


def _decode(path: Path) -> Image.Image:
    with _open(path) as picture:
        try:
            picture.load()
            return ImageOps.exif_transpose(picture)
        except _DECODE_ERRORS as error:
            raise _unreadable(path, error) from error


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error


def _convert(path: Path, picture: Image.Image, mode: str) -> Image.Image:
    try:
        return picture.convert(mode)
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error


def _eight_bit(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16-bit grey; Pillow would clip it to 255 instead of scaling it
        return Image.fromarray((np.asarray(picture).clip(0, 65535) // 257).astype(np.uint8))
    if picture.mode == "F":
        return Image.fromarray((np.asarray(picture).clip(0, 1) * 255).round().astype(np.uint8))
    return picture


def _is_black_and_white(picture: Image.Image) -> bool:
    red, green, blue = (np.asarray(picture.getchannel(name)) for name in "RGB")
    if not (np.array_equal(red, green) and np.array_equal(red, blue)):
        return False
    return ((red == 0) | (red == 255)).mean() > 0.9  # the rest are soft edges


def _unreadable(path: Path, error: Exception) -> ImageError:
    if isinstance(error, Image.DecompressionBombError):
        return ImageError(f"{path}: too many pixels to be a photo ({error}); reduce it first")
    return ImageError(f"{path}: cannot be read as an image ({_reason(error)}); replace the file or remove it")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    if type(error).__name__ == "UnidentifiedImageError":
        return "not an image file, or an unknown format"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
