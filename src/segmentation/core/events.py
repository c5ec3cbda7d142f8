"""Events: what a job tells its caller while it works."""

from collections.abc import Callable
from dataclasses import dataclass

Tell = Callable[[object], None]
"""A receiver of events: of these, or of those that a job defines. It is called from the job's thread."""


@dataclass(frozen=True)
class Progress:
    """An event: `done` of `total` items are done; `doing` says in words what is being done."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True)
class Note:
    """A line that a person wants to read."""

    text: str


@dataclass(frozen=True)
class Caution:
    """A warning in a line: something was left out, is slow, or is less certain than usual."""

    text: str


Warn = Callable[[str], None]
"""A receiver of warnings, a line each."""


def ignore(_event: object) -> None:
    """Ignore an event or a warning."""


def counting(tell: Tell, doing: str) -> Callable[[int, int], None]:
    """Return a function of (done, total) that tells `Progress` in these words."""
    return lambda done, total: tell(Progress(doing, done, total))
