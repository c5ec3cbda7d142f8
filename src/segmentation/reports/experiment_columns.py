"""The columns of an experiment's table, the same on the terminal, in Markdown and on the page."""

from collections.abc import Callable
from dataclasses import dataclass

from segmentation.config.experiment import BASE
from segmentation.evaluation.experiment_figures import ExperimentFigures, Row

_NOTHING = "-"


@dataclass(frozen=True)
class Column:
    """A heading, and what stands under it for a row; `words` are set to the left."""

    heading: str
    cell: Callable[[Row], str]
    words: bool = False


def columns_of(figures: ExperimentFigures) -> list[Column]:
    """Return the columns: how good a variant is, how it differs from the base, what it costs."""
    found = [
        Column(figures.measure, mean_text),
        Column("worst photo", lambda row: _number(row.worst, ".3f")),
        Column("boundary F1", lambda row: _number(row.boundary_f1, ".3f")),
        Column("difference", lambda row: difference_text(row)),
        Column("95% interval", lambda row: interval_text(row)),
        Column("so it is", lambda row: short_words(row), words=True),
    ]
    if has_claims(figures):
        found.append(Column("what is claimed", claim_text, words=True))
    if any(row.threshold is not None for row in figures.rows):
        found.append(Column("threshold", threshold_text))
    return [
        *found,
        Column("training, s", lambda row: _number(row.seconds, ".0f")),
        Column("GFLOP", lambda row: _number(row.gflop, ".2f")),
        Column("repeats", lambda row: str(len(row.judged))),
    ]


def has_claims(figures: ExperimentFigures) -> bool:
    """Return whether there is a published claim about any row."""
    return any(row.variant.claim for row in figures.rows)


def mean_text(row: Row) -> str:
    """Return the mean of the repeats and their spread."""
    return _number(row.mean) + ("" if row.spread is None else f" ±{row.spread:.4f}")


def short_words(row: Row) -> str:
    """Return the remark on a row, without the reason of a failure."""
    return row.words.partition(": ")[0]


def difference_text(row: Row) -> str:
    """Return the mean difference from the base with its sign."""
    return f"{row.difference.mean:+.4f}" if row.difference else _NOTHING


def interval_text(row: Row) -> str:
    """Return the interval of the difference from the base."""
    return f"{row.difference.low:+.4f} to {row.difference.high:+.4f}" if row.difference else _NOTHING


def claim_text(row: Row) -> str:
    """Return the claim about the variant and its verdict; empty if there is none."""
    claim = row.variant.claim
    if claim is None:
        return ""
    by = "" if claim.by is None else f" ({claim.by:+g})"
    than = "" if claim.than == BASE else f", beside {claim.than}"
    return f"{claim.says}{by}{than}" + (f": {row.verdict}" if row.verdict else "")


def threshold_text(row: Row) -> str:
    """Return the threshold, the mean of the repeats where each was given its best one."""
    return _number(row.threshold, ".3f") + (" fixed" if row.fixed_threshold else "")


def _number(value: float | None, form: str = ".4f") -> str:
    return _NOTHING if value is None else f"{value:{form}}"
