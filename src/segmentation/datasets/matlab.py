"""Label maps in MATLAB files of version 5, as Clothing Co-Parsing was published (Yang, Luo, Lin, CVPR 2014).

Since anyone may have written the file, only the one variable is unpacked, up to a bound, and only where it is
an array of numbers: a few kilobytes can unpack to gigabytes, and cells can be nested endlessly.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.core.errors import DataError, printable

SUFFIX = ".mat"
VARIABLE = "groundtruth"

_HEADER_BYTES, _TAG_BYTES = 128, 8
_MOST_BYTES = 2**28  # of the file and of the variable, unpacked: 32 million pixels even of doubles
_MOST_VARIABLES = 100
_HEAD_BYTES = 4096  # with the flags, the shape and the name of a variable
_MATRIX, _COMPRESSED = 14, 15  # types of elements
_NUMBERS = range(6, 16)  # classes of arrays: double, single, and integers of 8 to 64 bits
_DATA_TYPES = (*range(1, 8), 9, 12, 13)  # the types in which those are stored
_REMEDY = f"save the label map alone with `save('ID.mat', '{VARIABLE}', '-v7')`"


@dataclass(frozen=True)
class _Variable:
    """An element of the file: its first bytes, and where the rest is."""

    head: bytes
    place: int
    size: int
    packed: bool


def label_map_size(path: Path) -> tuple[int, int]:
    """Read the height and width that the file declares for its variable groundtruth. Raises DataError."""
    return _attempt(path, lambda content: _find(content)[1])


def read_label_map(path: Path) -> np.ndarray:
    """Read the variable groundtruth of a MATLAB file: integers [H, W]. Raises DataError."""
    return _attempt(path, _read)


def _attempt(path: Path, read: Callable[[bytes], Any]) -> Any:
    try:
        if not path.is_file():
            raise ValueError("expected a file, received a folder, a pipe or nothing")
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"expected at most {_MOST_BYTES} bytes, received {path.stat().st_size}")
        return read(path.read_bytes())
    # a decoder may raise anything on bytes from an unknown source
    except Exception as error:
        number = getattr(error, "errno", None)
        described = str(error).partition("\n")[0][:200] or type(error).__name__
        reason = os.strerror(number).lower() if number else described
        problem = f"cannot be read as a label map of MATLAB ({printable(reason)})"
        raise DataError(f"{printable(str(path))}: {problem}; {_REMEDY}") from error


def _read(content: bytes) -> np.ndarray:
    from scipy.io import loadmat

    variable, shape = _find(content)
    order = _byte_order(content)
    element = content[variable.place : variable.place + variable.size]
    if variable.packed:
        element = zlib.decompressobj().decompress(element, _MOST_BYTES + 1)
    if len(element) > _MOST_BYTES:
        raise ValueError(f"expected at most {_MOST_BYTES} bytes of labels, received more")
    _check_data(element, order)
    stored = io.BytesIO(content[:_HEADER_BYTES] + element)
    labels = loadmat(stored, variable_names=[VARIABLE], mat_dtype=False)[VARIABLE]
    if labels.shape != shape or labels.dtype.kind not in "uifb":
        raise ValueError(f"expected whole numbers, received {labels.dtype} of the shape {labels.shape}")
    if labels.dtype.kind == "f":
        whole = (
            labels.astype(np.int64) if np.isfinite(labels).all() and np.abs(labels).max() < 2**53 else None
        )
        if whole is None or (whole != labels).any():
            raise ValueError("expected whole numbers, received fractions")
        return whole
    return labels.astype(np.uint8) if labels.dtype == bool else labels


def _find(content: bytes) -> tuple[_Variable, tuple[int, int]]:
    """Return the variable groundtruth, which is an array of numbers, and its height and width."""
    from scipy.io import whosmat

    order, others = _byte_order(content), []
    for variable in _variables(content, order):
        try:
            ((name, shape, _kind),) = whosmat(io.BytesIO(content[:_HEADER_BYTES] + variable.head))
        except Exception as error:
            raise ValueError("damaged, or the file ends too early") from error
        if name != VARIABLE:
            others.append(name)
            continue
        flags = struct.unpack_from(f"{order}I", variable.head, 2 * _TAG_BYTES)[0]
        if flags & 0xFF not in _NUMBERS or flags & 0x800:
            raise ValueError(f"expected {VARIABLE} to be whole numbers, received another kind of variable")
        if len(shape) != 2 or min(shape) < 1 or shape[0] * shape[1] > _MOST_BYTES:
            size = "x".join(map(str, shape[:4]))
            raise ValueError(
                f"expected a height and a width of at most {_MOST_BYTES} pixels, received {size}"
            )
        return variable, (int(shape[0]), int(shape[1]))
    raise ValueError(f"expected the variable {VARIABLE}, received {', '.join(others[:6]) or 'none'}")


def _byte_order(content: bytes) -> str:
    orders = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
    order = orders.get(content[124:_HEADER_BYTES])
    if order is None:
        newer = content[124:_HEADER_BYTES] in (b"\x00\x02IM", b"\x02\x00MI")
        raise ValueError(
            f"expected a file of version 5, received {'one of version 7.3' if newer else 'something else'}"
        )
    return order


def _variables(content: bytes, order: str) -> Iterator[_Variable]:
    place = _HEADER_BYTES
    for _ in range(_MOST_VARIABLES):
        if place + _TAG_BYTES > len(content):
            return
        kind, size = struct.unpack_from(f"{order}II", content, place)
        start, place = place + _TAG_BYTES, place + _TAG_BYTES + size
        if kind not in (_MATRIX, _COMPRESSED) or place > len(content):
            raise ValueError("damaged, or the file ends too early")
        if kind == _COMPRESSED:
            head = b""
            with suppress(zlib.error):  # whosmat does not see the variable then
                head = zlib.decompressobj().decompress(content[start:place], _HEAD_BYTES)
            yield _Variable(head, start, size, True)
        else:
            begin = start - _TAG_BYTES
            head = content[begin : min(begin + _HEAD_BYTES, place)]
            yield _Variable(head, begin, size + _TAG_BYTES, False)


def _check_data(element: bytes, order: str) -> None:
    """Raise ValueError unless numbers follow flags, shape and name, as many as the element can hold."""
    place = 2 * _TAG_BYTES + 8
    for _ in range(2):  # shape, name
        _kind, size, small = _tag(element, place, order)
        place += _TAG_BYTES if small else _TAG_BYTES + -(-size // 8) * 8
    kind, size, small = _tag(element, place, order)
    if kind not in _DATA_TYPES or (not small and place + _TAG_BYTES + size > len(element)):
        raise ValueError("damaged, or the file ends too early")


def _tag(element: bytes, place: int, order: str) -> tuple[int, int, bool]:
    """Read type and bytes of an element within another; a small one holds its data in the tag itself."""
    kind, size = struct.unpack_from(f"{order}II", element, place)
    return (kind & 0xFFFF, kind >> 16, True) if kind >> 16 else (kind, size, False)
