"""The files of accepted photos and the table of the review, written beside the work at the page."""

import threading
from typing import Self

from segmentation.core.errors import DataError, SegmentationError
from segmentation.retouch.desk import Desk
from segmentation.retouch.summary import write_table

_PAUSE_S = 3.0  # before a failed write is tried again
_WRITING_S = 600.0  # to wait for the files of accepted photos


class Clerk:
    """A context in which a thread writes what a desk has accepted; leaving it writes the rest, once.

    What cannot be written, as while predict is writing in the same folder, is tried again.
    """

    def __init__(self, desk: Desk):
        self._desk = desk
        self._wanted = threading.Event()
        self._ending = False
        self._idle = threading.Condition()
        self._busy = False
        self.problem = ""
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)

    def __enter__(self) -> Self:
        self._wanted.set()  # what an earlier review left
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ending = True
        self._wanted.set()
        self._thread.join()

    def wake(self) -> None:
        """Have what was accepted written."""
        with self._idle:  # else the thread could fall idle between the two
            self._busy = True
            self._wanted.set()

    def finish(self) -> None:
        """Have the accepted photos written, and wait for that, some minutes at most.

        Raises DataError where something is not written then, with the reason.
        """
        self.wake()
        if not self.wait(_WRITING_S) and (reason := self._desk.writing.unwritten()):
            raise DataError(reason)

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is in hand, at most so long; return whether all is written."""
        with self._idle:
            self._idle.wait_for(lambda: not self._busy, seconds)
        return not self._desk.writing.pending()

    def _work(self) -> None:
        while True:
            self._wanted.wait(_PAUSE_S if self._desk.writing.pending() else None)
            self._wanted.clear()
            ending = self._ending
            for photo in self._desk.writing.pending():
                self._desk.writing.write(photo)
            self._write_table()
            with self._idle:
                self._busy = self._wanted.is_set()
                self._idle.notify_all()
            if ending:
                return

    def _write_table(self) -> None:
        desk = self._desk
        try:
            write_table(desk.results, [(photo, desk.state_of(photo.stem)) for photo in desk.photos()])
            self.problem = ""
        except (OSError, SegmentationError) as error:
            self.problem = str(error)
