"""The charts of an experiment: a forest plot of the differences, a heat map of a grid, learning curves."""

from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from segmentation.evaluation.experiment_figures import CellFigures, ExperimentFigures, Row
from segmentation.reports.plots import (
    BLUE,
    COLOURS,
    GREY,
    GRID,
    HIGHEST_DICE,
    ORANGE,
    literal,
    new_figure,
    scale_by_error,
    sentence,
)

if TYPE_CHECKING:
    from segmentation.reports.plots import Axes, Figure

_BESIDE = 42  # letters of a name at the side of a chart
_ACROSS = 3  # panels of curves
_FAR = 6  # times the median reach of an interval, beyond which a difference is drawn at the edge
_GAP = 0.6  # of a row, between two factors


def forest_chart(figures: ExperimentFigures) -> "Figure | None":
    """Draw each variant's difference from the base with its interval; None where there is none.

    Variants that are far off are drawn at the edge, with their figure, so that the others can be
    distinguished.
    """
    rows = [row for row in figures.rows if row.difference]
    if not rows:
        return None
    figure = new_figure((7.6, 1.1 + 0.25 * (len(rows) + _GAP * _factors(rows))))
    axes = figure.add_subplot()
    limit = _limit(rows)
    axes.axvspan(-figures.experiment.margin, figures.experiment.margin, color="#f0f0f0", zorder=0)
    axes.axvline(0, color=GREY, linewidth=1)
    places: list[float] = []
    place, factor = 0.0, rows[0].variant.factor
    for row in rows:
        if row.variant.factor != factor:
            place, factor = place + _GAP, row.variant.factor
        places.append(place)
        _draw_row(axes, row, place, limit)
        place += 1.0
    axes.set_yticks(places, [literal(_label(row, figures), _BESIDE) for row in rows])
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.set_ylim(place - 0.4, -0.6)
    axes.set_xlim(-1.08 * limit, 1.08 * limit)
    axes.locator_params(axis="x", nbins=5)  # figures of four digits do not touch
    axes.set_xlabel(f"← worse    Difference in {figures.measure} from the base    better →")
    axes.grid(axis="x", **GRID)
    axes.set_axisbelow(True)
    return figure


def heat_map(figures: ExperimentFigures) -> "Figure | None":
    """Draw the mean of each cell of a grid of two factors; None for any other design."""
    factors = figures.experiment.factors
    if figures.experiment.design != "grid" or len(factors) != 2:
        return None
    down, across = (list(factor.levels) for factor in factors)
    values = np.full((len(down), len(across)), np.nan)
    words = np.full(values.shape, "", object)
    for row in figures.rows[1:]:
        first, second = (row.variant.levels[factor.name] for factor in factors)
        place = down.index(first), across.index(second)
        words[place] = _without_figure(row)
        values[place] = np.nan if words[place] or row.mean is None else row.mean
    if np.isnan(values).all():
        return None
    figure = new_figure((2.2 + 0.95 * len(across), 1.5 + 0.5 * len(down)))
    axes = figure.add_subplot()
    picture = axes.imshow(values, cmap="cividis", aspect="auto")
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for (row_place, column), value in np.ndenumerate(values):
        text = str(words[row_place, column]) or f"{value:.4f}"
        colour = "white" if value < middle else "black"
        axes.text(column, row_place, text, ha="center", va="center", fontsize=9, color=colour)
    axes.set_xticks(range(len(across)), [literal(name, _BESIDE) for name in across])
    axes.set_yticks(range(len(down)), [literal(name, _BESIDE) for name in down])
    axes.set_xlabel(_title(factors[1].name))
    axes.set_ylabel(_title(factors[0].name))
    figure.colorbar(picture, ax=axes, label=figures.measure)
    return figure


def _without_figure(row: Row) -> str:
    """Return why a variant has no figure that compares; empty where it has."""
    if not row.cells:
        return "not trained"
    if any(cell.stopped for cell in row.cells):
        return "given up"
    return "failed" if row.mean is None else ""


