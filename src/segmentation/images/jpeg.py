"""JPEG files: decoded by libjpeg-turbo, which tells where data are missing; other readers fill in grey."""

import numpy as np

_END = b"\xff\xd9"
# libjpeg's remarks on oddities that cost no pixel: padding before a marker, as many cameras write it,
# and headers that are not by the book
_HARMLESS = ("extraneous bytes", "JFIF revision", "Adobe color transform", "SOS parameters", "ICC marker")


def decode_jpeg(content: bytes, *, grey: bool) -> np.ndarray | None:
    """Decode a JPEG: uint8 RGB [H, W, 3], or [H, W, 1] of one in `grey`, as it is stored.

    Returns None where nothing is missing, but something is odd, so that another reader has to decode it.
    Raises ValueError where data are missing or damaged.
    """
    from simplejpeg import decode_jpeg as decode

    try:
        pixels: np.ndarray = decode(_ended(content), "GRAY" if grey else "RGB", strict=True)
    except ValueError as error:
        _refuse_damage(error)
        return None
    return pixels


def check_cmyk_jpeg(content: bytes) -> None:
    """Raise ValueError where data of a JPEG in CMYK are missing or damaged."""
    from simplejpeg import decode_jpeg as decode

    try:
        decode(_ended(content), "CMYK", min_height=1, min_width=1, min_factor=8, strict=True)
    except ValueError as error:
        _refuse_damage(error)


def _ended(content: bytes) -> bytes:
    """Return a JPEG with an end marker, without which all pixels may still be there."""
    return content + _END


def _refuse_damage(error: ValueError) -> None:
    remark = str(error)
    if "premature" in remark.lower():
        raise ValueError("the file ends too early") from error
    if not any(harmless in remark for harmless in _HARMLESS):
        raise ValueError(f"damaged: {remark.removeprefix('Corrupt JPEG data: ')}") from error
