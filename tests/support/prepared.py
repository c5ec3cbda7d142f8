"""main.py in processes that begin with their imports done, for tests that need many."""

import multiprocessing
import os
import sys
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from unittest import mock

from support.places import ROOT
from support.program import environment
from support.waiting import PATIENCE_S

IMPORTED = ["main", "segmentation.cli.review", "segmentation.web.routes", "uvicorn"]


class Prepared:
    """main.py with these arguments as a process of its own, as `program.start` makes one, a second sooner.

    It is forked from a process that has imported what a review needs. `output` is all that it prints.
    """

    def __init__(self, *arguments: object):
        context = _context()
        reading, writing = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(writing, [*map(str, arguments)]))
        self._process.start()
        writing.close()
        self.output = os.fdopen(os.dup(reading.fileno()))
        reading.close()

    @property
    def runs(self) -> bool:
        return self._process.is_alive()

    def end_by(self, number: int) -> tuple[int, str]:
        """Send it a signal; return its status and what it printed that nobody has read."""
        os.kill(self._process.pid, number)
        self._process.join(PATIENCE_S)
        status = self._process.exitcode
        if status is None:
            self._process.kill()
        with self.output:
            printed = self.output.read()
        assert status is not None, "it goes on in spite of the signal"
        return status, printed


@cache
def _context() -> ForkServerContext:
    """Return what forks processes from one that has everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    with mock.patch.dict(os.environ, environment()):
        first = context.Process()  # which does nothing
        first.start()
        first.join(PATIENCE_S)
    return context


def _run(output: Connection, arguments: list[str]) -> None:
    for number in (1, 2):
        os.dup2(output.fileno(), number)
    output.close()
    sys.stdout, sys.stderr = (os.fdopen(number, "w") for number in (1, 2))  # not those of a test's file
    import main

    sys.argv[:] = [str(ROOT / "main.py"), *arguments]
    main.prepare_process()
    main.end(main.main(arguments))
