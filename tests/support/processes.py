"""The processes that a process has started, itself or through others."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def started_by(process: int, command: str) -> list[int]:
    """Return the living processes that one has started, and in whose command line there is `command`."""
    found = []
    for folder in _PROC.iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and command.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return sorted(number for number in found if process in _ancestors(number))


def is_alive(process: int) -> bool:
    """Return whether there is a process of this number."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def _ancestors(process: int) -> Iterator[int]:
    with contextlib.suppress(OSError):  # it has ended meanwhile
        while process > 1:
            process = int((_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()[1])
            yield process
