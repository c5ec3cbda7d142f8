"""What a person sees while the program works: bars on a terminal, plain lines elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from rich.table import Column, Table
from rich.text import Text

from segmentation.data.parallel import OnProgress
from segmentation.outputs.batch import Result
from segmentation.training.progress import Plan


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

    def score(self, done: int, total: int) -> None:
        """Move the bar through the photos that the threshold is searched on."""
        if self._task is not None:
            self._progress.update(self._task, description="threshold", completed=done, total=total)


def print_results(results: Sequence[Result], console: Console) -> None:
    """Print a table with a line a photo that was predicted."""
    table = Table("photo", Column("garment", justify="right"), Column("seconds", justify="right"), "notes")
    for result in results:
        if result.error is None:
            name = Text(Path(result.input).name, overflow="fold")
            table.add_row(name, f"{result.area:.1%}", f"{result.seconds:.2f}", "; ".join(result.notes))
    if table.row_count:
        console.print(table)


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
