"""The command `learning-curve`."""

from segmentation.cli.display import warn
from segmentation.cli.experiment import ExperimentDisplay
from segmentation.cli.patience import STEPS_KEPT, seconds_left
from segmentation.config.jobs.learning_curve import LearningCurveOptions
from segmentation.core.imports import import_keras_quietly
from segmentation.core.signals import exit_status
from segmentation.jobs.context import Context


def run(options: LearningCurveOptions, context: Context) -> int:
    """Run what is not done yet, and print what more pairs are likely to bring. Status 1 when one failed."""
    with seconds_left(STEPS_KEPT), ExperimentDisplay() as display:
        import_keras_quietly()
        from segmentation.jobs.learning_curve import learning_curve

        done = learning_curve(options, display.shown(context))
    if done.curves is None:
        warn("interrupted; finished trainings and epochs are kept, and the same command goes on")
        return exit_status()
    for line in done.lines(options.more):
        print(line)
    print(f"curve: {done.output / 'curve.png'}, report: {done.output / 'experiment.html'}")
    return int(done.figures.failed)
