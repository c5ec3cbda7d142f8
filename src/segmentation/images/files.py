"""Where images are opened and written: EXIF turn, alpha, colour, one clear error, atomic writes."""

import io
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from segmentation.core.errors import ImageError, printable
from segmentation.core.files import write_bytes
from segmentation.images.pillow import prepare_pillow
from segmentation.images.sixteen_bit import decode_colour, encode_png, encode_tiff

Source = Path | bytes
"""A file of an image: its path, or what it holds."""

MAX_PIXELS = 200_000_000  # twice the largest cameras' photos; they take about 2 GB while they are decoded

_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
}
IMAGE_SUFFIXES = frozenset(_FORMATS)
OTHER_SUFFIXES = frozenset(  # of pictures that are not read
    {".psd", ".psb", ".heic", ".heif", ".avif", ".dng", ".cr2", ".cr3", ".nef", ".arw"}
)

# Nothing else is tried, whatever the file holds: Pillow would hand an EPS to Ghostscript.
_READABLE = tuple(dict.fromkeys(_FORMATS.values()))
_SIGNATURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"II*\0", b"MM\0*")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
_RGB_OR_GREY = frozenset({"RGB", "RGBA", "I;16", "I;16B", "I;16L", "I;16N"})  # of pictures of 16 bits
_ONE_VALUE_A_PIXEL = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_LOSSLESS_WEBP = {"lossless": True, "exact": True, "quality": 20, "method": 2}  # quality is the effort here
_DEEP_ENCODERS = {"PNG": encode_png, "TIFF": encode_tiff}
_PREVIEW_OR_MASK = 0b101  # bits of TIFF's NewSubfileType
_MOST_DPI = 30_000  # more is damage, and PSD holds no more than 65535
_MOST_PAGES = 1000  # Pillow's time to count them is quadratic


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
    """The pixels of `open_photo`: uint8 RGB [H, W, 3]. Raises ImageError."""
    return open_photo(path, max_pixels=max_pixels).pixels


def open_photo(source: Source, *, max_pixels: int = MAX_PIXELS, bits: int = 8) -> Picture:
    """Read a photo as a person sees it, from a path or the bytes of a file.

    Palettes, grey, CMYK (through its colour profile) and 16-bit files are converted; an alpha channel is
    dropped; of several frames or pages the first is read. With `bits` of 16 a PNG or TIFF in RGB or grey that
    has as many keeps them beside its 8. Raises ImageError with the file's name and the reason, without
    decoding anything where the file declares more than `max_pixels` pixels.
    """
    with _opened(source, max_pixels) as stored:
        may_be_deep = bits == _bits(stored) == 16 and stored.mode in _RGB_OR_GREY
        picture = _picture(stored)
        if (frames := _count_frames(stored)) > 1:
            picture = replace(picture, notes=(f"first of {frames} frames", *picture.notes))
        deep = decode_colour(_content(source)) if may_be_deep else None
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
    except Exception as error:  # see `_opened`
        raise ImageError(f"photo: cannot be decoded ({_reason(error)}); replace it") from error


def _picture(stored: Image.Image) -> Picture:
    """The photo in an image of Pillow, its pixels read or not."""
    bits, profile, dpi = _bits(stored), stored.info.get("icc_profile"), _resolution(stored)
    picture, notes = _upright(stored)
    if bits > 8:
        notes.append(f"{bits} bit reduced to 8")
        picture = _eight_bit(picture, bits)
    if picture.has_transparency_data and picture.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        notes.append("transparency ignored")
    if picture.mode == "CMYK":
        picture, note = _cmyk_to_rgb(picture, profile)
        notes.append(note)
        profile = None
    elif not (picture.mode.startswith(("RGB", "P", "YCbCr")) and _is_for_rgb(profile)):
        profile = None
    pixels = np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    return Picture(pixels, profile, tuple(notes), dpi)


