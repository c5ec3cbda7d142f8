"""The display of a training: a bar with images/s and the time left, and a line for each epoch."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from segmentation.cli.display import Display, RateColumn
from segmentation.cli.plan_display import print_plan
from segmentation.core.counting import counted
from segmentation.core.events import Progress
from segmentation.jobs.planned import TrainingPlan
from segmentation.training.progress import EpochDone, StepDone, TrainingStarted, figures_in_words


class TrainingDisplay(Display):
    """A display of one training after another, and of the work around them."""

    def __init__(self) -> None:
        super().__init__()
        self._photos_bars, self._epochs = self._bars, 0
        self._training_bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn("images/s"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task: TaskID | None = None
        self._planned = False

    def __call__(self, event: object) -> None:
        """Show an event; unknown ones are ignored."""
        match event:
            case TrainingStarted():
                self._start(event)
            case StepDone():
                self._step(event)
            case EpochDone():
                self._epoch(event)
            case TrainingPlan():
                self._bars.stop()
                self._planned = True
                print_plan(event, self.console)
            case Progress():
                self._show(self._photos_bars)
                super().__call__(event)
            case _:
                super().__call__(event)

    def _start(self, event: TrainingStarted) -> None:
        plan, cost, self._epochs = event.plan, event.plan.cost, event.epochs
        self._task = None
        # a plan has measured the memory of this machine; another figure beside it would puzzle
        memory = "" if self._planned else f"about {plan.memory_bytes / 1024**3:.1f} GB to train at "
        self._say(
            f"{event.name}: {cost.parameters / 1e6:.2f} M parameters, {cost.gflop:.1f} GFLOP an image, "
            f"{memory}batch size {plan.batch_size} in {plan.policy}; "
            f"{counted(plan.train_photos, 'photo')} an epoch, {plan.val_photos} held out"
        )

    def _step(self, event: StepDone) -> None:
        self._show(self._training_bars)
        done = ((event.epoch - 1) * event.steps + event.step) * event.photos
        if self._task is None:
            for earlier in self._training_bars.task_ids:
                self._training_bars.remove_task(earlier)
            total = self._epochs * event.steps * event.photos
            self._task = self._training_bars.add_task("", total=total, completed=done - event.photos)
        figures = figures_in_words(event.figures)
        self._training_bars.update(
            self._task, completed=done, description=f"epoch {event.epoch}/{self._epochs}  {figures}"
        )

    def _epoch(self, event: EpochDone) -> None:
        self._say(f"epoch {event.epoch:3d}/{self._epochs}  {event}")

    def _show(self, bars: Bars) -> None:
        """Show these bars instead of the others: there can be one live display at a time."""
        if self._bars is not bars:
            self._bars.stop()
            self._bars = bars
            bars.start()

    def _say(self, line: str) -> None:
        self.console.print(line, soft_wrap=True)
