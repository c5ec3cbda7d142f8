"""The agreement between two people's cutouts of the same photo: the line to compare a model with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

import cv2
import numpy as np

from segmentation.config.faults import USUAL, FaultOptions
from segmentation.core.counting import counted
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import truth_of
from segmentation.datasets.origin import PSEUDO
from segmentation.evaluation.image_row import ImageRow, cutout_row
from segmentation.images.files import read_photo

_SMALL_PX = 96  # on a side of the pictures by which photos are compared
_SAME_LEVELS = 3.0  # of 255: what storing a photo anew changes, at that size, is less than one


@dataclass(frozen=True)
class Retouchers:
    """The figures of each pair of cutouts of one photo, one as if it were a prediction of the other."""

    rows: tuple[ImageRow, ...]
    tolerance_px: float

    @property
    def clean(self) -> int:
        """The number of pairs without a fault between them."""
        return sum(row.clean for row in self.rows)

    def summary(self) -> dict[str, Any]:
        """Return the figures by name, ready for JSON."""
        return {
            "pairs": len(self.rows),
            "dice_mean": fmean(row.dice for row in self.rows),
            "boundary_f1_mean": fmean(row.boundary_f1 for row in self.rows),
            "clean_images": self.clean,
            "clean_rate": self.clean / len(self.rows),
            "faults_mean": fmean(row.fault_count for row in self.rows),
            "largest_fault_share_mean": fmean(row.largest_fault_share for row in self.rows),
            "largest_fault_share_max": max(row.largest_fault_share for row in self.rows),
        }

    def line(self) -> str:
        """Return the figures in words: a sentence without a full stop."""
        figures = self.summary()
        return (
            f"two people's cutouts of the same photo, {counted(len(self.rows), 'pair')}: "
            f"Dice {figures['dice_mean']:.4f}, boundary F1 ({self.tolerance_px:g} px) "
            f"{figures['boundary_f1_mean']:.4f}, {self.clean} of {len(self.rows)} clean "
            f"({figures['clean_rate']:.2f}), {figures['faults_mean']:.1f} faults a photo"
        )


def compare_retouchers(
    samples: Sequence[Sample],
    copies: Iterable[Iterable[str]],
    *,
    labels: LabelMap = BINARY,
    target_threshold: float = 0.5,
    tolerance_px: float = 2.0,
    fault_options: FaultOptions = USUAL,
) -> Retouchers | None:
    """Compare the cutouts of photos that occur twice; None where there are none, and for several classes.

    `copies` are sets of ids that may be of one photo; ids that are not among the samples and predicted pairs
    are passed over. So are photos that do not look the same, such as other views that were listed as
    duplicates, and equal ground truths, which nobody made twice. Raises ImageError for files that cannot be
    read.
    """
    if not labels.binary:
        return None
    by_id = {sample.id: sample for sample in samples if sample.origin != PSEUDO}
    rows: dict[frozenset[str], ImageRow] = {}
    for ids in copies:
        for first, second in combinations(sorted({*ids} & by_id.keys()), 2):
            pair = by_id[first], by_id[second]
            if frozenset((first, second)) in rows or not _look_the_same(*pair):
                continue
            target, mask = (truth_of(sample).read() >= target_threshold * 255 for sample in pair)
            if not np.array_equal(target, mask):
                row = cutout_row(pair[0], mask, target, 0.0, tolerance_px, fault_options)
                rows[frozenset((first, second))] = row
    return Retouchers(tuple(rows.values()), tolerance_px) if rows else None


def _look_the_same(first: Sample, second: Sample) -> bool:
    photos = [read_photo(sample.photo) for sample in (first, second)]
    if photos[0].shape != photos[1].shape:
        return False
    small = [cv2.resize(photo, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA) for photo in photos]
    return float(cv2.absdiff(*small).mean()) < _SAME_LEVELS
