"""The result of every format's reader: the header of a picture, and its pixels on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

Space = Literal["grey", "RGB", "CMYK", "Lab"]


class UnreadKindError(ValueError):
    """A sound file of a kind that is not read."""


@dataclass(frozen=True)
class Pixels:
    """The pixels of a file, turned as its orientation says.

    `colours` are uint8 or uint16 [H, W, C], their whole range used: one channel of grey, three of RGB or
    CIELAB (L, a and b with 128 as their zero, uint8), four of CMYK (uint8, 0 is no ink). `alpha`, uint8 or
    uint16 [H, W], is the transparency, None where there is none; the colours are not multiplied with it.
    `values` [H, W] are what the file stores, where that is one number a pixel: of palette pictures the index.
    `selections`, like `alpha`, are channels that a person saved beside the picture. `unknown` are the notes
    on pixels without a value, which a mask may not have.
    """

    colours: np.ndarray
    space: Space
    alpha: np.ndarray | None = None
    values: np.ndarray | None = None
    selections: tuple[np.ndarray, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenedImage:
    """A picture whose header is read.

    `height` and `width` are those of the picture as a person sees it. `bits` are those of a channel. `kind`
    is what a pixel holds, and `mode` says the same in the words of the format. `decode` reads the pixels,
    those of 16 bits as uint16 where it is called with True; it and `read_exif` may fail in any way, and have
    to be called while the file is open.
    """

    height: int
    width: int
    bits: int
    kind: Literal["values", "palette", "colours"]
    mode: str
    has_alpha: bool
    decode: Callable[[bool], Pixels]
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    read_exif: Callable[[], Image.Exif] = Image.Exif
