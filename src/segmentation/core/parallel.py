"""Work on many files at once in threads; decoding and hashing release Python's lock."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
OnProgress = Callable[[int, int], None]
"""Called in the caller's thread with (done, total) after each item."""

_MOST_WORKERS = 8  # each holds a decoded photo, which may be hundreds of megabytes


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], on_progress: OnProgress | None = None
) -> list[Result]:
    """Return the results of `function` in the order of `items`; the first error cancels what is waiting."""
    items = list(items)
    pool = ThreadPoolExecutor(max_workers=min(cores(), _MOST_WORKERS))
    try:
        results = []
        for result in pool.map(function, items):
            results.append(result)
            if on_progress:
                on_progress(len(results), len(items))
        return results
    finally:
        pool.shutdown(cancel_futures=True)
