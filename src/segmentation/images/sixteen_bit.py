"""PNG with 16 bits a channel, of which Pillow keeps 8."""

import struct
import zlib

import numpy as np

_METRES_PER_INCH = 0.0254
_BEHIND_THE_HEADER = 33  # bytes: the signature and IHDR, which every other chunk follows
_LEVEL = 3  # of 9


def decode_colour(content: bytes) -> np.ndarray | None:
    """Decode a PNG in RGB or with transparency: uint16 RGB [H, W, 3] or RGBA [H, W, 4], by OpenCV.

    Returns None where it does not read the file, or not in 16 bits; compare the result with the 8 bits that
    Pillow reads.
    """
    import cv2

    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)  # not turned
    except cv2.error:  # larger than it allows
        return None
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        return None
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)


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
    settings += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]  # smaller and quicker for cutouts
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


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG: its length, kind, content and check sum."""
    named = kind + content
    return struct.pack(">I", len(content)) + named + struct.pack(">I", zlib.crc32(named))
