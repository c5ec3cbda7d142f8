"""The job `experiment`: variants of a model, trained several times each, and which differ beyond chance."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segmentation.bundle.provenance import provenance
from segmentation.config.data import DataConfig
from segmentation.config.experiment import OTHER, Experiment
from segmentation.config.experiment_file import read_experiment
from segmentation.config.jobs.experiment import ExperimentOptions
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Caution, Note
from segmentation.core.files import write_text
from segmentation.core.lock import locked
from segmentation.datasets.discover import Dataset
from segmentation.datasets.fingerprint import fingerprint, sides_digest
from segmentation.evaluation.experiment_conclusions import few_repeats, figures_of
from segmentation.evaluation.experiment_figures import CellFigures, ExperimentFigures
from segmentation.jobs.context import Context, DataKey
from segmentation.jobs.experiment_cells import Cell, Place, Run, cells_of
from segmentation.jobs.experiment_halving import RUNGS, run_of, worse_half
from segmentation.jobs.experiment_records import read_record, write_outliers
from segmentation.jobs.experiment_runs import is_done, run_cells
from segmentation.jobs.interruption import ending, interruptible
from segmentation.jobs.pairs import find_dataset
from segmentation.reports.experiment_report import write_experiment

_RECORD = "experiment.json"
_PHOTOS, _SIDES = "data_fingerprint", "sides_fingerprint"  # keys of the record


@dataclass(frozen=True)
class CellEnded:
    """An event: cell `number` of `total` has its figures, or a failure; `again` where it had them before."""

    number: int
    total: int
    cell: Cell
    figures: CellFigures
    again: bool = False


@dataclass(frozen=True)
class Experimented:
    """The figures of an experiment, whole or `interrupted`, and the folder of its results."""

    figures: ExperimentFigures
    output: Path
    interrupted: bool = False

    @property
    def report(self) -> Path:
        return self.output / "experiment.html"


def planned(options: ExperimentOptions, context: Context) -> tuple[Experiment, Place, list[list[Cell]]]:
    """Return the experiment, the place of its results, and its cells in the order in which they can be run.

    Raises ConfigError and BundleError as `read_experiment` and `cells_of` do.
    """
    experiment = read_experiment(options.experiment, quick=options.quick)
    place = Place(context.workspace.home, _output(experiment, options, context))
    return experiment, place, cells_of(experiment, options.data, place, context.workspace.models)


def experiment(options: ExperimentOptions, context: Context) -> Experimented:
    """Run the cells that are not done yet, going on with trainings that were begun, and write the report.

    Tells `CellStarted` and CellEnded besides the events of trainings, which run quietly where there are
    several workers. Raises ConfigError for an experiment that does not fit, and for photos that are not those
    that it was begun with, and DataError for pairs that cannot be read; the failure of a single cell is in
    its row.
    """
    found = read_experiment(options.experiment, quick=options.quick)
    return run_experiment(found, options.data, _output(found, options, context), options.workers, context)


def run_experiment(
    found: Experiment, data: Sequence[Path], output: Path, workers: int, context: Context
) -> Experimented:
    """Run an experiment that was read, or made, on folders of pairs; see `experiment`."""
    place = Place(context.workspace.home, output)
    waves = cells_of(found, data, place, context.workspace.models)
    with locked(output), interruptible(context) as context:
        read = _read_data(data, found, place, ending(context))
        if warning := few_repeats(found):
            context.tell(Caution(warning))
        runner = _Runner(found, waves, workers, replace(context, workspace=place, datasets=read))
        interrupted = False
        try:
            runner.run()
        except KeyboardInterrupt:
            interrupted = True
        return Experimented(_write(found, place, waves), output, interrupted)


def _output(found: Experiment, options: ExperimentOptions, context: Context) -> Path:
    return options.output or context.workspace.results / "experiments" / found.name


def _read_data(
    data: Sequence[Path], found: Experiment, place: Place, context: Context
) -> dict[DataKey, Dataset]:
    """Return the pairs that all cells share; refuse photos that finished ones were not trained on."""
    classes = str(found.base.get("classes", "garment"))
    datasets = {(folder, classes, False): find_dataset(folder, context, classes) for folder in data}
    samples = [sample for dataset in datasets.values() for sample in dataset.samples]
    digests = {_PHOTOS: fingerprint(samples), _SIDES: sides_digest(datasets.values())}
    path = place.folder / _RECORD
    before = _begun_with(path) if path.is_file() else digests
    if before[_PHOTOS] != digests[_PHOTOS]:
        raise ConfigError(
            f"{place.folder}: expected the photos that this experiment was begun with, received others; give "
            "another `output`, or bring them back"
        )
    if before.get(_SIDES, digests[_SIDES]) != digests[_SIDES]:  # earlier versions did not record it
        raise ConfigError(
            f"{place.folder}: expected the photos in the groups and folders that this experiment was begun "
            "with, received them in others; give another `output`, or put them back"
        )
    about = {"experiment": found.name, "data": list(map(str, data)), **digests}
    write_text(path, json.dumps({**about, **provenance(context.command)}, indent=2) + "\n")
    return datasets


def _begun_with(path: Path) -> dict[str, str]:
    """Return the digests of the photos that an experiment was begun with, and of their groups and sides."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {_PHOTOS: record[_PHOTOS], **{name: record[name] for name in (_SIDES,) if name in record}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected the record of an experiment, received a damaged file ({error}); give another "
            "`output`, or remove it if the photos are the same"
        ) from error


