"""Leave pairs out of a training that the table of an audit excludes."""

import csv
import dataclasses
import reprlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from segmentation.core.digests import CONTENT_DIGITS
from segmentation.core.errors import DataError, system_reason
from segmentation.core.regular_file import check_regular
from segmentation.core.samples import Sample
from segmentation.core.tables import text_of
from segmentation.datasets.discover import Dataset
from segmentation.datasets.fingerprint import pair_digest
from segmentation.datasets.split import Split

EXCLUSIONS = Path(__file__).with_name("exclusions")
"""Tables that come with the program."""

ID, MARKED, EXCLUDE, CONTENTS = "id", "marked", "exclude", "contents"
"""Columns of the table: the pair, whether the audit marked it, what a person decided, and about what."""

YES, NO = "yes", "no"
_DECISIONS = {"": None, YES: True, "true": True, "1": True, NO: False, "false": False, "0": False}


class Pair(NamedTuple):
    """A pair in a table: its id, and the `contents_of` it, empty where the table does not say."""

    id: str
    contents: str = ""


@dataclass(frozen=True)
class _Row:
    pair: Pair
    marked: bool
    decision: bool | None


def exclusion_table(choice: Path) -> Path:
    """Return the table of this name that comes with the program, or else `choice` itself."""
    named = EXCLUSIONS / f"{choice}.csv"
    return named if choice.name == str(choice) and named.is_file() and not choice.exists() else choice


def keeps_apart(choice: object) -> bool:
    """Return whether `choice` names a table of the program: of pairs to judge by, not of faulty ones."""
    return choice in [path.stem for path in EXCLUSIONS.glob("*.csv")]


def contents_of(sample: Sample) -> str:
    """Return a digest of the photo and the ground truth of a pair. Raises DataError as `pair_digest` does."""
    return f"sha256-{pair_digest(sample)[:CONTENT_DIGITS]}"  # which no spreadsheet takes for a number


def read_exclusion(path: Path) -> tuple[Pair, ...]:
    """Read the pairs that a table excludes, in its order, with ids as `encodable` has them.

    The table is CSV with the columns id and exclude: yes (or true, or 1), no (false, 0) or nothing. Where it
    is empty, the column marked counts, or no in a table without that column. Other columns are not read.
    Semicolons may separate the cells, as spreadsheets of some countries save them. Raises DataError, naming
    the file and the line, for a file that is no such table.
    """
    return tuple(row.pair for row in _rows(path) if (row.marked if row.decision is None else row.decision))


def read_decisions(path: Path) -> dict[Pair, bool]:
    """Read what the column exclude of such a table decides. Raises as `read_exclusion` does."""
    return {row.pair: row.decision for row in _rows(path) if row.decision is not None}


def without(dataset: Dataset, excluded: Collection[str]) -> Dataset:
    """Return the data set without the samples of these ids, in its folder split as well.

    Raises DataError when no sample, or none of one side, is left.
    """
    samples = _left(dataset.samples, excluded)
    if len(samples) == len(dataset.samples):
        return dataset
    if not samples:
        raise DataError(f"{dataset.root}: expected pairs to be left by `exclude`, found none; mark fewer")
    split = dataset.folder_split and split_without(dataset.folder_split, excluded, dataset.root)
    return dataclasses.replace(dataset, samples=samples, folder_split=split, whole=dataset.whole or dataset)


def split_without(split: Split, excluded: Collection[str], root: Path) -> Split:
    """Return the split of the data set at `root` without the samples of these ids.

    Raises DataError when none of one side is left.
    """
    left = Split(_left(split.train, excluded), _left(split.val, excluded))
    if not (left.train and left.val):
        raise DataError(
            f"{root}: expected pairs to be left by `exclude`, found none on one side of train and val; mark "
            "fewer"
        )
    return left


def _left(samples: Iterable[Sample], excluded: Collection[str]) -> tuple[Sample, ...]:
    return tuple(sample for sample in samples if sample.id not in excluded)


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with check_regular(path).open(encoding="utf-8-sig", newline="") as file:
            heading = file.readline()
            file.seek(0)
            delimiter = ";" if heading.count(";") > heading.count(",") else ","
            lines = csv.reader(file, delimiter=delimiter, strict=True)
            columns = next(lines, [])
            if not {ID, EXCLUDE} <= set(columns):
                raise DataError(
                    f"{path}: expected a table with the columns {ID} and {EXCLUDE}, received "
                    f"{', '.join(columns) or 'an empty file'}; give the audit.csv of an audit"
                )
            for values in filter(None, lines):
                try:
                    yield _row(dict(zip(columns, values, strict=False)))
                except ValueError as error:
                    raise DataError(f"{path}, line {lines.line_num}: {error}; correct the line") from error
    except csv.Error as error:
        raise DataError(
            f"{path}, line {lines.line_num}: expected CSV, received {error}; correct the line"
        ) from error
    except OSError as error:
        reason = system_reason(error)
        raise DataError(
            f"{path}: expected an audit's table, received {reason}; check the path and its rights"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected an audit's table, CSV in UTF-8, received {error}; save it so"
        ) from error


def _row(values: dict[str, str]) -> _Row:
    if not values.get(ID):  # a row may be shorter than the heading
        raise ValueError(f"expected an {ID}, received no id")
    pair = Pair(text_of(values[ID]), values.get(CONTENTS, "").strip())
    return _Row(pair, bool(_decision(values, MARKED)), _decision(values, EXCLUDE))


def _decision(values: dict[str, str], column: str) -> bool | None:
    text = values.get(column, "")
    if text.strip().lower() not in _DECISIONS:
        raise ValueError(
            f"expected {YES}, {NO} or nothing in the column {column}, received {reprlib.repr(text)}"
        )
    return _DECISIONS[text.strip().lower()]
