"""Tables as CSV files."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.files import write_text


def write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    """Write rows, the heading first, atomically, as `csv_text` has them."""
    write_text(path, csv_text(rows))


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows, the heading first, as CSV: fractions with six decimals, None as an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow(f"{value:.6f}" if isinstance(value, float) else value for value in row)
    return text.getvalue()
