"""The command `compose`."""

from segmentation.cli.display import Display
from segmentation.config.jobs.compose import ComposeOptions
from segmentation.core.counting import counted
from segmentation.jobs.compose import compose
from segmentation.jobs.context import Context


def run(options: ComposeOptions, context: Context) -> int:
    """Compose the set and print where it is."""
    with Display() as display:
        composed = compose(options, display.shown(context))
    print(f"{counted(len(composed.photos), 'photo')} in {composed.output}")
    return 0
