"""Several models on the same photos: how far apart are they, and could chance have done it?

Every figure is one of photos: measures are float64 [N] in [0, 1], one value a photo, in the same order for
every model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.errors import DataError
from segmentation.evaluation.candidates import Facts
from segmentation.evaluation.evaluate import Evaluation

CONFIDENCE = 0.95
RESAMPLES = 10_000
SEED = 0  # the same for all, so that every model is judged on the same resampled photos

_BATCH = 1000  # resamples that are in memory at once
_SAME = 1e-12  # differences of equal differences, by rounding; resampled, they would give no sense
_CHANGES = 10  # photos listed as gains, and as losses


@dataclass(frozen=True)
class Interval:
    """A mean over photos and the bootstrap interval of that mean at `CONFIDENCE`."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A model's mean difference from the baseline; positive is better.

    `p_value` is that of the Wilcoxon signed-rank test; `better`, `worse` and `equal` count photos.
    """

    interval: Interval
    p_value: float
    better: int
    worse: int
    equal: int


@dataclass(frozen=True)
class Change:
    """One photo's Dice by the baseline and by the model."""

    id: str
    baseline: float
    model: float

    @property
    def difference(self) -> float:
        return self.model - self.baseline


@dataclass(frozen=True)
class Pair:
    """A model against the baseline: both measures, and the photos whose Dice changes most, at most ten."""

    model: str
    dice: Difference
    boundary_f1: Difference
    gains: tuple[Change, ...]
    losses: tuple[Change, ...]


@dataclass(frozen=True)
class Candidate:
    """A model that has been evaluated."""

    name: str
    facts: Facts
    evaluation: Evaluation


@dataclass(frozen=True)
class Figures:
    """A model's figures: the values of each photo, and what they come to."""

    name: str
    facts: Facts
    dice: Interval
    dice_median: float
    dice_min: float
    iou: Interval
    boundary_f1: Interval
    dice_by_photo: tuple[float, ...]
    boundary_f1_by_photo: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """Models on the same `photos` of `garments`, each pair against `baseline`.

    `references` are published mean Dice by name.
    """

    photos: tuple[str, ...]
    garments: int
    tolerance_px: float
    baseline: str
    models: tuple[Figures, ...]
    pairs: tuple[Pair, ...]
    references: Mapping[str, float]

    @property
    def worst_first(self) -> list[int]:
        """The places of the photos by the lowest Dice that any model gives them."""
        lowest = np.min([model.dice_by_photo for model in self.models], axis=0)  # [models, N] -> [N]
        return [int(place) for place in np.argsort(lowest, kind="stable")]


def mean_interval(values: np.ndarray) -> Interval:
    """The mean of float64 [N] and its bootstrap interval, bias-corrected and accelerated (BCa, Efron 1987).

    The N photos are resampled `RESAMPLES` times, the same way in every call. Values that are all equal
    give an interval of no width. Raises DataError for fewer than two.
    """
    from scipy import stats

    values = np.asarray(values, np.float64)
    if len(values) < 2:
        raise DataError(f"comparison: expected at least 2 photos, received {len(values)}; give more --data")
    mean = float(values.mean())
    if np.ptp(values) < _SAME:
        return Interval(mean, mean, mean)
    low, high = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        confidence_level=CONFIDENCE,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Interval(mean, float(low), float(high))


def paired_difference(values: np.ndarray, baseline: np.ndarray) -> Difference:
    """How `values` differ from those of the `baseline` on the same photos, both float64 [N].

    The interval is that of `mean_interval` over the differences. The p-value is two-sided, after Wilcoxon
    1945, who leaves out photos without a difference; it is 1 where that leaves none. Raises DataError for
    fewer than two photos and ValueError for a different number of photos.
    """
    from scipy import stats

    if len(values) != len(baseline):
        raise ValueError(f"expected as many values as photos, received {len(values)} and {len(baseline)}")
    differences = np.asarray(values, np.float64) - np.asarray(baseline, np.float64)
    changed = differences[differences != 0]
    return Difference(
        interval=mean_interval(differences),
        p_value=float(stats.wilcoxon(changed).pvalue) if len(changed) else 1.0,
        better=int(np.count_nonzero(differences > 0)),
        worse=int(np.count_nonzero(differences < 0)),
        equal=int(np.count_nonzero(differences == 0)),
    )


def largest_changes(
    photos: Sequence[str], values: Sequence[float], baseline: Sequence[float]
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """The photos that gain most and those that lose most, at most ten each, the largest change first."""
    changes = [
        Change(photo, float(before), float(after))
        for photo, before, after in zip(photos, baseline, values, strict=True)
    ]
    changes.sort(key=lambda change: (change.difference, change.id))
    losses = [change for change in changes if change.difference < 0]
    gains = [change for change in reversed(changes) if change.difference > 0]
    return tuple(gains[:_CHANGES]), tuple(losses[:_CHANGES])


def compare(
    candidates: Sequence[Candidate], garments: int, references: Mapping[str, float] | None = None
) -> Comparison:
    """Hold every candidate against the first, which is the baseline.

    All evaluations are of the same photos, which show so many `garments`, in the same order. Raises
    DataError for fewer than two photos and ValueError when the photos differ.
    """
    photos = tuple(row.id for row in candidates[0].evaluation.rows)
    for candidate in candidates[1:]:
        if tuple(row.id for row in candidate.evaluation.rows) != photos:
            raise ValueError(f"expected {candidate.name} to be evaluated on the photos of the others")
    models = tuple(_figures(candidate) for candidate in candidates)
    baseline = models[0]
    return Comparison(
        photos=photos,
        garments=garments,
        tolerance_px=candidates[0].evaluation.tolerance_px,
        baseline=baseline.name,
        models=models,
        pairs=tuple(_pair(photos, model, baseline) for model in models[1:]),
        references=dict(references or {}),
    )


def _figures(candidate: Candidate) -> Figures:
    rows = candidate.evaluation.rows
    dice, boundary_f1 = [row.dice for row in rows], [row.boundary_f1 for row in rows]
    return Figures(
        name=candidate.name,
        facts=candidate.facts,
        dice=mean_interval(dice),
        dice_median=float(np.median(dice)),
        dice_min=min(dice),
        iou=mean_interval([row.iou for row in rows]),
        boundary_f1=mean_interval(boundary_f1),
        dice_by_photo=tuple(dice),
        boundary_f1_by_photo=tuple(boundary_f1),
    )


def _pair(photos: Sequence[str], model: Figures, baseline: Figures) -> Pair:
    gains, losses = largest_changes(photos, model.dice_by_photo, baseline.dice_by_photo)
    return Pair(
        model=model.name,
        dice=paired_difference(model.dice_by_photo, baseline.dice_by_photo),
        boundary_f1=paired_difference(model.boundary_f1_by_photo, baseline.boundary_f1_by_photo),
        gains=gains,
        losses=losses,
    )
