"""Ctrl-C and SIGTERM as a request to stop in good order."""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOTICE = b"\nfinishing what is in hand; once more stops at once\n"


class Interruption:
    """Context in which the first SIGINT or SIGTERM sets `requested` and a second ends the process at once.

    `status` is the exit status that shells expect then: 130 after SIGINT, 143 after SIGTERM, 0 if there was
    none. On leaving, signals do what they did before. A signal that was ignored stays ignored, as shells
    want it for background commands. Outside of the main thread, which alone may handle signals, it does
    nothing.
    """

    def __init__(self):
        self._signal = 0
        self._before: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        return self._signal != 0

    @property
    def status(self) -> int:
        return 128 + self._signal if self._signal else 0

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._receive) for number in heard}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._signal = int(number)
        with suppress(OSError):
            os.write(2, _NOTICE)  # not print: it may have been interrupted in the middle of itself
