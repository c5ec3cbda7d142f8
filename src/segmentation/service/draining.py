"""A server that says that it is about to end before it does, so that whoever sends it photos can stop."""

import signal
import threading
from types import FrameType

import uvicorn

_DRAINING_S = 3.0


class DrainingServer(uvicorn.Server):
    """A server of uvicorn that takes requests for some seconds after SIGTERM, or until a second one.

    It is `draining` from the first one on.
    """

    draining = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        again, self.draining = self.draining, True
        if again or sig != signal.SIGTERM:
            super().handle_exit(sig, frame)
            return
        timer = threading.Timer(_DRAINING_S, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()
