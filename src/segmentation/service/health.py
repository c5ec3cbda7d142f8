"""The health of the service: trials of what it needs, and no photo may be stuck."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable

import numpy as np

from segmentation.jobs.serving import ServedModel
from segmentation.service.work_queue import WorkQueue

_PROBE_S = 10.0
_FRESH_S = 1.0  # for which the outcome of a probe is good: anybody may ask


class Probe:
    """A trial of what the service needs. All who ask wait for one, so that no second one can hang.

    It tells of the thing that is `done` in it: a photo that is scored, say.
    """

    def __init__(self, trial: Callable[[], None], thing: str, done: str, seconds: float = _PROBE_S):
        self._trial = trial
        self._thing = thing
        self._done = done
        self._seconds = seconds
        self._running: asyncio.Future[str] | None = None
        self._begun = self._ended = -1e9

    async def problem(self) -> str:
        """Return what is wrong in words, empty where nothing is."""
        if self._running is None or (self._running.done() and time.monotonic() - self._ended > _FRESH_S):
            self._running = asyncio.get_running_loop().create_future()
            self._begun = time.monotonic()
            threading.Thread(target=self._run, args=(self._running,), daemon=True).start()
        left = self._begun + self._seconds - time.monotonic()
        done, _waiting = await asyncio.wait([self._running], timeout=max(0.0, left))
        late = f"{self._thing} was not {self._done} within {self._seconds:g} s"
        return self._running.result() if done else late

    def _run(self, running: "asyncio.Future[str]") -> None:
        try:
            self._trial()
            problem = ""
        except Exception as error:  # whatever it is, the service cannot do it
            reason = (error.strerror or "").lower() if isinstance(error, OSError) else ""
            problem = f"{self._thing} could not be {self._done} ({reason or type(error).__name__})"
        running.get_loop().call_soon_threadsafe(self._end, running, problem)

    def _end(self, running: "asyncio.Future[str]", problem: str) -> None:
        self._ended = time.monotonic()
        running.set_result(problem)


class Health:
    """The problems that another start would mend: scores that fail or hang, and a photo that is stuck."""

    def __init__(self, probe: Probe, queue: WorkQueue, stuck_s: float):
        self._probe = probe
        self._queue = queue
        self._stuck_s = stuck_s

    async def problem(self) -> str:
        """Return what is wrong in words, empty where nothing is."""
        if self._queue.oldest_s > self._stuck_s:
            return f"a photo has been in work for more than {self._stuck_s:g} s"
        return await self._probe.problem()


def score_tiny(models: Iterable[ServedModel]) -> None:
    """Score a tiny photo by each model. Raises ValueError for no scores, and what the engine raises."""
    photo = np.full((48, 32, 3), 255, np.uint8)
    photo[12:36, 8:24] = (180, 40, 40)
    for model in models:
        scores = model.scorer.score(photo)
        if scores.shape[:2] != photo.shape[:2] or not np.isfinite(scores).all():
            raise ValueError("no scores")
