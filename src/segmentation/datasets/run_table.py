"""Label maps as runs in a table: train.csv of iMaterialist 2019, several rows a photo, each of one class.

The columns are ImageId, EncodedPixels ("start length start length ...", counted from 1 down the columns of
the photo), Height, Width and ClassId. Neither names nor runs hold commas, so a line is split at them.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from segmentation.core.errors import DataError, printable
from segmentation.core.memory import pixels_that_fit
from segmentation.datasets.ids import id_of
from segmentation.datasets.labels import UNLABELLED
from segmentation.datasets.rle import area, decode

_COLUMNS = ("ImageId", "EncodedPixels", "Height", "Width", "ClassId")
_LONGEST_LINE = 2**25  # bytes; runs of a photo of 20 million pixels with a new one every tenth


@dataclass(frozen=True)
class RunTable:
    """The places of each photo's rows, by its name without extension: (number of the line, first byte).

    `attributes` counts the rows whose class has attributes (13_2_5), which are not read.
    """

    path: Path
    rows: dict[str, tuple[tuple[int, int], ...]]
    attributes: int


@dataclass(frozen=True)
class PhotoRows:
    """The places of one photo's rows in the table at `path`."""

    photo: Path
    path: Path
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Row:
    line: int
    runs: str
    height: int
    width: int
    value: int


def index_table(path: Path) -> RunTable:
    """Find the rows of each photo. Raises DataError for a file that is no such table."""
    rows: dict[str, list[tuple[int, int]]] = {}
    attributes = 0
    with _opened(path) as file:
        columns = _columns(path, file)
        for line, place, text in _lines(path, file):
            if not text.strip():
                continue
            fields = _split(text)
            if len(fields) <= columns["ImageId"]:
                raise DataError(
                    f"{path}, line {line}: expected {', '.join(_COLUMNS)}, received {fields[0][:40]!r}; "
                    "correct it"
                )
            rows.setdefault(id_of(fields[columns["ImageId"]]), []).append((line, place))
            attributes += len(fields) == len(columns) and "_" in fields[columns["ClassId"]]
    return RunTable(path, {name: tuple(places) for name, places in rows.items()}, attributes)


def table_size(rows: PhotoRows) -> tuple[int, int]:
    """Return the height and the width that rows give. Raises DataError for rows that cannot be read."""
    first, *others = _rows(rows)
    for row in others:
        if (row.height, row.width) != (first.height, first.width):
            raise _wrong(
                rows,
                row.line,
                f"{first.width}x{first.height} as in line {first.line}",
                f"{row.width}x{row.height}",
            )
    return first.height, first.width


def written_rows(rows: PhotoRows) -> tuple[tuple[int, int, int, str], ...]:
    """Return height, width, class and runs of each row as they are written. Raises DataError as above."""
    return tuple((row.height, row.width, row.value, row.runs) for row in _rows(rows))


def read_runs(rows: PhotoRows, background: Collection[int]) -> np.ndarray:
    """Return the merged rows of a photo, int32 [H, W], `UNLABELLED` outside of all.

    Where rows overlap the smaller one lies on top, as a pocket on its coat, but those whose value is in
    `background` lie below all others, so that a pocket which is no class leaves no hole in the coat; of rows
    of the same size the later one counts. Raises DataError for rows that cannot be read.
    """
    labels = np.full(table_size(rows), UNLABELLED, np.int32)

    def height_above_all(row: _Row) -> tuple[bool, int]:
        return row.value not in background, -_checked(rows, row, area)

    for row in sorted(_rows(rows), key=height_above_all):
        runs = _checked(rows, row, lambda text: decode(text, *labels.shape, "column"))
        labels[runs] = row.value
    return labels


def _checked(rows: PhotoRows, row: _Row, read: Callable[[str], Any]) -> Any:
    try:
        return read(row.runs)
    except DataError as error:
        raise DataError(f"{_place(rows, row.line)}: {error}") from error


def _rows(rows: PhotoRows) -> Iterator[_Row]:
    with _opened(rows.path) as file:
        columns = _columns(rows.path, file)
        for line, place in rows.places:
            file.seek(place)
            fields = _split(file.readline(_LONGEST_LINE))
            if len(fields) != len(columns):
                raise _wrong(rows, line, f"{len(columns)} values", f"{len(fields)}")
            named = {name: fields[column] for name, column in columns.items()}
            height, width = (_number(rows, line, name, named[name]) for name in ("Height", "Width"))
            if not 0 < height * width <= pixels_that_fit():
                raise _wrong(rows, line, f"1 to {pixels_that_fit()} pixels", f"{width}x{height}")
            value = _number(rows, line, "ClassId", named["ClassId"].partition("_")[0])  # attributes follow
            yield _Row(line, named["EncodedPixels"], height, width, value)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        if not path.is_file():
            raise DataError(f"{path}: expected a table, received a folder or a pipe; replace it")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise DataError(f"{path}: expected a readable table, received {reason}; check its rights") from error


def _columns(path: Path, file: BinaryIO) -> dict[str, int]:
    """Return the place of every column by its name; the file stands behind the heading then."""
    heading = _split(file.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf"))
    columns = {name: number for number, name in enumerate(heading)}
    missing = [name for name in _COLUMNS if name not in columns]
    if missing or len(columns) < len(heading):
        received = printable(", ".join(heading)[:100]) or "an empty file"
        raise DataError(
            f"{path}: expected a table with the columns {', '.join(_COLUMNS)}, received {received}; give it "
            "those"
        )
    return columns


def _lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield the number, the first byte and the text of each line behind the heading."""
    line, place = 2, file.tell()
    while text := file.readline(_LONGEST_LINE):
        if len(text) == _LONGEST_LINE:
            raise DataError(
                f"{path}, line {line}: expected at most {_LONGEST_LINE} characters, received more; "
                "is this the table of run lengths?"
            )
        yield line, place, text
        line, place = line + 1, place + len(text)


def _split(line: bytes) -> list[str]:
    return [field.strip().strip('"').strip() for field in line.decode("utf-8", "replace").split(",")]


def _number(rows: PhotoRows, line: int, column: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _wrong(rows, line, f"a whole number as {column}", repr(text[:40]))
    return int(text)


def _wrong(rows: PhotoRows, line: int, expected: str, received: str) -> DataError:
    return DataError(f"{_place(rows, line)}: expected {expected}, received {received}; correct the line")


def _place(rows: PhotoRows, line: int) -> str:
    return f"{printable(str(rows.photo))}: {rows.path.name}, line {line}"
