"""Charts of training, thresholds and results; the only matplotlib import, made when a chart is drawn."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segmentation.evaluation.threshold import ThresholdSearch
from segmentation.files import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#767676"  # Okabe and Ito: apart for every kind of sight
_DICE_STEPS = (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995)
_SMALL = (5.6, 3.2)  # inches


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
