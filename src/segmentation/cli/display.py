"""What a person sees while the program works: bars on a terminal, plain lines elsewhere."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from segmentation.confidence.model import shown
from segmentation.core.errors import SegmentationError, printable
from segmentation.core.parallel import OnProgress
from segmentation.core.timing import seconds_by_stage
from segmentation.core.types import LEAST_SHARE
from segmentation.outputs.folder_job import Tally
from segmentation.outputs.manifest import Result
from segmentation.training.progress import Plan

_FIRST_LINE_SECONDS, _LINE_SECONDS = 10, 30  # between lines where there is no terminal


def new_console() -> Console:
    """Standard output for people; brackets in file names are no markup."""
    return Console(markup=False, highlight=False)


class TrainingDisplay:
    """Shows a training: a bar with images/s and time left, and a line for each epoch."""

    def __init__(self, console: Console, name: str, epochs: int):
        self._console = console
        self._name = name
        self._epochs = epochs
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _RateColumn("images/s"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = None

    def __enter__(self) -> "TrainingDisplay":
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def plan(self, plan: Plan) -> None:
        """Print what is trained on what, and what it costs."""
        cost = plan.cost
        self._console.print(
            f"{self._name}: {cost.parameters / 1e6:.2f} M parameters, {cost.gflop:.1f} GFLOP an image, "
            f"about {plan.memory_bytes / 1024**3:.1f} GB to train at batch size {plan.batch_size} "
            f"in {plan.policy}; "
            f"{plan.train_photos} photos to learn from, {plan.val_photos} held out",
            soft_wrap=True,
        )

    def step(self, epoch: int, step: int, steps: int, photos: int, logs: dict[str, float]) -> None:
        """Advance the bar by one step of `photos` photos."""
        done = ((epoch - 1) * steps + step) * photos
        if self._task is None:
            total = self._epochs * steps * photos
            self._task = self._progress.add_task("", total=total, completed=done - photos)
        self._progress.update(
            self._task,
            completed=done,
            description=f"epoch {epoch}/{self._epochs}  loss {logs['loss']:.4f}  Dice {logs['dice']:.4f}",
        )

    def epoch(self, epoch: int, logs: dict[str, float], best: bool) -> None:
        """Print the figures of a finished epoch."""
        self._console.print(
            f"epoch {epoch:3d}/{self._epochs}  loss {logs['loss']:.4f}  Dice {logs['dice']:.4f}  "
            f"held out: loss {logs['val_loss']:.4f}  Dice {logs['val_dice']:.4f}{'  best' if best else ''}",
            soft_wrap=True,
        )

    def note(self, text: str) -> None:
        """Print it."""
        self._console.print(f"note: {text}", soft_wrap=True)

    def score(self, done: int, total: int) -> None:
        """Move the bar through the photos that the threshold is searched on."""
        if self._task is not None:
            self._progress.update(self._task, description="threshold", completed=done, total=total)


class FolderDisplay:
    """Shows a folder job: a bar on a terminal, elsewhere a line now and then; `quiet` shows neither.

    `doing` says beside the bar what is done. `rows` asks for a line a photo, whatever `quiet` says. `count`
    tells the number of photos, for the time that is left; it is called in a thread of its own, and only where
    there is a bar.
    """

    def __init__(
        self,
        console: Console,
        *,
        rows: bool,
        quiet: bool,
        count: Callable[[], int],
        doing: str = "cutting",
    ):
        self.tally = Tally()
        self._console = console
        self._rows = rows
        self._lines = not (rows or quiet or console.is_terminal)
        self._count = count
        self._started = time.monotonic()
        self._next_line = self._started + _FIRST_LINE_SECONDS
        self._bar = Progress(
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(),
            _RateColumn("photos/s"),
            TextColumn("{task.fields[failed]} failed"),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
            redirect_stderr=sys.stderr.isatty(),  # errors that go to a file stay there
        )
        self._task = self._bar.add_task("", total=None, failed=0)

    def __enter__(self) -> "FolderDisplay":
        self._bar.start()
        if not self._bar.disable:
            self._console.show_cursor(True)  # a second Ctrl-C ends the process without asking us
            threading.Thread(target=self._find_total, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()

    def __str__(self) -> str:
        """The counts and the rate so far."""
        counts = self.tally
        rate = (counts.made + counts.failed) / max(time.monotonic() - self._started, 1e-3)
        skipped = f", {counts.skipped} skipped as done" if counts.skipped else ""
        return f"{counts.photos} photos{skipped}, {counts.failed} failed, {rate:.1f} photos/s"

    def show(self, result: Result) -> None:
        """Count a result and show what there is to show."""
        self.tally.add(result)
        self._bar.update(self._task, completed=self.tally.photos, failed=self.tally.failed)
        if self._rows and not result.error:
            self.say(_row(result))
        if self._lines and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_SECONDS
            self.say(str(self))

    def say(self, line: str) -> None:
        """Print a line at once. Without rows nobody needs to listen: the job goes on when a pipe breaks."""
        try:
            print(line, flush=True)
        except BrokenPipeError:
            if self._rows:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _find_total(self) -> None:
        with suppress(SegmentationError, OSError):  # the job itself will meet it, and say so
            self._bar.update(self._task, total=self._count())


def _row(result: Result) -> str:
    name, seconds = printable(Path(result.input).name), f"{result.seconds:6.2f} s"
    remarks = "; ".join(dict.fromkeys((*result.notes, *result.reasons)))
    if result.classes is not None:
        shares = {name: share for name, share in result.classes.items() if share >= LEAST_SHARE}
        found = ", ".join(f"{printable(name)} {share:.1%}" for name, share in shares.items())
        return "  ".join(part for part in (seconds, name, found, remarks) if part)
    verdict = "" if result.decision is None else f"{shown(result.confidence)} {result.decision:6s}  "
    return f"{result.area:6.1%} garment  {seconds}  {verdict}{name}  {remarks}".rstrip()


def profile(photos: int, wall_seconds: float, workers: int) -> str:
    """Lines with the milliseconds that a photo spent in each stage, one after another, and their shares."""
    seconds = seconds_by_stage(wall_seconds, workers)
    total = sum(seconds.values())
    return "\n".join(
        f"{name:10s} {1000 * taken / max(photos, 1):8.1f} ms a photo {taken / total:7.1%}"
        for name, taken in seconds.items()
    )


@contextmanager
def progress(console: Console, what: str) -> Iterator[OnProgress]:
    """A bar for a known number of photos; nothing where the output is not a terminal."""
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn("photos/s"),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _RateColumn(ProgressColumn):
    """Items a second."""

    def __init__(self, unit: str):
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} {self._unit}" if task.speed else f"- {self._unit}")
