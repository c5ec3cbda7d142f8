"""Fit a model's confidence in its masks, on photos that it was not trained on."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.edge_lines import Beyond, beyond_lines, mean_distances
from segmentation.confidence.estimator import ConfidenceEstimator, estimator_for
from segmentation.confidence.fitting import fit_confidence_model
from segmentation.confidence.model import ConfidenceModel, garment_found
from segmentation.confidence.place_fitting import KnownCandidate, fit_place_model, share_of_wrong_ends
from segmentation.confidence.viewpoints import Ends, View, ends_of
from segmentation.config.faults import USUAL, FaultOptions
from segmentation.core.digests import content_of
from segmentation.core.errors import DataError
from segmentation.core.parallel import OnProgress
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.datasets.selection import new_to, without_predicted
from segmentation.evaluation.fault_lessons import fault_lessons
from segmentation.evaluation.photo import read_pair
from segmentation.inference.predict import predict
from segmentation.inference.scoring import load_score
from segmentation.metrics import masks as metrics
from segmentation.metrics.faults import faults

FEWEST_PHOTOS = 12
"""The number of photos that a confidence model needs; fewer cannot separate good and bad masks."""


def fit_confidence(
    bundle: ModelBundle,
    samples: Sequence[Sample],
    others: Sequence[ModelBundle] = (),
    on_progress: OnProgress | None = None,
    fault_options: FaultOptions = USUAL,
) -> ConfidenceModel:
    """Return the confidence model of a bundle, fitted on predictions of photos that it was not trained on.

    Each photo is predicted by the bundle or, where it was trained on its garment, by the first of `others`,
    models of its folds, that was not. Photos in which no garment was found have no confidence and are left
    out. Which masks have a fault of `fault_options` is recorded, and how far off their true edges are; where
    faults are likely is fitted to their faults and to planted ones, unless there are too few. Raises
    DataError where fewer than `FEWEST_PHOTOS` are left, and what `read_pair` does.
    """
    samples = without_predicted(samples)
    models = [_Loaded.of(model, samples) for model in (bundle, *others)]
    features, dice, faulty = [], [], []
    used: list[Sample] = []
    edges: list[tuple[str, Beyond]] = []
    known: list[KnownCandidate] = []
    ends: dict[str, Ends] = {}
    sizes = fault_options.fault_thickness_px, fault_options.fault_area_px
    for done, sample in enumerate(samples, start=1):
        unbiased = next((model for model in models if sample.id in model.new), None)
        if unbiased:
            model = unbiased.bundle
            photo, alpha = read_pair(sample)
            prediction = predict(unbiased.score, model, sample.id, photo, model.threshold)
            second = unbiased.estimator.second_mask(photo)
            prediction = unbiased.estimator.judge(photo, prediction, second)
            target = alpha >= model.config.data.target_threshold * 255
            if garment_found(prediction.features):
                known += fault_lessons(len(used), photo, prediction, second, target, sizes)
                features.append(prediction.features)
                dice.append(metrics.dice(metrics.counts(prediction.mask, target)))
                faulty.append(bool(faults(prediction.mask, target, *sizes)))
                used.append(sample)
                if (true := ends_of(target)) is not None:
                    ends[sample.id] = true
                if (beyond := beyond_lines(prediction.mask, target)) is not None:
                    edges.append((sample.group or sample.id, beyond))
        if on_progress:
            on_progress(done, len(samples))
    if len(dice) < FEWEST_PHOTOS:
        raise DataError(
            f"{bundle.name}: expected at least {FEWEST_PHOTOS} photos of garments that it was not trained on "
            f"and in which it finds one, received {len(dice)}; give other `data`, or models of "
            "its folds with `fold_model`"
        )
    garments = [sample.group or sample.id for sample in used]
    fitted = fit_confidence_model(
        features, dice, [sample.id for sample in used], garments, faulty, fault_options
    )
    contents = tuple(content_of(sample.photo) for sample in used)
    fitted = dataclasses.replace(fitted, contents=contents, edges=mean_distances(edges))
    learned = fit_place_model(known, garments, faulty)
    if learned is None:
        return fitted
    assert fitted.outcomes
    places, expected = learned
    views = (
        View.of(sample.id, confidence, of)
        for sample, confidence, of in zip(used, fitted.outcomes.confidence, features, strict=True)
    )
    places = dataclasses.replace(places, odd_ends=share_of_wrong_ends(filter(None, views), ends))
    outcomes = dataclasses.replace(fitted.outcomes, expected_faults=tuple(np.round(expected, 5).tolist()))
    return dataclasses.replace(fitted, places=places, outcomes=outcomes)


@dataclass(frozen=True)
class _Loaded:
    """A model with its score function and settings, and the ids of the photos that are new to it."""

    bundle: ModelBundle
    new: frozenset[str]
    score: ScoreFn
    estimator: ConfidenceEstimator

    @classmethod
    def of(cls, bundle: ModelBundle, samples: Sequence[Sample]) -> "_Loaded":
        score, engines = load_score(bundle)
        return cls(
            bundle,
            new_to(bundle, samples),
            score,
            estimator_for(engines[:1], bundle.passes[0].threshold, None),
        )
