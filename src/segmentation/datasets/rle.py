"""Run-length encoded masks as Kaggle's competitions exchange them: "start length start length ..."."""

from typing import Literal

import numpy as np

from segmentation.core.errors import DataError

Order = Literal["row", "column"]
"""The order of pixels, numbered from 1: along rows (Carvana) or down columns (most other competitions)."""

_MEMORY_ORDER: dict[Order, Literal["C", "F"]] = {"row": "C", "column": "F"}
_MOST_DIGITS = 18  # two such numbers add up within int64


def encode(mask: np.ndarray, order: Order = "row") -> str:
    """Encode bool [H, W] as "start length" pairs, starts counted from 1; an empty mask gives ""."""
    pixels = np.asarray(mask, bool).ravel(order=_MEMORY_ORDER[order])
    changes = np.flatnonzero(np.diff(np.pad(pixels, 1).astype(np.int8)))  # run starts and ends in turn
    starts, ends = changes[::2], changes[1::2]
    return " ".join(map(str, np.column_stack([starts + 1, ends - starts]).ravel().tolist()))


def decode(text: str, height: int, width: int, order: Order = "row") -> np.ndarray:
    """Decode "start length" pairs to bool [height, width]; runs come in ascending order and may touch.

    Raises DataError for text that is not a mask of this size.
    """
    starts, lengths = _pairs(text)
    ends = starts + lengths  # the pixel after each run, counted from 1
    _check_runs(starts, lengths, ends, height, width)
    steps = np.zeros(height * width + 1, np.int8)
    steps[starts - 1] += 1
    steps[ends - 1] -= 1
    return steps[:-1].cumsum(dtype=np.int8).astype(bool).reshape((height, width), order=_MEMORY_ORDER[order])


def area(text: str) -> int:
    """Return the number of pixels in "start length" pairs. Raises DataError for another text."""
    return int(_pairs(text)[1].sum())


def _pairs(text: str) -> tuple[np.ndarray, np.ndarray]:
    values = text.split()
    for value in values:
        if not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS):
            raise _malformed("whole numbers", f"{value[:40]!r}")
    if len(values) % 2:
        raise _malformed("pairs of numbers", f"{len(values)} numbers")
    starts, lengths = np.array(values, np.int64).reshape(-1, 2).T
    return starts, lengths


def _check_runs(starts: np.ndarray, lengths: np.ndarray, ends: np.ndarray, height: int, width: int) -> None:
    for wrong in np.flatnonzero((starts < 1) | (lengths < 1))[:1]:
        raise _malformed("starts and lengths of 1 or more", f"the run {starts[wrong]} {lengths[wrong]}")
    for wrong in np.flatnonzero(starts[1:] < ends[:-1])[:1]:
        raise _malformed(
            "ascending runs that do not overlap",
            f"a run from pixel {starts[wrong + 1]} after one that ends at pixel {ends[wrong] - 1}",
        )
    for wrong in np.flatnonzero(ends - 1 > height * width)[:1]:
        raise DataError(
            f"run-length mask: expected pixels up to {height * width} (width {width}, height {height}), "
            f"received a run to pixel {ends[wrong] - 1}; check that the mask belongs to this photo"
        )


def _malformed(expected: str, received: str) -> DataError:
    return DataError(
        f"run-length mask: expected {expected}, received {received}; "
        'check that the text is a whole mask of "start length" pairs separated by spaces'
    )
