"""An adaptation in a process of its own, whose progress can be asked for. It begins without heavy imports."""

import multiprocessing
import os
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.core.deadline import Deadline
from segmentation.core.errors import SegmentationError
from segmentation.core.events import Caution, Note, Progress
from segmentation.core.imports import import_keras_quietly
from segmentation.core.parallel import end_with_parent
from segmentation.core.signals import interrupt_on_signals, unheard_by_children
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context

_MOST_LINES = 200
_ENDING_S = 8  # however deep in a library it is


@dataclass(frozen=True)
class Course:
    """The course of an adaptation: what it is `doing`, the `share` of that which is done, and its messages.

    `outcome` is the sentence that it ended with, `taken` whether the new model has its name, `error` why it
    failed, `stopped` whether it can be resumed.
    """

    running: bool = False
    doing: str = ""
    share: float | None = None
    lines: tuple[str, ...] = ()
    outcome: str = ""
    taken: bool = False
    error: str = ""
    stopped: bool = False


class AdaptProcess:
    """One adaptation at a time in a process of its own; any thread may use it.

    It ends with this process, and its finished epochs are kept.
    """

    def __init__(self, home: Path):
        self._home = home
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._course = Course()
        self._stopping = False

    @property
    def course(self) -> Course:
        """Return the course of the last adaptation, which may still be running."""
        return self._course

    def start(self, options: AdaptOptions) -> bool:
        """Begin an adaptation, and return whether it was begun: not while another one is running."""
        with self._lock:
            if self._course.running:
                return False
            spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads can hang
            receiver, sender = spawn.Pipe(duplex=False)
            process = spawn.Process(target=_work, args=(options, self._home, sender))
            with unheard_by_children():  # Ctrl-C is this process's, which ends the other
                process.start()
            sender.close()
            self._process, self._stopping = process, False
            self._course = Course(running=True, doing="starting")
            threading.Thread(target=self._follow, args=(process, receiver, options.name), daemon=True).start()
            return True

    def stop(self) -> None:
        """Ask it to end; its finished epochs are kept."""
        with self._lock:
            if self._process and self._process.is_alive():
                self._stopping = True
                self._process.terminate()

    def close(self) -> None:
        """Ask it to end, and wait until it has."""
        self.stop()
        if self._process:
            self._process.join()

    def _follow(self, process: BaseProcess, receiver: Connection, name: str) -> None:
        """Take what the process tells; how it ended counts once it has ended, and another may begin."""
        ended: dict[str, Any] = {}
        with receiver:
            while True:
                try:
                    told = receiver.recv()
                except (EOFError, OSError):
                    break
                if told.keys() & {"outcome", "error", "stopped"}:
                    ended = told
                else:
                    self._take(told)
        process.join()
        if not ended and not self._stopping:
            reason = "its process was ended, as one is when memory runs out; close other programs and go on"
            ended = {"error": reason}
        if "outcome" not in ended:
            ended["stopped"] = _can_be_resumed(self._home, name)
            if not ended["stopped"] and "error" not in ended:
                ended["outcome"] = "Stopped before anything was learned."
        self._course = replace(self._course, running=False, doing="", share=None, **ended)

    def _take(self, told: dict[str, Any]) -> None:
        line = told.pop("line", None)
        lines = (*self._course.lines, str(line))[-_MOST_LINES:] if line else self._course.lines
        self._course = replace(self._course, lines=lines, **told)


def _can_be_resumed(home: Path, name: str) -> bool:
    from segmentation.jobs.adapt_plan import is_unfinished

    return is_unfinished(Workspace(home), name)


def _work(options: AdaptOptions, home: Path, sender: Connection) -> None:
    """Run the adaptation in its own process, and send what it has to tell."""
    end_with_parent()
    interrupt_on_signals()
    tell = _Sender(sender)
    try:
        import_keras_quietly()
        from segmentation.jobs.adapt import adapt

        with Deadline(_ENDING_S, "the training was ended; its finished epochs are kept"):
            done = adapt(options, Context(Workspace(home), tell))
        if done.verdict is None:
            tell.send(stopped=True)
        else:
            where = "" if done.taken else ", and does not take the name"
            tell.send(outcome=f"{done.verdict}; it is in {done.model}{where}", taken=done.taken)
    except KeyboardInterrupt:
        tell.send(stopped=True)
    except SegmentationError as error:
        tell.send(error=str(error))
    except Exception as error:  # of a library: the page says it
        tell.send(error=f"{type(error).__name__}: {error}"[:500])
    sender.close()
    os._exit(0)  # large libraries take seconds to unload


class _Sender:
    """A receiver of events that sends them as changes of a course."""

    def __init__(self, sender: Connection):
        self._sender = sender
        self._epochs, self._name = 0, ""

    def send(self, **changes: object) -> None:
        self._sender.send(changes)

    def __call__(self, event: object) -> None:
        from segmentation.training.progress import EpochDone, StepDone, TrainingStarted

        match event:
            case Progress(doing, done, total):
                self.send(doing=doing, share=done / max(1, total))
            case Note(text) | Caution(text):
                self.send(line=text)
            case TrainingStarted(name, epochs):
                self._name, self._epochs = name, epochs
            case StepDone(epoch, step, steps):
                share = (epoch - 1 + step / max(1, steps)) / max(1, self._epochs)
                self.send(doing=f"training {self._name}, epoch {epoch} of {self._epochs}", share=share)
            case EpochDone(epoch, figures):
                self.send(line=f"{self._name}, epoch {epoch}: Dice {figures['val_dice']:.4f} held out")
