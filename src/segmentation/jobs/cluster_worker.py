"""A worker of a cluster: it loads the models once and does one share of the photos after the other."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segmentation.config.options import replaced
from segmentation.core.errors import MachineError, SegmentationError, is_full
from segmentation.core.events import Caution
from segmentation.core.workspace import Workspace
from segmentation.inference.scorer import Scorer
from segmentation.jobs.cluster_setup import Setup
from segmentation.jobs.context import Context
from segmentation.jobs.predict import FolderPrediction
from segmentation.outputs.result import Result
from segmentation.outputs.shares import Share

Taken = tuple[list[Result], list[str]]
"""The next results of a share, none at its end, and warnings."""


class Worker:
    """A worker in its own process. `stop` may be called from another thread than the others.

    The others raise MachineError where the disk of this machine takes nothing more.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._warnings: list[str] = []
        self._batches: Iterator[list[Result]] = iter(())

    def prepare(self, setup: Setup, threads: int, scorer: Scorer | None = None) -> None:
        """Load the models for so many photos at a time. Raises what a FolderPrediction and a check raise."""
        with _of_this_machine():
            self._folder = tempfile.TemporaryDirectory(prefix="garment-cutout-models-")
            workspace = Workspace(Path(self._folder.name))
            setup.unpack(workspace.models)
            context = Context(workspace, self._tell, self._stopped.is_set)
            options = replaced(setup.options, {"workers": threads})
            self._prediction = FolderPrediction(options, context, scorer, arrivals=())
            setup.check(self._prediction.settings)

    def take(self, share: Share | None = None) -> Taken:
        """Return the next results, once their files are in the store and recorded; none at the end.

        A new `share` is begun: what is done of it already is not done again.
        """
        with _of_this_machine():
            if share:
                self._batches = self._prediction.predict_share(share)
            results = next(self._batches, [])
        warnings, self._warnings = self._warnings, []
        return results, warnings

    def stop(self) -> None:
        """Begin no other photo."""
        self._stopped.set()

    def _tell(self, event: object) -> None:
        if isinstance(event, Caution):
            self._warnings.append(event.text)


@contextmanager
def _of_this_machine() -> Iterator[None]:
    try:
        yield
    except (SegmentationError, OSError) as error:
        if is_full(error):
            raise MachineError(f"{socket.gethostname()}: {error}") from error
        raise
