"""The evaluation of classes: confusion matrices, and figures of the label maps."""

from dataclasses import dataclass, field

import numpy as np

from segmentation.core.labels import LabelMap
from segmentation.core.samples import Sample
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.image_row import ImageRow, class_row
from segmentation.evaluation.measurement import MeasureSettings
from segmentation.evaluation.set_figures import Evaluation
from segmentation.metrics import classes as class_metrics

_NO_THRESHOLD = 0.5  # classes are decided without one


@dataclass
class ClassMeasurement:
    """Figures of each photo, without the pixels that are ignored."""

    labels: LabelMap
    settings: MeasureSettings
    rows: list[ImageRow] = field(default_factory=list)
    confusions: list[np.ndarray] = field(default_factory=list)

    def add(
        self, sample: Sample, _image: np.ndarray, truth: np.ndarray, scores: np.ndarray, seconds: float
    ) -> None:
        """Take in a photo, see `Measurement`."""
        labels, predicted = self.labels, self.labels.classify(scores, _NO_THRESHOLD)
        settings = self.settings
        confusion = class_metrics.confusion(predicted, truth, len(labels.names), labels.ignore)
        counted = truth != labels.ignore if labels.ignore is not None else np.ones(truth.shape, bool)
        self.confusions.append(confusion)
        self.rows.append(
            class_row(
                sample,
                predicted * counted,
                truth * counted,
                confusion,
                seconds,
                settings.tolerance_px,
                settings.faults,
            )
        )

    def finish(self) -> Evaluation:
        """Return the figures of all photos, and those of each class."""
        figures = ClassFigures(self.labels, np.array(self.confusions))
        return Evaluation(
            tuple(self.rows),
            _NO_THRESHOLD,
            self.settings.tolerance_px,
            None,
            classes=figures,
            fault_options=self.settings.faults,
        )
