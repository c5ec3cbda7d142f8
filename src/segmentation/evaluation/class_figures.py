"""Figures on a model that marks classes, over a whole set of photos."""

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from segmentation.core.labels import LEAST_SHARE, LabelMap
from segmentation.core.tables import write_csv
from segmentation.metrics import classes as class_metrics
from segmentation.metrics.masks import Counts


@dataclass(frozen=True)
class ClassRow:
    """One class over all photos.

    `share` is its part of the pixels that count, `recall` the part of its pixels that are found, `precision`
    the part of the predicted ones that are right; all in [0, 1], None where there is nothing to divide by.
    `photos` have it, `photos_predicted` are predicted to, `photos_both` rightly so.
    """

    index: int
    name: str
    pixels: int
    pixels_predicted: int
    share: float | None
    iou: float | None
    dice: float | None
    recall: float | None
    precision: float | None
    photos: int
    photos_predicted: int
    photos_both: int


@dataclass(frozen=True, eq=False)
class ClassFigures:
    """The confusion matrices of photos, int64 [P, C, C], a row a true class and a column a predicted one."""

    labels: LabelMap
    by_photo: np.ndarray

    @cached_property
    def confusion(self) -> np.ndarray:
        """The confusion matrix of all photos together, int64 [C, C]."""
        return self.by_photo.sum(axis=0)

    @cached_property
    def present(self) -> tuple[np.ndarray, np.ndarray]:
        """The classes that the photos have and those that they are predicted to have: twice bool [P, C]."""
        return class_metrics.present(self.by_photo, LEAST_SHARE)

    @cached_property
    def rows(self) -> tuple[ClassRow, ...]:
        """A row for each class, by falling share of the pixels; those that are in no photo come last."""
        true, predicted = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        has, predicted_to_have = self.present
        iou, dice, recall, precision = (
            figure(self.confusion)
            for figure in (
                class_metrics.iou,
                class_metrics.dice,
                class_metrics.class_recall,
                class_metrics.class_precision,
            )
        )
        rows = [
            ClassRow(
                index=index,
                name=name,
                pixels=int(true[index]),
                pixels_predicted=int(predicted[index]),
                share=float(true[index] / true.sum()) if true[index] else None,
                iou=_known(iou[index]),
                dice=_known(dice[index]),
                recall=_known(recall[index]),
                precision=_known(precision[index]),
                photos=int(has[:, index].sum()),
                photos_predicted=int(predicted_to_have[:, index].sum()),
                photos_both=int((has & predicted_to_have)[:, index].sum()),
            )
            for index, name in enumerate(self.labels.names)
        ]
        return tuple(sorted(rows, key=lambda row: (-row.pixels, -row.pixels_predicted, row.index)))

    def summary(self) -> dict[str, float]:
        """Return the figures of the whole set by name, over its pixels, so that large photos count for more.

        The precision and the recall of presence are those of all classes but the background in all photos
        together; a class is predicted to be in a photo from `LEAST_SHARE` of its pixels on.
        """
        counts = class_metrics.presence(self.by_photo, LEAST_SHARE)
        together = Counts(*(int(getattr(counts, field.name).sum()) for field in fields(Counts)))
        return {
            "pixel_accuracy": class_metrics.pixel_accuracy(self.confusion),
            "mean_accuracy": class_metrics.mean_accuracy(self.confusion),
            "mean_iou": class_metrics.mean_iou(self.confusion),
            "frequency_weighted_iou": class_metrics.frequency_weighted_iou(self.confusion),
            "mean_dice": class_metrics.mean_dice(self.confusion),
            "presence_least_share": LEAST_SHARE,
            "presence_precision": class_metrics.precision(together),
            "presence_recall": class_metrics.recall(together),
        }

    def names_present(self) -> list[tuple[str, str]]:
        """Return for each photo the classes that it has and those that it is predicted to have, as "a; b"."""
        return [
            (_listed(self.labels, true), _listed(self.labels, predicted))
            for true, predicted in zip(*self.present, strict=True)
        ]

    def write(self, folder: Path) -> None:
        """Write classes.csv, a line a class, and confusion.csv, the pixels of all photos, atomically."""
        write_csv(
            folder / "classes.csv",
            [[field.name for field in fields(ClassRow)], *(asdict(row).values() for row in self.rows)],
        )
        names = self.labels.names
        matrix = ((name, *row) for name, row in zip(names, self.confusion.tolist(), strict=True))
        write_csv(folder / "confusion.csv", [("true \\ predicted", *names), *matrix])


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _listed(labels: LabelMap, there: np.ndarray) -> str:
    """Return the names of the classes [C] that are there, without the background."""
    return "; ".join(labels.names[index] for index in np.flatnonzero(there) if index)
