"""The errors of mattes on a set of photos, and how far they are from the first of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any

import numpy as np

from segmentation.metrics.intervals import Difference, Interval, mean_interval, paired_difference
from segmentation.metrics.matting import ERRORS, MatteErrors

REGIONS = ("band", "whole")
"""The regions in which errors are counted: the unknown band of the trimap, and the whole photo."""


@dataclass(frozen=True)
class MatteRow:
    """The errors of a photo in both `REGIONS`.

    `unknown` is the share of the band in the photo; `seconds` and `cpu_seconds`, of all threads, are those of
    the matte alone.
    """

    id: str
    group: str
    unknown: float
    seconds: float
    cpu_seconds: float
    band: MatteErrors
    whole: MatteErrors

    def figure(self, name: str) -> float:
        """Return an error by its name, such as band_sad."""
        region, _, error = name.partition("_")
        return getattr(getattr(self, region), error)

    def plain(self) -> dict[str, object]:
        """Return all figures by name, as a table holds them."""
        times = {name: getattr(self, name) for name in ("unknown", "seconds", "cpu_seconds")}
        return {"id": self.id, **{name: self.figure(name) for name in FIGURES}, **times, "group": self.group}


FIGURES = tuple(f"{region}_{error}" for region in REGIONS for error in ERRORS)
"""The names of all errors of a photo."""


@dataclass(frozen=True)
class MatteFigures:
    """A matte, by the name of its method or model, on the photos of `rows`."""

    name: str
    rows: tuple[MatteRow, ...]

    @property
    def seconds(self) -> float:
        """The median over the photos."""
        return median(row.seconds for row in self.rows)

    @property
    def cpu_seconds(self) -> float:
        """The median over the photos, all threads together."""
        return median(row.cpu_seconds for row in self.rows)

    def values(self, figure: str) -> np.ndarray:
        """Return an error of every photo: float64 [N]."""
        return np.array([row.figure(figure) for row in self.rows])

    def mean(self, figure: str) -> float:
        """Return the mean of an error over the photos."""
        return fmean(row.figure(figure) for row in self.rows)

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """The means of all errors over the photos with their intervals; empty for a single photo."""
        if len(self.rows) < 2:
            return {}
        groups = [row.group or row.id for row in self.rows]
        return {figure: mean_interval(self.values(figure), groups) for figure in FIGURES}

    def against(self, baseline: "MatteFigures", figure: str) -> Difference | None:
        """Return how far an error is from the baseline's on the same photos; None for a single photo."""
        if len(self.rows) < 2:
            return None
        groups = [row.group or row.id for row in self.rows]
        return paired_difference(self.values(figure), baseline.values(figure), groups, less_is_better=True)

    def summary(self) -> dict[str, Any]:
        """Return the figures by name, ready for JSON."""
        return {
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            **{figure: self.mean(figure) for figure in FIGURES},
            "intervals": {figure: [one.low, one.high] for figure, one in self.intervals.items()},
        }


@dataclass(frozen=True)
class MatteEvaluation:
    """Mattes of the same photos with the same `trimaps`; the first of `mattes` is the baseline."""

    trimaps: str
    mattes: tuple[MatteFigures, ...]

    @property
    def baseline(self) -> MatteFigures:
        return self.mattes[0]

    @property
    def photos(self) -> int:
        return len(self.baseline.rows)

    def worst_first(self) -> Sequence[MatteRow]:
        """Return the rows of the last matte by falling SAD in the band, ties by id."""
        return sorted(self.mattes[-1].rows, key=lambda row: (-row.band.sad, row.id))

    def summary(self) -> dict[str, Any]:
        """Return the figures by name, ready for JSON; for all but the baseline the differences from it."""
        found = {matte.name: matte.summary() for matte in self.mattes}
        for matte in self.mattes[1:]:
            differences = {figure: matte.against(self.baseline, figure) for figure in FIGURES}
            found[matte.name]["differences"] = {
                figure: asdict(difference) for figure, difference in differences.items() if difference
            }
        return {"photos": self.photos, "trimaps": self.trimaps, "mattes": found}
