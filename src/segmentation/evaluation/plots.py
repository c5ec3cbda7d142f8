"""Charts of training, thresholds and results; the only matplotlib import, made when a chart is drawn."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segmentation.evaluation.disturbances import DISTURBANCES
from segmentation.evaluation.threshold import ThresholdSearch
from segmentation.files import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from segmentation.evaluation.robustness import Robustness
    from segmentation.evaluation.triage import Triage

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#767676"  # Okabe and Ito: apart for every kind of sight
_DICE_STEPS = (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995)
_SMALL = (5.6, 3.2)  # inches
_MODELS = (_BLUE, _ORANGE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # the same palette, then other dashes
_DASHES = ("solid", (0, (5, 1)), (0, (1, 1)), (0, (4, 1, 1, 1)))
_DICE_TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
_MOST_MARKERS = 60  # on a curve, before they run into each other
_FINE_TICKS = (0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.993, 0.996, 0.999)
_HIGHEST_DICE = 0.999  # drawn: on a scale of errors 1 lies at infinity


def plot_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw training and validation values per epoch, one chart a measure, to an image file, atomically.

    `history` maps names to one value an epoch, as Keras does: `loss`, `val_loss`, `dice`, ...,
    `learning_rate`. The format follows the suffix.
    """
    names = [name for name in history if not name.startswith("val_")]
    names.sort(key=lambda name: ("loss", "dice").index(name) if name in ("loss", "dice") else 2)
    names.sort(key=lambda name: name == "learning_rate")
    figure = _figure((4.8 * max(len(names), 1), 3.6))
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        _draw_curve(axes, name, history)
    _save(figure, path)


def plot_threshold(search: ThresholdSearch, path: Path) -> None:
    """Draw mean Dice over the threshold to an image file, atomically; the format follows the suffix."""
    _save(_threshold_figure(search, search.best), path)


def threshold_svg(search: ThresholdSearch, used: float) -> bytes:
    """The chart of mean Dice over the threshold, with the `used` one marked too, as SVG."""
    return _svg(_threshold_figure(search, used))


def plot_distribution(dice: Sequence[float]) -> bytes:
    """A chart of how many photos reach which Dice, as SVG; its steps are fixed, so that models compare."""
    figure = _figure(_SMALL)
    axes = figure.add_subplot()
    amounts = np.bincount(np.searchsorted(_DICE_STEPS, dice, side="right"), minlength=len(_DICE_STEPS) + 1)
    bars = axes.bar(np.arange(len(amounts)) + 0.5, amounts, width=0.9, color=_BLUE)
    axes.bar_label(bars, labels=[str(n) if n else "" for n in amounts], fontsize=8, padding=2)
    axes.set_xticks(range(1, len(amounts)), [f"{step:g}" for step in _DICE_STEPS])
    axes.set_xlim(0, len(amounts))
    axes.margins(y=0.12)
    axes.set_xlabel("Dice of a photo (steps narrow towards 1)")
    axes.set_ylabel("photos")
    axes.yaxis.get_major_locator().set_params(integer=True)
    return _svg(figure)


def plot_sorted(dice: Mapping[str, Sequence[float]], references: Mapping[str, float]) -> bytes:
    """Each model's Dice of all photos, sorted, with published means as lines across, as SVG.

    The scale is that of the error, 1 - Dice, so that good photos are told apart as well as bad ones.
    """
    figure = _figure((7.2, 4.2))
    axes = figure.add_subplot()
    for number, (name, values) in enumerate(dice.items()):
        marker = "." if len(values) <= _MOST_MARKERS else None
        ranks = np.arange(1, len(values) + 1)
        error = 1 - np.clip(np.sort(values), 0, _HIGHEST_DICE)
        label = f"{name}, mean {np.mean(values):.4f}"
        axes.plot(ranks, error, **_model_line(number), label=label, marker=marker, markersize=5)
    for number, (name, value) in enumerate(references.items()):
        dashes = _DASHES[1 + number % (len(_DASHES) - 1)]
        label = f"{name}, published mean {value:.4f}"
        error = 1 - min(value, _HIGHEST_DICE)
        axes.axhline(error, color=_GREY, linestyle=dashes, linewidth=1.2, label=label)
    _scale_by_error(axes)
    axes.set_xlabel("photos, each model's worst first")
    return _svg(figure)


