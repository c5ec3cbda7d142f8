"""Several models on the same photos: how good each is, and how far it is from the first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segmentation.config.faults import FaultOptions
from segmentation.evaluation.candidates import Facts
from segmentation.evaluation.history import History, LastQuarter, last_quarter
from segmentation.evaluation.retouchers import Retouchers
from segmentation.evaluation.set_figures import Evaluation
from segmentation.metrics import classes as class_metrics
from segmentation.metrics.intervals import (
    Difference,
    Interval,
    mean_interval,
    paired_difference,
    share_interval,
)

MEASURES = {
    "dice": "Dice",
    "iou": "IoU",
    "accuracy": "pixel accuracy",
    "boundary_f1": "boundary F1",
    "clean": "clean rate",
    "fault_count": "faults a photo",
    "largest_fault_share": "largest fault",
}
"""The measures of each photo and their names; for several classes Dice and IoU are means."""

LESS_IS_BETTER = frozenset({"fault_count", "largest_fault_share"})
"""The measures that are better the lower they are."""

_CHANGES = 10  # photos listed as gains, and as losses


@dataclass(frozen=True)
class Change:
    """One photo's figure by the baseline and by the model."""

    id: str
    baseline: float
    model: float

    @property
    def difference(self) -> float:
        return self.model - self.baseline


@dataclass(frozen=True)
class Pair:
    """A model against the baseline: the `compared` measures, and at most ten photos that change most.

    Change is measured by the first of them.
    """

    model: str
    differences: Mapping[str, Difference]
    gains: tuple[Change, ...]
    losses: tuple[Change, ...]


@dataclass(frozen=True)
class Candidate:
    """A model that has been evaluated, and the course of its training where that is known."""

    name: str
    facts: Facts
    evaluation: Evaluation
    history: History = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """A model's figures: `means` of the `MEASURES` over the photos and the values of each, by their keys.

    `whole` are those of all pixels together by name, and `class_iou` that of each class, None for one that is
    neither true nor predicted; both are empty for a cutout. `last_quarter` tells of the training.
    """

    name: str
    facts: Facts
    means: Mapping[str, Interval]
    dice_median: float
    dice_min: float
    by_photo: Mapping[str, tuple[float, ...]]
    whole: Mapping[str, float]
    class_iou: tuple[float | None, ...]
    last_quarter: LastQuarter | None

    @property
    def quality(self) -> float:
        """The main figure: the mean IoU of all pixels, or a cutout's mean Dice."""
        return self.whole["mean_iou"] if self.whole else self.means["dice"].mean


@dataclass(frozen=True)
class Comparison:
    """Models on the same `photos` of `garments`, each pair against `baseline`.

    `garments_shown` is the garment of each photo, or the photo itself where that is unknown.

    `compared` are the measures by which pairs are compared, the most important first. `classes` and
    their `shares` of the true pixels are those of models that mark several, and empty for cutouts.
    `references` are published figures by name, of the kind of `Figures.quality`. `retouchers` are the figures
    of two people's ground truths of the same photo, None where there are no such pairs.
    """

    photos: tuple[str, ...]
    garments: int
    tolerance_px: float
    baseline: str
    fault_options: FaultOptions
    compared: tuple[str, ...]
    classes: tuple[str, ...]
    shares: tuple[float, ...]
    models: tuple[Figures, ...]
    pairs: tuple[Pair, ...]
    references: Mapping[str, float]
    retouchers: Retouchers | None = None
    garments_shown: tuple[str, ...] = ()

    @property
    def quality_name(self) -> str:
        return "mean IoU" if self.classes else "mean Dice"

    @property
    def worst_first(self) -> list[int]:
        """The places of the photos, by the lowest figure, Dice or IoU, that any model reaches on them."""
        values = [model.by_photo[self.compared[0]] for model in self.models]
        lowest = np.min(values, axis=0)  # [models, N] -> [N]
        return [int(place) for place in np.argsort(lowest, kind="stable")]

    @property
    def largest_class_first(self) -> list[int]:
        """The indices of the classes by falling share."""
        return sorted(range(len(self.classes)), key=lambda index: -self.shares[index])


