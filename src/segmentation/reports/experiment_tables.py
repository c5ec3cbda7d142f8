"""An experiment's table for a terminal, as CSV and as Markdown."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from segmentation.core.counting import counted
from segmentation.evaluation.experiment_conclusions import warnings_about
from segmentation.evaluation.experiment_figures import ExperimentFigures, Row
from segmentation.reports.experiment_columns import (
    columns_of,
    difference_text,
    interval_text,
    mean_text,
    short_words,
)
from segmentation.reports.markdown import escaped, markdown_table


def print_experiment(figures: ExperimentFigures, console: Console) -> None:
    """Print a row for each variant, and what limits the conclusions."""
    table = Table(
        title=f"{figures.experiment.name}: {counted(figures.photos, 'held-out photo')}",
        box=box.SIMPLE_HEAD,
        show_edge=False,
    )
    table.add_column("variant", overflow="fold")
    for heading in (figures.measure, "difference (95% interval)"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("so it is", overflow="fold")
    for row in figures.rows:
        difference = f"{difference_text(row)} ({interval_text(row)})" if row.difference else "-"
        said = short_words(row)
        if row.verdict:
            said = f"{said}; claim {row.verdict}"
        table.add_row(Text(row.name), mean_text(row), difference, Text(said))
    console.print(table)
    for row in figures.rows:
        if reason := row.words.partition(": ")[2]:
            console.print(Text(f"{row.name}: {reason}"), soft_wrap=True)
    for warning in warnings_about(figures):
        console.print(Text(warning), soft_wrap=True)


def csv_rows(figures: ExperimentFigures) -> Iterator[list[object]]:
    """Yield the heading and a row for each variant."""
    measure = figures.measure.lower()
    yield [
        *("variant", "factor", "level", "repeats", "failed", f"{measure}_mean", f"{measure}_spread"),
        *(f"{measure}_worst", "worst_photo", "boundary_f1_mean", "clean_rate"),
        *("threshold", "threshold_fixed", "difference", "low", "high", "words"),
        *("claim", "claim_expected", "claim_by", "verdict"),
        *("seconds", "gflop", "parameters", "epochs", "by_repeat"),
    ]
    for row in figures.rows:
        claim, difference = row.variant.claim, row.difference
        yield [
            *(row.name, row.variant.factor, row.variant.level, len(row.judged)),
            sum(bool(cell.failure) for cell in row.cells),
            *(row.mean, row.spread, row.worst, row.worst_photo),
            *(row.boundary_f1, row.clean, row.threshold),
            row.fixed_threshold,
            *((difference.mean, difference.low, difference.high) if difference else (None, None, None)),
            row.words,
            *((claim.says, claim.expected, claim.by) if claim else ("", "", None)),
            row.verdict,
            *(row.seconds, row.gflop, row.parameters, row.epochs),
            _by_repeat(row),
        ]


def markdown(figures: ExperimentFigures) -> str:
    """Return the table in GitHub's Markdown, to be pasted into a text."""
    columns = columns_of(figures)
    rows = [[row.name, *(column.cell(row) for column in columns)] for row in figures.rows]
    words = {0, *(place for place, column in enumerate(columns, start=1) if column.words)}
    headings, *rows = [
        list(map(escaped, line)) for line in (["variant", *(column.heading for column in columns)], *rows)
    ]
    return markdown_table(headings, rows, words)


def _by_repeat(row: Row) -> str:
    return "; ".join(f"{cell.repeat}: {cell.quality:.6f}" for cell in row.judged if cell.quality is not None)
