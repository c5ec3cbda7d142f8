"""The command `watch`."""

from segmentation.cli.folder_display import FolderDisplay
from segmentation.config.jobs.watch import WatchOptions
from segmentation.core.counting import counted
from segmentation.core.signals import Interruption
from segmentation.jobs.context import Context
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.watch import Idle, Watch, Watching
from segmentation.outputs.failed_list import FAILED


def run(options: WatchOptions, context: Context) -> int:
    """Watch a folder until Ctrl-C or SIGTERM, which ends it well: what is in hand is done, status 0."""
    display = WatchDisplay(quiet=options.quiet, json=options.json)
    with Interruption() as interruption, display:
        watch = Watch(options, display.shown(context, stop=lambda: interruption.requested))
        watch.run()
    if not options.quiet:
        display.say(f"stopped: {display.counts}")
    return 0


class WatchDisplay(FolderDisplay):
    """A display of a watch: a line for each photo, and one each minute in which there is none."""

    def __init__(self, *, quiet: bool, json: bool):
        super().__init__(rows=not quiet, quiet=True, json=json)
        self._says = not quiet

    def __call__(self, event: object) -> None:
        match event:
            case Watching(source, output):
                self._say(f"watching {source}, results go to {output}; Ctrl-C ends it")
            case Idle(_tally, failing, unsettled):
                parts = [f"{failing} failing, see {FAILED}"] if failing else []
                parts += (
                    [f"{counted(unsettled, 'photo is', 'photos are')} not whole yet"] if unsettled else []
                )
                self._say("; ".join([f"waiting: {self.counts}", *parts]))
            case PhotoDone(result) if result.skipped and not result.error:
                self.tally.add(result)  # of an earlier run, of which there may be thousands
            case _:
                super().__call__(event)

    @property
    def counts(self) -> str:
        """Return how many photos were cut out and were done before, and how often one failed."""
        tally = self.tally
        before = f", {tally.skipped} done before" if tally.skipped else ""
        return f"{counted(tally.made, 'photo')} cut out{before}, {tally.failed} failed"

    def _say(self, line: str) -> None:
        if self._says:
            self.say(line)
