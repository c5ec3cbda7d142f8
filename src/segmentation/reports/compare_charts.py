"""The charts of a comparison; each model has its colour in all of them, and its dashes in all curves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation.evaluation.compare import LESS_IS_BETTER, MEASURES, Comparison, Figures
from segmentation.evaluation.history import History
from segmentation.reports.plots import (
    COLOURS,
    GREY,
    GRID,
    HIGHEST_DICE,
    legend_below,
    literal,
    new_figure,
    scale_by_error,
    sentence,
)

if TYPE_CHECKING:
    from segmentation.reports.plots import Axes, Figure

_DASHES = ("solid", (0, (5, 1)), (0, (1, 1)), (0, (4, 1, 1, 1)))  # once the colours are used up
_MARKERS = ("o", "D", "s", "^", "v", "P", "X")
_MOST_MARKERS = 60  # on a curve, before they run into each other
_OUTLYING = 99  # percent of the losses are drawn: a single one can squeeze all others
_AREA = 350  # of the marker of the largest model, points^2
_SMALLEST_AREA = 24
_BESIDE = 28  # letters of a name at the side of a chart
_ACROSS = 2  # panels of differences
_LEAST_SECONDS = 1e-4  # on a logarithmic scale


def sorted_chart(comparison: Comparison) -> "Figure":
    """Draw each model's figures of all photos, sorted; for cutouts published means are horizontal lines.

    The scale of cutouts is that of the error, 1 - Dice, so that good photos are as distinct as bad ones.
    """
    figure = new_figure((7.2, 4.2))
    axes = figure.add_subplot()
    measure = comparison.compared[0]
    for number, model in enumerate(comparison.models):
        values = np.sort(model.by_photo[measure])
        marker = "." if len(values) <= _MOST_MARKERS else None
        drawn = values if comparison.classes else 1 - values.clip(0, HIGHEST_DICE)
        label = f"{literal(model.name)}, mean {values.mean():.4f}"
        ranks = np.arange(1, len(values) + 1)
        axes.plot(ranks, drawn, **_line(number), label=label, marker=marker, markersize=5)
    if comparison.classes:
        _scale_by_share(axes, MEASURES[measure])
    else:
        for number, (name, value) in enumerate(comparison.references.items()):
            error = 1 - min(value, HIGHEST_DICE)
            label = f"{literal(name)}, published mean {value:.4f}"
            axes.axhline(error, color=GREY, linestyle=_reference_dashes(number), linewidth=1.2, label=label)
        scale_by_error(axes)
    legend_below(figure)
    axes.set_xlabel("Photos, each model's worst first")
    return figure


def difference_chart(comparison: Comparison) -> "Figure":
    """Draw a forest plot: the mean difference from the baseline and its interval, by measure and model."""
    pairs = comparison.pairs
    rows = -(-len(comparison.compared) // _ACROSS)
    figure = new_figure((7.2, (0.9 + 0.42 * len(pairs)) * rows + 0.4))
    for place, measure in enumerate(comparison.compared, start=1):
        axes = figure.add_subplot(rows, _ACROSS, place)
        axes.axvline(0, color=GREY, linewidth=1)
        for number, pair in enumerate(pairs):
            interval = pair.differences[measure].interval
            colour = _colour(number + 1)  # the baseline has the first
            axes.plot((interval.low, interval.high), (number, number), color=colour, linewidth=2)
            axes.plot(interval.mean, number, color=colour, marker="D", markersize=6)
        axes.set_yticks(
            range(len(pairs)),
            [literal(pair.model, _BESIDE) if place % _ACROSS == 1 else "" for pair in pairs],
        )
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(pairs) - 0.5, -0.5)
        axes.margins(x=0.12)
        axes.xaxis.set_inverted(measure in LESS_IS_BETTER)  # better is to the right in all
        axes.locator_params(axis="x", nbins=4)
        axes.set_title(sentence(MEASURES[measure]), fontsize=11)
        axes.grid(axis="x", **GRID)
    figure.supxlabel("← worse    Mean difference    better →", fontsize=10)
    return figure


def learning_chart(histories: Mapping[str, History], *, classes: bool) -> "Figure | None":
    """Draw small multiples by epoch: loss, accuracy, and Dice or, of classes, IoU; None without curves.

    A model's validation curve is thick and its training curve thin. `histories` are those of all models by
    name, in their order; some may be empty.
    """
    measures = {"loss": "Loss", "accuracy": "Pixel accuracy"} | (
        {"iou": "IoU"} if classes else {"dice": "Dice"}
    )
    known = [key for key in measures if any(f"val_{key}" in history for history in histories.values())]
    if not known:
        return None
    figure = new_figure((3.3 * len(known), 3.7))
    for place, key in enumerate(known, start=1):
        axes = figure.add_subplot(1, len(known), place)
        by_error = not classes and key != "loss"
        for number, history in enumerate(histories.values()):
            for column, width in ((f"val_{key}", 1.8), (key, 0.7)):
                values = np.array(history.get(column, ()), np.float64)
                drawn = 1 - values.clip(0, HIGHEST_DICE) if by_error else values
                axes.plot(np.arange(1, len(drawn) + 1), drawn, **_line(number) | {"linewidth": width})
        if by_error:
            scale_by_error(axes)
            axes.set_ylabel("Scale of the error")
        elif key == "loss":
            _leave_out_outlying(axes)
        axes.set_title(measures[key], fontsize=11)
        axes.set_xlabel("Epoch")
        axes.locator_params(axis="x", integer=True)
        axes.grid(**GRID)
    handles = [
        figure.axes[0].plot([], [], **_line(number), label=literal(name))[0]
        for number, (name, history) in enumerate(histories.items())
        if history
    ]
    legend_below(figure, handles)
    return figure


def class_chart(comparison: Comparison) -> "Figure":
    """Draw the IoU of each class by each model, the largest on top, with its share of the true pixels."""
    order = comparison.largest_class_first
    figure = new_figure((7.2, 1.4 + 0.27 * len(order)))
    axes = figure.add_subplot()
    for number, model in enumerate(comparison.models):
        ious = [model.class_iou[index] for index in order]
        values = [np.nan if iou is None else iou for iou in ious]
        style: dict[str, Any] = {"color": _colour(number), "marker": _marker(number), "linestyle": ""}
        axes.plot(values, range(len(order)), markersize=6, label=literal(model.name), **style)
    labels = [
        f"{literal(comparison.classes[index], _BESIDE)} ({comparison.shares[index]:.1%})" for index in order
    ]
    axes.set_yticks(range(len(order)), labels)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1)
    axes.set_xlabel("IoU over all pixels; in brackets each class's share of the true pixels")
    axes.grid(**GRID)
    axes.set_axisbelow(True)
    legend_below(figure)
    return figure


def trade_off_chart(comparison: Comparison) -> "Figure":
    """Draw quality over CPU seconds; markers grow with the parameters, lines are published figures."""
    figure = new_figure((7.2, 4.4))
    axes = figure.add_subplot()
    models = comparison.models
    most = max((model.facts.parameters or 0 for model in models), default=0) or 1
    for number, model in enumerate(models):
        million = "" if model.facts.parameters is None else f" ({model.facts.parameters / 1e6:.2g} M)"
        axes.scatter(
            _seconds(model),
            model.quality,
            s=max(_SMALLEST_AREA, _AREA * (model.facts.parameters or 0) / most),
            color=_colour(number),
            marker=_marker(number),
            alpha=0.75,
            linewidth=0,
        )
        shown: dict[str, Any] = {"color": _colour(number), "marker": _marker(number), "linestyle": ""}
        axes.plot([], [], markersize=7, label=literal(model.name) + million, **shown)
    for number, (name, value) in enumerate(comparison.references.items()):
        label = f"{literal(name)}, published {value:.4f}"
        axes.axhline(value, color=GREY, linestyle=_reference_dashes(number), linewidth=1.2, label=label)
    axes.set_xscale("log")
    seconds = [_seconds(model) for model in models]
    low, high = min(seconds) / 1.6, max(seconds) * 1.6
    ticks = [step * 10.0**power for power in range(-5, 6) for step in (1, 2, 5)]
    ticks = [tick for tick in ticks if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(low, high)
    axes.margins(y=0.15)
    axes.set_xlabel("CPU time of a photo, s")
    axes.set_ylabel(sentence(comparison.quality_name))
    axes.grid(**GRID)
    axes.set_axisbelow(True)
    legend_below(figure, axes.get_legend_handles_labels()[0])
    return figure


def _seconds(model: Figures) -> float:
    return max(model.facts.cpu_seconds, _LEAST_SECONDS)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _marker(number: int) -> str:
    """Return a model's marker: models that share a colour, once all colours are used, have different ones."""
    return _MARKERS[(number + number // len(COLOURS)) % len(_MARKERS)]


def _line(number: int) -> dict[str, Any]:
    """Return the style of a model's curves."""
    dashes = _DASHES[number // len(COLOURS) % len(_DASHES)]
    return {"color": _colour(number), "linestyle": dashes, "linewidth": 1.6}


def _reference_dashes(number: int) -> Any:
    return _DASHES[1 + number % (len(_DASHES) - 1)]


def _leave_out_outlying(axes: "Axes") -> None:
    values = np.concatenate([line.get_ydata() for line in axes.lines])
    values = values[np.isfinite(values)]
    low, high = (values.min(), np.percentile(values, _OUTLYING)) if len(values) else (0, 0)
    if high > low:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


def _scale_by_share(axes: "Axes", name: str) -> None:
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{sentence(name)} of a photo")
    axes.locator_params(axis="x", integer=True)
    axes.grid(**GRID)
