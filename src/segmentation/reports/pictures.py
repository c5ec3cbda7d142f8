"""The pictures of an evaluation's report."""

from dataclasses import dataclass, field
from typing import Any

from segmentation.reports.fault_pictures import FaultPictures


@dataclass(frozen=True)
class Pictures:
    """Those of whole photos, by id, as their kind of report has them, and those of the largest faults."""

    photos: dict[str, Any] = field(default_factory=dict)
    faults: list[FaultPictures] = field(default_factory=list)
