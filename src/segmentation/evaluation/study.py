"""The figures of a study: ways of one question on held-out photos, read from what `eval` has written."""

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean, median

import numpy as np

from segmentation.config.study import Part, Question
from segmentation.core.errors import DataError
from segmentation.core.tables import text_of
from segmentation.metrics.intervals import CONFIDENCE, Interval, mean_interval
from segmentation.metrics.repeats import difference_interval, over_repeats, repeated

_ERRORS = ("sad", "mse", "gradient", "connectivity")


@dataclass(frozen=True)
class Judged:
    """A way by the photos that it was judged on: the figures of each by name, its garment, its seconds.

    `together` are figures by name that all photos have together, as average precision is, and `resampled` the
    same of photos that were drawn with repetition, float64 [R], the same photos for every way. Figures of
    several trainings are means, and `repeats` are those of each, in the order of their seeds.
    """

    photos: Mapping[str, Mapping[str, float]]
    groups: Mapping[str, str]
    seconds: Mapping[str, float]
    together: Mapping[str, float] = field(default_factory=dict)
    repeats: tuple["Judged", ...] = ()
    resampled: Mapping[str, np.ndarray] = field(default_factory=dict)

    def among(self, chosen: Collection[str]) -> "Judged":
        """Return the figures on those photos alone; what all have together is known of all alone."""
        if {*self.photos} <= {*chosen}:
            return self
        kept = {name: figures for name, figures in self.photos.items() if name in chosen}
        return Judged(
            kept, self.groups, self.seconds, repeats=tuple(one.among(chosen) for one in self.repeats)
        )

    @property
    def seconds_a_photo(self) -> float | None:
        """The median."""
        return median(self.seconds[name] for name in self.photos) if self.photos else None

    def mean(self, measure: str) -> float | None:
        """Return the mean of a figure over the photos, or that of all together; None if not measured."""
        if measure in self.together:
            return self.together[measure]
        values = [figures[measure] for figures in self.photos.values() if measure in figures]
        return fmean(values) if values else None

    def interval(self, measure: str) -> Interval | None:
        """Return the mean with its interval; None for fewer than two photos."""
        trainings = self.repeats or (self,)
        if measure in self.together:
            return _interval_of_all(
                [(one.together.get(measure), one.resampled.get(measure)) for one in trainings]
            )
        return self._interval([one.values(measure) for one in trainings])

    def against(self, other: "Judged", measure: str) -> Interval | None:
        """Return how far it is from another way on the photos of both; None for fewer than two of these.

        Of several trainings each is compared with that of the same seed.
        """
        pairs = [*zip(self.repeats or (self,), other.repeats or (other,), strict=True)]
        if measure in self.together:
            if self.photos.keys() != other.photos.keys():
                return None
            return _interval_of_all([one._further(before, measure) for one, before in pairs])
        both = ((one.values(measure), before.values(measure)) for one, before in pairs)
        return self._interval(
            [
                {name: value - before[name] for name, value in values.items() if name in before}
                for values, before in both
            ]
        )

    def _further(self, other: "Judged", measure: str) -> tuple[float | None, np.ndarray | None]:
        """Return by how much a figure of all photos is higher, and so those of the resampled ones."""
        if any(measure not in one.together or measure not in one.resampled for one in (self, other)):
            return None, None
        drawn = self.resampled[measure] - other.resampled[measure]
        return self.together[measure] - other.together[measure], drawn

    def values(self, measure: str) -> dict[str, float]:
        """Return a figure by photo, of the photos that have it."""
        return {name: figures[measure] for name, figures in self.photos.items() if measure in figures}

    def _interval(self, repeats: Sequence[Mapping[str, float]]) -> Interval | None:
        """Return the mean of values of photos, one mapping for each training, with its interval."""
        if any(len(values) < 2 for values in repeats):
            return None
        if len(repeats) > 1:
            return difference_interval(repeated(repeats), None, self.groups)
        (values,) = repeats
        return mean_interval(np.array([*values.values()]), [self.groups[name] for name in values])


@dataclass(frozen=True)
class WayFigures:
    """A way: what was run and on which pairs, its figures, None before it was judged, and what it costs.

    `training_seconds` are those of its models and of the models that these are built on.
    """

    name: str
    against: str
    command: str
    data: str
    judged: Judged | None
    training_seconds: float | None