def largest_changes(
    photos: Sequence[str], values: Sequence[float], baseline: Sequence[float]
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the photos that gain most and those that lose most, at most ten each, the largest first."""
    changes = [
        Change(photo, float(before), float(after))
        for photo, before, after in zip(photos, baseline, values, strict=True)
    ]
    changes.sort(key=lambda change: (change.difference, change.id))
    losses = [change for change in changes if change.difference < 0]
    gains = [change for change in reversed(changes) if change.difference > 0]
    return tuple(gains[:_CHANGES]), tuple(losses[:_CHANGES])


def compare(
    candidates: Sequence[Candidate],
    garments: int,
    references: Mapping[str, float] | None = None,
    retouchers: Retouchers | None = None,
) -> Comparison:
    """Compare every candidate with the first, which is the baseline.

    All evaluations are of the same photos, which show so many `garments`, in the same order. Raises
    DataError for fewer than two photos and ValueError when the photos differ.
    """
    photos = tuple(row.id for row in candidates[0].evaluation.rows)
    for candidate in candidates[1:]:
        if tuple(row.id for row in candidate.evaluation.rows) != photos:
            raise ValueError(f"expected {candidate.name} to be evaluated on the photos of the others")
    models = tuple(_figures(candidate) for candidate in candidates)
    baseline, classes = models[0], candidates[0].evaluation.classes
    by_area = ("iou", "accuracy") if classes else ("dice", "boundary_f1")
    compared = (*by_area, "clean", "fault_count")
    garments_shown = [row.garment for row in candidates[0].evaluation.rows]
    true = classes.confusion.sum(axis=1) if classes else np.zeros(0)  # [C]
    return Comparison(
        photos=photos,
        garments=garments,
        tolerance_px=candidates[0].evaluation.tolerance_px,
        fault_options=candidates[0].evaluation.fault_options,
        baseline=baseline.name,
        compared=compared,
        classes=classes.labels.names if classes else (),
        shares=tuple((true / max(true.sum(), 1)).tolist()),
        models=models,
        pairs=tuple(_pair(photos, model, baseline, compared, garments_shown) for model in models[1:]),
        references=dict(references or {}),
        retouchers=retouchers,
        garments_shown=tuple(garments_shown),
    )


def _figures(candidate: Candidate) -> Figures:
    rows, classes = candidate.evaluation.rows, candidate.evaluation.classes
    by_photo = {measure: tuple(float(getattr(row, measure)) for row in rows) for measure in MEASURES}
    garments = [row.garment for row in rows]
    class_iou = class_metrics.iou(classes.confusion).tolist() if classes else ()
    return Figures(
        name=candidate.name,
        facts=candidate.facts,
        means={
            measure: (share_interval if measure == "clean" else mean_interval)(np.array(values), garments)
            for measure, values in by_photo.items()
        },
        dice_median=float(np.median(by_photo["dice"])),
        dice_min=min(by_photo["dice"]),
        by_photo=by_photo,
        whole=classes.summary() if classes else {},
        class_iou=tuple(None if np.isnan(value) else value for value in class_iou),
        last_quarter=last_quarter(candidate.history, "val_iou" if classes else "val_dice"),
    )


def _pair(
    photos: Sequence[str],
    model: Figures,
    baseline: Figures,
    compared: Sequence[str],
    garments: Sequence[str],
) -> Pair:
    before, after = baseline.by_photo, model.by_photo
    gains, losses = largest_changes(photos, after[compared[0]], before[compared[0]])
    return Pair(
        model=model.name,
        differences={
            measure: paired_difference(
                np.array(after[measure]),
                np.array(before[measure]),
                garments,
                less_is_better=measure in LESS_IS_BETTER,
            )
            for measure in compared
        },
        gains=gains,
        losses=losses,
    )
