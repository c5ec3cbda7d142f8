"""The command `submit`."""

from segmentation.cli.folder_display import FolderDisplay
from segmentation.config.jobs.submit import SubmitOptions
from segmentation.core.counting import counted
from segmentation.jobs.context import Context
from segmentation.jobs.submit import submit


def run(options: SubmitOptions, context: Context) -> int:
    """Write the submission and print where it is."""
    display = FolderDisplay()
    with display:
        done = submit(options, display.shown(context))
    print(f"{counted(done.tally.photos, 'mask')} in {done.output}")
    return 0
