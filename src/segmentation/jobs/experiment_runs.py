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
    place = context.workspace
    assert isinstance(place, Place)
    runs = [_going_on(run, place) for run in runs]
    if workers > 1:
        before = {run.cell.name: _version(run, place) for run in runs}
        for run in run_in_processes(runs, context, workers):
            yield run, _left_by(run, place, before[run.cell.name])
        return
    for run in runs:
        if context.interrupted():
            raise KeyboardInterrupt
        context.tell(CellStarted(run.cell))
        yield run, run_cell(run, context)


def _going_on(run: Run, place: Place) -> Run:
    before = read_record(run.cell.record(place))
    return replace(run, rungs=before.rungs) if before else run


def _left_by(run: Run, place: Place, before: tuple[int, int] | None) -> CellFigures:
    """Return the figures that a process has written; it was killed where the record is that of `before`."""
    found = read_record(run.cell.record(place)) if _version(run, place) != before else None
    if found:
        return found
    failure = "its process was ended, as one is when memory runs out"
    found = CellFigures(run.cell.repeat, failure=failure, rungs=run.rungs)
    write_record(run.cell.record(place), found)
    return found


def _version(run: Run, place: Place) -> tuple[int, int] | None:
    """Return what tells a record from one that was written later, None where there is none."""
    try:
        status = run.cell.record(place).stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
