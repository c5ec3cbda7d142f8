"""TIFF files of every kind, by tifffile: the page that is the photo, its values and what they mean."""

import io
import math
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO, Literal

import numpy as np

from segmentation.images.exif import exif_of_tiff
from segmentation.images.headers import upright_resolution
from segmentation.images.opened import OpenedImage, Pixels, Space, UnreadKindError
from segmentation.images.orientation import LYING_ON_ITS_SIDE, turned
from segmentation.images.png import MOST_DEFLATED
from segmentation.images.tiff_pages import page_of_photo
from segmentation.images.value_range import full_range

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_LARGEST_RATIO = {1: 1, 5: 2800, 8: MOST_DEFLATED, 32946: MOST_DEFLATED, 32773: 64}  # bytes from one byte
_KINDS = {  # PhotometricInterpretation
    0: "grey, white is zero",
    1: "grey",
    2: "RGB",
    3: "palette",
    4: "transparency mask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIELAB",
    9: "ICCLab",
    10: "ITULab",
    32803: "raw sensor data",
    32844: "LogL",
    32845: "LogLuv",
    34892: "raw sensor data",
}
_COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3, 9: 3}  # samples without the extra ones
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples
_CMYK_INKS = 1
_BY_ITSELF = (6, 7, 34892, 33003, 33004, 33005, 34712, 50001, 50002, 52546)  # codecs that decode colours too


def read_tiff(file: BinaryIO) -> OpenedImage:
    """Return the photo of a TIFF or BigTIFF; raise ValueError for one that holds no picture of a known kind.

    Its pixels and EXIF are read while the file is open. Other damage may raise an error of any type.
    """
    from tifffile import TiffFile

    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    tiff = TiffFile(file)
    page, notes = page_of_photo(tiff)
    orientation = page.tags.valueof(274, 1)
    height, width = page.imagelength, page.imagewidth
    if orientation in LYING_ON_ITS_SIDE:
        height, width = width, height
    photometric = int(page.photometric) if 262 in page.tags else -1
    extra = _extra_samples(page, photometric)
    return OpenedImage(
        height,
        width,
        bits=page.bitspersample,
        kind=_kind_of(photometric) if not extra else "colours",
        mode=_KINDS.get(photometric, f"kind {photometric}") + (" and more channels" if extra else ""),
        has_alpha=bool(extra),
        decode=lambda _deep: _decode(page, photometric, extra, orientation, size, notes),
        icc_profile=page.tags.valueof(34675),
        dpi=_resolution(page, orientation),
        read_exif=lambda: exif_of_tiff(
            file, page.offset, little_endian=tiff.byteorder == "<", big_tiff=tiff.is_bigtiff
        ),
    )


def _kind_of(photometric: int) -> Literal["values", "palette", "colours"]:
    if photometric == 3:
        return "palette"
    return "values" if _COLOURS.get(photometric) == 1 else "colours"


def _extra_samples(page: Any, photometric: int) -> tuple[int, ...]:
    """Return what each sample beyond the colours is; without a tag, one of them is taken for transparency."""
    samples = page.samplesperpixel - _COLOURS.get(photometric, page.samplesperpixel)
    if samples <= 0:
        return ()
    named = tuple(int(kind) for kind in np.atleast_1d(page.tags.valueof(338, ())))
    if not named:
        return (_UNASSOCIATED,) if samples == 1 else (0,) * samples
    return (named + (0,) * samples)[:samples]


def _resolution(page: Any, orientation: int) -> tuple[float, float] | None:
    """Return the pixels per inch across and down, of the picture as a person sees it."""
    inches = {2: 1.0, 3: 2.54}.get(page.tags.valueof(296, 2))
    with suppress(Exception):  # absent or damaged
        across, down = (page.tags.valueof(tag) for tag in (282, 283))
        dpi = (inches * across[0] / across[1], inches * down[0] / down[1])
        return upright_resolution(dpi, orientation)
    return None


def _decode(
    page: Any, photometric: int, extra: tuple[int, ...], orientation: int, size: int, notes: tuple[str, ...]
) -> Pixels:
    samples = turned(_samples(page, photometric, size), orientation)  # [H, W, C]
    count = _COLOURS[photometric]
    if photometric in (3, 8, 9):
        if photometric == 3:
            pixels = _palette(samples[..., 0], page, notes)
        else:
            pixels = Pixels(_lab(samples[..., :3], icc=photometric == 9), "Lab", notes=notes)
        if not extra:
            return pixels
        others = full_range(_unsigned(samples[..., count:]), page.bitspersample).values
        return _with_extra(pixels, others, extra)
    channels, more, unknown = full_range(samples, page.bitspersample)
    colours, others = channels[..., :count], channels[..., count:]
    values = samples[..., 0] if count == 1 and not extra and samples.dtype.kind in "bui" else None
    if photometric == 0:
        colours = np.iinfo(colours.dtype).max - colours
        values = None if values is None else (1 << page.bitspersample) - 1 - values.astype(np.int64)
    if photometric == 5:
        colours = _eight_bit(colours)
    if photometric == 6 and page.compression not in _BY_ITSELF:
        colours = _from_ycbcr(colours)
    space: Space = "grey" if count == 1 else "CMYK" if count == 4 else "RGB"
    pixels = Pixels(colours, space, values=values, notes=(*notes, *more), unknown=unknown)
    return _with_extra(pixels, others, extra)


