"""A receiver of a job's events that prints them."""

from segmentation.core.events import Caution, Note, Progress
from segmentation.jobs.folder import PhotoDone
from segmentation.training.progress import EpochDone, TrainingStarted


def print_progress(event: object) -> None:
    """Print a line for an event; counts only once they are complete. It is given to a job as `tell`.

    segmentation.train(data="pairs", name="shoes", tell=segmentation.print_progress)
    """
    if line := _line(event):
        print(line, flush=True)


def _line(event: object) -> str:
    match event:
        case Progress(doing, done, total) if done == total:
            return f"{doing}: {done} of {total}"
        case Note(text):
            return text
        case Caution(text):
            return f"caution: {text}"
        case PhotoDone(result):
            return result.error or f"{result.input}: {result.decision or 'done'}"
        case TrainingStarted(name, epochs):
            return f"{name}: training, at most {epochs} epochs"
        case EpochDone(epoch):
            return f"epoch {epoch}  {event}"
        case _:
            return ""
