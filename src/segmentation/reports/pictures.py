"""The pictures of an evaluation's report."""

from dataclasses import dataclass, field
from typing import Any

from segmentation.reports.fault_pictures import FaultPictures


@dataclass(frozen=True)
class Pictures:
    """The pictures of whole photos, by id, in the form that their report has, and of the largest faults."""

    photos: dict[str, Any] = field(default_factory=dict)
    faults: list[FaultPictures] = field(default_factory=list)
