"""HTTP for clients that are slow on purpose: a connection on which no request arrives is closed."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "cut"
"""The key in the state of a request of what cuts its connection, whatever was not sent yet."""


class PatientProtocol(H11Protocol):
    """Closes a connection whose next request has not come within the time to keep it alive.

    A request has come when its headers are there: who sends them letter by letter gains nothing. What arrives
    of a request that was answered early is left aside for as long.
    """

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None):
        super().__init__(config, server_state, {**app_state, CUT: self._cut}, _loop)
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_no_more()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle is None or self.cycle.response_complete:  # else the next request has been there already
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._wait_no_more()
        self._waiting = self.loop.call_later(self.timeout_keep_alive, self._cut)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()
