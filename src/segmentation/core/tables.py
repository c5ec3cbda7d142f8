"""Tables as CSV files, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.files import encodable, write_text

# what a spreadsheet computes, in full width too, behind any number of the apostrophes that keep it from that
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")  # noqa: RUF001
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    """Write rows, the heading first, atomically, as `csv_text` has them."""
    write_text(path, csv_text(rows))


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows, the heading first, as CSV: fractions with six decimals, None as an empty field.

    Texts are as `cell` has them.
    """
    return "".join(f"{_line(row)}\n" for row in rows)


def cell(text: str) -> str:
    """Return a text as a table holds it: what is not UTF-8 as escapes, a formula behind an apostrophe.

    Names of files and classes come from anyone, and a spreadsheet computes what begins with = + - or @.
    """
    text = encodable(text)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def text_of(cell: str) -> str:
    """Return the text that `cell` made into a field of a table, except for its escapes (see `encodable`)."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _line(row: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(
        map(_field, row)
    )  # with the line end \r\n it quotes either of the two in a field
    return text.getvalue().removesuffix("\r\n")


def _field(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6f}"
    return cell(value) if isinstance(value, str) else value
