"""Image files: photos, masks and label maps are read, and pictures are written atomically."""

import io
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL import Image

from segmentation.core.errors import ImageError, remedy_for
from segmentation.core.files import write_bytes
from segmentation.images.colour import adobe_rgb_profile, to_rgb
from segmentation.images.compositing import in_bits
from segmentation.images.exif import camera_exif, says_adobe_rgb
from segmentation.images.formats import FORMATS
from segmentation.images.opened import OpenedImage, Pixels
from segmentation.images.opening import Source, image_error, opened, reason_of
from segmentation.images.picture import MOST_JPEG_EXIF_BYTES, TRANSPARENT, Picture
from segmentation.images.pillow import prepare_pillow
from segmentation.images.pillow_file import read_pillow
from segmentation.images.png_colour import encode_png
from segmentation.images.tiff_write import encode_tiff

_WHITE = 255
_MOSTLY = 0.9  # the share of a mask that is black or white; the rest are soft edges
_LOSSLESS_WEBP: Mapping[str, Any] = MappingProxyType(
    {"lossless": True, "exact": True, "quality": 20, "method": 2}  # quality is the effort here
)
_ENCODERS = {"PNG": encode_png, "TIFF": encode_tiff}


def read_photo(path: Path, *, max_pixels: int | None = None) -> np.ndarray:
    """Read a photo like `open_photo`, on white paper: uint8 RGB [H, W, 3]. Raises ImageError."""
    return open_photo(path, max_pixels=max_pixels).seen


def open_photo(
    source: Source, *, max_pixels: int | None = None, bits: int = 8, keep_gps: bool = False
) -> Picture:
    """Read a photo as a person sees it, from a path or the bytes of a file.

    Palettes are looked up, and grey, CMYK and CIELAB are converted through their colour profile, see
    `to_rgb`; the first of several frames or pages is read, but no preview in a TIFF. With `bits` of 16 a file
    in RGB or grey that has as many keeps them beside its 8. The EXIF is without the place where the photo was
    taken, but with `keep_gps`. Raises ImageError with the file's name and the reason, without decoding
    anything where the file declares more than `max_pixels` pixels, by default `pixels_that_fit`, or more than
    the bytes of a photo hold.
    """
    with opened(source, max_pixels, photo=True) as stored:
        return _picture(stored, bits, keep_gps)


def convert_photo(image: Image.Image) -> Picture:
    """Return a Pillow image as `open_photo` would read it from a file; the present one of several frames.

    The image stays as it is. Raises ImageError where it cannot be decoded.
    """
    prepare_pillow()
    try:
        return _picture(read_pillow(image, None, icc_profile=image.info.get("icc_profile")))
    except Exception as error:  # see `opened`
        raise ImageError(f"photo: cannot be decoded ({reason_of(error)}); replace it") from error


def _picture(stored: OpenedImage, bits: int = 8, keep_gps: bool = False) -> Picture:
    exif = Image.Exif()
    with suppress(Exception):  # see `opened`; the pixels may still be sound
        exif = stored.read_exif()
    pixels = stored.decode(bits == 16)
    colours, profile, converted = to_rgb(pixels.colours, pixels.space, stored.icc_profile)
    notes = [*pixels.notes]
    deep = colours if bits == 16 and colours.dtype == np.uint16 else None
    if stored.bits > (16 if deep is not None else 8):
        notes.append(f"{stored.bits} bit reduced to {8 if deep is None else 16}")
    alpha = None if pixels.alpha is None else _as_stored(pixels.alpha, bits)
    if alpha is not None and alpha.min() == np.iinfo(alpha.dtype).max:
        alpha = None
    if alpha is not None:
        notes.append(TRANSPARENT)
    if stored.icc_profile is None and pixels.space == "RGB" and says_adobe_rgb(exif):
        profile = adobe_rgb_profile()
        notes.append("Adobe RGB by its EXIF, a colour profile added")
    return Picture(
        np.ascontiguousarray(colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)),
        profile,
        (*notes, *converted),
        stored.dpi,
        deep,
        alpha,
        camera_exif(exif, keep_gps=keep_gps, converted=pixels.space != "RGB"),
    )


