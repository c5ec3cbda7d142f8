"""Ctrl-C during a job that computes with a network: it ends where that is safe.

An exception in the middle of a library's work could crash the process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from segmentation.core.signals import Interruption
from segmentation.jobs.context import Context


@contextmanager
def interruptible(context: Context) -> Iterator[Context]:
    """Yield the context of a job that Ctrl-C and SIGTERM ask to stop, instead of an exception anywhere."""
    with Interruption() as interruption:
        yield replace(
            context,
            stop=lambda: interruption.requested or context.stop(),
            interrupted=lambda: interruption.requested or context.interrupted(),
        )


def ending(context: Context) -> Context:
    """Return a context for work that is of no use unless it is finished.

    The first event that is told after an interruption raises KeyboardInterrupt.
    """

    def tell(event: object) -> None:
        if context.interrupted():
            raise KeyboardInterrupt
        context.tell(event)

    return replace(context, tell=tell)
