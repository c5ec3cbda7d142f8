"""JPEG files: decoded by libjpeg-turbo, which tells where data are missing; other readers fill in grey."""

import re
from typing import Any

import numpy as np

_END = b"\xff\xd9"
# libjpeg's remarks on headers that are not by the book, which cost no pixel
_HARMLESS = ("JFIF revision", "Adobe color transform", "SOS parameters", "ICC marker")
_EXTRANEOUS = re.compile("([0-9]+) extraneous bytes before marker 0x([0-9a-f]{2})")
_BEHIND_PIXELS = frozenset((0xC4, 0xD9, 0xDA, *range(0xD0, 0xD8)))  # markers: tables, end, scan, restarts


def decode_jpeg(content: bytes, *, grey: bool) -> np.ndarray | None:
    """Decode a JPEG: uint8 RGB [H, W, 3], or [H, W, 1] of one in `grey`, as it is stored.

    Returns None where nothing is missing, but something is odd, so that another reader has to decode it.
    Raises ValueError where data are missing or damaged.
    """
    return _decode(content, "GRAY" if grey else "RGB")


def check_cmyk_jpeg(content: bytes) -> None:
    """Raise ValueError where data of a JPEG in CMYK are missing or damaged."""
    _decode(content, "CMYK", min_height=1, min_width=1, min_factor=8)


def _decode(content: bytes, colours: str, **options: Any) -> np.ndarray | None:
    from simplejpeg import decode_jpeg as decode

    try:
        # with an end marker: without one of its own, all pixels may still be there
        pixels: np.ndarray = decode(content + _END, colours, strict=True, **options)
    except ValueError as error:
        remark = str(error)
        if "premature" in remark.lower():
            raise ValueError("the file ends too early") from error
        if not any(harmless in remark for harmless in _HARMLESS) and not _is_padding(content, remark):
            raise ValueError(f"damaged: {remark.removeprefix('Corrupt JPEG data: ')}") from error
        return None
    return pixels


def _is_padding(content: bytes, remark: str) -> bool:
    """Return whether the bytes that a remark calls extraneous cost no pixel.

    Those in the header do not, and behind pixels equal ones, which cameras fill up with; others are the rest
    of damaged pixels.
    """
    found = _EXTRANEOUS.search(remark)
    if not found:
        return False
    number, marker = int(found[1]), int(found[2], 16)
    if marker not in _BEHIND_PIXELS:
        return True
    places = (match.start() for match in re.finditer(re.escape(bytes((0xFF, marker))), content))
    return any(len({*content[max(0, place - number) : place]}) == 1 for place in places)