def _write(found: Experiment, place: Place, waves: Iterable[list[Cell]]) -> ExperimentFigures:
    done: dict[str, list[CellFigures]] = {}
    for cell in (cell for wave in waves for cell in wave):
        if (ended := read_record(cell.record(place))) is not None:
            done.setdefault(cell.variant.name, []).append(ended)
    one_class = DataConfig(classes=found.base.get("classes", DataConfig.classes)).one_class
    measure = "Dice" if one_class else "IoU"
    figures = figures_of(found, done, measure)
    write_experiment(figures, place.folder)
    return figures


class _Runner:
    """A runner of cells that gives up the worse half of the variants early where that is asked for."""

    def __init__(self, found: Experiment, waves: list[list[Cell]], workers: int, context: Context):
        self._experiment, self._waves, self._workers, self._context = found, waves, workers, context
        self._given_up: set[str] = set()

    def run(self) -> None:
        """Run all cells that are left. Raises KeyboardInterrupt for an interruption."""
        for share in RUNGS if self._experiment.halving else ():
            self._given_up |= worse_half(self._experiment, self._run(share))
        self._run()

    def _run(self, share: float = 1) -> list[tuple[Run, CellFigures]]:
        """Return the figures of each cell that is not given up, trained for a share of its epochs."""
        place, tell = self._context.workspace, self._context.tell
        assert isinstance(place, Place)
        waves = [[cell for cell in wave if cell.variant.name not in self._given_up] for wave in self._waves]
        number, total = 0, sum(map(len, waves))
        done: list[tuple[Run, CellFigures]] = []
        for wave in waves:
            left = []
            for run in (run_of(self._experiment, cell, share) for cell in wave):
                if (before := is_done(run, place)) is None:
                    left.append(run)
                    continue
                number += 1
                done.append((run, before))
                tell(CellEnded(number, total, run.cell, before, again=True))
            _write_outliers(self._experiment, left, done, place)
            if left and self._workers > 1:
                tell(Note(f"{counted(len(left), 'training')}, {self._workers} at a time"))
            for run, ended in run_cells(left, self._context, self._workers):
                number += 1
                done.append((run, ended))
                tell(CellEnded(number, total, run.cell, ended))
        return done


def _write_outliers(
    found: Experiment, runs: Sequence[Run], done: Sequence[tuple[Run, CellFigures]], place: Place
) -> None:
    """Write the tables of outliers that trainings leave out, from the variants that they are named by."""
    named = {str({**found.base, **run.cell.variant.options}.get("exclude", "")) for run in runs}
    for name in sorted(one.removeprefix(OTHER) for one in named if one.startswith(OTHER)):
        cells = [figures for run, figures in done if run.cell.variant.name == name]
        write_outliers(place.outliers(name), cells)
