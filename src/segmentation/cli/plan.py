"""The command `plan`."""

from segmentation.cli.command_line import command_line
from segmentation.cli.display import new_console
from segmentation.cli.patience import seconds_left
from segmentation.cli.plan_display import print_plan
from segmentation.cli.training_display import TrainingDisplay
from segmentation.config.jobs.plan import PlanOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.record import chosen
from segmentation.core.imports import import_keras_quietly
from segmentation.jobs.context import Context


def run(options: PlanOptions, context: Context) -> int:
    """Print what was found, what to choose by it, and the command that trains."""
    with seconds_left(), TrainingDisplay() as display:
        import_keras_quietly()
        from segmentation.jobs.plan import plan

        planned = plan(options, display.shown(context))
    print_plan(planned, new_console())
    train = TrainOptions.of(**chosen(options), preset="auto", name="NAME")
    print(f"train by this plan: {command_line(train)}")
    return 0
