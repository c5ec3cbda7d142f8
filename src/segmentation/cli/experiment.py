"""The command `experiment`."""

import shlex
from typing import TYPE_CHECKING

from segmentation.cli.command_line import command_line, flags_of
from segmentation.cli.display import warn
from segmentation.cli.patience import STEPS_KEPT, seconds_left
from segmentation.cli.training_display import TrainingDisplay
from segmentation.config.jobs.experiment import ExperimentOptions
from segmentation.core.counting import counted
from segmentation.core.imports import import_keras_quietly
from segmentation.core.signals import exit_status
from segmentation.jobs.context import Context

if TYPE_CHECKING:
    from segmentation.jobs.experiment_cells import Cell


class ExperimentDisplay(TrainingDisplay):
    """A display of each cell as it ends, and of all that a training in this process shows."""

    def __call__(self, event: object) -> None:
        """Show an event; unknown ones are ignored."""
        from segmentation.jobs.experiment import CellEnded
        from segmentation.jobs.experiment_runs import CellStarted

        match event:
            case CellStarted(cell):
                self._say(f"{cell}: {cell.model}")
            case CellEnded(number, total, cell, figures, again):
                quality = figures.quality
                ended = figures.failure or (f"{quality:.4f}" if quality is not None else "no figures")
                kept = ", done before" if again else ""
                self._say(f"{number} of {total}: {cell}: {ended}{kept}")
            case _:
                super().__call__(event)


def run(options: ExperimentOptions, context: Context) -> int:
    """Run what is not done yet, and print the table. Status 1 when a cell failed, 130 or 143 when stopped."""
    if options.print:
        return _print_plan(options, context)
    with seconds_left(STEPS_KEPT), ExperimentDisplay() as display:
        import_keras_quietly()
        from segmentation.jobs.experiment import experiment

        done = experiment(options, display.shown(context))
    from segmentation.reports.experiment_tables import print_experiment

    print_experiment(done.figures, display.console)
    print(f"report: {done.report}, table: {done.output / 'table.csv'}")
    if done.interrupted:
        warn("interrupted; finished cells and epochs are kept, and the same command goes on")
        return exit_status()
    return int(done.figures.failed)


def _print_plan(options: ExperimentOptions, context: Context) -> int:
    import_keras_quietly()
    from segmentation.jobs.experiment import planned

    experiment, place, waves = planned(options, context)
    cells = [cell for wave in waves for cell in wave]
    trainings = {cell.model: cell.training for cell in cells}
    print(
        f"{experiment.name}: {counted(len(experiment.variants), 'variant')}, "
        f"{counted(len(experiment.repeats), 'repeat')} each, {counted(len(trainings), 'training')}, "
        f"into {place.folder}"
    )
    first = experiment.repeats[0]
    for cell in cells:
        if cell.repeat == first:
            print(f"{cell.variant.name}: {_said(cell)}")
    return 0


def _said(cell: "Cell") -> str:
    """Return the command that trains a cell, or the models that it scores with and how."""
    if cell.judged_as_trained:
        others = f", and on what {', '.join(cell.predicted_by)} predicts" if cell.predicted_by else ""
        return f"{command_line(cell.training)}{others}"
    models = ", ".join((cell.model, *cell.average_with))
    how = shlex.join(flags_of(cell.judging))
    return f"scored by {models}{f' with {how}' if how else ''}"
