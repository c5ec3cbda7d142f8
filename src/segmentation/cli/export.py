"""The command `export`."""

from segmentation.cli.display import Display
from segmentation.cli.patience import seconds_left
from segmentation.cli.wording import as_typed
from segmentation.config.jobs.export import ExportOptions
from segmentation.jobs.context import Context
from segmentation.jobs.export import Exported, export


def run(options: ExportOptions, context: Context) -> int:
    """Export the model, and print where the file is and how far its scores are from those of Keras."""
    display = Display()
    with seconds_left(), display:
        done = export(options, display.shown(context))
    print(f"{done.path}{_checked(done)}")
    if done.first:
        print(f"{done.first}: the first pass, whose scores it sees; {done.path.name}.json says how")
    if done.precision:
        print(as_typed(f"computed on this machine in {done.precision}"))
    return 0


def _checked(done: Exported) -> str:
    if done.format == "config":
        return ": the configuration of the training"
    if done.difference is None:
        return f": not checked, since the runtime of {done.format} is not installed"
    return f": 999 of 1000 scores are within {done.difference:.1g} of those of Keras"
