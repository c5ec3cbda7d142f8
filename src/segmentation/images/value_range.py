"""The value that stands for white: values of any type are scaled to the whole range of 8 or 16 bits."""

from typing import NamedTuple

import numpy as np

from segmentation.core.counting import counted
from segmentation.images.opened import UnreadKindError

_RANGES = (255, 1023, 4095, 16383, 65535)  # of 8, 10, 12, 14 and 16 bits
_DIM = 16  # fractions below it are light brighter than white, not a nearly black picture of 0 to 255
_FEW = 0.01  # the share of values beyond the range that are taken for highlights or noise


class FullRange(NamedTuple):
    """Samples as uint8 or uint16 and notes on them; `unknown` are the notes on what is no finite number."""

    values: np.ndarray
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def full_range(values: np.ndarray, bits: int) -> FullRange:
    """Scale the samples of a picture, [H, W] or [H, W, C], to uint8 or uint16.

    Whole numbers of up to 16 bits without a sign reach from black to white by their bits. For other types no
    file says what is white: it is the smallest of 1 (for floating point), the largest number of 8, 10, 12, 14
    or 16 bits and that of the type which is not below the values, but for one in a hundred that may be
    clipped. As few may be no number, which becomes 0, or infinite, which is clipped. Raises UnreadKindError
    for more of these, and for values that lie elsewhere, such as heights, or light brighter than white.
    """
    if values.dtype == bool:
        return FullRange(values.astype(np.uint8) * np.uint8(255))
    if values.dtype.kind == "u" and bits <= 16:
        return FullRange(_stretched(values, bits))
    unknown: tuple[str, ...] = ()
    number, endless = values, None
    if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
        unknown, endless = _without_number(values), np.isposinf(values)
        number = np.where(finite, values, values.dtype.type(0))
    ranges: tuple[float, ...] = (1, *_RANGES) if values.dtype.kind == "f" else _whole(values.dtype)
    white = next((white for white in ranges if np.mean(number > white) <= _FEW), None)
    if white is None or np.mean(number < 0) > _FEW or (1 in ranges and white > 1 and number.max() < _DIM):
        kind = "floating-point numbers" if values.dtype.kind == "f" else "whole numbers"
        raise UnreadKindError(
            f"{kind} from {number.min():g} to {number.max():g}, of which none is known to be white: expected "
            f"0 to {' or '.join(f'{white:g}' for white in ranges)}"
        )
    scaled = np.clip(number, 0, white).astype(np.float64) * (65535 / white)
    if endless is not None:
        scaled[endless] = 65535
    notes = () if white == 1 else (f"{white:g} taken for white",)
    if np.any(number > white) or np.any(number < 0):
        notes = (*notes, "values out of range clipped")
    return FullRange(np.rint(scaled).astype(np.uint16), (*notes, *unknown), unknown)


def _without_number(values: np.ndarray) -> tuple[str, ...]:
    """Return notes on the pixels that are no finite number. Raises UnreadKindError where they are many."""
    notes = []
    size = values.shape[0] * values.shape[1]
    for found, kind, became in (
        (np.isnan(values), "no number (NaN)", "taken for 0"),
        (np.isinf(values), "infinite", "clipped"),
    ):
        count = int(np.count_nonzero(found.any(axis=2) if found.ndim == 3 else found))
        if count > _FEW * size:
            raise UnreadKindError(
                f"floating-point numbers, but {kind} in {count} of {counted(size, 'pixel')}"
            )
        if count:
            notes.append(f"{kind} in {counted(count, 'pixel')}, {became}")
    return tuple(notes)


def _whole(kind: np.dtype) -> tuple[float, ...]:
    highest = np.iinfo(kind).max
    return (*(white for white in _RANGES if white < highest), highest)


def _stretched(values: np.ndarray, bits: int) -> np.ndarray:
    """Return numbers of 1 to 16 bits as uint8 or uint16 that use all of their range."""
    if bits in (8, 16):
        return values
    kind, target = (np.uint8, 8) if bits < 8 else (np.uint16, 16)
    return (values.astype(np.uint32) * (2**target - 1) // (2**bits - 1)).astype(kind)
