"""The figures of an experiment: a row for each variant, and what its difference from the base means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from segmentation.config.experiment import BASE, Claim, Experiment, Repeat, Variant
from segmentation.core.counting import counted
from segmentation.evaluation.history import History
from segmentation.metrics.intervals import CONFIDENCE, Interval
from segmentation.metrics.repeats import (
    FEWEST,
    Repeated,
    difference_interval,
    differences,
    usual_variance,
)


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
    what becomes of a claim: confirmed, refuted or undecided, empty where there is none.
    """

    variant: Variant
    cells: tuple[CellFigures, ...]
    difference: Interval | None
    words: str
    verdict: str = ""

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
        """The photo that fares worst in any repeat."""
        return min((one.quality for cell in self.judged for one in cell.photos.values()), default=None)

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

    @property
    def warnings(self) -> list[str]:
        """Return the limits of the conclusions, a sentence each."""
        found = []
        if warning := few_repeats(self.experiment):
            found.append(warning)
        compared = sum(row.difference is not None for row in self.rows)
        if compared:
            found.append(
                f"One in {1 / (1 - CONFIDENCE):.0f} such intervals leaves out zero although nothing differs, "
                f"and here {'is one' if compared == 1 else f'are {compared}'}: a single surprise is to be "
                "repeated."
            )
        if self.missing:
            found.append(
                f"{counted(self.missing, 'training is', 'trainings are')} not done yet; the same command "
                "goes on."
            )
        if any(row.judged and row.judged[0].threshold is not None for row in self.rows):
            found.append(
                "Epoch and threshold of every model were chosen on the photos that it is judged on here, of "
                "each variant alike: differences are fair, while each figure is a little too kind."
            )
        return found


def few_repeats(experiment: Experiment) -> str:
    """Return the warning about too few repeats; empty if there are enough."""
    repeats = len(experiment.repeats)
    if repeats >= FEWEST:
        return ""
    return (
        f"{counted(repeats, 'training')} of each variant {'says' if repeats == 1 else 'say'} too little of "
        f"how much another one would differ by chance; give {FEWEST} seeds or folds at least."
    )


def figures_of(
    experiment: Experiment,
    cells: Mapping[str, Sequence[CellFigures]],
    measure: str = "Dice",
) -> ExperimentFigures:
    """Return the rows of the variants from their cells, by the names of the variants.

    A variant without cells has not been trained yet. `measure` names the figure of a photo.
    """
    garments = {
        name: one.garment or name
        for done in cells.values()
        for cell in done
        for name, one in cell.photos.items()
    }
    values = {
        variant.name: _by_repeat(experiment.repeats, cells.get(variant.name, ()))
        for variant in experiment.variants
    }
    found = {name: differences(one, values[BASE]) for name, one in values.items() if name != BASE}
    base = {"", *(cell.model for cell in cells.get(BASE, ()))}  # one that failed has none
    trained = {  # the base's own models, judged in another way, hardly vary from one repeat to the next
        variant.name
        for variant in experiment.variants
        if variant.average_with or {cell.model for cell in cells.get(variant.name, ())} - base
    }
    usual = {
        kind: usual_variance([one for name, one in found.items() if one and (name in trained) == kind])
        for kind in (True, False)
    }
    rows = tuple(
        _row(
            variant,
            (*cells.get(variant.name, ()),),
            found.get(variant.name),
            usual[variant.name in trained],
            garments,
            experiment,
        )
        for variant in experiment.variants
    )
    expected = len(experiment.repeats) * len(rows)
    return ExperimentFigures(experiment, measure, rows, expected - sum(len(row.cells) for row in rows))


def _by_repeat(repeats: Sequence[Repeat], done: Sequence[CellFigures]) -> list[dict[str, float] | None]:
    by_repeat = {cell.repeat: cell.values for cell in done if not cell.stopped}
    return [by_repeat.get(repeat) for repeat in repeats]


def _row(
    variant: Variant,
    cells: tuple[CellFigures, ...],
    found: Repeated | None,
    usual: float | None,
    garments: Mapping[str, str],
    experiment: Experiment,
) -> Row:
    interval = difference_interval(found, usual, garments) if found else None
    words = _words(variant, cells, found, interval, experiment)
    verdict = _verdict(variant.claim, interval, experiment.margin) if variant.claim else ""
    return Row(variant, cells, interval, words, verdict)


def _words(
    variant: Variant,
    cells: Sequence[CellFigures],
    found: Repeated | None,
    interval: Interval | None,
    experiment: Experiment,
) -> str:
    failures = list(dict.fromkeys(cell.failure for cell in cells if cell.failure))
    if failures:
        done = sum(not cell.failure for cell in cells)
        return f"failed{f', {done} of {len(cells)} done' if done else ''}: {'; '.join(failures)}"
    if not cells:
        return "not trained yet"
    if stopped := max(cell.stopped for cell in cells):
        return f"given up after {counted(stopped, 'epoch')}, in the worse half"
    if variant.name == BASE:
        return "the base"
    if interval is None:
        return "one training alone: could be chance" if found else "nothing to compare with"
    if _within(interval, experiment.margin):
        return f"as good, within {experiment.margin:g}"
    if interval.low <= 0 <= interval.high:
        return "could be chance"
    return "better" if interval.mean > 0 else "worse"


def _within(interval: Interval, margin: float) -> bool:
    return -margin < interval.low and interval.high < margin


def _verdict(claim: Claim, interval: Interval | None, margin: float) -> str:
    if not claim.expected:
        return ""
    if interval is None:
        return "undecided"
    low, high = interval.low, interval.high
    if claim.expected == "same":
        same = _within(interval, margin)
        return "confirmed" if same else "refuted" if low > 0 or high < 0 else "undecided"
    if claim.expected == "worse":
        low, high = -high, -low
    if low <= 0:
        return "refuted" if high <= 0 else "undecided"
    if claim.by is None:
        return f"confirmed, but within {margin:g}" if _within(interval, margin) else "confirmed"
    if low <= abs(claim.by) <= high:
        return "confirmed"
    return f"confirmed, but {'less' if high < abs(claim.by) else 'more'}"


def _mean_of(values: Sequence[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
