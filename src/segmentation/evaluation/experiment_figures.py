"""The figures of an experiment: photos, trainings, and a row for each variant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from segmentation.config.experiment import Experiment, Repeat, Variant
from segmentation.evaluation.history import History
from segmentation.metrics.intervals import Interval


@dataclass(frozen=True)
class PhotoFigures:
    """A held-out photo: the garment that it shows, its Dice (of several classes IoU), boundary F1, faults."""

    garment: str
    quality: float
    boundary_f1: float
    faults: int


@dataclass(frozen=True)
class CellFigures:
    """One training of a variant, judged on the photos that it held out; `failure` is why there is none.

    `stopped` is the epoch after which it was given up, 0 for none. `seconds` are those of the training,
    `gflop` those of a photo. `history` are its figures by epoch. Cells of one `model` share a training.
    `rungs` are the qualities at the epochs at which it could be given up, by their numbers as text.
    """

    repeat: Repeat
    model: str = ""
    photos: Mapping[str, PhotoFigures] = field(default_factory=dict)
    threshold: float | None = None
    seconds: float | None = None
    gflop: float | None = None
    parameters: float | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    stopped: int = 0
    failure: str = ""
    history: History = field(default_factory=dict)
    rungs: Mapping[str, float] = field(default_factory=dict)

    @property
    def quality(self) -> float | None:
        """The mean over the photos; None for a training that failed."""
        return fmean(one.quality for one in self.photos.values()) if self.photos else None

    @property
    def values(self) -> dict[str, float] | None:
        return {name: one.quality for name, one in self.photos.items()} or None


@dataclass(frozen=True)
class Row:
    """A variant with its cells, one for each repeat that has ended.

    `difference` is that from the base, None where it cannot be told; `words` say what follows, and `verdict`
    what becomes of a claim: confirmed, refuted or undecided, empty where there is none. `fixed_threshold` is
    that it was not searched for on the held-out photos.
    """

    variant: Variant
    cells: tuple[CellFigures, ...]
    difference: Interval | None
    words: str
    verdict: str = ""
    fixed_threshold: bool = False

    @property
    def name(self) -> str:
        return self.variant.name

    @property
    def judged(self) -> list[CellFigures]:
        return [cell for cell in self.cells if cell.photos]

    @property
    def mean(self) -> float | None:
        """The mean of the repeats."""
        return self._mean("quality")

    @property
    def spread(self) -> float | None:
        """The standard deviation of the repeats; None for fewer than two."""
        means = [cell.quality for cell in self.judged if cell.quality is not None]
        return stdev(means) if len(means) > 1 else None

    @property
    def worst(self) -> float | None:
        """The figure of the photo that fares worst in any repeat."""
        return self._worst[0]

    @property
    def worst_photo(self) -> str:
        """The id of that photo; empty where there is none."""
        return self._worst[1]

    @property
    def _worst(self) -> tuple[float | None, str]:
        photos = [(one.quality, name) for cell in self.judged for name, one in cell.photos.items()]
        return min(photos, default=(None, ""))

    @property
    def boundary_f1(self) -> float | None:
        return _mean_of([fmean(one.boundary_f1 for one in cell.photos.values()) for cell in self.judged])

    @property
    def clean(self) -> float | None:
        """The share of photos without a fault."""
        return _mean_of([fmean(not one.faults for one in cell.photos.values()) for cell in self.judged])

    @property
    def threshold(self) -> float | None:
        return self._mean("threshold")

    @property
    def seconds(self) -> float | None:
        return self._mean("seconds")

    @property
    def gflop(self) -> float | None:
        return self._mean("gflop")

    @property
    def parameters(self) -> float | None:
        return self._mean("parameters")

    @property
    def epochs(self) -> float | None:
        return self._mean("epochs")

    def _mean(self, name: str) -> float | None:
        return _mean_of([getattr(cell, name) for cell in self.judged])


@dataclass(frozen=True)
class ExperimentFigures:
    """An experiment and its rows, the base first; `missing` counts trainings that have not been done."""

    experiment: Experiment
    measure: str
    rows: tuple[Row, ...]
    missing: int = 0

    @property
    def base(self) -> Row:
        return self.rows[0]

    @property
    def failed(self) -> bool:
        return any(cell.failure for row in self.rows for cell in row.cells)

    @property
    def seconds(self) -> float:
        """Return the seconds that all trainings took together, each counted once."""
        trainings = {cell.model: cell.seconds or 0 for row in self.rows for cell in row.cells}
        return sum(trainings.values())

    @property
    def photos(self) -> int:
        """Return the number of photos that any repeat of the base held out."""
        return len({name for cell in self.base.cells for name in cell.photos})


def _mean_of(values: Sequence[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
