"""JPEG files: decoded by libjpeg-turbo, which tells where data are missing; other readers fill in grey."""

import re
from typing import Any

import numpy as np

_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_WITHOUT_PIXELS = frozenset((*range(0xE0, 0xF0), 0xFE))  # markers of applications' data and comments
_WITHOUT_CONTENT = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))  # no length follows these
_BEHIND_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_BY_THE_BOOK = bytes((0, 63, 0))  # parameters of a scan that is not progressive

# libjpeg's remarks on headers that are not by the book, which cost no pixel
_HARMLESS = ("JFIF revision", "Adobe color transform", "SOS parameters", "ICC marker")
_EXTRANEOUS = re.compile("([0-9]+) extraneous bytes before marker 0x([0-9a-f]{2})")
_BEHIND_PIXELS = frozenset((0xC4, 0xD9, 0xDA))  # markers: tables, end, scan
_MOST_PADDED = 16  # scans; each is decoded once more
_READ_AHEAD = 8  # bytes of padding that libjpeg does not count


def decode_jpeg(content: bytes, *, grey: bool) -> np.ndarray | None:
    """Decode a JPEG: uint8 RGB [H, W, 3], or [H, W, 1] of one in `grey`, as it is stored.

    Returns None where nothing is missing, but something is odd, so that another reader has to decode it.
    Raises ValueError where data are missing or damaged.
    """
    pixels, remark = _decode(content, "GRAY" if grey else "RGB")
    if remark:
        _check(content, "GRAY" if grey else "RGB", remark)
    return pixels


def check_cmyk_jpeg(content: bytes) -> None:
    """Raise ValueError where data of a JPEG in CMYK are missing or damaged."""
    _, remark = _decode(content, "CMYK", small=True)
    if remark:
        _check(content, "CMYK", remark)


def _decode(content: bytes, colours: str, *, small: bool = False) -> tuple[np.ndarray | None, str]:
    """Return the pixels, or libjpeg's first remark, behind which it stops."""
    from simplejpeg import decode_jpeg as decode

    options: dict[str, Any] = {"min_height": 1, "min_width": 1, "min_factor": 8} if small else {}
    try:
        # with an end marker: without one of its own, all pixels may still be there
        return decode(content + _END, colours, strict=True, **options), ""
    except ValueError as error:
        return None, str(error)


def _check(content: bytes, colours: str, remark: str) -> None:
    """Raise ValueError where data are missing or damaged, at the first remark or behind it."""
    if not _is_harmless(remark):
        raise ValueError(_damage(remark))
    content = _pixels_alone(content)
    for _ in range(_MOST_PADDED):
        _, remark = _decode(content, colours, small=True)
        if not remark or any(harmless in remark for harmless in _HARMLESS):
            return
        padding = _padding(content, remark)
        if padding is None:
            break
        content = content[: padding.start] + content[padding.stop :]
    raise ValueError(_damage(remark))


def _is_harmless(remark: str) -> bool:
    return bool(_EXTRANEOUS.search(remark)) or any(harmless in remark for harmless in _HARMLESS)


def _damage(remark: str) -> str:
    if "premature" in remark.lower():
        return "the file ends too early"
    return f"damaged: {remark.removeprefix('Corrupt JPEG data: ')}"


def _pixels_alone(content: bytes) -> bytes:
    """Return a JPEG without all that makes no pixel: data of applications, and bytes between its parts."""
    kept, place, progressive = [_START], len(_START), False
    while (start := content.find(b"\xff", place)) >= 0 and start + 4 <= len(content):
        marker = content[start + 1]
        if marker == _END[1]:
            break
        if marker == 0xFF:  # of any number of these, the last begins the marker
            place = start + 1
            continue
        if marker in _WITHOUT_CONTENT:
            place = start + 2
            continue
        place = start + 2 + int.from_bytes(content[start + 2 : start + 4])
        if marker == _SCAN:
            header = content[start:place]
            behind = _BEHIND_SCAN.search(content, place)
            data = content[place : behind.start() if behind else len(content)]
            place += len(data)
            kept += [header if progressive else header[: -len(_BY_THE_BOOK)] + _BY_THE_BOOK, data]
        elif marker not in _WITHOUT_PIXELS:
            progressive |= marker == 0xC2
            kept.append(content[start:place])
    return b"".join(kept) + _END


def _padding(content: bytes, remark: str) -> slice | None:
    """Return the bytes that a remark calls extraneous, if they cost no pixel.

    They are equal ones behind pixels, which cameras fill up with; others are the rest of damaged pixels, and
    so are equal ones of which pixels were made: a part that never arrived.
    """
    found = _EXTRANEOUS.search(remark)
    if not found or int(found[2], 16) not in _BEHIND_PIXELS:
        return None
    number, marker = int(found[1]), bytes((0xFF, int(found[2], 16)))
    for match in re.finditer(re.escape(marker), content):
        padding = slice(match.start() - number, match.start())
        if padding.start < 0 or len({*content[padding]}) != 1:
            continue
        level = content[padding][:1]
        pixels = content[max(0, padding.start - _READ_AHEAD - 1) : padding.start]
        if pixels.rstrip(level):
            return padding
    return None
