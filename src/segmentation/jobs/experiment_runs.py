"""Running the cells of an experiment, one after the other in this process or several at the same time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from segmentation.evaluation.experiment import CellFigures
from segmentation.jobs.context import Context
from segmentation.jobs.experiment_cells import Cell, Place, Run
from segmentation.jobs.experiment_processes import run_in_processes
from segmentation.jobs.experiment_records import read_record, write_record
from segmentation.jobs.experiment_work import run_cell


@dataclass(frozen=True)
class CellStarted:
    """An event: a cell is about to be trained and judged in this process."""

    cell: Cell


def is_done(run: Run, place: Place) -> CellFigures | None:
    """Return the figures of a run that has come as far as it is wanted; None if it still has to be run.

    One that failed has to be run again.
    """
    found = read_record(run.cell.record(place))
    if found is None or found.failure:
        return None
    return found if not found.stopped or (run.epochs and found.stopped >= run.epochs) else None


def run_cells(runs: Sequence[Run], context: Context, workers: int = 1) -> Iterator[tuple[Run, CellFigures]]:
    """Run cells that do not need each other, and yield each with its figures as it ends.

    The workspace of the context is a `Place`. What fails is a cell with the reason. Each cell is in a process
    of its own where there are several `workers`. Raises KeyboardInterrupt once `context.interrupted()`.
    """
    if workers > 1:
        for run in run_in_processes(runs, context, workers):
            yield run, _left_by(run.cell, context)
        return
    for run in runs:
        if context.interrupted():
            raise KeyboardInterrupt
        context.tell(CellStarted(run.cell))
        yield run, run_cell(run, context)


def _left_by(cell: Cell, context: Context) -> CellFigures:
    """Return the figures that a process has written; without any it was killed."""
    place = context.workspace
    assert isinstance(place, Place)
    if found := read_record(cell.record(place)):
        return found
    found = CellFigures(cell.repeat, failure="its process was ended, as one is when memory runs out")
    write_record(cell.record(place), found)
    return found
