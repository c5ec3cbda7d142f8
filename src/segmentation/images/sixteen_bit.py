"""PNG and TIFF with 16 bits a channel, of which Pillow keeps 8."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import ExifTags, TiffImagePlugin

from segmentation.images.exif import directories

_METRES_PER_INCH = 0.0254
_BEHIND_THE_HEADER = 33  # bytes: the signature and IHDR, which every other chunk follows
_BYTE, _ASCII, _LONG = 1, 2, 4  # types of TIFF
_DIRECTORIES = (int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo))
_LEVEL = 3  # of 9; a TIFF of level 6 is smaller by 7% and takes twice the time


def decode_colour(content: bytes) -> np.ndarray | None:
    """Decode a PNG in RGB: uint16 RGB [H, W, 3] as it is stored, by OpenCV.

    Returns None where it does not read the file, or not in 16 bits; compare the result with the 8 bits that
    Pillow reads.
    """
    import cv2

    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:  # larger than it allows
        return None
    if pixels is None or pixels.dtype != np.uint16:
        return None
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def encode_png(
    image: np.ndarray,
    *,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    exif: bytes | None = None,
) -> bytes:
    """Encode uint16 RGB [H, W, 3] or RGBA [H, W, 4] as PNG, by OpenCV, which knows nothing of resolution.

    Raises ValueError where OpenCV does not write it.
    """
    import cv2

    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    settings = [cv2.IMWRITE_PNG_COMPRESSION, _LEVEL]
    settings += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]  # smaller and quicker, of cutouts
    settings += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH]
    try:
        done, encoded = cv2.imencode(".png", cv2.cvtColor(image, order), settings)
    except cv2.error:
        done = False
    if not done:
        raise ValueError(f"OpenCV does not write a PNG of {image.shape[1]}x{image.shape[0]}")
    content = encoded.tobytes()
    metadata = b""
    if icc_profile:
        metadata += _chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc_profile))
    if dpi:
        across, down = (round(value / _METRES_PER_INCH) for value in dpi)
        metadata += _chunk(b"pHYs", struct.pack(">IIB", across, down, 1))  # 1: per metre
    if exif:
        metadata += _chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    return content[:_BEHIND_THE_HEADER] + metadata + content[_BEHIND_THE_HEADER:]


def encode_tiff(
    image: np.ndarray,
    *,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    exif: bytes | None = None,
) -> bytes:
    """Encode uint16 RGB [H, W, 3] or RGBA [H, W, 4] as deflated TIFF, alpha unassociated, by tifffile."""
    from tifffile import TiffWriter

    tags = directories(exif) if exif else {}
    content = io.BytesIO()
    with TiffWriter(content) as writer:
        writer.write(
            image,
            photometric="rgb",
            extrasamples=["unassalpha"] if image.shape[2] == 4 else None,
            compression="zlib",
            compressionargs={"level": _LEVEL},
            predictor=True,
            iccprofile=icc_profile,
            resolution=dpi,
            resolutionunit="inch" if dpi else None,
            metadata=None,
            software=False,
            extratags=_exif_tags(tags),
        )
    for number in _DIRECTORIES:
        if number in tags:
            _append_directory(content, number, tags[number])
    return content.getvalue()


def _exif_tags(tags: dict[int, Any]) -> list[tuple[int, int, int, Any, bool]]:
    """Return the tags of EXIF as tifffile takes them; of directories a place that is not known yet."""
    found: list[tuple[int, int, int, Any, bool]] = [
        (number, _LONG, 1, 0, True) for number in _DIRECTORIES if number in tags
    ]
    for number, value in tags.items():
        if isinstance(value, str):
            found.append((number, _ASCII, 0, value, True))
        elif isinstance(value, bytes):
            found.append((number, _BYTE, len(value), value, True))
    return found


def _append_directory(content: io.BytesIO, number: int, values: dict[int, Any]) -> None:
    """Append a directory of EXIF to a TIFF, and say in its tag where it lies."""
    from tifffile import TiffFile

    head = b"II*\0\x08\0\0\0" if content.getvalue()[:2] == b"II" else b"MM\0*\0\0\0\x08"
    directory = TiffImagePlugin.ImageFileDirectory_v2(head, group=number)
    for tag, value in values.items():
        directory[tag] = value
    place = content.seek(0, io.SEEK_END)
    place += place % 2  # a directory begins at an even place
    content.seek(place)
    content.write(directory.tobytes(place))
    content.seek(0)
    with TiffFile(content, mode="r+") as file:
        file.pages.first.tags[number].overwrite(place)


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG: its length, kind, content and check sum."""
    named = kind + content
    return struct.pack(">I", len(content)) + named + struct.pack(">I", zlib.crc32(named))
