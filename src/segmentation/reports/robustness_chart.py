"""The chart of how masks become worse on disturbed photos."""

from typing import TYPE_CHECKING

import numpy as np

from segmentation.evaluation.disturbances import DISTURBANCES
from segmentation.reports.plots import (
    BLUE,
    GREY,
    HIGHEST_DICE,
    as_svg,
    legend_below,
    new_figure,
    scale_by_error,
    sentence,
)

if TYPE_CHECKING:
    from segmentation.evaluation.robustness import Robustness
    from segmentation.reports.plots import Axes

_TICKS = (0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)
_ACROSS = 3  # panels
_PANEL = (3.2, 2.3)  # inches
_SMALL = 8  # points


def plot_robustness(robustness: "Robustness") -> bytes:
    """Draw small multiples of mean Dice by level, one chart for each disturbance, as SVG.

    Levels are evenly spaced; the common scale is that of the error, 1 - Dice.
    """
    rows = -(-len(DISTURBANCES) // _ACROSS)
    figure = new_figure((_PANEL[0] * _ACROSS, _PANEL[1] * rows))
    panels = figure.subplots(rows, _ACROSS, sharey=True).ravel()
    for place, (axes, name) in enumerate(zip(panels, DISTURBANCES, strict=False)):
        _draw_levels(axes, name, robustness)
        axes.set_ylabel("" if place % _ACROSS else "Mean Dice", fontsize=_SMALL)
    for axes in panels[len(DISTURBANCES) :]:
        axes.set_axis_off()
    figure.set_layout_engine("constrained", h_pad=0.1)
    legend_below(figure)
    return as_svg(figure)


def _draw_levels(axes: "Axes", name: str, robustness: "Robustness") -> None:
    kind, rows = DISTURBANCES[name], robustness.of(name)
    levels = [row.level for row in rows]
    place = len(levels) if kind.neutral is None else int(np.searchsorted(levels, kind.neutral))
    labels = [f"{level:g}" for level in levels]
    labels.insert(place, "none" if kind.neutral is None else f"{kind.neutral:g}")
    dice = np.insert([row.dice_mean for row in rows], place, robustness.dice_mean)
    error = np.insert([row.change_error or 0.0 for row in rows], place, 0.0)
    low, mean, high = (1 - np.minimum(values, HIGHEST_DICE) for values in (dice - error, dice, dice + error))
    axes.plot(mean, color=BLUE, label="Disturbed photos", marker="o", markersize=3, linewidth=1.5)
    axes.fill_between(
        range(len(mean)), low, high, color=BLUE, alpha=0.2, linewidth=0, label="Standard error of the change"
    )
    reference = f"Undisturbed photos, {robustness.dice_mean:.4f}"
    axes.axhline(mean[place], color=GREY, linewidth=0.8, linestyle="--", label=reference)
    scale_by_error(axes, _TICKS)
    axes.set_xticks(range(len(labels)), labels, fontsize=_SMALL)
    axes.tick_params(axis="y", labelsize=_SMALL)
    axes.set_title(sentence(name), fontsize=10)
    axes.set_xlabel(sentence(kind.unit), fontsize=_SMALL)
