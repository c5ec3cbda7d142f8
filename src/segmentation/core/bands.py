"""Large pictures in bands of rows, so that what is computed on the way takes little memory."""

from collections.abc import Iterator
from typing import NamedTuple

PIXELS = 1 << 22
"""The approximate number of pixels in a band: those of an ordinary photo, which is a single band."""


class Band(NamedTuple):
    """Some rows of a picture: `seen` with their margins, `own` without; `kept` are the own among the seen."""

    seen: slice
    own: slice
    kept: slice


def bands_of(shape: tuple[int, ...], margin_px: int = 0, *, pixels: int = PIXELS) -> Iterator[Band]:
    """Yield bands that cover the rows of a picture [H, W, ...] once, each of about so many `pixels`.

    A band is seen with `margin_px` more rows on both sides, as far as the picture goes: where a value depends
    on pixels that are no further away, it is the same in the band as in the picture. Wide margins make higher
    bands, so that most of what is computed is kept.
    """
    height, width = shape[:2]
    rows = max(pixels // max(width, 1), 2 * margin_px, 1)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first = max(top - margin_px, 0)
        yield Band(
            slice(first, min(bottom + margin_px, height)),
            slice(top, bottom),
            slice(top - first, bottom - first),
        )
