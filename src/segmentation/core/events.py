"""What a job tells whoever watches it, while it works."""

from collections.abc import Callable
from dataclasses import dataclass

Tell = Callable[[object], None]
"""Takes an event: one of these, or one that a job defines. Called from the job's own thread."""


@dataclass(frozen=True)
class Progress:
    """`done` of `total` items, in words of what is being done."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True)
class Note:
    """What a person wants to know, in a line."""

    text: str


@dataclass(frozen=True)
class Caution:
    """What a person should know: something was left out, is slow, or is less sure than usual."""

    text: str


def ignore(_event: object) -> None:
    """Let an event pass."""


def counting(tell: Tell, doing: str) -> Callable[[int, int], None]:
    """Return a function of (done, total) that tells of the progress in these words."""
    return lambda done, total: tell(Progress(doing, done, total))
