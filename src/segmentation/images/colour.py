"""Colour profiles: pictures are converted through theirs, so that a person sees the same colours."""

import io
import struct
from functools import cache

import numpy as np
from PIL import Image, ImageCms

from segmentation.images.opened import Space

_MODES = {"CMYK": "CMYK", "Lab": "LAB"}
_SIGNATURES = {"grey": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}
_NAMES = {"CMYK": "CMYK", "Lab": "CIELAB"}


def to_rgb(
    colours: np.ndarray, space: Space, profile: bytes | None
) -> tuple[np.ndarray, bytes | None, tuple[str, ...]]:
    """Return colours as RGB [H, W, 3], the profile that they are meant for, and notes.

    `colours` are those of `Pixels`. RGB stays as it is, in 8 and 16 bits, with its profile; grey without one
    does too, as three equal channels. Everything else is converted to sRGB of 8 bits: through its profile,
    CMYK without one by arithmetic, whose colours are meant for no profile.
    """
    if space == "RGB":
        fits = is_for(profile, "RGB")
        return colours, profile if fits else None, () if fits or not profile else (_UNFIT,)
    if space == "grey" and not is_for(profile, "grey"):
        return np.repeat(colours, 3, axis=2), None, (_UNFIT,) if profile else ()
    eight_bit = colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)
    if space == "grey":
        return _grey_to_rgb(eight_bit[..., 0], profile or b"")
    if space == "Lab":  # Pillow takes a and b with a sign
        eight_bit = eight_bit ^ np.array([0, 128, 128], np.uint8)
    picture = Image.fromarray(eight_bit, _MODES[space])
    note = f"{_NAMES[space]} converted to {'RGB' if space == 'CMYK' else 'sRGB'}"
    if space == "Lab":
        return _through(picture, _lab_profile(), srgb_profile()), srgb_profile(), (note,)
    if not profile:
        return np.array(picture.convert("RGB")), None, (note,)
    try:
        return _through(picture, profile, srgb_profile()), srgb_profile(), (note,)
    except Exception:  # a profile is read by a parser that raises whatever it likes
        note = f"{note} without its damaged colour profile"
        return np.array(picture.convert("RGB")), None, (note,)


_UNFIT = "a colour profile that does not fit left out"


def _grey_to_rgb(grey: np.ndarray, profile: bytes) -> tuple[np.ndarray, bytes | None, tuple[str, ...]]:
    """Convert grey [H, W] through its profile, level by level; returns like `to_rgb`."""
    levels = Image.fromarray(np.arange(256, dtype=np.uint8)[np.newaxis])
    try:  # to the last bit, which costs nothing for 256 levels
        shown = _through(levels, profile, srgb_profile(), ImageCms.Flags.NOOPTIMIZE)
    except Exception:  # as above
        return np.repeat(grey[..., np.newaxis], 3, axis=2), None, (_UNFIT,)
    return shown[0][grey], srgb_profile(), ("grey converted to sRGB",)


def in_profile(image: np.ndarray, profile: bytes | None, target: bytes | None) -> np.ndarray:
    """Convert uint8 RGB [H, W, 3] so that it looks in one profile as it did in another; None is sRGB.

    A profile that cannot be used counts as sRGB.
    """
    if profile == target:
        return image
    picture = Image.fromarray(image)
    for source, destination in ((profile, target), (None, target), (profile, None)):
        try:
            return _through(picture, source or srgb_profile(), destination or srgb_profile())
        except Exception:  # as above
            continue
    return image


def is_for(profile: bytes | None, space: Space) -> bool:
    """Return whether a colour profile is one of a space, by its header."""
    return isinstance(profile, bytes) and (profile[16:20], profile[36:40]) == (_SIGNATURES[space], b"acsp")


def _through(
    picture: Image.Image, source: bytes, target: bytes, more: ImageCms.Flags = ImageCms.Flags.NONE
) -> np.ndarray:
    converted = ImageCms.profileToProfile(
        picture,
        io.BytesIO(source),
        io.BytesIO(target),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,  # with black point compensation: as Photoshop does it
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | more,
    )
    if converted is None:  # it is None only where a picture is converted in place
        raise ValueError("no picture was made")
    return np.array(converted)


@cache
def srgb_profile() -> bytes:
    """Return a colour profile of sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@cache
def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@cache
def adobe_rgb_profile() -> bytes:
    """Return a colour profile of the colours that the standard Adobe RGB (1998) describes."""
    tags: list[tuple[bytes, bytes]] = [
        (b"desc", _description("Compatible with Adobe RGB (1998)")),
        (b"cprt", b"text\0\0\0\0" + b"No copyright, use freely\0"),
        (b"wtpt", _xyz(0.95045, 1.0, 1.08905)),
        (b"rXYZ", _xyz(0.60974, 0.31111, 0.01947)),  # of the primaries, seen under D50
        (b"gXYZ", _xyz(0.20528, 0.62567, 0.06087)),
        (b"bXYZ", _xyz(0.14919, 0.06322, 0.74457)),
        *((name, b"curv\0\0\0\0" + struct.pack(">IH", 1, 0x0233)) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    place = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, value in tags:
        table += struct.pack(">4sII", name, place + len(content), len(value))
        content += value + b"\0" * (-len(value) % 4)
    header = bytearray(128)
    struct.pack_into(">I4xI4s4s4s", header, 0, place + len(content), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    struct.pack_into(">6H", header, 24, 2000, 1, 1, 0, 0, 0)
    header[36:40] = b"acsp"
    struct.pack_into(">3I", header, 68, 0xF6D6, 0x10000, 0xD32D)  # the white point D50
    return bytes(header) + table + content


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _description(text: str) -> bytes:
    name = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)
