"""Charts of training, thresholds and results; matplotlib is imported when one is drawn."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation.core.files import atomic_file
from segmentation.metrics.threshold import ThresholdSearch

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from segmentation.confidence.assessment import Triage

HIGHEST_DICE = 0.999  # drawn: on a scale of errors 1 lies at infinity
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#767676"  # Okabe and Ito: apart for every kind of sight
COLOURS = (BLUE, ORANGE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Their colours for any number of curves, one after another."""

_DICE_STEPS = (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995)
GRID: dict[str, Any] = {"color": "#e5e5e5", "linewidth": 0.6}
_SMALL = (5.6, 3.4)  # inches
_PANEL = (3.2, 2.6)  # inches, of several
_ACROSS = 3  # panels
_MEASURES = {"iou": "IoU", "accuracy": "Pixel accuracy"}  # others by their key
_LETTER_INCHES, _HANDLE_INCHES = 0.086, 0.62  # of a legend's entry
_LONGEST_NAME = 60
_DICE_TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


def new_figure(size: tuple[float, float]) -> "Figure":
    """Return an empty figure of `size` inches, width and height."""
    from matplotlib.figure import Figure

    return Figure(figsize=size, dpi=120, layout="constrained")


def save(figure: "Figure", path: Path) -> None:
    """Write a figure to an image file, atomically; the format follows the suffix."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    if engine := figure.get_layout_engine():  # which would have everything drawn twice
        engine.execute(figure)
        figure.set_layout_engine("none")
    with atomic_file(path) as temporary:
        figure.savefig(temporary)


def as_svg(figure: "Figure") -> bytes:
    """Return a figure as SVG; equal figures give equal bytes."""
    import matplotlib

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    with matplotlib.rc_context({"svg.hashsalt": "garment"}):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def literal(name: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name as a label: a dollar starts no formula, a leading _ does not hide it from the legend.

    Names with more letters than the `longest` lose their middle, so that the picture has room for them.
    """
    if len(name) > longest:
        name = f"{name[: longest // 2]}…{name[1 - longest // 2 :]}"
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


def sentence(words: str) -> str:
    """Return words as a title or a label: with a capital letter in front."""
    return words[:1].upper() + words[1:]


