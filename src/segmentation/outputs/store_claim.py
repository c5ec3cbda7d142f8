"""A mark in a store that a process is writing there, since stores have no locks."""

import json
import os
import socket
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from segmentation.core.errors import DataError, SegmentationError, printable
from segmentation.stores.address import Address
from segmentation.stores.store import Store

MARK = ".writing"
_REFRESHED_S = 60
_DEAD_S = 15 * 60  # since the mark of a living process was last refreshed


class StoreClaim:
    """Context in which this process is the one that writes below an address, as far as others look.

    Entering raises DataError where the mark of another process is fresh. One that two processes set at the
    same moment is not noticed: few stores could tell.
    """

    def __init__(self, store: Store, results: Address):
        self._store = store
        self._results = results
        self._address = results / MARK
        self._who = {"process": os.getpid(), "host": socket.gethostname()}
        self._refreshed_s = 0.0

    def __enter__(self) -> Self:
        found = self._store.look(self._address)
        if found:
            age_s = time.time() - found.changed_ns / 1e9
            who = self._read()
            if age_s < _DEAD_S and not self._is_gone(who):
                held = f"process {who.get('process')} on {who.get('host')}, seen {max(0, age_s):.0f} s ago"
                raise DataError(
                    f"{self._results}: another process is writing here ({printable(held)}); wait for its "
                    f"end, or give another `output`; if it was killed, remove {self._address} or wait "
                    f"{_DEAD_S // 60} minutes"
                )
        self._write()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with suppress(SegmentationError):
            self._store.remove(self._address)

    def refresh(self) -> None:
        """Show that this process lives, once a minute at most."""
        if time.monotonic() - self._refreshed_s > _REFRESHED_S:
            self._write()

    def _write(self) -> None:
        self._store.write(json.dumps(self._who).encode(), self._address)
        self._refreshed_s = time.monotonic()

    def _read(self) -> dict[str, object]:
        try:
            who = json.loads(self._store.read(self._address))
        except (ValueError, SegmentationError):
            return {}
        return who if isinstance(who, dict) else {}

    def _is_gone(self, who: dict[str, object]) -> bool:
        """Return whether a mark is of this machine and of a process that has ended."""
        number = who.get("process")
        if who.get("host") != self._who["host"] or not isinstance(number, int):
            return False
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return number == os.getpid()
