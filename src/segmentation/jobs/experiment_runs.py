"""Running the cells of an experiment, one after the other in this process or several at the same time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from segmentation.evaluation.experiment_figures import CellFigures
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
    runs = [_going_on(run, context) for run in runs]
    if workers > 1:
        for run in run_in_processes(runs, context, workers):
            yield run, _left_by(run, context)
        return
    for run in runs:
        if context.interrupted():
            raise KeyboardInterrupt
        context.tell(CellStarted(run.cell))
        yield run, run_cell(run, context)


def _going_on(run: Run, context: Context) -> Run:
    place = context.workspace
    assert isinstance(place, Place)
    before = read_record(run.cell.record(place))
    return replace(run, rungs=before.rungs) if before else run


def _left_by(run: Run, context: Context) -> CellFigures:
    """Return the figures that a process has written; without any it was killed."""
    place = context.workspace
    assert isinstance(place, Place)
    if found := read_record(run.cell.record(place)):
        return found
    failure = "its process was ended, as one is when memory runs out"
    found = CellFigures(run.cell.repeat, failure=failure, rungs=run.rungs)
    write_record(run.cell.record(place), found)
    return found
