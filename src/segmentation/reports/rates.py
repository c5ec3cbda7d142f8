"""The effect of rising learning rates on the loss, as a table and a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.core.tables import write_csv
from segmentation.reports.plots import BLUE, GREY, GRID, ORANGE, legend_below, new_figure, save

if TYPE_CHECKING:
    from segmentation.training.rate_finder import RateSearch


def write_rates(found: "RateSearch", folder: Path) -> None:
    """Write rates.csv and rates.png into `folder`."""
    rows = zip(found.rates, found.losses, found.smoothed, strict=True)
    texts = ([f"{rate:.6g}", loss, smooth] for rate, loss, smooth in rows)
    write_csv(folder / "rates.csv", [("learning_rate", "loss", "smoothed"), *texts])
    figure = new_figure((5.6, 3.6))
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, color=GREY, linewidth=0.7, alpha=0.7, label="Loss of each step")
    axes.plot(found.rates, found.smoothed, color=BLUE, linewidth=1.8, label="Smoothed")
    axes.axvline(found.suggested, color=ORANGE, linewidth=1.4, label=f"Suggested {found.suggested:.1e}")
    axes.axvline(
        found.lowest, color=GREY, linewidth=1.0, linestyle="--", label=f"Lowest loss at {found.lowest:.1e}"
    )
    axes.set_xscale("log")
    low, high = min(found.smoothed), found.smoothed[0]
    room = max(high - low, 1e-3)
    axes.set_ylim(low - 0.25 * room, high + 0.5 * room)
    axes.set_xlabel("Learning rate")
    axes.set_ylabel("Loss")
    axes.grid(**GRID)
    legend_below(figure)
    save(figure, folder / "rates.png")
