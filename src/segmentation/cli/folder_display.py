"""The display of a folder of photos: a bar, a line now and then, or a line for each photo."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from json import dumps
from pathlib import Path
from typing import Any, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from segmentation.cli.display import Display, RateColumn, warn
from segmentation.cli.streams import silence_standard_output
from segmentation.confidence.model import shown
from segmentation.core.counting import counted
from segmentation.core.errors import SegmentationError, printable
from segmentation.core.labels import LEAST_SHARE
from segmentation.core.timing import seconds_by_stage
from segmentation.jobs.folder import FolderStarted, PhotoDone
from segmentation.outputs.folder_job import Tally
from segmentation.outputs.publishing import OUTDATED
from segmentation.outputs.result import Result, line_of

_INTERNAL = ("key", "files", "evidence")
_FIRST_LINE_SECONDS, _LINE_SECONDS = 10, 30  # between lines where there is no terminal


class FolderDisplay(Display):
    """A display of a folder job: a bar on a terminal, elsewhere a line now and then; `quiet` shows neither.

    `rows` asks for a line for each photo, even when `quiet`. With `json` the standard output has a line of
    JSON for each photo and nothing else. Where the job has `saved` what it makes, it goes on when nobody
    reads the lines any more, and else ends with BrokenPipeError. The number of photos, for the time left, is
    counted in another thread, and only where there is a bar.
    """

    def __init__(self, *, rows: bool = False, quiet: bool = False, json: bool = False, saved: bool = True):
        super().__init__(Console(stderr=True, markup=False, highlight=False) if json else None)
        self._json = json
        self._saved = saved
        self.tally = Tally()
        self._rows = rows
        self._lines = not (rows or quiet or self.console.is_terminal)
        self._started = time.monotonic()
        self._next_line = self._started + _FIRST_LINE_SECONDS
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn("photos/s"),
            TextColumn("{task.fields[failed]} failed"),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=quiet or not self.console.is_terminal,
            redirect_stderr=sys.stderr.isatty(),  # errors that go to a file stay there
        )
        self._task = self._bars.add_task("", total=None, failed=0)

    def __enter__(self) -> Self:
        super().__enter__()
        if not self._bars.disable:
            self.console.show_cursor(True)  # a second Ctrl-C ends the process at once
        return self

    def __str__(self) -> str:
        """Return the counts and the rate so far."""
        counts = self.tally
        rate = (counts.made + counts.failed) / max(self.seconds, 1e-3)
        skipped = f", {counts.skipped} skipped as done" if counts.skipped else ""
        return f"{counted(counts.photos, 'photo')}{skipped}, {counts.failed} failed, {rate:.1f} photos/s"

    def __call__(self, event: object) -> None:
        """Show an event."""
        match event:
            case FolderStarted(doing, count):
                self._started = time.monotonic()
                self._next_line = self._started + _FIRST_LINE_SECONDS
                self._bars.update(self._task, description=doing)
                if not self._bars.disable:
                    threading.Thread(target=self._find_total, args=(count,), daemon=True).start()
            case PhotoDone(result):
                self._show(result)
            case _:
                super().__call__(event)

    @property
    def seconds(self) -> float:
        """The seconds since the first photo was begun."""
        return time.monotonic() - self._started

    def say(self, line: str) -> None:
        """Print a line at once; with lines of JSON, on the standard error."""
        self._print(line, sys.stderr if self._json else sys.stdout)

    def _print(self, line: str, stream: TextIO) -> None:
        try:
            print(line, flush=True, file=stream)
        except BrokenPipeError:
            if not self._saved:
                raise
            silence_standard_output()

    def _show(self, result: Result) -> None:
        self.tally.add(result)
        if not self._bars.disable:
            self._bars.update(self._task, completed=self.tally.photos, failed=self.tally.failed)
        if self._json:
            self._print(dumps(_fields(result)), sys.stdout)
        if result.error:
            warn(f"error: {result.error}")
        elif self._rows and not self._json:
            self.say(_row(result))
        if self._lines and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_SECONDS
            self.say(str(self))

    def _find_total(self, count: Callable[[], int]) -> None:
        with suppress(SegmentationError, OSError):  # the job itself reports it
            self._bars.update(self._task, total=count())


def _fields(result: Result) -> dict[str, Any]:
    """Return the fields of a line of JSON: those of the manifest, without what the program alone needs."""
    fields = line_of(result) | {"skipped": result.skipped, "kept": result.kept, "outdated": result.outdated}
    return {name: value for name, value in fields.items() if name not in _INTERNAL}


def _planned(result: Result) -> str:
    name = printable(Path(result.input).name)
    if result.skipped:
        return f"{name}  done before"
    kept = (output for output in result.kept if output not in result.outdated)
    changed = [f"{output} kept, changed since it was written" for output in kept]
    changed += [f"{output} {OUTDATED}" for output in result.outdated]
    changed += [f"{output} saved and replaced, changed since it was written" for output in result.replaced]
    written = ", ".join(output for output in result.outputs.values() if output not in result.kept)
    return "; ".join([f"{name}  to write: {printable(written)}", *map(printable, changed)])


def _row(result: Result) -> str:
    if result.skipped or result.seconds is None:
        return _planned(result)
    name, seconds = printable(Path(result.input).name), f"{result.seconds:6.2f} s"
    remarks = "; ".join(dict.fromkeys((*result.notes, *result.reasons)))
    if result.objects is not None:
        found = ", ".join(f"{printable(str(one['class']))} {one['score']:.2f}" for one in result.objects)
        return "  ".join(part for part in (seconds, name, found, remarks) if part)
    if result.classes is not None:
        shares = {name: share for name, share in result.classes.items() if share >= LEAST_SHARE}
        found = ", ".join(f"{printable(name)} {share:.1%}" for name, share in shares.items())
        return "  ".join(part for part in (seconds, name, found, remarks) if part)
    verdict = ""
    if result.decision is not None and result.confidence is not None:
        verdict = f"{shown(result.confidence)} {result.decision:6s}  "
    return f"{result.area:6.1%} garment  {seconds}  {verdict}{name}  {remarks}".rstrip()


def profile(photos: int, wall_seconds: float, workers: int) -> str:
    """Return lines with the milliseconds that a photo spent in each stage, and their shares."""
    seconds = seconds_by_stage(wall_seconds, workers)
    total = sum(seconds.values())
    return "\n".join(
        f"{name:10s} {1000 * taken / max(photos, 1):8.1f} ms a photo {taken / total:7.1%}"
        for name, taken in seconds.items()
    )
