"""The display of a job at work: bars on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from segmentation.cli.wording import as_typed
from segmentation.core.events import Caution, Note, Progress
from segmentation.jobs.context import Context


def new_console() -> Console:
    """Return a console on standard output that takes brackets in file names for text, not for markup."""
    return Console(markup=False, highlight=False)


def warn(message: str) -> None:
    """Print a line on stderr; errors in doing so are ignored, since the files are what matters."""
    with suppress(OSError):
        print(as_typed(message), file=sys.stderr)


class Display:
    """A display of the events of every job: a bar for each count, lines for notes.

    It is entered around a job that tells its events through `shown(context)`.
    """

    def __init__(self, console: Console | None = None):
        self.console = console or new_console()
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn("photos/s"),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bars.stop()

    def shown(self, context: Context, stop: Callable[[], bool] | None = None) -> Context:
        """Return a context whose events are shown here, and whose job `stop` may end."""
        return replace(context, tell=self, stop=stop or context.stop)

    def __call__(self, event: object) -> None:
        """Show an event; unknown ones are ignored."""
        match event:
            case Progress(doing, done, total):
                self._advance(doing, done, total)
            case Note(text):
                print(as_typed(text), file=self.console.file, flush=True)
            case Caution(text):
                warn(text)

    def _advance(self, doing: str, done: int, total: int) -> None:
        for task in self._bars.tasks:
            if task.description == doing:
                self._bars.update(task.id, completed=done, total=total)
            elif not task.finished:
                self._bars.update(task.id, visible=False)
        if all(task.description != doing for task in self._bars.tasks):
            self._bars.add_task(doing, completed=done, total=total)


class RateColumn(ProgressColumn):
    """A column with the items per second."""

    def __init__(self, unit: str):
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} {self._unit}" if task.speed else f"- {self._unit}")
