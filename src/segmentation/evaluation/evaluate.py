"""Hold a model against the ground truth of whole photos, and write down how it did."""

import csv
import dataclasses
import io
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segmentation.errors import ConfigError, DataError
from segmentation.evaluation import metrics
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.evaluation.threshold import ThresholdSearch, search
from segmentation.evaluation.triage import FEWEST, Triage
from segmentation.experience import Experience
from segmentation.files import write_text
from segmentation.inference.judge import Judge
from segmentation.types import LabelMap, Prediction, Sample, ScoreFn

if TYPE_CHECKING:
    from rich.console import Console

    from segmentation.evaluation.robustness import Robustness

OnProgress = Callable[[int, int], None]
"""Called with (done, total) after each photo."""

_LARGEST_TOLERANCE_PX = 50  # the work grows with its square, and an edge so far off is no edge


@dataclass(frozen=True)
class ImageRow:
    """One photo's figures: measures and areas (of the frame) in [0, 1], seconds of scoring alone.

    `confidence` is the Dice that was expected, None where nothing was.
    """

    id: str
    view: str
    dice: float
    iou: float
    accuracy: float
    boundary_iou: float
    boundary_f1: float
    area_target: float
    area_mask: float
    seconds: float
    confidence: float | None = None
    group: str = ""


@dataclass(frozen=True)
class Evaluation:
    """The figures of each photo at `threshold`, and mean Dice of the same photos at every threshold.

    `experience` is what their confidence comes from.
    """

    rows: tuple[ImageRow, ...]
    threshold: float
    tolerance_px: float
    search: ThresholdSearch
    experience: Experience | None = None

    @property
    def worst_first(self) -> list[ImageRow]:
        """The rows by rising Dice, equals by id."""
        return sorted(self.rows, key=lambda row: (row.dice, row.id))

    @cached_property
    def triage(self) -> Triage | None:
        """What confidence is worth on these photos, None where there is none."""
        confidence = [row.confidence for row in self.rows]
        if not self.experience or None in confidence or len(self.rows) < FEWEST:
            return None
        known = {row.id for row in self.rows}.intersection(self.experience.samples)
        garments = tuple(row.group or row.id for row in self.rows)
        return Triage(np.array(confidence), self._column("dice"), garments, self.experience, len(known))

    def summary(self) -> dict[str, float]:
        """The figures of the whole set by name, ready for JSON."""
        dice = self._column("dice")
        return {
            "images": len(self.rows),
            "dice_mean": float(dice.mean()),
            "dice_median": float(np.median(dice)),
            "dice_min": float(dice.min()),
            "iou_mean": float(self._column("iou").mean()),
            "accuracy_mean": float(self._column("accuracy").mean()),
            "boundary_iou_mean": float(self._column("boundary_iou").mean()),
            "boundary_f1_mean": float(self._column("boundary_f1").mean()),
            "threshold": self.threshold,
            "tolerance_px": self.tolerance_px,
            "threshold_best": self.search.best,
            "dice_mean_at_best": self.search.dice_mean_at_best,
            **(self.triage.summary() if self.triage else {}),
        }

    def _column(self, name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in self.rows])


def evaluate(
    score: ScoreFn,
    samples: Sequence[Sample],
    threshold: float | None,
    *,
    tolerance_px: float = 2.0,
    target_threshold: float = 0.5,
    judge: Judge | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Score each photo once at its own size and measure it against its ground truth.

    `threshold` in [0, 1] turns scores into masks; None takes the one with the best mean Dice over these
    very photos. Ground truth is garment where its alpha is at least `target_threshold`. The contour
    measures allow `tolerance_px`. A `judge` adds the confidence where a threshold is given. Photos are read
    one at a time; what waits for the best threshold is kept compressed, some 50 kB a photo.

    Raises ConfigError for a threshold or a tolerance out of range, DataError for a photo without a
    usable ground truth and SegmentationError for scores that are not scores; the last two name the photo.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"threshold: expected a number from 0 to 1, received {threshold}; 0.5 is usual")
    if not 1 <= tolerance_px <= _LARGEST_TOLERANCE_PX:
        raise ConfigError(
            f"boundary tolerance: expected 1 to {_LARGEST_TOLERANCE_PX} pixels, received {tolerance_px}; "
            "2 is usual"
        )
    if not samples:
        raise DataError("evaluation: expected at least one photo with its ground truth, received none")
    counts, rows, waiting = [], [], []
    for done, sample in enumerate(samples, start=1):
        image, alpha = read_pair(sample)
        target = alpha >= target_threshold * 255
        scores, seconds = score_photo(score, image, sample)
        level = metrics.levels(scores)
        counts.append(metrics.counts_by_level(level, target))
        if threshold is None:
            waiting.append((sample, _Packed.of(level, target), seconds))
        else:
            row = _row(sample, scores >= float(threshold), target, seconds, tolerance_px)
            if judge:
                prediction = Prediction(sample.id, scores[..., np.newaxis], LabelMap(), float(threshold))
                row = dataclasses.replace(row, confidence=judge(image, prediction).confidence)
            rows.append(row)
        if on_progress:
            on_progress(done, len(samples))
    found = search(counts)
    for sample, packed, seconds in waiting:
        level, target = packed.unpack()
        rows.append(_row(sample, level >= round(found.best * 255), target, seconds, tolerance_px))
    used = found.best if threshold is None else float(threshold)
    return Evaluation(tuple(rows), used, tolerance_px, found, judge.experience if judge else None)


