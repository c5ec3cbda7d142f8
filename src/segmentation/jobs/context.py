"""The surroundings of a job: its folders, the receiver of its events, and when to stop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.core.events import Tell, ignore
from segmentation.core.workspace import Workspace

if TYPE_CHECKING:
    from segmentation.datasets.discover import Dataset

DataKey = tuple[Path, str, bool]
"""A folder of pairs, the classes to make out of its label maps, and whether each value is an object."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Context:
    """The surroundings of a job, which every job is given besides its options.

    `tell` takes the job's events. Once `stop()` is true, the job finishes the current photo or step.
    `interrupted()` is whether a person has pressed Ctrl-C, after which a job has seconds to end.
    `command` is what a person typed, for the record; empty where nobody did. `datasets` are those that were
    read before, so that trainings on the same photos need not read and check all of them anew.
    """

    workspace: Workspace = field(default_factory=Workspace)
    tell: Tell = ignore
    stop: Callable[[], bool] = _never
    interrupted: Callable[[], bool] = _never
    command: tuple[str, ...] = ()
    datasets: Mapping[DataKey, "Dataset"] = field(default_factory=dict)