def read_mask(path: Path, *, max_pixels: int | None = None, bits: int = 8) -> np.ndarray:
    """Read a ground truth: uint8 [H, W], 0 outside and 255 inside the garment, soft edges kept.

    With `bits` of 16 it is uint16, and all of the garment is 65535.

    A file with transparency (an RGBA cutout) gives its alpha channel, one with a selection that was saved
    beside the picture that selection, any other its grey values, and so does a black and white picture whose
    alpha channel is opaque everywhere: a mask that was saved with one. A mask that is stored as 0 and 1 is
    scaled to 0 and 255. Raises ImageError like `open_photo`, where several selections were saved, and where
    a pixel is no finite number.
    """
    with opened(path, max_pixels) as stored:
        pixels = stored.decode(bits == 16)
    if pixels.unknown:
        problem = f"is no mask: {' and '.join(note.partition(',')[0] for note in pixels.unknown)}"
        raise image_error(path, problem, "give these pixels a value, 0 outside of the garment")
    alpha = None if pixels.alpha is None else in_bits(_as_stored(pixels.alpha, bits), bits)
    selections = [in_bits(_as_stored(saved, bits), bits) for saved in pixels.selections]
    if alpha is not None and alpha.min() < np.iinfo(alpha.dtype).max:
        return alpha
    if (alpha is not None or selections) and not _is_black_and_white(pixels):
        if selections[1:]:
            problem = f"holds {len(selections)} saved selections, of which any may be the garment"
            raise image_error(path, problem, "keep one of them, or save it with transparency")
        garment = selections[0] if selections else alpha
        if garment is not None:
            return garment
    grey = _grey(pixels, bits)
    return in_bits(grey * np.uint8(_WHITE) if grey.max() == 1 else grey, bits)


def _grey(pixels: Pixels, bits: int) -> np.ndarray:
    """Return the grey of a mask [H, W], its values as they are, in at most `bits`."""
    colours = pixels.colours
    if colours.max() <= _WHITE:  # or 0 and 1, or 0 and 255, in 16 bit
        colours = colours.astype(np.uint8)
    colours = _as_stored(colours, bits)
    if pixels.space == "grey" or (pixels.space == "RGB" and (colours == colours[..., :1]).all()):
        return np.ascontiguousarray(colours[..., 0])
    eight_bit = _as_stored(colours, 8)
    return np.array(Image.fromarray(to_rgb(eight_bit, pixels.space, None)[0]).convert("L"))


def _as_stored(values: np.ndarray, bits: int) -> np.ndarray:
    """Return values with 16 bits, if there are as many and they are wanted, else the upper 8 of each."""
    return values if bits == 16 or values.dtype == np.uint8 else (values >> 8).astype(np.uint8)


def _is_black_and_white(pixels: Pixels) -> bool:
    """Return whether a picture is black and white except for soft edges."""
    colours = _as_stored(pixels.colours, 8)
    if pixels.space not in ("grey", "RGB") or (colours != colours[..., :1]).any():
        return False
    return bool(((colours[..., 0] == 0) | (colours[..., 0] == _WHITE)).mean() > _MOSTLY)


def read_labels(path: Path, *, max_pixels: int | None = None) -> np.ndarray:
    """Read a label map: integers [H, W], of palette pictures the index and not its colour.

    A file of 8 bits or fewer gives uint8. Raises ImageError like `open_photo`, and for a picture in colour.
    """
    with opened(path, max_pixels) as stored:
        labels = None if stored.kind == "colours" else stored.decode(False).values
        if labels is None:
            problem = f"is no label map (expected one value a pixel, received {stored.mode})"
            remedy = "save the values themselves as a grey or palette PNG, or name the colours of the classes"
            raise image_error(path, problem, remedy)
    return labels.astype(np.uint8) if stored.bits <= 8 else labels


def loses_values(path: Path) -> bool:
    """Return whether a file's format, by its first bytes, mixes the values of neighbouring pixels."""
    with suppress(OSError), path.open("rb") as file:  # whoever reads it says what is wrong
        head = file.read(12)
        if (head[:4], head[8:]) == (b"RIFF", b"WEBP"):
            return _webp_pixels(file) == b"VP8 "
        return head.startswith(b"\xff\xd8\xff")
    return False