def write_evaluation(
    evaluation: Evaluation,
    score: ScoreFn,
    samples: Sequence[Sample],
    folder: Path,
    model_name: str,
    report_images: int = 40,
    *,
    provenance: Mapping[str, object] | None = None,
    averaged: Mapping[str, str] | None = None,
    target_threshold: float = 0.5,
    robustness: "Robustness | None" = None,
) -> None:
    """Write metrics.json, per_image.csv (worst first), threshold.csv and report.html into `folder`.

    The worst `report_images` photos are scored again for their pictures in the report; `provenance` is
    shown in its head as it is. `averaged`, the digests of models whose scores were averaged by their names,
    stands in metrics.json as `models`. `robustness` gets a section of its own, and robustness.json and .csv.
    Raises as `evaluate` does.
    """
    from segmentation.evaluation import report

    folder, by_id = Path(folder), {sample.id: sample for sample in samples}
    figures = evaluation.summary() | ({"models": dict(averaged)} if averaged else {})
    write_text(folder / "metrics.json", json.dumps(figures, indent=2) + "\n")
    write_text(folder / "per_image.csv", _csv(evaluation.worst_first))
    evaluation.search.write_csv(folder / "threshold.csv")
    if robustness:
        robustness.write(folder)
    pictures = {}
    for row in evaluation.worst_first[:report_images]:
        image, alpha = read_pair(by_id[row.id])
        scores, _ = score_photo(score, image, by_id[row.id])
        target, mask = alpha >= target_threshold * 255, scores >= evaluation.threshold
        pictures[row.id] = report.draw(image, target, mask)
    html = report.render(evaluation, pictures, model_name, provenance=provenance or {}, robustness=robustness)
    write_text(folder / "report.html", html)


def print_evaluation(evaluation: Evaluation, console: "Console") -> None:
    """Print the figures of the whole set and the five worst photos by name."""
    from rich.table import Table
    from rich.text import Text

    summary, tolerance = evaluation.summary(), f"{evaluation.tolerance_px:g} px"
    table = Table(title=f"{summary['images']} photos at threshold {summary['threshold']:.3f}")
    table.add_column("measure")
    table.add_column("value", justify="right")
    for name, key in (
        ("Dice, mean", "dice_mean"),
        ("Dice, median", "dice_median"),
        ("Dice, worst", "dice_min"),
        ("IoU, mean", "iou_mean"),
        ("accuracy, mean", "accuracy_mean"),
        (f"boundary IoU ({tolerance}), mean", "boundary_iou_mean"),
        (f"boundary F1 ({tolerance}), mean", "boundary_f1_mean"),
        (f"Dice, mean at the best threshold {summary['threshold_best']:.3f}", "dice_mean_at_best"),
    ):
        table.add_row(name, f"{summary[key]:.4f}")
    console.print(table)

    worst = Table(title="worst photos")
    worst.add_column("photo", overflow="fold")
    for heading in ("Dice", "IoU", "boundary F1"):
        worst.add_column(heading, justify="right")
    for row in evaluation.worst_first[:5]:
        worst.add_row(Text(row.id), f"{row.dice:.4f}", f"{row.iou:.4f}", f"{row.boundary_f1:.4f}")
    console.print(worst)
    if evaluation.triage:
        for line in evaluation.triage.lines():
            console.print(line, soft_wrap=True)


@dataclass(frozen=True)
class _Packed:
    """Score levels and target of one photo, compressed: levels hold the mask of any searched threshold."""

    shape: tuple[int, int]
    level: bytes
    target: bytes

    @classmethod
    def of(cls, level: np.ndarray, target: np.ndarray) -> "_Packed":
        return cls(level.shape, zlib.compress(level, 1), zlib.compress(np.packbits(target), 1))

    def unpack(self) -> tuple[np.ndarray, np.ndarray]:
        level = np.frombuffer(zlib.decompress(self.level), np.uint8)
        target = np.unpackbits(np.frombuffer(zlib.decompress(self.target), np.uint8), count=level.size)
        return level.reshape(self.shape), target.reshape(self.shape).astype(bool)


def _row(
    sample: Sample, mask: np.ndarray, target: np.ndarray, seconds: float, tolerance_px: float
) -> ImageRow:
    counts = metrics.counts(mask, target)
    return ImageRow(
        id=sample.id,
        view=sample.view,
        dice=metrics.dice(counts),
        iou=metrics.iou(counts),
        accuracy=metrics.accuracy(counts),
        boundary_iou=metrics.boundary_iou(mask, target, tolerance_px),
        boundary_f1=metrics.boundary_f1(mask, target, tolerance_px),
        area_target=(counts.tp + counts.fn) / mask.size,
        area_mask=(counts.tp + counts.fp) / mask.size,
        seconds=seconds,
        group=sample.group,
    )


def _csv(rows: Sequence[ImageRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(ImageRow))
    for row in rows:  # None becomes an empty field
        writer.writerow(f"{v:.6f}" if isinstance(v, float) else v for v in asdict(row).values())
    return text.getvalue()
