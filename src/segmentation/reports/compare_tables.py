"""A comparison on the terminal."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from types import MappingProxyType
from typing import TYPE_CHECKING

from segmentation.core.counting import counted
from segmentation.evaluation.compare import MEASURES, Comparison, Difference, Pair
from segmentation.metrics.intervals import CONFIDENCE
from segmentation.reports.compare_columns import (
    ARCHITECTURE,
    ENGINE,
    Column,
    cost_columns,
    fault_columns,
    probability_text,
    published_cells,
    quality_columns,
    signed_interval_text,
    signed_text,
    training_columns,
)
from segmentation.reports.compare_report import cautions

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_SHOWN_CHANGES = 3  # photos
_HEADING_WIDTH = 10  # letters a line
_LEAST_NAME = 8


def print_comparison(comparison: Comparison, console: "Console") -> None:
    """Print the figures of all models, what they cost, and how they differ from the baseline."""
    photos, quality = counted(len(comparison.photos), "photo"), quality_columns(comparison)
    title = f"{photos}, means with {CONFIDENCE:.0%} bootstrap intervals"
    if comparison.classes:
        whole = [column for column in quality if not column.below]
        quality = [column for column in quality if column.below]
        console.print(_models(comparison, f"all pixels of {photos}", whole, comparison.references))
        console.print(_models(comparison, title, quality))
    else:
        console.print(_models(comparison, title, quality, comparison.references))
    console.print(_models(comparison, f"faults ({comparison.fault_options})", fault_columns()))
    console.print(_models(comparison, "cost", [*cost_columns(), ENGINE]))
    console.print(_models(comparison, "training", [ARCHITECTURE, *training_columns(comparison)]))
    console.print(_differences(comparison))
    for pair in comparison.pairs:
        if pair.gains or pair.losses:
            console.print(_changes(pair, comparison))
    if comparison.retouchers:
        console.print(comparison.retouchers.line(), soft_wrap=True)
    for caution in cautions(comparison):
        console.print(f"note: {caution}", soft_wrap=True)


def _models(
    comparison: Comparison,
    title: str,
    columns: Sequence[Column],
    references: Mapping[str, float] = MappingProxyType({}),
) -> "Table":
    """Return a row for each model, then a row for each published figure."""
    headings = [fill(column.heading, _HEADING_WIDTH, break_long_words=False) for column in columns]
    table = _table(title, "model", *headings)
    for column, shown in zip(columns, table.columns[1:], strict=True):
        shown.no_wrap = not column.words  # so that there is room for the others in 80 columns
    for model in comparison.models:
        cells = [
            column.cell(model) + (f"\n{column.below(model)}" if column.below else "") for column in columns
        ]
        table.add_row(_text(model.name), *cells)
    for name, value in references.items():
        table.add_row(_text(f"{name}, published"), *published_cells(columns, value))
    return table


def _differences(comparison: Comparison) -> "Table":
    title = f"difference from {comparison.baseline}"
    table = _table(title, "model", "mean", f"{CONFIDENCE:.0%} interval", "p", "better/worse/equal")
    for pair in comparison.pairs:
        for measure, difference in pair.differences.items():
            table.add_row(
                _text(f"{pair.model}, {MEASURES[measure]}"), *_difference_cells(measure, difference)
            )
    return table


def _difference_cells(measure: str, difference: Difference) -> Sequence[str]:
    return (
        signed_text(difference.interval.mean, measure),
        signed_interval_text(difference.interval, measure),
        probability_text(difference.p_value),
        f"{difference.better}/{difference.worse}/{difference.equal}",
    )


def _changes(pair: Pair, comparison: Comparison) -> "Table":
    """Return the largest gain first, the largest loss last."""
    title = f"{pair.model}: largest gains and losses in {MEASURES[comparison.compared[0]]}"
    table = _table(title, "photo", comparison.baseline, pair.model, "difference")
    for change in (*pair.gains[:_SHOWN_CHANGES], *reversed(pair.losses[:_SHOWN_CHANGES])):
        figures = f"{change.baseline:.4f}", f"{change.model:.4f}", signed_text(change.difference)
        table.add_row(_text(change.id), *figures)
    return table


def _table(title: str, first: str, *headings: str) -> "Table":
    from rich.table import Table

    table = Table(title=_text(title))
    table.add_column(first, overflow="fold", min_width=_LEAST_NAME)
    for heading in headings:
        table.add_column(_text(heading), justify="right", no_wrap=True)
    return table


def _text(content: str) -> "Text":
    """Return a cell that is no markup."""
    from rich.text import Text

    return Text(content)
