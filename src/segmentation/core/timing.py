"""Wall time of the stages that a photo passes, measured in every thread and added up."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("decode", "preprocess", "network", "resize", "encode")

_seconds: defaultdict[str, float] = defaultdict(float)  # of the process, all threads together
_lock = threading.Lock()


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Add the wall time of the block to one of `STAGES`."""
    started = time.perf_counter()
    try:
        yield
    finally:
        taken = time.perf_counter() - started
        with _lock:
            _seconds[name] += taken


def seconds_by_stage(wall_seconds: float, workers: int) -> dict[str, float]:
    """Return the seconds of each stage so far, over all threads.

    `wait` is the rest of the time of so many `workers`.
    """
    with _lock:
        taken = {name: _seconds[name] for name in STAGES}
    return {**taken, "wait": max(0.0, wall_seconds * workers - sum(taken.values()))}
