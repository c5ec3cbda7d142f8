"""Work on many files at once: in threads, since decoding and hashing release Python's lock, or processes."""

import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from segmentation.core.signals import unheard_by_children

Item = TypeVar("Item")
Result = TypeVar("Result")
OnProgress = Callable[[int, int], None]
"""A function that is called in the caller's thread with (done, total) after each item."""

_MOST_WORKERS = 8  # each holds a decoded photo, which may be hundreds of megabytes
_QUOTAS = (  # of a container: the microseconds of a period that it may compute, and the period
    ("/sys/fs/cgroup/cpu.max",),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)


def cores() -> int:
    """Return the number of processor cores that this process may use, or the container in which it runs."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for paths in _QUOTAS:
        with suppress(ValueError, OSError):  # "max", where there is no limit
            quota, period = (int(word) for path in paths for word in Path(path).read_text().split())
            there = min(there, math.ceil(quota / period)) if quota > 0 else there
    return there


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


def map_in_processes(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int | None = None,
    on_progress: OnProgress | None = None,
) -> list[Result]:
    """Return the results of `function` in the order of `items`, worked out by `workers` processes.

    By default that is one a core; a single one is this process itself. The function must be one of a module.
    Progress counts in the order of completion; the first error, or an interruption, cancels what is waiting.
    """
    items = list(items)
    workers = min(workers or cores(), len(items))
    results: dict[int, Result] = {}

    def received(index: int, result: Result) -> None:
        results[index] = result
        if on_progress:
            on_progress(len(results), len(items))

    if workers <= 1:
        for index, item in enumerate(items):
            received(index, function(item))
    else:
        context = multiprocessing.get_context("spawn")  # forked OpenCV threads can hang
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker) as pool:
            try:
                with unheard_by_children():  # Ctrl-C is this process's, which cancels the rest
                    index_of = {pool.submit(function, item): index for index, item in enumerate(items)}
                for future in as_completed(index_of):
                    received(index_of[future], future.result())
            except BaseException:
                # wait for the work in hand, since its folder may be removed now
                pool.shutdown(cancel_futures=True)
                raise
    return [results[index] for index in range(len(items))]


def _prepare_worker() -> None:
    import cv2

    cv2.setNumThreads(1)
    end_with_parent()


def end_with_parent() -> None:
    """Have this process end when the one that started it is killed, since nobody wants its folder then."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
