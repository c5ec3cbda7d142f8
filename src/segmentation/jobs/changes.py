"""Waiting for a change in a folder: the system reports it, or the folder is checked now and then."""

import logging
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from segmentation.core.errors import printable
from segmentation.core.events import Caution, Tell
from segmentation.core.imports import require

POLL_S = 5.0
"""Seconds between two looks into a folder where the system does not tell of changes."""

_ANYWAY_S = 30.0  # how often where it does: links may lead to where it does not see any
_STEP_MS = 50
_ESCAPED = re.compile(r"\\([0-7]{3})")  # a space, a tab, a line break or a backslash in mountinfo
_REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "gluster", "lustre", "virtiofs", "vboxsf", "fuse")


class Changes(Protocol):
    """Tells when something has changed; `every_s` is how often to look whatever it has told."""

    every_s: float

    def wait(self, seconds: float) -> bool:
        """Wait for a change, for about so many seconds at most; return whether there was one."""


class Untold:
    """A folder that is checked now and then."""

    def __init__(self, every_s: float):
        self.every_s = every_s

    def wait(self, seconds: float) -> bool:
        time.sleep(seconds)
        return False


class Told:
    """A folder whose changes the system reports; once it no longer can, it is checked now and then.

    Raises OSError or RuntimeError where it cannot from the start.
    """

    def __init__(self, folder: Path, tell: Tell):
        self.every_s = _ANYWAY_S
        self._folder = folder
        self._tell = tell
        self._untold: Untold | None = None
        watchfiles = require("watchfiles", "service")
        logging.getLogger("watchfiles").setLevel(logging.ERROR)
        self._changes = watchfiles.watch(
            folder,
            watch_filter=None,
            step=_STEP_MS,
            debounce=10 * _STEP_MS,
            rust_timeout=2 * _STEP_MS,
            yield_on_timeout=True,
            force_polling=False,
            ignore_permission_denied=True,
        )
        next(self._changes)

    def wait(self, seconds: float) -> bool:
        if self._untold:
            return self._untold.wait(seconds)
        until = time.monotonic() + seconds
        try:
            while not next(self._changes):
                if time.monotonic() >= until:
                    return False
        except (OSError, RuntimeError, StopIteration) as error:  # such as a name that is not UTF-8
            self._untold = _untold(self._folder, error, self._tell)
            self.every_s = self._untold.every_s
        return True


def changes_of(folder: Path, poll_s: float | None, tell: Tell) -> Changes:
    """Return the source of a folder's changes: the system, or a check each `poll_s` seconds.

    By default that is each POLL_S seconds on network drives, and where the system can tell of no more
    folders, which is told as a Caution. Raises MissingExtraError where what listens to it is not installed.
    """
    if poll_s is not None:
        return Untold(poll_s)
    if is_remote(folder):
        return Untold(POLL_S)
    try:
        return Told(folder, tell)
    except (OSError, RuntimeError) as error:
        return _untold(folder, error, tell)


def _untold(folder: Path, error: Exception, tell: Tell) -> Untold:
    reason = printable(str(error) or type(error).__name__)
    looked = f"it is looked into every {POLL_S:g} seconds"
    tell(Caution(f"{folder}: the system tells of no changes ({reason}); {looked}"))
    return Untold(POLL_S)


def is_remote(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Return whether a folder lies on a network drive, where the system does not notice others' writing."""
    place, kind = os.path.realpath(folder), ""
    longest = -1
    with suppress(OSError):
        for line in mounts.read_text(errors="surrogateescape").splitlines():
            before, _dash, after = line.partition(" - ")
            point = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[4])
            if len(point) > longest and Path(place).is_relative_to(point):
                longest, kind = len(point), after.split(" ")[0]
    return kind.startswith(_REMOTE)
