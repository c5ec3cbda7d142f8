"""The health of the service: a tiny photo is scored, and no photo may be stuck."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable

import numpy as np

from segmentation.jobs.serving import ServedModel
from segmentation.service.work_queue import WorkQueue

_PROBE_S = 10.0
_FRESH_S = 1.0  # for which the outcome of a probe is good: anybody may ask


class Health:
    """The problem of the service, if any. All who ask wait for one probe, so that no second one can hang."""

    def __init__(
        self, probe: Callable[[], None], queue: WorkQueue, stuck_s: float, probe_s: float = _PROBE_S
    ):
        self._probe = probe
        self._queue = queue
        self._stuck_s = stuck_s
        self._probe_s = probe_s
        self._running: asyncio.Future[str] | None = None
        self._begun = self._ended = -1e9

    async def problem(self) -> str:
        """Return what is wrong in words, empty where nothing is."""
        if self._queue.oldest_s > self._stuck_s:
            return f"a photo has been in work for more than {self._stuck_s:g} s"
        if self._running is None or (self._running.done() and time.monotonic() - self._ended > _FRESH_S):
            self._running = asyncio.get_running_loop().create_future()
            self._begun = time.monotonic()
            threading.Thread(target=self._run, args=(self._running,), daemon=True).start()
        left = self._begun + self._probe_s - time.monotonic()
        done, _waiting = await asyncio.wait([self._running], timeout=max(0.0, left))
        return self._running.result() if done else f"a tiny photo was not scored within {self._probe_s:g} s"

    def _run(self, running: "asyncio.Future[str]") -> None:
        try:
            self._probe()
            problem = ""
        except Exception as error:  # whatever it is, the service cannot score
            problem = f"a tiny photo could not be scored ({type(error).__name__})"
        running.get_loop().call_soon_threadsafe(self._end, running, problem)

    def _end(self, running: "asyncio.Future[str]", problem: str) -> None:
        self._ended = time.monotonic()
        running.set_result(problem)


def score_tiny(models: Iterable[ServedModel]) -> None:
    """Score a tiny photo by each model. Raises ValueError for no scores, and what the engine raises."""
    photo = np.full((48, 32, 3), 255, np.uint8)
    photo[12:36, 8:24] = (180, 40, 40)
    for model in models:
        scores = model.scorer.score(photo)
        if scores.shape[:2] != photo.shape[:2] or not np.isfinite(scores).all():
            raise ValueError("no scores")