def _with_extra(pixels: Pixels, others: np.ndarray, extra: tuple[int, ...]) -> Pixels:
    """Add what the samples beyond the colours, [H, W, C], are by `extra`."""
    colours, notes, alpha = pixels.colours, pixels.notes, None
    place = next((place for place, kind in enumerate(extra) if kind in (_ASSOCIATED, _UNASSOCIATED)), None)
    if place is not None:
        alpha = np.ascontiguousarray(others[..., place])
        of_light = pixels.space != "Lab" and pixels.values is None  # as indices of a palette are not
        if extra[place] == _ASSOCIATED and of_light:
            colours = _divided(colours, others[..., place])
    saved = [number for number in range(len(extra)) if number != place]
    if saved:
        notes = (*notes, f"{len(saved)} saved selection{'s' if saved[1:] else ''} left out")
    selections = tuple(np.ascontiguousarray(others[..., number]) for number in saved)
    return replace(
        pixels, colours=np.ascontiguousarray(colours), alpha=alpha, selections=selections, notes=notes
    )


def _samples(page: Any, photometric: int, size: int) -> np.ndarray:
    """Return the samples of a page as they are stored: [H, W, C]."""
    from tifffile import TIFF

    kind = _KINDS.get(photometric, f"kind {photometric}")
    inks = page.tags.valueof(332, _CMYK_INKS)
    if photometric not in _COLOURS or page.samplesperpixel < _COLOURS[photometric]:
        raise UnreadKindError(f"a TIFF of {kind}, which is not read")
    if photometric == 5 and inks != _CMYK_INKS:
        raise UnreadKindError("a TIFF of other inks than CMYK, which is not read")
    if page.imagedepth > 1 or int(page.sampleformat) not in (1, 2, 3, 4):
        raise UnreadKindError(f"a TIFF of {kind} in complex numbers or in volumes, which is not read")
    if page.compression not in TIFF.DECOMPRESSORS:
        raise UnreadKindError(f"a TIFF compressed by {page.compression.name}, which is not read")
    _check_data(page, size)
    try:
        values = page.asarray(squeeze=False)  # [planes, 1, H, W, C]
    except (ValueError, MemoryError):
        raise
    except NotImplementedError as error:
        raise UnreadKindError(f"a TIFF of {kind} that is not read: {error}") from error
    except Exception as error:  # of a codec, see `opening.opened`
        raise ValueError("damaged, or the file ends too early") from error
    if values.ndim != 5 or values.shape[2:4] != (page.imagelength, page.imagewidth):
        raise ValueError("damaged, or the file ends too early")
    return np.moveaxis(values[:, 0], 0, 2).reshape(*values.shape[2:4], -1)


def _check_data(page: Any, size: int) -> None:
    """Raise ValueError where parts of the pixels are missing in the file, before room is made for them."""
    columns = page.tilewidth if page.is_tiled else page.imagewidth
    rows = page.tilelength if page.is_tiled else page.rowsperstrip
    parts = math.ceil(page.imagewidth / columns) * math.ceil(page.imagelength / rows)
    if page.planarconfig == 2:
        parts *= page.samplesperpixel
    offsets, counts = page.dataoffsets, page.databytecounts
    ends = [offset + count for offset, count in zip(offsets, counts, strict=False)]
    whole = page.is_contiguous and len(offsets) == 1  # tifffile joins what lies in one piece
    if not ends or 0 in counts or 0 in offsets or max(ends) > size or (len(ends) < parts and not whole):
        raise ValueError("the file ends too early")
    if ratio := _LARGEST_RATIO.get(int(page.compression)):
        samples = page.imagewidth * page.imagelength * page.samplesperpixel
        if samples * page.bitspersample // 8 > ratio * sum(counts):
            raise ValueError("the file ends too early")


def _palette(indices: np.ndarray, page: Any, notes: tuple[str, ...]) -> Pixels:
    stored = page.colormap  # uint16 [3, N], or uint8 of old writers
    if stored is None:
        raise UnreadKindError("a TIFF of a palette without colours")
    table = stored.T if stored.max() < 256 else stored.T >> 8
    return Pixels(
        table.astype(np.uint8)[np.minimum(indices, len(table) - 1)], "RGB", None, indices, notes=notes
    )


def _lab(values: np.ndarray, *, icc: bool) -> np.ndarray:
    """Return CIELAB of 8 or 16 bits as uint8 L, a and b, whose zero is 128."""
    if values.dtype.itemsize > 2 or values.dtype.kind == "f":
        raise UnreadKindError("a TIFF of CIELAB in more than 16 bits, which is not read")
    if values.dtype.itemsize == 2:
        values = (_unsigned(values) >> 8).astype(np.uint8)
    lab = _unsigned(values).copy()
    if not icc:
        lab[..., 1:] ^= 128  # signed
    return lab


def _unsigned(values: np.ndarray) -> np.ndarray:
    """Return the bits of whole numbers as numbers without a sign."""
    return values.view(f"u{values.dtype.itemsize}") if values.dtype.kind == "i" else values


def _from_ycbcr(colours: np.ndarray) -> np.ndarray:
    import cv2

    ycbcr = np.ascontiguousarray(_eight_bit(colours))
    return np.asarray(cv2.cvtColor(ycbcr[..., [0, 2, 1]], cv2.COLOR_YCrCb2RGB))


def _divided(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return colours that are multiplied with their transparency as they were before."""
    highest = np.iinfo(colours.dtype).max
    opaque = np.maximum(alpha, 1).astype(np.float32)[..., np.newaxis]
    return np.minimum(colours * (highest / opaque) + 0.5, highest).astype(colours.dtype)


def _eight_bit(values: np.ndarray) -> np.ndarray:
    return values if values.dtype == np.uint8 else (values >> 8).astype(np.uint8)