def curves_chart(figures: ExperimentFigures) -> "Figure | None":
    """Draw held-out Dice or IoU by epoch, a panel for each factor with the base in grey; None without any."""
    key = "val_dice" if figures.measure == "Dice" else "val_iou"
    panels: dict[str, list[Row]] = {}
    for row in figures.rows[1:]:
        if _has_own_training(row, figures) and any(key in cell.history for cell in row.judged):
            panels.setdefault(row.variant.factor, []).append(row)
    if not panels:
        return None
    columns = min(_ACROSS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure((3.4 * columns, 3.0 * rows))
    for place, (factor, members) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(rows, columns, place)
        for number, row in enumerate([figures.base, *members]):
            curve = _mean_curve(row.judged, key)
            drawn = 1 - curve.clip(0, HIGHEST_DICE) if figures.measure == "Dice" else curve
            colour, width = (GREY, 2.2) if number == 0 else (_colour(number - 1), 1.4)
            label = "base" if number == 0 else literal(row.variant.level, 24)
            axes.plot(np.arange(1, len(drawn) + 1), drawn, color=colour, linewidth=width, label=label)
        if figures.measure == "Dice":
            scale_by_error(axes)
            axes.set_ylabel("Dice" if place % columns == 1 or columns == 1 else "")
        axes.set_title(literal(_title(factor), 40), fontsize=10)
        axes.set_xlabel("Epoch")
        axes.locator_params(axis="x", integer=True)
        axes.grid(**GRID)
        axes.legend(fontsize=7, frameon=False, loc="lower right")
    return figure


def _draw_row(axes: "Axes", row: Row, place: float, limit: float) -> None:
    difference = row.difference
    assert difference
    certain = row.words in ("better", "worse")
    colour = (BLUE if difference.mean > 0 else ORANGE) if certain else GREY
    low, high = (float(np.clip(end, -limit, limit)) for end in (difference.low, difference.high))
    axes.plot((low, high), (place, place), color=colour, linewidth=2)
    if abs(difference.mean) <= limit:
        axes.plot(difference.mean, place, color=colour, marker="D", markersize=5)
    else:
        side = -limit if difference.mean < 0 else limit
        axes.plot(side, place, color=colour, marker="<" if side < 0 else ">", markersize=7)
        axes.annotate(
            f"{difference.mean:+.3f}", (side, place), (8 if side < 0 else -8, 0), textcoords="offset points",
            ha="left" if side < 0 else "right", va="center", fontsize=8, color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip


def _limit(rows: list[Row]) -> float:
    """Return how far from zero the chart reaches: to the farthest end, unless it would squeeze the others."""
    ends = [max(abs(row.difference.low), abs(row.difference.high)) for row in rows if row.difference]
    near = [end for end in ends if end <= _FAR * float(np.median(ends))]
    return max(*near, 1e-4)


def _factors(rows: list[Row]) -> int:
    return len({row.variant.factor for row in rows})


def _label(row: Row, figures: ExperimentFigures) -> str:
    one = figures.experiment.design == "one at a time"
    return f"{row.variant.factor.replace('_', ' ')}: {row.variant.level}" if one else row.name


def _title(factor: str) -> str:
    return sentence(factor.replace("_", " "))


def _has_own_training(row: Row, figures: ExperimentFigures) -> bool:
    """Return whether a variant is more than the base's models judged in another way."""
    ours = [cell.history for cell in row.judged]
    return ours != [cell.history for cell in figures.base.judged]


def _mean_curve(cells: list[CellFigures], key: str) -> np.ndarray:
    """Return the mean of the repeats by epoch, float64 [epochs]; of those that went on as long."""
    curves = [cell.history.get(key, []) for cell in cells]
    return np.array([np.mean([v for v in values if v is not None]) for values in zip_longest(*curves)])


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
