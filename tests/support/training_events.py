"""Receivers of a training's events: one interrupts it, one remembers what a person should know."""

from segmentation.core.events import Note
from segmentation.training.progress import StepDone


def interrupting(epoch):
    """Return what interrupts a training, as Ctrl-C does, after the first step of an epoch."""

    def tell(event):
        if isinstance(event, StepDone) and event.epoch == epoch:
            raise KeyboardInterrupt

    return tell


class Listening:
    """A receiver that shows nothing, and remembers the notes."""

    def __init__(self):
        self.notes = []

    def __call__(self, event):
        if isinstance(event, Note):
            self.notes.append(event.text)
