"""The evaluation of cutouts: masks at a threshold, either the given one or the best."""

import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.core.samples import Sample
from segmentation.evaluation.image_row import ImageRow, cutout_row
from segmentation.evaluation.measurement import MeasureSettings
from segmentation.evaluation.set_figures import Evaluation
from segmentation.metrics import masks as metrics
from segmentation.metrics.matting import gradient_error
from segmentation.metrics.threshold import search


@dataclass
class CutoutMeasurement:
    """Figures at a threshold; without one, photos wait, compressed, until the best is known."""

    labels: LabelMap
    settings: MeasureSettings
    rows: list[ImageRow] = field(default_factory=list)
    counts: list[metrics.Counts[np.ndarray]] = field(default_factory=list)
    waiting: list[tuple[Sample, "_Packed", float, float]] = field(default_factory=list)

    def add(
        self, sample: Sample, image: np.ndarray, truth: np.ndarray, scores: np.ndarray, seconds: float
    ) -> None:
        """Take in a photo, see `Measurement`."""
        settings = self.settings
        level, target = metrics.levels(scores[..., 0]), truth >= settings.target_threshold * 255
        gradient = gradient_error(scores[..., 0].astype(np.float32), truth / np.float32(255))
        self.counts.append(metrics.counts_by_level(level, target))
        if settings.threshold is None:
            self.waiting.append((sample, _Packed.of(level, target), seconds, gradient))
            return
        prediction = Prediction(sample.id, scores, self.labels, float(settings.threshold))
        row = self._row(sample, prediction.mask, target, seconds, gradient)
        if settings.estimator:
            row = row.judged(settings.estimator(image, prediction))
        self.rows.append(row)

    def finish(self) -> Evaluation:
        """Return the figures of all photos, and what the search of the threshold found."""
        settings, found = self.settings, search(self.counts)
        for sample, packed, seconds, gradient in self.waiting:
            level, target = packed.unpack()
            mask = level >= round(found.best * 255)
            self.rows.append(self._row(sample, mask, target, seconds, gradient))
        threshold = found.best if settings.threshold is None else float(settings.threshold)
        confidence_model = settings.estimator.confidence_model if settings.estimator else None
        return Evaluation(
            tuple(self.rows),
            threshold,
            settings.tolerance_px,
            found,
            confidence_model,
            fault_options=settings.faults,
        )

    def _row(
        self, sample: Sample, mask: np.ndarray, target: np.ndarray, seconds: float, gradient: float
    ) -> ImageRow:
        row = cutout_row(sample, mask, target, seconds, self.settings.tolerance_px, self.settings.faults)
        return replace(row, whole_gradient=gradient)


@dataclass(frozen=True)
class _Packed:
    """Score levels and target of one photo, compressed: levels hold the mask of any searched threshold."""

    shape: tuple[int, int]
    level: bytes
    target: bytes

    @classmethod
    def of(cls, level: np.ndarray, target: np.ndarray) -> "_Packed":
        return cls(level.shape, zlib.compress(level.data, 1), zlib.compress(np.packbits(target).data, 1))

    def unpack(self) -> tuple[np.ndarray, np.ndarray]:
        level = np.frombuffer(zlib.decompress(self.level), np.uint8)
        target = np.unpackbits(np.frombuffer(zlib.decompress(self.target), np.uint8), count=level.size)
        return level.reshape(self.shape), target.reshape(self.shape).astype(bool)
