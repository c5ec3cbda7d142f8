"""An end within seconds of a signal, for jobs that compute for long in libraries."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from segmentation.core.lock import remove_locks
from segmentation.core.signals import SIGNALS
from segmentation.core.unfinished import remove_unfinished


class Deadline:
    """A context that ends the process `seconds` after the first SIGINT or SIGTERM, unless it ends by itself.

    Libraries that compute for long handle no signal meanwhile, and interrupting them could crash them. It
    ends with the exit status that shells expect and `message` on stderr, and no half-written file is left.
    Outside of the main thread it does nothing.
    """

    def __init__(self, seconds: float, message: str):
        self._seconds = seconds
        self._message = message
        self._left = threading.Event()
        self._heard = False

    def __enter__(self) -> "Deadline":
        self._watched = threading.current_thread() is threading.main_thread()
        if self._watched:
            reader, self._writer = socket.socketpair()
            self._writer.setblocking(False)
            # from the system's own handler: Python's waits for the library to return
            self._before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
            threading.Thread(target=self._watch, args=(reader,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        if not self._heard:  # else libraries may take long to end as well
            self._left.set()
        if self._watched:
            signal.set_wakeup_fd(self._before)
            self._writer.close()

    def _watch(self, reader: socket.socket) -> None:
        with reader:
            while received := reader.recv(1):
                if received[0] in SIGNALS:
                    self._heard = True
                    break
            else:
                return
            if not self._left.wait(self._seconds):
                self._end(128 + received[0])

    def _end(self, status: int) -> NoReturn:
        children = multiprocessing.active_children()
        for child in children:
            child.kill()  # else they would go on writing into what is removed now
        for child in children:
            child.join(1)
        remove_unfinished()
        remove_locks()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError):
            os.write(2, f"{self._message}\n".encode())
        os._exit(status)  # no exception could stop what is still at work
