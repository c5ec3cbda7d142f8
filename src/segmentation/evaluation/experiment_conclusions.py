"""The conclusions from an experiment: the meaning of differences from the base, and their limits."""

from collections.abc import Mapping, Sequence

from segmentation.config.experiment import BASE, Claim, Experiment, Repeat, Variant
from segmentation.core.counting import counted
from segmentation.evaluation.experiment_figures import CellFigures, ExperimentFigures, Row
from segmentation.metrics.intervals import CONFIDENCE, Interval
from segmentation.metrics.repeats import (
    FEWEST,
    Repeated,
    difference_interval,
    differences,
    usual_variance,
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

    def interval(apart: Repeated | None, name: str) -> Interval | None:
        return difference_interval(apart, usual[name in trained], garments) if apart else None

    rows = tuple(
        Row(
            variant,
            tuple(cells.get(name, ())),
            difference := interval(found.get(name), name),
            _words(variant, cells.get(name, ()), found.get(name), difference, experiment),
            _verdict(claim, interval(differences(values[name], values[claim.than]), name), experiment.margin)
            if (claim := variant.claim)
            else "",
            experiment.fixes_threshold(variant),
        )
        for name, variant in ((one.name, one) for one in experiment.variants)
    )
    expected = len(experiment.repeats) * len(rows)
    return ExperimentFigures(experiment, measure, rows, expected - sum(len(row.cells) for row in rows))


def warnings_about(figures: ExperimentFigures) -> list[str]:
    """Return the limits of the conclusions, a sentence each."""
    found = []
    if warning := few_repeats(figures.experiment):
        found.append(warning)
    compared = sum(row.difference is not None for row in figures.rows)
    if compared:
        found.append(
            f"One in {1 / (1 - CONFIDENCE):.0f} such intervals leaves out zero although nothing differs, "
            f"and here {'is one' if compared == 1 else f'are {compared}'}: a single surprise is to be "
            "repeated."
        )
    if figures.missing:
        found.append(
            f"{counted(figures.missing, 'training is', 'trainings are')} not done yet; the same command "
            "goes on."
        )
    if any(row.threshold is not None for row in figures.rows):
        found.append(_how_chosen(figures.rows))
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


def _how_chosen(rows: Sequence[Row]) -> str:
    """Return in words what was chosen on the photos of the figures, and which rows were given it instead."""
    fixed = [row.name for row in rows if row.fixed_threshold]
    chosen = "The epoch of every model was" if len(fixed) == len(rows) else "Epoch and threshold were"
    kind = f"{chosen} chosen on the very photos of these figures, which are a little too kind"
    if len(fixed) in (0, len(rows)):
        return f"{kind}, for each variant alike: differences are fair."
    return (
        f"{kind}. The threshold of {', '.join(fixed)} is fixed: beside the others, whose threshold was "
        "searched for, that is a small disadvantage."
    )


def _by_repeat(repeats: Sequence[Repeat], done: Sequence[CellFigures]) -> list[dict[str, float] | None]:
    by_repeat = {cell.repeat: cell.values for cell in done if not cell.stopped}
    return [by_repeat.get(repeat) for repeat in repeats]


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