@dataclass(frozen=True)
class QuestionFigures:
    """A question with its ways, and the commands of what these need.

    `parts` are photos by the name of the part.
    """

    question: Question
    ways: tuple[WayFigures, ...]
    commands: tuple[str, ...]
    parts: Mapping[str, frozenset[str]]

    @cached_property
    def by_name(self) -> Mapping[str, WayFigures]:
        return {way.name: way for way in self.ways}


def less_is_better(measure: str) -> bool:
    """Return whether a measure is an error."""
    return measure.endswith(_ERRORS)


def read_judged(folder: Path) -> Judged | None:
    """Read the figures of the photos from a folder that `eval` wrote; None where there is none.

    Raises DataError for a table without the figures of `eval`, and for one of several mattes.
    """
    path = folder / "per_image.csv"
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        names = [text_of(row["id"]) for row in rows]
        if len({*names}) < len(names):
            raise DataError(f"{path}: expected one matte, received several; evaluate each by itself")
        groups = [text_of(row.get("group") or "") for row in rows]
        return Judged(
            {name: _figures(row) for name, row in zip(names, rows, strict=True)},
            {name: group or name for name, group in zip(names, groups, strict=True)},
            {name: float(row["seconds"]) for name, row in zip(names, rows, strict=True)},
            _together(folder / "metrics.json"),
            resampled=_resampled(folder / "objects-resampled.csv"),
        )
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{path}: expected a table of `eval`, received another ({_in_words(error)})"
        ) from error


def pooled(judged: Sequence[Judged | None]) -> Judged | None:
    """Return the figures of several trainings of a way as one; None before all of them were judged."""
    known = [one for one in judged if one is not None]
    if len(known) < len(judged) or len(known) == 1:
        return known[0] if len(judged) == 1 and known else None
    return Judged(
        _means([one.photos for one in known]),
        {name: group for one in known for name, group in one.groups.items()},
        _mean([one.seconds for one in known]),
        _mean([one.together for one in known]),
        repeats=tuple(known),
    )


def _means(several: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(name for one in several for name in one)
    return {name: _mean([one[name] for one in several if name in one]) for name in names}


def _mean(several: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for one in several for name in one)
    return {name: fmean(one[name] for one in several if name in one) for name in names}


def photos_of_part(part: Part, file: Path) -> frozenset[str]:
    """Return the photos with the lowest values of the part's column in a table of photos; none without it.

    Raises DataError for a table without that column.
    """
    if not file.is_file():
        return frozenset()
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    try:
        values = {text_of(row["photo"]): float(row[part.column]) for row in rows if row[part.column]}
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{file}: expected a table with the column photo and numbers in {part.column}, received another "
            f"({_in_words(error)}); correct the part {part.name} of the question"
        ) from error
    ranked: Sequence[str] = sorted(values, key=lambda name: (values[name], name))
    return frozenset(ranked[: max(1, round(part.lowest * len(ranked)))])


def _in_words(error: KeyError | ValueError) -> str:
    return f"no column {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _together(path: Path) -> dict[str, float]:
    """Return the average precision of masks, which is a figure of all photos together; none without it."""
    if not path.is_file():
        return {}
    figures = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: float(value)
        for name, value in figures.items()
        if name.startswith("mask_ap") and value is not None
    }


def _resampled(path: Path) -> dict[str, np.ndarray]:
    """Return figures of resampled photos by name, NaN where a draw has nothing to judge."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = rows[0] if rows else ()
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


def _interval_of_all(trainings: Sequence[tuple[float | None, np.ndarray | None]]) -> Interval | None:
    """Return the interval of figures of all photos, one and its resampled ones for each training.

    It is that of percentiles; None where one is not known.
    """
    figures = [figure for figure, drawn in trainings if figure is not None and drawn is not None]
    if len(figures) < len(trainings):
        return None
    drawn = np.mean([drawn for _, drawn in trainings if drawn is not None], axis=0)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None
    outside = 50 * (1 - CONFIDENCE)
    low, high = (float(np.percentile(drawn, share)) for share in (outside, 100 - outside))
    mean = fmean(figures)
    photos = Interval(mean, min(low, mean), max(high, mean))
    return photos if len(figures) == 1 else over_repeats(photos, figures)


def _figures(row: Mapping[str, str]) -> dict[str, float]:
    """Return the figures of a photo: all numbers, and whether it is clean where faults are counted."""
    found = {}
    for name, text in row.items():
        try:
            found[name] = float(text)
        except (TypeError, ValueError):
            continue
    if "faults" in found:
        found["clean"] = float(found["faults"] == 0)
    return found
