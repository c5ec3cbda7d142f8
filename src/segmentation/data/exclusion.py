"""Leave pairs out of a training that a person has marked in the table of an audit."""

import csv
import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

from segmentation.data.discover import Dataset
from segmentation.data.split import Split
from segmentation.errors import DataError
from segmentation.types import Sample

ID, MARK = "id", "exclude"
YES, NO = "yes", "no"
_SAID = {YES: True, NO: False, "": False}


def read_exclusion(path: Path) -> tuple[str, ...]:
    """The ids that a CSV file with the columns id and exclude marks with yes, in the order of the file.

    Other columns are not read. Lines may be parted by semicolons, as spreadsheets of some countries save
    them. Raises DataError, naming the file and the line, for a file that is no such table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"--exclude {path}: expected an audit's table, CSV in UTF-8, received {error}; save it so"
        ) from error
    heading = lines[0] if lines else ""
    rows = csv.DictReader(lines, delimiter=";" if heading.count(";") > heading.count(",") else ",")
    if not {ID, MARK} <= set(rows.fieldnames or ()):
        raise DataError(
            f"--exclude {path}: expected a table with the columns {ID} and {MARK}, received "
            f"{', '.join(rows.fieldnames or ()) or 'an empty file'}; give the audit.csv of an audit"
        )
    return tuple(row[ID] for row in rows if _is_marked(path, rows.line_num, row))


def without(dataset: Dataset, excluded: Collection[str]) -> Dataset:
    """The data set less the samples of these ids, in its own split as well.

    Raises DataError when none, or none of a side, is left.
    """
    split = dataset.folder_split
    if split:
        split = Split(_left(split.train, excluded), _left(split.val, excluded))
    samples = _left(dataset.samples, excluded)
    if not samples or (split and not (split.train and split.val)):
        raise DataError(
            f"{dataset.root}: expected pairs to be left by --exclude, found none"
            f"{' on one side of train and val' if samples else ''}; mark fewer"
        )
    return dataclasses.replace(dataset, samples=samples, folder_split=split)


def _left(samples: Iterable[Sample], excluded: Collection[str]) -> tuple[Sample, ...]:
    return tuple(sample for sample in samples if sample.id not in excluded)


def _is_marked(path: Path, line: int, row: dict[str, str | None]) -> bool:
    said = (row[MARK] or "").strip().lower()
    if said not in _SAID or not row[ID]:
        received = f"{row[MARK]!r}" if row[ID] else "no id"
        raise DataError(
            f"--exclude {path}, line {line}: expected {YES}, {NO} or nothing in the column {MARK}, received "
            f"{received}; correct the line"
        )
    return _SAID[said]
