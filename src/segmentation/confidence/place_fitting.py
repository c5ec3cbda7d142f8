"""Fit a place model to candidates of held-out predictions, with faults that happened and planted ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.confidence.candidates import Candidate
from segmentation.confidence.logistic import fit_rising, logistic, minus_log10, shift_to
from segmentation.confidence.places import FAULTS_FLOOR, FIGURES, PlaceModel
from segmentation.confidence.viewpoints import Ends, View, odd_views

_FOLDS = 5
_STRENGTH = 0.3  # the inverse of the penalty
_OF_PLANTED = 0.3  # the weight of what is planted
_FEWEST = 10  # faults, and candidates that are none
_MATCH, _COVER = 0.3, 0.5


@dataclass(frozen=True)
class KnownCandidate:
    """A candidate in the photo of a number: its figures, whether it is a fault, and whether a planted one."""

    photo: int
    figures: Mapping[str, float]
    fault: bool
    planted: bool = False


def known_candidates(photo: int, candidates: Sequence[Candidate], places: np.ndarray) -> list[KnownCandidate]:
    """Return candidates with what they are by the ground truth.

    `places` are the faults, int32 [H, W], see `faults_and_regions`. A candidate is a fault where three tenths
    of it are, or where it has half of one.
    """
    sizes = np.bincount(places.ravel())
    known = []
    for region, figures in candidates:
        counts = np.bincount(places[region.slices][region.pixels], minlength=len(sizes))
        held = counts[1:] >= _COVER * sizes[1:]
        fault = counts[1:].sum() >= _MATCH * counts.sum() or bool(held.any())
        known.append(KnownCandidate(photo, figures, bool(fault)))
    return known


def share_of_wrong_ends(views: Iterable[View], masks: Mapping[str, Ends]) -> float | None:
    """Return how often a garment is wrong at the end at which it is higher, or less high, from one side.

    `masks` are the ends of the true masks, by stem. By Laplace's rule of succession, so that a few are no
    certainty; None where there is no such end.
    """
    wrong = [
        odd.end.is_fault(masks[stem]) for stem, odd in odd_views(views).items() if odd.end and stem in masks
    ]
    return (sum(wrong) + 1) / (len(wrong) + 2) if wrong else None


def fit_place_model(
    known: Sequence[KnownCandidate], garments: Sequence[str], faulty: Sequence[bool]
) -> tuple[PlaceModel, np.ndarray] | None:
    """Return a place model of photos, and the faults that are expected of each by a model without it.

    `garments` and `faulty`, whether the mask has a fault, are of each photo; the expected faults are
    float64 [N]. All views of a garment are in one fold. None where there are too few candidates of either
    kind, or of garments, to fit to.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = np.array([one.fault for one in known], bool)
    planted = np.array([one.planted for one in known], bool)
    real, of_photo = ~planted, np.array([one.photo for one in known], int)
    groups = np.unique(list(garments), return_inverse=True)[1]
    places = groups[of_photo] if len(of_photo) else np.zeros(0, int)
    fewest = min(np.count_nonzero(found & real), np.count_nonzero(~found & real))
    if fewest < _FEWEST or len(np.unique(places)) < _FOLDS:
        return None
    columns = np.array([[one.figures[name] for name in FIGURES] for one in known])
    weights = np.where(planted, _OF_PLANTED, 1.0)

    def fitted(chosen: np.ndarray) -> tuple[np.ndarray, float]:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=1000))
        model.fit(columns[chosen], found[chosen], logisticregression__sample_weight=weights[chosen])
        scaler, regression = model[0], model[1]
        slopes = regression.coef_[0] / scaler.scale_
        return slopes, float(regression.intercept_[0] - slopes @ scaler.mean_)

    odds = np.zeros(len(known))
    for train, held_out in GroupKFold(_FOLDS).split(columns, found, places):
        if found[train].all() or not found[train].any():
            return None
        slopes, bias = fitted(train)
        odds[held_out] = columns[held_out] @ slopes + bias
    shift = shift_to(odds[real], float(found[real].mean()))  # what is planted is no more of it
    expected = np.bincount(of_photo[real], logistic(shift + odds[real]), minlength=len(garments))
    clean_bias, clean_slope = fit_rising(minus_log10(expected, FAULTS_FLOOR), ~np.array(faulty, bool))
    slopes, bias = fitted(np.arange(len(known)))
    model = PlaceModel(
        weights={name: float(slope) for name, slope in zip(FIGURES, slopes, strict=True)},
        bias=shift + bias,
        clean_bias=clean_bias,
        clean_slope=clean_slope,
        ranking=float(roc_auc_score(found[real], odds[real])),
        candidates=len(known),
        planted=int(planted.sum()),
    )
    return model, expected
