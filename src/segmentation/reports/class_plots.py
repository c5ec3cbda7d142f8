"""Charts of several classes: the confusion matrix, and the distribution of the mean IoU of photos."""

from collections.abc import Sequence

import numpy as np

from segmentation.reports.plots import BLUE, GREY, as_svg, legend_below, literal, new_figure

_MOST_NUMBERED = 20  # classes up to which a cell has room for a number
_LEAST = 0.001  # share of a row from which a cell has a colour
_LONGEST_NAME = 22
_STEPS = 20  # of the scale of IoU


def plot_confusion(names: Sequence[str], confusion: np.ndarray) -> bytes:
    """Draw a confusion matrix, int64 [C, C], as SVG: each row is that of a true class and adds up to 1.

    The scale of the colours is logarithmic, so that rare confusions are visible too. Rows of classes that are
    nowhere true stay grey. Up to 20 classes the cells hold their share in percent.
    """
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    count = len(names)
    numbered = count <= _MOST_NUMBERED
    side = (0.62 if numbered else 0.185) * count + 1.6  # inches
    true = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, true, out=np.full(confusion.shape, np.nan), where=true > 0)
    figure = new_figure((side + 1.4, side))
    axes = figure.add_subplot()
    axes.set_facecolor("#e5e5e5")
    cells = axes.pcolormesh(
        np.ma.masked_invalid(np.maximum(shares, _LEAST / 10)),
        norm=LogNorm(_LEAST, 1),
        cmap=colormaps["Blues"].with_extremes(under="white"),
        edgecolors="#eeeeee",
        linewidth=0.4,
        rasterized=True,  # thousands of shapes would weigh more than the rest of the page
    )
    axes.set_aspect("equal")
    axes.yaxis.set_inverted(True)
    places, size = np.arange(count) + 0.5, 9 if numbered else 7
    short = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in names]
    labels = [literal(name) for name in short]
    axes.set_xticks(places, labels, rotation=90, fontsize=size)
    axes.set_yticks(places, labels, fontsize=size)
    axes.tick_params(length=0)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    if numbered:
        for (row, column), share in np.ndenumerate(shares):
            if share >= _LEAST / 2:
                colour = "white" if share > 0.1 else "black"
                place = column + 0.5, row + 0.5
                axes.text(*place, _percent(share), ha="center", va="center", fontsize=8, color=colour)
    bar = figure.colorbar(cells, ax=axes, shrink=0.5, extend="min", ticks=[0.001, 0.01, 0.1, 1])
    bar.ax.set_yticklabels(["0.1%", "1%", "10%", "100%"])
    bar.set_label("Share of the true class's pixels")
    return as_svg(figure)


def plot_iou(iou: Sequence[float]) -> bytes:
    """Draw how many photos reach which mean IoU, and the mean over them, as SVG.

    The scale is fixed, so that models can be compared.
    """
    figure = new_figure((5.6, 3.2))
    axes = figure.add_subplot()
    axes.hist(iou, bins=np.linspace(0, 1, _STEPS + 1).tolist(), color=BLUE, rwidth=0.9)
    mean = float(np.mean(iou))
    axes.axvline(mean, color=GREY, linewidth=1.2, linestyle="--", label=f"Mean {mean:.3f}")
    axes.set_xlim(0, 1)
    axes.margins(y=0.12)
    axes.set_xlabel("Mean IoU of a photo's classes")
    axes.set_ylabel("Photos")
    axes.locator_params(axis="y", integer=True)
    legend_below(figure)
    return as_svg(figure)


def _percent(share: float) -> str:
    """Return a percentage of two digits: 96, 4.2, 0.3."""
    return f"{share:.0%}"[:-1] if share >= 0.0995 else f"{100 * share:.1f}"