def plot_differences(panels: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> bytes:
    """A forest plot: per measure and model its mean difference and the interval (mean, low, high), as SVG."""
    models = max(len(rows) for rows in panels.values())
    figure = _figure((7.2, 1.3 + 0.42 * models))
    for place, (measure, rows) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(1, len(panels), place)
        axes.axvline(0, color=_GREY, linewidth=1)
        for number, (mean, low, high) in enumerate(rows.values()):
            style = _model_line(number + 1)  # the baseline has the first colour
            axes.plot((low, high), (number, number), **style | {"linewidth": 2})
            axes.plot(mean, number, color=style["color"], marker="D", markersize=6)
        axes.set_yticks(range(len(rows)), list(rows) if place == 1 else [""] * len(rows))
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.margins(x=0.12)
        axes.locator_params(axis="x", nbins=5)
        axes.set_title(measure, fontsize=11)
        axes.set_xlabel("← worse    mean difference    better →")
        axes.grid(axis="x", color="#e5e5e5", linewidth=0.6)
    return _svg(figure)


def plot_histories(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> bytes:
    """Each model's validation Dice by epoch, and thin its training Dice, on the scale of 1 - Dice, as SVG.

    `histories` maps models to their `dice` and `val_dice`, one value an epoch.
    """
    figure = _figure((7.2, 4.2))
    axes = figure.add_subplot()
    for number, (name, history) in enumerate(histories.items()):
        for key, label, width in (("val_dice", name, 1.8), ("dice", None, 0.7)):
            error = 1 - np.clip(history.get(key, ()), 0, _HIGHEST_DICE)
            style = _model_line(number) | {"linewidth": width}
            axes.plot(np.arange(1, len(error) + 1), error, **style, label=label)
    _scale_by_error(axes)
    axes.set_xlabel("epoch")
    return _svg(figure)


def plot_risk_coverage(triage: "Triage") -> bytes:
    """Mean error of the photos that are not reviewed, over their share, beside the best order's, as SVG."""
    figure = _figure((5.6, 3.4))
    axes = figure.add_subplot()
    coverage = np.arange(1, len(triage.dice) + 1) / len(triage.dice)
    axes.plot(coverage, triage.risk(), color=_BLUE, linewidth=1.6, label="most certain first")
    axes.plot(coverage, triage.best_risk(), color=_GREY, linewidth=1.2, linestyle="--", label="best possible")
    axes.axhline(1 - triage.dice.mean(), color=_ORANGE, linewidth=1.2, label="at random")
    axes.set_xlabel("share of photos left to the model")
    axes.set_ylabel("mean error, 1 - Dice")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.legend(frameon=False)
    return _svg(figure)


def _model_line(number: int) -> dict[str, object]:
    """How the curves of a comparison's model look, in every chart the same."""
    dashes = _DASHES[number // len(_MODELS) % len(_DASHES)]
    return {"color": _MODELS[number % len(_MODELS)], "linestyle": dashes, "linewidth": 1.6}


def _scale_by_error(axes: "Axes", ticks: Sequence[float] = _DICE_TICKS) -> None:
    """Errors on a logarithmic scale that rises towards none, ticked with the Dice that they stand for."""
    axes.set_yscale("log")
    axes.set_yticks([1 - tick for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.autoscale(axis="y")
    axes.yaxis.set_inverted(True)
    axes.set_ylabel("Dice (scale of 1 - Dice)")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    axes.grid(color="#e5e5e5", linewidth=0.6)


def plot_robustness(robustness: "Robustness") -> bytes:
    """Small multiples of mean Dice by level, one chart a disturbance, as SVG.

    Levels are evenly spaced; the common scale is that of the error, 1 - Dice.
    """
    names, columns = list(DISTURBANCES), 4
    rows = -(-(len(names) + 1) // columns)  # one place more, for the key
    figure = _figure((2.9 * columns, 2.2 * rows))
    panels = figure.subplots(rows, columns, sharey=True).ravel()
    for axes, name in zip(panels, names, strict=False):
        _draw_levels(axes, name, robustness)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    panels[len(names)].legend(*panels[0].get_legend_handles_labels(), frameon=False, loc="center left")
    for axes in panels[: len(names) : columns]:
        axes.set_ylabel("Dice (scale of 1 - Dice)", fontsize=8)
    return _svg(figure)


def _draw_levels(axes: "Axes", name: str, robustness: "Robustness") -> None:
    kind, rows = DISTURBANCES[name], robustness.of(name)
    levels = [row.level for row in rows]
    place = len(levels) if kind.neutral is None else int(np.searchsorted(levels, kind.neutral))
    labels = [f"{level:g}" for level in levels]
    labels.insert(place, "none" if kind.neutral is None else f"{kind.neutral:g}")
    dice = np.insert([row.dice_mean for row in rows], place, robustness.dice_mean)
    error = np.insert([row.change_error or 0.0 for row in rows], place, 0.0)
    low, mean, high = (1 - np.minimum(values, _HIGHEST_DICE) for values in (dice - error, dice, dice + error))
    axes.plot(mean, color=_BLUE, label="mean", marker="o", markersize=3, linewidth=1.5)
    band = {"color": _BLUE, "alpha": 0.2, "linewidth": 0, "label": "standard error of the change"}
    axes.fill_between(range(len(mean)), low, high, **band)
    reference = f"undisturbed {robustness.dice_mean:.4f}"
    axes.axhline(mean[place], color=_GREY, linewidth=0.8, linestyle="--", label=reference)
    _scale_by_error(axes, _FINE_TICKS)
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_title(name, fontsize=10)
    axes.set_xlabel(kind.unit, fontsize=8)


def _draw_curve(axes: "Axes", name: str, history: Mapping[str, Sequence[float]]) -> None:
    curves = (("training", name, _BLUE), ("validation", f"val_{name}", _ORANGE))
    for label, key, colour in curves:
        if values := history.get(key):
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, color=colour, label=label, marker="o", markersize=2.5, linewidth=1.5)
    if f"val_{name}" in history:
        axes.legend(frameon=False)
    if name == "learning_rate":
        axes.set_yscale("log")
    axes.set_title(name.replace("_", " "), fontsize=11)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(color="#e5e5e5", linewidth=0.6)


def _threshold_figure(search: ThresholdSearch, used: float) -> "Figure":
    figure = _figure(_SMALL)
    axes = figure.add_subplot()
    axes.plot(search.thresholds, search.dice_mean, color=_BLUE, linewidth=1.5)
    axes.axvline(search.best, color=_ORANGE, linewidth=1.2, label=f"best {search.best:.3f}")
    if used != search.best:
        axes.axvline(used, color=_GREY, linewidth=1.2, linestyle="--", label=f"used {used:.3f}")
    best = search.dice_mean_at_best
    lowest = max(float(np.median(search.dice_mean)) - 0.02, 0)  # the ends drop far below what matters
    axes.set_ylim(lowest, best + 0.08 * max(best - lowest, 1e-3))
    axes.set_xlim(0, 1)
    axes.set_xlabel("threshold")
    axes.set_ylabel("mean Dice")
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.legend(frameon=False, loc="lower center")
    return figure


def _figure(size: tuple[float, float]) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=size, dpi=120, layout="constrained")


def _save(figure: "Figure", path: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    with atomic_file(path) as temporary:
        figure.savefig(temporary)


def _svg(figure: "Figure") -> bytes:
    import matplotlib

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    with matplotlib.rc_context({"svg.hashsalt": "garment"}):  # the same chart gives the same bytes
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
