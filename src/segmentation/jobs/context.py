"""The surroundings of a job: its folders, the receiver of its events, and when to stop."""

from collections.abc import Callable
from dataclasses import dataclass, field

from segmentation.core.events import Tell, ignore
from segmentation.core.workspace import Workspace


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Context:
    """The surroundings of a job, which every job is given besides its options.

    `tell` takes the job's events. Once `stop()` is true, the job finishes the current photo or step.
    `interrupted()` is whether a person has pressed Ctrl-C, after which a job has seconds to end.
    `command` is what a person typed, for the record; empty where nobody did.
    """

    workspace: Workspace = field(default_factory=Workspace)
    tell: Tell = ignore
    stop: Callable[[], bool] = _never
    interrupted: Callable[[], bool] = _never
    command: tuple[str, ...] = ()