def _webp_pixels(file: BinaryIO) -> bytes:
    """Return the kind of the pixels of a WebP, "VP8 " or "VP8L", behind its profile; of the first frame."""
    while len(header := file.read(8)) == 8:
        kind, size = header[:4], int.from_bytes(header[4:], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind
        file.seek(16 if kind == b"ANMF" else size + size % 2, os.SEEK_CUR)  # a frame holds chunks of its own
    return b""


def kind_of_pixels(path: Path) -> Literal["values", "palette", "colours"]:
    """Return what the pixels of the file are, by its header. Raises ImageError."""
    with opened(path, header=True) as stored:
        return stored.kind


def image_size(path: Path) -> tuple[int, int]:
    """Read height and width of the picture as a person sees it from its header. Raises ImageError."""
    with opened(path, header=True) as stored:
        return stored.height, stored.width


def has_alpha(path: Path) -> bool:
    """Return whether the file has transparency or a saved selection, by its header. Raises ImageError."""
    with opened(path, header=True) as stored:
        return stored.has_alpha


def write_image(
    path: Path,
    image: np.ndarray,
    *,
    mostly_empty: bool = False,
    lossless: bool = False,
    quality: int | None = None,
    subsampling: str = "4:4:4",
    palette: Sequence[tuple[int, int, int]] = (),
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    exif: bytes | None = None,
) -> None:
    """Write uint8 grey [H, W], RGB [H, W, 3] or RGBA [H, W, 4] atomically; the suffix names the format.

    PNG and TIFF hold uint16 as well. A PNG that is `mostly_empty` is written in ways that make such pictures
    smaller, and faster: grey by runs of equal bytes alone, colour as all of it with 16 bits is (see
    `encode_png`). TIFF is deflated with unassociated alpha. `quality`, 1 to 100, is that of JPEG and WebP, by
    default 95, but for a WebP that is to be `lossless`; `subsampling` is that of JPEG. With a `palette`, the
    colours of its values, a grey PNG keeps its values, 8 bits each, and shows these colours.

    `icc_profile` says what the colours mean (PNG, JPEG, WebP and TIFF hold it), `dpi` how many pixels make an
    inch across and down (PNG, JPEG, TIFF and BMP do), `exif` what the camera noted (PNG, JPEG, WebP and TIFF
    do; where it is longer than a JPEG holds, that is written without). Parents are created. Raises ImageError
    when the file cannot be written, and leaves what was there.
    """
    if path.suffix.lower() not in FORMATS:
        reason = f"expected one of {' '.join(FORMATS)}, received {path.suffix or 'no suffix'}"
        raise image_error(path, f"cannot be written ({reason})", "end its name in one of them")
    kind = FORMATS[path.suffix.lower()]
    encodings: dict[str, Mapping[str, Any]] = {
        "PNG": {
            "compress_level": 3,
            "compress_type": zlib.Z_RLE if mostly_empty else zlib.Z_DEFAULT_STRATEGY,
        },
        "JPEG": {"quality": quality or 95, "subsampling": subsampling},
        "WEBP": _LOSSLESS_WEBP if lossless and quality is None else {"quality": quality or 95},
    }
    encoding = {**encodings.get(kind, {})}
    if dpi:
        encoding["dpi"] = dpi
    if exif and (kind != "JPEG" or len(exif) <= MOST_JPEG_EXIF_BYTES):
        encoding["exif"] = exif
    if palette:
        encoding["bits"] = 8  # even where fewer would do, since not every reader takes those
    content = io.BytesIO()  # Pillow's encoders overlook that a full disk took only a part
    try:
        deep = image.dtype == np.uint16 and image.ndim == 3
        if deep and kind not in _ENCODERS:
            raise ValueError(f"16 bits a channel, which {' and '.join(_ENCODERS)} hold")
        if deep or kind == "TIFF" or (kind == "PNG" and mostly_empty and image.ndim == 3):
            content.write(_ENCODERS[kind](image, icc_profile=icc_profile, dpi=dpi, exif=exif))
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
