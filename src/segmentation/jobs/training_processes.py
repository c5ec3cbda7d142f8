"""A training by several processes of this machine, and the one that starts and watches them.

No heavy import: a process has its backend before it imports Keras.
"""

import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.core.errors import SegmentationError, TrainingError, printable
from segmentation.core.events import Tell, ignore
from segmentation.core.imports import import_keras_quietly
from segmentation.core.lock import LOCK
from segmentation.core.parallel import end_with_parent
from segmentation.core.signals import unheard_by_children
from segmentation.core.unfinished import sweep
from segmentation.jobs.graphics_cards import VISIBLE, card_of
from segmentation.training.rank import Rank
from segmentation.training.request import TrainingRequest
from segmentation.training.run_state import TENSORBOARD, has_epochs_since, version_of

if TYPE_CHECKING:
    from segmentation.bundle.bundle import ModelBundle
    from segmentation.training.run_state import History

_SPAWN = multiprocessing.get_context("spawn")  # a fork of a process with threads can hang
_POLL_S = 0.2  # how soon a person's Ctrl-C is noticed
_LOSS_SHOWS_S = 2.0  # after the error of a process that has lost another one
_LONGEST_REASON = 300


def fit_in_processes(
    processes: int,
    request: TrainingRequest,
    folder: Path,
    *,
    logs: Path,
    tell: Tell = ignore,
    stop: Callable[[], bool] = lambda: False,
) -> "tuple[ModelBundle, History]":
    """Train as `fit` does, by so many processes that each compute an equal part of every batch, on JAX.

    The arguments are those of `fit`. The first process writes and tells what a single one would; each of the
    others keeps the same for itself, in a temporary folder. Raises what `fit` raises, and TrainingError where
    a process is lost. However it ends, all processes have ended.
    """
    address, crew = _free_address(), list[_Worker]()
    replaced = None if request.resuming else version_of(logs)
    with tempfile.TemporaryDirectory(prefix="garment-cutout-training-") as scratch:
        try:
            for rank in (Rank(index, processes) for index in range(processes)):
                own = Path(scratch) / str(rank.index)
                (own / "model").mkdir(parents=True)
                if rank.index and request.resuming:
                    shutil.copytree(logs, own / "logs", ignore=shutil.ignore_patterns(LOCK, TENSORBOARD))
                places = (own / "model", own / "logs") if rank.index else (folder, logs)
                crew.append(_start(rank, address, request, places, own / "printed"))
            return _watch(crew, tell, stop)
        except _LostError as lost:
            kept = has_epochs_since(logs, replaced)
            remedy = "`resume` goes on from the finished epochs" if kept else "start again"
            raise TrainingError(f"{lost}; {remedy}") from None
        finally:
            for worker in crew:
                worker.process.kill()  # nothing else ends one that waits for another
            for worker in crew:
                worker.process.join()
            sweep(logs)


class _LostError(Exception):
    """A process has ended, and nobody had asked it to."""


@dataclass(frozen=True)
class _Done:
    result: "tuple[ModelBundle, History]"


@dataclass(frozen=True)
class _Failed:
    error: BaseException


@dataclass(frozen=True)
class _Worker:
    """A process, the connection to it, and the file of what its libraries print.

    It sends events and how it ended; whatever is sent to it asks it to stop.
    """

    rank: Rank
    process: BaseProcess
    connection: Connection
    printed: Path

    def ask_to_stop(self) -> None:
        """Ask it to end after the current step."""
        with suppress(OSError):  # it is lost, which shows when it is heard
            self.connection.send(True)

    def loss(self) -> _LostError:
        """Return the error of its end, which it has come to."""
        self.process.join()
        status = self.process.exitcode or 0
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        if status == -signal.SIGKILL:
            why = ", as one is when memory runs out"
        else:
            said = self.printed.read_text(errors="replace").strip().rpartition("\n")[2]
            why = f": {printable(said)[:_LONGEST_REASON]}" if said else ""
        return _LostError(f"process {self.rank.index + 1} of {self.rank.processes} was lost ({how}){why}")


def _watch(crew: Sequence[_Worker], tell: Tell, stop: Callable[[], bool]) -> "tuple[ModelBundle, History]":
    """Tell what the first process tells until it is done, and return its result."""
    first, stopping = crew[0], False
    while True:
        if stop() and not stopping:
            stopping = True
            for worker in crew:
                worker.ask_to_stop()
        ready = wait([worker.connection for worker in crew], _POLL_S)
        for worker in [worker for worker in crew if worker.connection in ready]:
            try:
                event = worker.connection.recv()
            except (EOFError, OSError):
                raise worker.loss() from None
            match event:
                case _Done(result):
                    if worker is first:
                        return result
                case _Failed(error):
                    if not isinstance(error, SegmentationError | KeyboardInterrupt):
                        _raise_a_loss(crew)
                    raise error
                case _:
                    tell(event)


def _raise_a_loss(crew: Sequence[_Worker]) -> None:
    """Raise the error of a process that has ended, which is behind whatever the others have failed by."""
    ended = wait([worker.process.sentinel for worker in crew], _LOSS_SHOWS_S)
    for worker in crew:
        if worker.process.sentinel in ended:
            raise worker.loss()


def _start(
    rank: Rank, address: str, request: TrainingRequest, places: tuple[Path, Path], printed: Path
) -> _Worker:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(rank, address, request, places, theirs, printed))
    printed.touch()
    with unheard_by_children(), _environment(rank):  # Ctrl-C is this process's, which ends the others
        process.start()
    theirs.close()
    return _Worker(rank, process, ours, printed)


@contextmanager
def _environment(rank: Rank) -> Iterator[None]:
    """Give a process that is started within this context its backend and its graphics card, if there is any.

    Keras reads the one when it is imported, which a person's script may do before anything else.
    """
    own = {"KERAS_BACKEND": "jax", VISIBLE: card_of(rank)}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return "{}:{}".format(*found.getsockname())


def _work(
    rank: Rank,
    address: str,
    request: TrainingRequest,
    places: tuple[Path, Path],
    connection: Connection,
    printed: Path,
) -> None:
    """Train in a process of its own and send what happens, until the process that started it ends it."""
    end_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # some send it to all; the one that watches acts on it
    # so started, Keras' semaphores have no name, which a process that is killed could not remove
    multiprocessing.set_start_method("fork", force=True)
    _print_to(printed)
    try:
        connection.send(_Done(_fit(rank, address, request, places, connection)))
    except (SegmentationError, KeyboardInterrupt) as error:
        connection.send(_Failed(error))
    except Exception:
        connection.send(_Failed(RuntimeError(traceback.format_exc())))
    threading.Event().wait()  # the others may still need it


def _fit(
    rank: Rank, address: str, request: TrainingRequest, places: tuple[Path, Path], connection: Connection
) -> "tuple[ModelBundle, History]":
    absent: Any = None  # Python's sign for a module that cannot be imported
    sys.modules["tensorflow"] = absent  # Keras looks for it now and then, which takes seconds and much memory
    import_keras_quietly("jax")
    from segmentation.training.distribution import agreed, join
    from segmentation.training.fit import fit

    join(address, rank)
    tell = ignore if rank.index else connection.send
    folder, logs = places
    return fit(request, folder, logs=logs, rank=rank, tell=tell, stop=agreed(connection.poll))


def _print_to(path: Path) -> None:
    """Have libraries, native ones as well, print into a file: they print much that nobody asked for."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
