"""The queue: a bounded number of photos wait before a fixed number of threads that score them."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from segmentation.service.refusal import Refusal, busy

Made = TypeVar("Made")

_WEIGHT = 0.1  # of the latest photo in the mean time of one


class WorkQueue:
    """Places for `workers` photos in work and `waiting` behind them. The loop's thread alone calls it.

    A place is free again when its photo is done, or when whoever asked for it is gone before it was begun. A
    photo that was begun cannot be stopped: it keeps its place and its worker until it is done.
    """

    def __init__(self, workers: int, waiting: int):
        self.workers = workers
        self._most = workers + waiting
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="cutout")
        self._taken = 0
        self._begun: dict[int, float] = {}  # when each photo in work was begun
        self._numbers = 0
        self._mean_s = 1.0
        self._freed = asyncio.Event()

    @property
    def taken(self) -> int:
        """The number of photos in work and waiting."""
        return self._taken

    @property
    def working(self) -> int:
        """The number of photos in work."""
        return len(self._begun)

    @property
    def oldest_s(self) -> float:
        """Seconds since the oldest photo in work was begun, 0 where there is none."""
        return max((time.monotonic() - begun for begun in list(self._begun.values())), default=0.0)

    @property
    def retry_s(self) -> int:
        """In how many seconds, 1 or more, half of the places are likely to be free."""
        return max(1, math.ceil(self._mean_s * self._taken / 2 / self.workers))

    def check(self) -> None:
        """Raise a Refusal where there is no place now, so that nothing is received in vain."""
        if self._taken >= self._most:
            raise busy(f"{self._taken} photos are waiting already", self.retry_s)

    async def run(self, work: Callable[[], Made], seconds: float) -> tuple[Made, float]:
        """Do some work in a worker's thread; return what it made and how many seconds it waited.

        Raises a Refusal at once where there is no place, and after `seconds`, and what the work raises.
        """
        self.check()
        asked = time.monotonic()
        number = self._numbers = self._numbers + 1
        loop = asyncio.get_running_loop()

        def timed() -> tuple[Made, float]:
            begun = self._begun[number] = time.monotonic()
            try:
                return work(), begun - asked
            finally:
                del self._begun[number]
                self._mean_s += _WEIGHT * (time.monotonic() - begun - self._mean_s)

        def left(_future: Future[tuple[Made, float]]) -> None:
            with suppress(RuntimeError):  # the loop has ended before
                loop.call_soon_threadsafe(self._leave)

        self._taken += 1
        future = self._pool.submit(timed)
        future.add_done_callback(left)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if number in self._begun:
                raise Refusal(504, f"the photo took longer than {seconds:g} s") from None
            raise busy(f"the photo waited longer than {seconds:g} s", self.retry_s) from None

    async def turn(self) -> None:
        """Wait until a worker is about to be free: for photos that may wait as long as others come."""
        while self._taken >= min(self.workers + 1, self._most):
            self._freed.clear()
            await self._freed.wait()

    def close(self) -> None:
        """Begin no photo any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self) -> None:
        self._taken -= 1
        self._freed.set()
