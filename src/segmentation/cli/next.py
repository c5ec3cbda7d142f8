"""The command `next`."""

from rich.table import Table
from rich.text import Text

from segmentation.cli.folder_display import FolderDisplay
from segmentation.cli.patience import seconds_left
from segmentation.config.jobs.next import NextOptions
from segmentation.core.counting import counted
from segmentation.core.errors import printable
from segmentation.jobs.context import Context
from segmentation.jobs.next import LIST, TABLE, choose_photos


def run(options: NextOptions, context: Context) -> int:
    """Print the photos to cut out next, and where they are listed. Status 1 when some could not be read."""
    display = FolderDisplay()
    with seconds_left(), display:
        chosen = choose_photos(options, display.shown(context))
    table = Table("photo", "confidence", "unlike those before")
    for one in chosen.photos:
        unlike = "-" if one.unlike is None else f"{one.unlike:.1f}"
        table.add_row(Text(printable(one.photo)), f"{one.confidence:.3f}", unlike)
    display.console.print(table)
    print(f"chosen: {len(chosen.photos)} of {counted(chosen.seen, 'photo')}")
    print(f"table: {chosen.output / TABLE}, list for --files-from: {chosen.output / LIST}")
    return 1 if chosen.failed else 0