def legend_below(figure: "Figure", handles: "Sequence[Artist] | None" = None) -> None:
    """Put one legend for all panels below them, where it covers no curve, in as many columns as fit.

    The `handles` are by default those of the first panel.
    """
    shown = handles or figure.axes[0].get_legend_handles_labels()[0]
    widest = max(len(str(handle.get_label())) for handle in shown)
    columns = int(figure.get_figwidth() // (widest * _LETTER_INCHES + _HANDLE_INCHES))
    columns = max(1, min(columns, len(shown)))
    columns = -(-len(shown) // -(-len(shown) // columns))  # rows of even length
    figure.legend(handles=shown, frameon=False, loc="outside lower center", ncols=columns, fontsize=9)


def scale_by_error(axes: "Axes", ticks: Sequence[float] = _DICE_TICKS) -> None:
    """Draw errors on a logarithmic scale that rises towards zero, with ticks at their Dice."""
    axes.set_yscale("log")
    axes.set_yticks([1 - tick for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.autoscale(axis="y")
    axes.yaxis.set_inverted(True)
    axes.set_ylabel("Dice (scale of 1 - Dice)")
    axes.locator_params(axis="x", integer=True)
    axes.grid(**GRID)


def plot_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw training and validation values per epoch, one chart per measure, to an image file, atomically.

    `history` maps names to one value an epoch, as Keras does: `loss`, `val_loss`, `dice`, ...,
    `learning_rate`. The format follows the suffix.
    """
    names = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    names.sort(key=lambda name: ("loss", "dice").index(name) if name in ("loss", "dice") else 2)
    names.sort(key=lambda name: name == "learning_rate")
    columns = min(_ACROSS, max(len(names), 1))
    rows = max(1, -(-len(names) // columns))
    figure = new_figure((_PANEL[0] * columns, _PANEL[1] * rows + 0.3))
    for place, name in enumerate(names, start=1):
        _draw_curve(figure.add_subplot(rows, columns, place), name, history)
    if names:
        both = max(figure.axes, key=lambda axes: len(axes.lines))
        legend_below(figure, both.get_lines())
    save(figure, path)


def plot_threshold(search: ThresholdSearch, path: Path) -> None:
    """Draw mean Dice over the threshold to an image file, atomically; the format follows the suffix."""
    save(_threshold_figure(search, search.best), path)


def threshold_svg(search: ThresholdSearch, used: float) -> bytes:
    """Draw mean Dice over the threshold, with the `used` one marked too, as SVG."""
    return as_svg(_threshold_figure(search, used))


def plot_distribution(dice: Sequence[float]) -> bytes:
    """Draw how many photos reach which Dice, as SVG, in fixed steps, so that models can be compared."""
    figure = new_figure(_SMALL)
    axes = figure.add_subplot()
    amounts = np.bincount(np.searchsorted(_DICE_STEPS, dice, side="right"), minlength=len(_DICE_STEPS) + 1)
    bars = axes.bar(np.arange(len(amounts)) + 0.5, amounts, width=0.9, color=BLUE)
    axes.bar_label(bars, labels=[str(n) if n else "" for n in amounts], fontsize=8, padding=2)
    axes.set_xticks(range(1, len(amounts)), [f"{step:g}" for step in _DICE_STEPS])
    axes.set_xlim(0, len(amounts))
    axes.margins(y=0.12)
    axes.set_xlabel("Dice of a photo (steps narrow towards 1)")
    axes.set_ylabel("Photos")
    axes.locator_params(axis="y", integer=True)
    return as_svg(figure)


def plot_risk_coverage(triage: "Triage") -> bytes:
    """Draw the mean error of photos that are not reviewed over their share, and the best possible, as SVG."""
    figure = new_figure((5.6, 3.4))
    axes = figure.add_subplot()
    coverage = 100 * np.arange(1, len(triage.dice) + 1) / len(triage.dice)
    axes.plot(coverage, triage.risk(), color=BLUE, linewidth=1.6, label="Most certain first")
    axes.plot(
        coverage, triage.best_risk(), color=GREY, linewidth=1.2, linestyle="--", label="Best possible order"
    )
    axes.axhline(1 - triage.dice.mean(), color=ORANGE, linewidth=1.2, label="In random order")
    axes.set_xlabel("Share of photos left to the model, %")
    axes.set_ylabel("Mean error, 1 - Dice")
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.grid(**GRID)
    legend_below(figure)
    return as_svg(figure)


def _draw_curve(axes: "Axes", name: str, history: Mapping[str, Sequence[float]]) -> None:
    curves = (("Trained on", name, BLUE), ("Held out", f"val_{name}", ORANGE))
    for label, key, colour in curves:
        if values := history.get(key):
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, color=colour, label=label, marker="o", markersize=2.5, linewidth=1.5)
    if name == "learning_rate" and max(history[name]) > 0:
        axes.set_yscale("log")
    axes.set_title(_MEASURES.get(name) or sentence(name.replace("_", " ")), fontsize=11)
    axes.set_xlabel("Epoch")
    axes.locator_params(axis="x", integer=True)
    axes.grid(**GRID)


def _threshold_figure(search: ThresholdSearch, used: float) -> "Figure":
    figure = new_figure(_SMALL)
    axes = figure.add_subplot()
    axes.plot(search.thresholds, search.dice_mean, color=BLUE, linewidth=1.5)
    axes.axvline(search.best, color=ORANGE, linewidth=1.2, label=f"Best {search.best:.3f}")
    if used != search.best:
        axes.axvline(used, color=GREY, linewidth=1.2, linestyle="--", label=f"Used {used:.3f}")
    best = search.dice_mean_at_best
    lowest = max(float(np.median(search.dice_mean)) - 0.02, 0)  # the ends drop far below what matters
    axes.set_ylim(lowest, best + 0.08 * max(best - lowest, 1e-3))
    axes.set_xlim(0, 1)
    axes.set_xlabel("Threshold")
    axes.set_ylabel("Mean Dice")
    axes.grid(**GRID)
    legend_below(figure, axes.get_lines()[1:])
    return figure
