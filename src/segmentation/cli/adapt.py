"""The command `adapt`."""

from segmentation.cli.display import warn
from segmentation.cli.patience import EPOCHS_KEPT, seconds_left
from segmentation.cli.training_display import TrainingDisplay
from segmentation.cli.wording import as_typed
from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.signals import exit_status
from segmentation.jobs.context import Context


class AdaptDisplay(TrainingDisplay):
    """A display of the pass that is trained, and of all that a training shows."""

    def __call__(self, event: object) -> None:
        """Show an event; unknown ones are ignored."""
        from segmentation.jobs.recipe import StepStarted

        match event:
            case StepStarted(number, total, step, done):
                self._say(f"training {number} of {total}: {step.name}{', done before' if done else ''}")
            case _:
                super().__call__(event)


def run(options: AdaptOptions, context: Context) -> int:
    """Adapt, and print whether the new model is better. Status 1 when it is not, 130 or 143 when stopped."""
    interrupted = "interrupted; finished epochs are kept: the same command with `resume` continues"
    with seconds_left(EPOCHS_KEPT), AdaptDisplay() as display:
        import_keras_quietly()
        from segmentation.jobs.adapt import adapt

        done = adapt(options, display.shown(context))
    if done.verdict is None:
        warn(interrupted)
        return exit_status()
    print(as_typed(str(done.verdict)))
    print(f"reports: {', '.join(map(str, done.reports))}")
    if done.taken:
        print(f"new model: {done.model}")
        return 0
    print(f"it does not take the name {options.name}, and is kept as {done.model}")
    return 1
