"""Opening image files safely: kinds and sizes are checked, and every failure is one clear ImageError."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from segmentation.core.errors import ImageError, printable
from segmentation.images.pillow import prepare_pillow

Source = Path | bytes
"""An image file: its path, or its content."""

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
}
IMAGE_SUFFIXES = frozenset(FORMATS)
OTHER_SUFFIXES = frozenset(  # of pictures that are not read
    {".psd", ".psb", ".heic", ".heif", ".avif", ".dng", ".cr2", ".cr3", ".nef", ".arw"}
)

# Nothing else is tried, whatever the file holds: Pillow would hand an EPS to Ghostscript.
_READABLE = tuple(dict.fromkeys(FORMATS.values()))
_SIGNATURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"II*\0", b"MM\0*")


@contextmanager
def opened(source: Source, max_pixels: int | None = None) -> Iterator[Image.Image]:
    """Yield the picture, its header read; any failure while it is open becomes an ImageError.

    Raises ImageError, before anything is decoded, where it declares more than `max_pixels` pixels.
    """
    prepare_pillow()
    try:
        with _file(source) as file, _identified(file, source, max_pixels) as picture:
            yield picture
    except ImageError:
        raise
    # A decoder walks through bytes that anyone may have written, and what it stumbles over there has any
    # type: KeyError, AssertionError, zlib.error. A list of them is never complete, and the one that is
    # missing stops a whole folder. The cause stays attached, so that a mistake made here can be found.
    except Exception as error:
        named = getattr(error, "filename", None)  # by the system; a decoder led astray names no file
        remedy = "check the path and its rights" if named else "replace or remove it"
        raise image_error(source, f"cannot be read as an image ({reason_of(error)})", remedy) from error


def _file(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        if not source:
            raise ValueError("no bytes at all")
        return io.BytesIO(source)
    _check_kind(source)
    return source.open("rb")


def content_of(source: Source) -> bytes:
    """Return the content of an image file."""
    return source if isinstance(source, bytes) else source.read_bytes()


def _check_kind(path: Path) -> None:
    status = path.stat()  # before opening it: that may wait for ever on a pipe, or rewind a tape
    if stat.S_ISDIR(status.st_mode):
        raise ValueError("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("a pipe or a device, not a file")
    if status.st_size == 0:
        raise ValueError("empty file")


def _identified(file: BinaryIO, source: Source, max_pixels: int | None) -> Image.Image:
    head = file.read(30)
    if head[8:16] == b"WEBPVP8X":  # Pillow allocates this canvas already while it opens the file
        width, height = (1 + int.from_bytes(head[place : place + 3], "little") for place in (24, 27))
        _check_size(source, width, height, max_pixels)
    try:
        picture = Image.open(file, formats=_READABLE)
    except UnidentifiedImageError as error:
        if head.startswith(_SIGNATURES):
            raise ValueError("its header is damaged, cut off or of an unknown kind") from error
        raise ValueError("not an image file, or an unknown format") from error
    _check_size(source, *picture.size, max_pixels)
    return picture


def _check_size(source: Source, width: int, height: int, max_pixels: int | None) -> None:
    if max_pixels is not None and width * height > max_pixels:
        problem = f"declares {width}x{height} pixels, more than the limit of {max_pixels}"
        raise image_error(source, problem, "reduce the picture, or raise `max_pixels` where it is an option")


def image_error(source: Source, problem: str, remedy: str) -> ImageError:
    """Return an error of one line, whatever the file is called."""
    name = f"photo of {len(source)} bytes" if isinstance(source, bytes) else printable(str(source))
    return ImageError(f"{name}: {printable(problem)}; {remedy}")


def reason_of(error: Exception) -> str:
    """Return in words why an image could not be read or written."""
    if number := getattr(error, "errno", None):
        return os.strerror(number).lower()
    if isinstance(error, MemoryError):
        return "not enough memory"
    if not isinstance(error, (OSError, ValueError, SyntaxError, EOFError)) or not str(error):
        return f"damaged in a way its decoder does not expect, {type(error).__name__}"
    text = str(error).partition("\n")[0][:200]
    if "truncated" in text.lower() or "cannot load this image" in text:  # in the pixels, before the pixels
        return "the file ends too early"
    return "damaged, or the file ends too early" if "decoder" in text else text  # WebP, compressed TIFF
