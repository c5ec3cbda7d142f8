"""The request for a training, as its processes are given it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from segmentation.config.run import RunConfig
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import Sample

if TYPE_CHECKING:
    from segmentation.bundle.bundle import ModelBundle


@dataclass(frozen=True)
class TrainingRequest:
    """The completed configuration of a training, the samples that it learns from, and those it is judged by.

    `fingerprint` is the data's, and `labels` are the classes of its ground truth. `start` gives the first
    weights, and the normalisation they were trained with; of other classes, all but those of the head.
    `first` is the pass before this one, where this is the second of a double pass: then the samples have
    first-pass scores. With `resuming` a run goes on that was interrupted; `begun_with`, plain JSON, is kept
    for whoever resumes this one.
    """

    config: RunConfig
    train: Sequence[Sample]
    val: Sequence[Sample]
    fingerprint: str
    labels: LabelMap = BINARY
    start: "ModelBundle | None" = None
    first: "ModelBundle | None" = None
    resuming: bool = False
    begun_with: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """Return all that decides the network, in which no resumption may differ."""
        return {
            "config": self.config.to_json(),
            "data": self.fingerprint,
            "held_out": sorted(sample.id for sample in self.val),
            "classes": self.labels.names,
            "start": self.start and self.start.digest,
            "first": self.first and self.first.digest,
        }