def read_mask(path: Path, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a ground truth: uint8 [H, W], 0 outside and 255 inside the garment, soft edges kept.

    A file with transparency (an RGBA cutout) gives its alpha channel, any other its grey values, and so
    does a black and white picture whose alpha channel is opaque everywhere: a mask that was saved with
    one. A mask that is stored as 0 and 1 is scaled to 0 and 255. Raises ImageError like `open_photo`.
    """
    with _opened(path, max_pixels) as stored:
        bits = _bits(stored)
        picture, _ = _upright(stored)
        if picture.mode.startswith("I") and np.max(picture) <= 255:
            bits = 8  # 0 and 1, or 0 and 255, in 16 bit
        picture = _eight_bit(picture, bits)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            alpha = np.array(picture.getchannel("A"))
            if alpha.min() < 255 or not _is_black_and_white(picture):
                return alpha
        mask = np.array(picture.convert("L"))
    return mask * 255 if mask.max() == 1 else mask


def read_labels(path: Path, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a label map: integers [H, W], of palette pictures the index and not its colour.

    A file of 8 bits or fewer gives uint8. Raises ImageError like `open_photo`, and for a picture in colour.
    """
    with _opened(path, max_pixels) as stored:
        if stored.mode not in _ONE_VALUE_A_PIXEL:
            problem = f"is no label map (expected one value a pixel, received {stored.mode})"
            remedy = "save the values themselves as a grey or palette PNG, or name the colours of the classes"
            raise _error(path, problem, remedy)
        if re.search("'L;[24]'", str(stored.tile)):  # which Pillow spreads over 0 to 255
            raise _error(path, "is no label map (2 or 4 bit of grey)", "save it in 8 bit")
        picture, _ = _upright(stored)
        labels = np.array(picture)
    return labels.astype(np.uint8) if labels.dtype == bool else labels


def kind_of_pixels(path: Path) -> Literal["values", "palette", "colours"]:
    """What the pixels of the file are, by its header. Raises ImageError."""
    with _opened(path) as picture:
        if picture.mode == "P":
            return "palette"
        return "values" if picture.mode in _ONE_VALUE_A_PIXEL else "colours"


def image_size(path: Path) -> tuple[int, int]:
    """Height and width of the picture as a person sees it, read from the header alone. Raises ImageError."""
    with _opened(path) as picture:
        width, height = picture.size
        return (width, height) if _orientation(picture) in _LYING_ON_ITS_SIDE else (height, width)


def has_alpha(path: Path) -> bool:
    """Whether the file carries transparency, read from the header alone. Raises ImageError."""
    with _opened(path) as picture:
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

    PNG and TIFF hold uint16 as well. A PNG that is `mostly_empty`, as one of 16 bits in colour always, is
    looked through for runs of equal bytes alone: masks and cutouts become smaller so, and quicker. JPEG is
    4:4:4, TIFF deflated with unassociated alpha; `lossless` is about WebP. With a `palette`, the colours that
    its values stand for, a grey PNG keeps its values, 8 bits each, and shows these colours.
    `icc_profile` says what the colours mean (PNG, JPEG, WebP and TIFF hold it), `dpi` how many pixels make an
    inch across and down (PNG, JPEG, TIFF and BMP do). Parents are created. Raises ImageError when the file
    cannot be written, and leaves what was there before.
    """
    if path.suffix.lower() not in _FORMATS:
        reason = f"expected one of {' '.join(_FORMATS)}, received {path.suffix or 'no suffix'}"
        raise _error(path, f"cannot be written ({reason})", "end its name in one of them")
    kind = _FORMATS[path.suffix.lower()]
    encoding = {
        "PNG": {
            "compress_level": 3,
            "compress_type": zlib.Z_RLE if mostly_empty else zlib.Z_DEFAULT_STRATEGY,
        },
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": _LOSSLESS_WEBP if lossless else {"quality": 95},
        "TIFF": {"compression": "tiff_adobe_deflate"},
    }.get(kind, {})
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
        remedy = "check the folder and its free space" if from_system else "make it smaller or .png"
        raise _error(path, f"cannot be written ({_reason(error)})", remedy) from error


def as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """What a JPEG of `quality` 1 to 100, in its usual 4:2:0, leaves of uint8 RGB [H, W, 3]; of its size."""
    prepare_pillow()
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(content, formats=("JPEG",)) as picture:
        return np.array(picture)


@contextmanager
def _opened(source: Source, max_pixels: int | None = None) -> Iterator[Image.Image]:
    """Yield the picture, its header read; whatever fails while it is open becomes an ImageError."""
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
        raise _error(source, f"cannot be read as an image ({_reason(error)})", remedy) from error


def _file(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        if not source:
            raise ValueError("no bytes at all")
        return io.BytesIO(source)
    _check_kind(source)
    return source.open("rb")


def _content(source: Source) -> bytes:
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
        size = (1 + int.from_bytes(head[place : place + 3], "little") for place in (24, 27))
        _check_size(source, *size, max_pixels)
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
        raise _error(source, problem, "reduce the picture, or raise `max_pixels` where it is an option")


def _bits(picture: Image.Image) -> int:
    """Bits of a channel in the file, which Pillow's modes tell of grey only; ask before it is decoded."""
    if picture.format == "TIFF":
        return max(picture.tag_v2.get(ExifTags.Base.BitsPerSample, (1,)))
    if picture.format is None:  # made by a program
        return 16 if picture.mode.startswith("I") and np.asarray(picture).max() > 255 else 8
    return 16 if picture.format == "PNG" and ";16" in str(picture.tile) + picture.mode else 8


def _upright(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    orientation = _orientation(picture)  # before the pixels: what a PNG holds behind them, no viewer obeys
    picture.load()
    turned = picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture
    return turned, ["damaged metadata ignored"] if orientation is None else []


def _orientation(picture: Image.Image) -> int | None:
    """1 to 8 as in EXIF; None where the metadata is damaged."""
    if picture.format == "TIFF":
        return 1  # Pillow has turned it
    try:
        exif = Image.Image.getexif(picture)  # PNG's own method decodes the whole file
    except Exception:  # see `_opened`; the pixels may still be sound
        return None
    return exif.get(ExifTags.Base.Orientation, 1)


def _resolution(picture: Image.Image) -> tuple[float, float] | None:
    """Pixels per inch across and down, of the picture as a person sees it; ask before it is decoded."""
    try:
        across, down = (round(float(value), 4) for value in picture.info["dpi"])
    except Exception:  # absent, or see `_opened`
        return None
    if not (1 <= across <= _MOST_DPI and 1 <= down <= _MOST_DPI):
        return None
    return (down, across) if _orientation(picture) in _LYING_ON_ITS_SIDE else (across, down)


def _eight_bit(picture: Image.Image, bits: int) -> Image.Image:
    if picture.mode.startswith("I"):  # 12 to 32 bit grey; Pillow would clip it to 255 instead of scaling it
        bits = min(bits, 16)
        return Image.fromarray((np.asarray(picture).clip(0, 2**bits - 1) >> (bits - 8)).astype(np.uint8))
    if picture.mode == "F":
        return Image.fromarray((np.nan_to_num(picture).clip(0, 1) * 255).round().astype(np.uint8))
    return picture


def _cmyk_to_rgb(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, str]:
    if not profile:
        return picture.convert("RGB"), "CMYK converted to RGB"
    try:
        rgb = ImageCms.profileToProfile(
            picture,
            io.BytesIO(profile),
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,  # with black point compensation: as Photoshop does it
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except Exception:  # see `_opened`
        return picture.convert("RGB"), "CMYK converted to RGB without its damaged colour profile"
    return rgb, "CMYK converted to RGB"


def _is_for_rgb(profile: bytes | None) -> bool:
    return isinstance(profile, bytes) and (profile[16:20], profile[36:40]) == (b"RGB ", b"acsp")


def _count_frames(picture: Image.Image) -> int:
    """Frames or pages; ask after the first is decoded, for there may be damage further on."""
    if picture.format == "MPO":
        return 1  # a phone's photo; the others are its preview, depth or brightness
    if picture.format != "TIFF":
        try:
            return getattr(picture, "n_frames", 1)
        except Exception:  # see `_opened`
            return picture.tell() + 1
    pages = 1
    with suppress(Exception):  # EOFError behind the last page, anything at a damaged one
        for page in range(1, _MOST_PAGES):
            picture.seek(page)
            pages += not picture.tag_v2.get(ExifTags.Base.NewSubfileType, 0) & _PREVIEW_OR_MASK
    return pages


def _is_black_and_white(picture: Image.Image) -> bool:
    red, green, blue = (np.asarray(picture.getchannel(name)) for name in "RGB")
    if not (np.array_equal(red, green) and np.array_equal(red, blue)):
        return False
    return ((red == 0) | (red == 255)).mean() > 0.9  # the rest are soft edges


def _error(source: Source, problem: str, remedy: str) -> ImageError:
    """One line, whatever the file is called."""
    name = f"photo of {len(source)} bytes" if isinstance(source, bytes) else printable(str(source))
    return ImageError(f"{name}: {printable(problem)}; {remedy}")


def _reason(error: Exception) -> str:
    if getattr(error, "errno", None):
        return os.strerror(error.errno).lower()
    if isinstance(error, MemoryError):
        return "not enough memory"
    if not isinstance(error, (OSError, ValueError, SyntaxError, EOFError)) or not str(error):
        return f"damaged in a way its decoder does not expect, {type(error).__name__}"
    text = str(error).partition("\n")[0][:200]
    if "truncated" in text.lower() or "cannot load this image" in text:  # in the pixels, before the pixels
        return "the file ends too early"
    return "damaged, or the file ends too early" if "decoder" in text else text  # WebP, compressed TIFF
