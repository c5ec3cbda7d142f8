"""A learning curve as a table and a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from segmentation.core.tables import write_csv
from segmentation.metrics.learning_curve import LearningCurve
from segmentation.reports.plots import BLUE, GRID, ORANGE, legend_below, new_figure, save, scale_by_error


def write_curve(
    curve: LearningCurve, errors: Mapping[int, Sequence[float]], pairs: int, more: int, folder: Path
) -> None:
    """Write curve.csv and curve.png into `folder`: Dice by the number of training photos.

    After those of `errors` come all `pairs`, which no training saw, and as many `more`.
    """
    sizes = sorted(errors)
    shown = [*sizes, pairs, pairs + more]
    places = np.geomspace(sizes[0], pairs + more, 60)
    found = [curve.error(place) for place in places]
    write_csv(
        folder / "curve.csv",
        [
            ("photos", "dice", "low", "high"),
            *(
                (place, 1 - one.mean, 1 - one.high, 1 - one.low)
                for place, one in ((place, curve.error(place)) for place in shown)
            ),
        ],
    )
    figure = new_figure((5.6, 3.8))
    axes = figure.add_subplot()
    axes.fill_between(
        places, [one.low for one in found], [one.high for one in found], color=BLUE, alpha=0.15, linewidth=0
    )
    axes.plot(places, [one.mean for one in found], color=BLUE, linewidth=1.8, label="Curve that fits")
    for size in sizes:
        values = list(errors[size])
        label = "A training" if size == sizes[0] else None
        axes.plot([size] * len(values), values, "o", color=ORANGE, markersize=5, label=label)
    axes.axvspan(pairs, pairs + more, color="#f0f0f0", zorder=0, label=f"{more} photos more")
    scale_by_error(axes)
    axes.set_xscale("log")
    axes.set_xticks(shown, list(map(str, shown)))
    axes.minorticks_off()
    axes.set_xlabel("Training photos")
    axes.grid(**GRID)
    legend_below(figure)
    save(figure, folder / "curve.png")
