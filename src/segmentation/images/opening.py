"""Opening image files safely: kinds and sizes are checked, and every failure is one clear ImageError."""

import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from segmentation.core.errors import ImageError, MissingExtraError, printable
from segmentation.core.imports import require
from segmentation.core.memory import pixels_that_fit
from segmentation.images.formats import HEIF, NAMELESS, OTHER_SUFFIXES, READABLE, describe_unread
from segmentation.images.opened import OpenedImage, UnreadKindError
from segmentation.images.pillow import prepare_pillow
from segmentation.images.pillow_file import read_pillow
from segmentation.images.png import SIGNATURE as PNG_SIGNATURE
from segmentation.images.png import PngChunks
from segmentation.images.tiff import SIGNATURES as TIFF_SIGNATURES
from segmentation.images.tiff import read_tiff

Source = Path | bytes
"""An image file: its path, or its content."""

_LARGE = 25_000_000  # pixels; smaller pictures cost little, whatever they hold
_MOST_PIXELS_A_BYTE = 200  # a photo of very low quality has 50
_SIGNATURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", *TIFF_SIGNATURES)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")

# how Python shows the bytes of a file, or says that they are no number
_BYTES = re.compile(r"\bb(['\"])(.*)\1")
_NO_NUMBER = re.compile(r"(invalid literal for int\(\) with base 10|could not convert string to float): ")


@contextmanager
def opened(
    source: Source, max_pixels: int | None = None, *, header: bool = False, photo: bool = False
) -> Iterator[OpenedImage]:
    """Yield the picture, its header read; any failure while it is open becomes an ImageError.

    Where only its `header` is asked for, its pixels cannot be read. Raises ImageError, before anything is
    decoded, where it declares more than `max_pixels` pixels, by default `pixels_that_fit`, and for a large
    `photo` with far more pixels than its bytes can hold, as a mask may have.
    """
    if isinstance(source, Path) and source.suffix.lower() in OTHER_SUFFIXES:
        which, remedy = describe_unread([source.name])
        raise image_error(source.parent, f"holds {which}", remedy)
    prepare_pillow()
    try:
        with _file(source) as file:
            check = None if header else partial(_check_size, source, file, max_pixels, photo)
            with _identified(file, source, check) as stored:
                yield stored
    except ImageError:
        raise
    # A decoder walks through bytes that anyone may have written, and what it stumbles over there has any
    # type: KeyError, AssertionError, zlib.error. A list of them is never complete, and the one that is
    # missing stops a whole folder. The cause stays attached, so that a mistake made here can be found.
    except Exception as error:
        named = getattr(error, "filename", None)  # by the system; a decoder led astray names no file
        remedy = "check the path and its rights" if named else "replace or remove it"
        if isinstance(error, UnreadKindError):
            remedy = "convert it to RGB of 8 or 16 bits"
        raise image_error(source, f"cannot be read as an image ({reason_of(error)})", remedy) from error


def _file(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        if not source:
            raise ValueError("no bytes at all")
        return io.BytesIO(source)
    _check_kind(source)
    return source.open("rb")


def _check_kind(path: Path) -> None:
    status = path.stat()  # before opening it: opening may block for ever on a pipe, or rewind a tape
    if stat.S_ISDIR(status.st_mode):
        raise ValueError("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("a pipe or a device, not a file")
    if status.st_size == 0:
        raise ValueError("empty file")


@contextmanager
def _identified(
    file: BinaryIO, source: Source, check: Callable[[int, int], None] | None
) -> Iterator[OpenedImage]:
    """Yield the picture; `check` takes the width and the height of one whose pixels are wanted."""
    header = check is None
    check = check or (lambda _width, _height: None)
    head = file.read(64)
    if head.startswith(TIFF_SIGNATURES):
        stored = read_tiff(file)
        check(stored.width, stored.height)
        yield stored
        return
    if head[8:16] == b"WEBPVP8X":  # Pillow allocates this canvas already while it opens the file
        width, height = (1 + int.from_bytes(head[place : place + 3], "little") for place in (24, 27))
        check(width, height)
    chunks = PngChunks(file, header=header) if head.startswith(PNG_SIGNATURE) else None
    if chunks:
        file = chunks.content
    with _opened_by_pillow(file, source, head) as picture:
        check(*picture.size)
        if chunks and not header:
            chunks.check_size()
        profile = chunks.icc_profile if chunks else picture.info.get("icc_profile")
        yield read_pillow(picture, file, icc_profile=profile, notes=chunks.notes if chunks else ())


def _opened_by_pillow(file: BinaryIO, source: Source, head: bytes) -> Image.Image:
    formats = READABLE
    if _is_heif(head):
        _prepare_heif(source)
        formats = (HEIF,)
    elif isinstance(source, Path) and source.suffix.lower() in NAMELESS:
        formats = (*READABLE, NAMELESS[source.suffix.lower()])
    file.seek(0)
    try:
        return Image.open(file, formats=formats)
    except UnidentifiedImageError as error:
        if head.startswith(_SIGNATURES):
            raise ValueError("its header is damaged, cut off or of an unknown kind") from error
        raise ValueError("not an image file, or an unknown format") from error


def _is_heif(head: bytes) -> bool:
    """Return whether a file is HEIF whose pictures are coded as in HEIC, by the brands that it names."""
    if head[4:8] != b"ftyp":
        return False
    brands = head[8 : min(len(head), int.from_bytes(head[:4]))]
    return any(brands[place : place + 4] in _HEIC_BRANDS for place in range(0, len(brands), 4))


def _prepare_heif(source: Source) -> None:
    try:
        pillow_heif = require("pillow_heif", "heic", "pillow-heif")
    except MissingExtraError as error:
        raise image_error(source, "is a HEIC picture", f"{error}, or export it as JPEG") from None
    if HEIF not in Image.OPEN:
        pillow_heif.register_heif_opener()


def _check_size(
    source: Source, file: BinaryIO, max_pixels: int | None, photo: bool, width: int, height: int
) -> None:
    pixels, most = width * height, pixels_that_fit() if max_pixels is None else max_pixels
    if pixels > most:
        problem = f"declares {width}x{height} pixels, more than the limit of {most}"
        raise image_error(source, problem, "reduce the picture, or raise `max_pixels`")
    place = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(place)
    if photo and pixels > _LARGE and pixels > _MOST_PIXELS_A_BYTE * size:
        problem = f"declares {width}x{height} pixels in {size} bytes, which hold no photo of that size"
        raise image_error(source, problem, "reduce the picture")


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
        return "damaged in a way that its decoder does not expect"
    said = error.args[0] if error.args else ""
    text = said.decode(errors="backslashreplace") if isinstance(said, bytes) else str(error)
    text = _NO_NUMBER.sub("expected a number, received ", text.partition("\n")[0][:200])
    text = _BYTES.sub(r"\1\2\1", text)
    if "truncated" in text.lower() or "cannot load this image" in text:  # in the pixels, before the pixels
        return "the file ends too early"
    return "damaged, or the file ends too early" if "decoder" in text else text  # WebP
