"""Prepare in threads, while a loop is busy, what it will ask for next."""

import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Place = TypeVar("Place", bound=Hashable)
Made = TypeVar("Made")


class Ahead(Generic[Place, Made]):
    """Has what will be asked for made in so many threads, in that order."""

    def __init__(self, threads: int):
        self._pool = ThreadPoolExecutor(threads)
        self._begun: dict[Place, Future[Made]] = {}
        self._lock = threading.Lock()

    def take(self, make: Callable[[Place], Made], place: Place, following: Iterable[Place]) -> Made:
        """Return what is made for a place, and begin the `following` ones; forget all others.

        Raises what `make` raises for this place.
        """
        with self._lock:
            before, self._begun = self._begun, {}
            for one in dict.fromkeys((place, *following)):
                self._begun[one] = before.pop(one) if one in before else self._pool.submit(make, one)
            for left in before.values():
                left.cancel()
            asked = self._begun[place]
        return asked.result()

    def close(self) -> None:
        """Forget what was made, and make nothing more of what is waiting."""
        with self._lock:
            for left in self._begun.values():
                left.cancel()
            self._begun.clear()
