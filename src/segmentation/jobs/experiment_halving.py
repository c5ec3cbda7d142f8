"""Successive halving of the variants of an experiment (Jamieson and Talwalkar 2016)."""

from collections.abc import Sequence
from statistics import fmean

from segmentation.config.experiment import BASE, Experiment, references
from segmentation.config.presets import configure
from segmentation.config.record import chosen
from segmentation.evaluation.experiment_figures import CellFigures
from segmentation.jobs.experiment_cells import Cell, Run

RUNGS = (0.25, 0.5)
"""The shares of the epochs after which the worse half is given up."""


def run_of(found: Experiment, cell: Cell, share: float) -> Run:
    """Return the run of a cell for a share of its epochs.

    What others are trained on is trained to its end: they could not go on behind a model that changes.
    """
    trained_on = {name for variant in found.variants for name, _every in references(variant.options)}
    if share == 1 or cell.variant.name in trained_on:
        return Run(cell)
    options = cell.training
    config = configure(options.preset, options.augmentation, chosen(options, "run"))
    return Run(cell, max(1, round(share * config.training.epochs)))


def worse_half(found: Experiment, done: Sequence[tuple[Run, CellFigures]]) -> set[str]:
    """Return the variants to give up, but for the base and those that others are built on.

    They are judged by what they had reached in this rung, so that a run that goes on gives up the same ones;
    one that ended before, as `patience` ends it, by what it ended with.
    Variants that share all their trainings count as one, by the best of them.
    """
    needed = {BASE, *(name for variant in found.variants for name in variant.needs)}
    known = all(
        figures.failure or _quality(figures, run.epochs) is not None for run, figures in done if run.epochs
    )
    trainings: dict[str, set[str]] = {}
    scores: dict[str, list[float]] = {}
    for run, figures in done:
        name = run.cell.variant.name
        trainings.setdefault(name, set()).add(run.cell.model)
        scores.setdefault(name, []).append(_reached(figures, run.epochs, known))
    alike: dict[frozenset[str], set[str]] = {}
    for name, models in trainings.items():
        alike.setdefault(frozenset(models), set()).add(name)
    groups = [names for names in alike.values() if not names & needed]
    groups.sort(key=lambda names: -max(fmean(scores[name]) for name in names))
    return {name for names in groups[-(-len(groups) // 2) :] for name in names}


def _reached(figures: CellFigures, epochs: int, known: bool) -> float:
    if known:
        return _quality(figures, epochs) or 0.0
    # earlier versions recorded no more than the figure at the size of the network's input
    recorded = figures.history.get("val_dice") or figures.history.get("val_iou") or []
    return max(recorded[:epochs], default=0.0)


def _quality(figures: CellFigures, epochs: int) -> float | None:
    """Return the quality after these epochs, or at the end where it came before; None if unknown."""
    ended = not figures.stopped and figures.epochs is not None and figures.epochs <= epochs
    return figures.rungs.get(str(epochs), figures.quality if ended else None)
