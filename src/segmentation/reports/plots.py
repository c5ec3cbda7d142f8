"""Charts of training, thresholds and results; matplotlib is imported when one is drawn."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation.core.files import atomic_file
from segmentation.evaluation.disturbances import DISTURBANCES
from segmentation.metrics.threshold import ThresholdSearch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from segmentation.confidence.assessment import Triage
    from segmentation.evaluation.robustness import Robustness

HIGHEST_DICE = 0.999  # drawn: on a scale of errors 1 lies at infinity
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#767676"  # Okabe and Ito: apart for every kind of sight
_DICE_STEPS = (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995)
_SMALL = (5.6, 3.2)  # inches
_DICE_TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
_FINE_TICKS = (0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.993, 0.996, 0.999)


def new_figure(size: tuple[float, float]) -> "Figure":
    """Return an empty figure of `size` inches, width and height."""
    from matplotlib.figure import Figure

    return Figure(figsize=size, dpi=120, layout="constrained")


def save(figure: "Figure", path: Path) -> None:
    """Write a figure to an image file, atomically; the format follows the suffix."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
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


def literal(name: str) -> str:
    """Return a name as a label: a dollar starts no formula, a leading _ does not hide it from the legend."""
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


def scale_by_error(axes: "Axes", ticks: Sequence[float] = _DICE_TICKS, name: str = "Dice") -> None:
    """Draw errors on a logarithmic scale that rises towards zero, with ticks at their Dice.

    `name` is that of another measure whose best is 1.
    """
    axes.set_yscale("log")
    axes.set_yticks([1 - tick for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.autoscale(axis="y")
    axes.yaxis.set_inverted(True)
    axes.set_ylabel(f"{name} (scale of 1 - {name})")
    axes.locator_params(axis="x", integer=True)
    axes.grid(color="#e5e5e5", linewidth=0.6)


def plot_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw training and validation values per epoch, one chart per measure, to an image file, atomically.

    `history` maps names to one value an epoch, as Keras does: `loss`, `val_loss`, `dice`, ...,
    `learning_rate`. The format follows the suffix.
    """
    names = [name for name in history if not name.startswith("val_")]
    names.sort(key=lambda name: ("loss", "dice").index(name) if name in ("loss", "dice") else 2)
    names.sort(key=lambda name: name == "learning_rate")
    figure = new_figure((4.8 * max(len(names), 1), 3.6))
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        _draw_curve(axes, name, history)
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
    axes.set_ylabel("photos")
    axes.locator_params(axis="y", integer=True)
    return as_svg(figure)


def plot_risk_coverage(triage: "Triage") -> bytes:
    """Draw the mean error of photos that are not reviewed over their share, and the best possible, as SVG."""
    figure = new_figure((5.6, 3.4))
    axes = figure.add_subplot()
    coverage = np.arange(1, len(triage.dice) + 1) / len(triage.dice)
    axes.plot(coverage, triage.risk(), color=BLUE, linewidth=1.6, label="most certain first")
    axes.plot(coverage, triage.best_risk(), color=GREY, linewidth=1.2, linestyle="--", label="best possible")
    axes.axhline(1 - triage.dice.mean(), color=ORANGE, linewidth=1.2, label="at random")
    axes.set_xlabel("share of photos left to the model")
    axes.set_ylabel("mean error, 1 - Dice")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.legend(frameon=False)
    return as_svg(figure)


def plot_robustness(robustness: "Robustness") -> bytes:
    """Draw small multiples of mean Dice by level, one chart for each disturbance, as SVG.

    Levels are evenly spaced; the common scale is that of the error, 1 - Dice.
    """
    names, columns = list(DISTURBANCES), 4
    rows = -(-(len(names) + 1) // columns)  # one more, for the legend
    figure = new_figure((2.9 * columns, 2.2 * rows))
    panels = figure.subplots(rows, columns, sharey=True).ravel()
    for axes, name in zip(panels, names, strict=False):
        _draw_levels(axes, name, robustness)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    panels[len(names)].legend(*panels[0].get_legend_handles_labels(), frameon=False, loc="center left")
    for axes in panels[: len(names) : columns]:
        axes.set_ylabel("Dice (scale of 1 - Dice)", fontsize=8)
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
    axes.plot(mean, color=BLUE, label="mean", marker="o", markersize=3, linewidth=1.5)
    band: dict[str, Any] = {
        "color": BLUE,
        "alpha": 0.2,
        "linewidth": 0,
        "label": "standard error of the change",
    }
    axes.fill_between(range(len(mean)), low, high, **band)
    reference = f"undisturbed {robustness.dice_mean:.4f}"
    axes.axhline(mean[place], color=GREY, linewidth=0.8, linestyle="--", label=reference)
    scale_by_error(axes, _FINE_TICKS)
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_title(name, fontsize=10)
    axes.set_xlabel(kind.unit, fontsize=8)


def _draw_curve(axes: "Axes", name: str, history: Mapping[str, Sequence[float]]) -> None:
    curves = (("training", name, BLUE), ("validation", f"val_{name}", ORANGE))
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
    axes.locator_params(axis="x", integer=True)
    axes.grid(color="#e5e5e5", linewidth=0.6)


def _threshold_figure(search: ThresholdSearch, used: float) -> "Figure":
    figure = new_figure(_SMALL)
    axes = figure.add_subplot()
    axes.plot(search.thresholds, search.dice_mean, color=BLUE, linewidth=1.5)
    axes.axvline(search.best, color=ORANGE, linewidth=1.2, label=f"best {search.best:.3f}")
    if used != search.best:
        axes.axvline(used, color=GREY, linewidth=1.2, linestyle="--", label=f"used {used:.3f}")
    best = search.dice_mean_at_best
    lowest = max(float(np.median(search.dice_mean)) - 0.02, 0)  # the ends drop far below what matters
    axes.set_ylim(lowest, best + 0.08 * max(best - lowest, 1e-3))
    axes.set_xlim(0, 1)
    axes.set_xlabel("threshold")
    axes.set_ylabel("mean Dice")
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.legend(frameon=False, loc="lower center")
    return figure
