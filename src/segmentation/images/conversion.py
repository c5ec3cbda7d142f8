"""Conversion of pictures to 8 bit and to RGB."""

import io

import numpy as np
from PIL import Image, ImageCms


def eight_bit(picture: Image.Image, bits: int) -> Image.Image:
    """Scale grey of more bits and floating-point grey to 8 bit; other pictures stay as they are."""
    if picture.mode.startswith("I"):  # 12 to 32 bit grey; Pillow would clip it to 255 instead of scaling it
        bits = min(bits, 16)
        return Image.fromarray((np.asarray(picture).clip(0, 2**bits - 1) >> (bits - 8)).astype(np.uint8))
    if picture.mode == "F":
        return Image.fromarray((np.nan_to_num(np.asarray(picture)).clip(0, 1) * 255).round().astype(np.uint8))
    return picture


def cmyk_to_rgb(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, str]:
    """Convert CMYK to RGB through its colour profile, if it has one that can be used; return a note too."""
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
    except Exception:  # see `opening.opened`
        return picture.convert("RGB"), "CMYK converted to RGB without its damaged colour profile"
    if rgb is None:  # it is None only where a picture is converted in place
        raise ValueError("no picture was made")
    return rgb, "CMYK converted to RGB"


def is_for_rgb(profile: bytes | None) -> bool:
    """Return whether a colour profile is one of RGB, by its header."""
    return isinstance(profile, bytes) and (profile[16:20], profile[36:40]) == (b"RGB ", b"acsp")


def is_black_and_white(picture: Image.Image) -> bool:
    """Return whether an RGB or RGBA picture is black and white except for soft edges."""
    red, green, blue = (np.asarray(picture.getchannel(name)) for name in "RGB")
    if not (np.array_equal(red, green) and np.array_equal(red, blue)):
        return False
    return bool(((red == 0) | (red == 255)).mean() > 0.9)  # the rest are soft edges


def is_opaque(picture: Image.Image) -> bool:
    """Return whether a picture with transparency shows none."""
    return bool(np.asarray(picture.convert("RGBA").getchannel("A")).min() == 255)
