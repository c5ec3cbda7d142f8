"""The command `recipe`."""

from typing import Any

from segmentation.cli.calibrate import confidence_line
from segmentation.cli.command_line import command_line
from segmentation.cli.display import warn
from segmentation.cli.patience import STEPS_KEPT, seconds_left
from segmentation.cli.train import trained_line
from segmentation.cli.training_display import TrainingDisplay
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.jobs.recipe import RecipeOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.signals import exit_status
from segmentation.jobs.context import Context
from segmentation.jobs.recipe import PageWritten, StepEnded, StepStarted, recipe, steps_of
from segmentation.jobs.recipe_steps import Step


class RecipeDisplay(TrainingDisplay):
    """A display of each step as its command, of what it made, and of all that a training shows.

    `place` is the current step, empty before the first. `home` are the words that choose the working folder.
    """

    def __init__(self, home: list[str]) -> None:
        super().__init__()
        self.place = ""
        self._home = home

    def __call__(self, event: object) -> None:
        """Show an event; unknown ones are ignored."""
        match event:
            case StepStarted(number, total, step, done):
                place = f"step {number} of {total}"
                self.place = "" if done else place
                print(f"{place}: {f'{step.name} exists' if done else self._command(event)}", flush=True)
            case StepEnded(step, result):
                print(_result_line(step, result), flush=True)
            case PageWritten(page):
                print(f"study: {page}", flush=True)
            case _:
                super().__call__(event)

    def _command(self, event: StepStarted) -> str:
        return command_line(event.step.options, self._home)


def run(options: RecipeOptions, context: Context) -> int:
    """Run what is not done yet. Status 130 or 143 when it was ended early; the same command continues."""
    typed_home = any(word.split("=")[0] == "--home" for word in context.command)
    home = ["--home", str(context.workspace.home)] if typed_home else []
    if options.print:
        for step in steps_of(options, context.workspace):
            print(command_line(step.options, home))
        return 0
    display, done = RecipeDisplay(home), False
    try:
        with seconds_left(STEPS_KEPT), display:
            import_keras_quietly()
            done = recipe(options, display.shown(context), command_line)
    except KeyboardInterrupt:
        if not display.place:
            raise
    except Exception:
        if display.place:
            warn(f"{display.place} ended with status 2; the same command continues from there")
        raise
    if not done:
        warn(f"{display.place} was interrupted; the same command continues from there")
        return exit_status()
    return 0


def _result_line(step: Step, result: Any) -> str:
    if isinstance(step.options, TrainOptions):
        return trained_line(result)
    return confidence_line(result) if isinstance(step.options, CalibrateOptions) else f"made: {step.output}"
