"""Cells in processes of their own. No heavy import: a process sets itself up before it imports a library."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from segmentation.core.imports import import_keras_quietly
from segmentation.core.parallel import cores, end_with_parent
from segmentation.core.signals import unheard_by_children
from segmentation.jobs.context import Context
from segmentation.jobs.experiment_cells import Place, Run

_POLL_S = 0.5  # how soon a person's Ctrl-C is noticed


def run_in_processes(runs: Sequence[Run], context: Context, workers: int) -> Iterator[Run]:
    """Run cells, `workers` at a time, and yield each once its process has ended, with a new record or none.

    Raises KeyboardInterrupt once `context.interrupted()`, after the processes have ended.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads can hang
    place = context.workspace
    assert isinstance(place, Place)
    waiting, running = list(runs), dict[BaseProcess, Run]()
    part = Context(place, command=context.command, datasets=context.datasets)
    threads = max(1, cores() // workers)
    try:
        while waiting or running:
            if context.interrupted():
                raise KeyboardInterrupt
            while waiting and len(running) < workers:
                run = waiting.pop(0)
                arguments = (run, part, threads)
                process: BaseProcess = spawn.Process(target=_work, args=arguments)
                with unheard_by_children():  # Ctrl-C is this process's, which ends the others
                    process.start()
                running[process] = run
            wait([process.sentinel for process in running], _POLL_S)
            for process in [process for process in running if not process.is_alive()]:
                process.join()
                yield running.pop(process)
    finally:
        for process in running:
            process.terminate()  # the epochs that it has finished are kept
        for process in running:
            process.join()


def _work(run: Run, context: Context, threads: int) -> None:
    """Run one cell in a process of its own, with its share of the cores."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(threads)
    end_with_parent()
    import_keras_quietly()
    from segmentation.jobs.experiment_work import run_cell

    run_cell(run, context)
