"""The memory of the machine and of this process, and how large a photo fits it. Standard library only."""

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_MOST_PIXELS = 200_000_000  # twice the largest cameras' photos
_BYTES_A_PIXEL = 64  # the most that a photo takes while it is cut out (about 25), and room for another one
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container
_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")  # of Linux


@cache
def pixels_that_fit() -> int:
    """Return how many pixels of a photo fit the memory of this machine or container, at most 200 million."""
    return min(_MOST_PIXELS, memory_bytes() // _BYTES_A_PIXEL)


def memory_bytes() -> int:
    """Return the memory of this machine, or of the container in which the program runs."""
    found = []
    with suppress(ValueError, OSError, AttributeError):  # where the system does not tell
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in _LIMITS:
        with suppress(ValueError, OSError):
            found.append(int(Path(path).read_text()))  # or "max"
    return min((size for size in found if size > 0), default=_MOST_PIXELS * _BYTES_A_PIXEL)


def begin_peak() -> bool:
    """Let `peak_bytes` begin anew with what this process takes now; return whether the system can do that."""
    try:
        _FORGET.write_text("5")
    except OSError:
        return False
    return True


def peak_bytes() -> int:
    """Return the most memory that this process has taken since `begin_peak`, or ever where that cannot be."""
    import resource

    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
