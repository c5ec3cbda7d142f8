"""A mark in a store that a process is writing there, since stores have no locks."""

import json
import os
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path
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

    Entering raises DataError where the mark of another process is fresh, `refresh` where it has taken the
    place of this one's. One that two processes set at the same moment is not noticed: few stores could tell.
    """

    def __init__(self, store: Store, results: Address):
        self._store = store
        self._results = results
        self._address = results / MARK
        self._who = {
            "process": os.getpid(),
            "started": _started(os.getpid()),
            "token": secrets.token_hex(8),
            **_machine(),
        }
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
            if self._is_own():
                self._store.remove(self._address)

    def refresh(self) -> None:
        """Show that this process lives, once a minute at most.

        Raises DataError where its mark is gone, or another's: others take it for dead once it has slept.
        """
        # other clocks stand still while a machine sleeps
        if abs(time.time() - self._refreshed_s) > _REFRESHED_S:
            if not self._is_own():
                raise DataError(
                    f"{self._results}: expected the mark of this process in {self._address}, found none, or "
                    "that of another, which may have written here since; once it has ended, run the same "
                    "command again"
                )
            self._write()

    def _write(self) -> None:
        self._store.write(json.dumps(self._who).encode(), self._address)
        self._refreshed_s = time.time()

    def _is_own(self) -> bool:
        return self._store.look(self._address) is not None and self._read() == self._who

    def _read(self) -> dict[str, object]:
        try:
            who = json.loads(self._store.read(self._address))
        except (ValueError, SegmentationError):
            return {}
        return who if isinstance(who, dict) else {}

    def _is_gone(self, who: dict[str, object]) -> bool:
        """Return whether a mark is of a process of this machine, as this process sees it, that has ended."""
        number = who.get("process")
        if not isinstance(number, int) or not _machine().items() <= who.items():
            return False
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return number == os.getpid() or who.get("started") != _started(number)


def _machine() -> dict[str, str]:
    """Return what tells apart the places in which numbers of processes mean the same.

    Containers may share a name, and each counts its processes from 1; a machine counts anew once it starts.
    """
    return {"host": socket.gethostname(), "boot": _boot(), "processes": _process_namespace()}


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _process_namespace() -> str:
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""


def _started(process: int) -> str:
    """Return when a process started, since a number is given again; "" where the system does not say."""
    with suppress(OSError):
        words = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return words.rpartition(")")[2].split()[19]  # clock ticks since the machine started
    return ""
