"""Ctrl-C and SIGTERM as a request to stop in good order."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""The signals that ask a process to end."""

_NOTICE = b"\nfinishing what is in hand; once more stops at once\n"

_last = signal.SIGINT  # of the signals that this process was sent


def interrupt_on_signals() -> None:
    """Have SIGINT and SIGTERM raise KeyboardInterrupt where they would end the process at once."""
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


@contextmanager
def unheard_by_children() -> Iterator[None]:
    """Shield processes that are started within this context from Ctrl-C, even while they begin.

    A terminal sends it to all processes of a command. This process hears of it, and of SIGTERM, when the
    context ends: a process that is half started would be waited for by nobody.
    """
    heard: list[int] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which children inherit
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        # threads of libraries do not block it, and Python would then interrupt this one
        for number in SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                handlers[number] = signal.signal(number, lambda received, _frame: heard.append(received))
    try:
        yield
    finally:
        for handled, handler in handlers.items():
            signal.signal(handled, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for received in heard:
            signal.raise_signal(received)


def exit_status() -> int:
    """Return what shells expect of a process that a signal stopped: 130 after SIGINT, 143 after SIGTERM."""
    return 128 + _last


def _remember(number: int) -> None:
    global _last
    _last = signal.Signals(number)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    _remember(number)
    raise KeyboardInterrupt


class Interruption:
    """A context in which the first SIGINT or SIGTERM sets `requested` and a second ends the process at once.

    On leaving, signals do what they did before, and the Interruption that it lies within has been requested
    too. A signal that was ignored stays ignored, as shells want it for background commands. Outside of the
    main thread, which alone may handle signals, it does nothing.
    """

    def __init__(self):
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._receive) for number in heard}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
            outer = getattr(handler, "__self__", None)
            if isinstance(outer, Interruption):
                outer.requested |= self.requested

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.requested = True
        _remember(number)
        with suppress(OSError):
            os.write(2, _NOTICE)  # not print: it may have been interrupted in the middle of itself
