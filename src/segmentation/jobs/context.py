"""Where a job works, whom it tells, and when it is to stop."""

from collections.abc import Callable
from dataclasses import dataclass, field

from segmentation.core.events import Tell, ignore
from segmentation.core.workspace import Workspace


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Context:
    """What every job is given besides its options.

    `tell` takes the job's events. Once `stop()` is true, the job finishes what is in hand and returns.
    `command` is what a person typed, for the record; empty where no one did.
    """

    workspace: Workspace = field(default_factory=Workspace)
    tell: Tell = ignore
    stop: Callable[[], bool] = _never
    command: tuple[str, ...] = ()
