"""Learn from photos that a model has not learned how good its masks are when they look as they do."""

from collections.abc import Sequence

import numpy as np

from segmentation.bundle import ModelBundle
from segmentation.data.parallel import OnProgress
from segmentation.data.selection import without_predicted
from segmentation.errors import DataError
from segmentation.evaluation import metrics
from segmentation.evaluation.photo import read_pair
from segmentation.evaluation.triage import rank_correlation
from segmentation.experience import (
    SIGNS,
    Evidence,
    Experience,
    dice_of,
    error_of,
    garment_found,
    signs_of,
    usual_of,
)
from segmentation.inference.judge import Judge, judge_of
from segmentation.inference.predict import predict
from segmentation.inference.scoring import load_score
from segmentation.types import Sample, ScoreFn

FEWEST_PHOTOS = 12
"""Photos that experience needs; from fewer no error can be told from another."""

_FOLDS = 5
_PENALTY = 3.0  # on the weights of standardised signs; from 0.1 to 10 it makes no difference


def experience_of(
    bundle: ModelBundle,
    samples: Sequence[Sample],
    others: Sequence[ModelBundle] = (),
    on_progress: OnProgress | None = None,
) -> Experience:
    """What predictions of photos that were not learned say of the bundle.

    Each photo is predicted by the bundle or, where it has learned it, by the first of `others`, models of its
    folds, that has not. Photos in which no garment was found have no confidence and teach none. Raises
    DataError where fewer than `FEWEST_PHOTOS` are left, and what `read_pair` does.
    """
    samples = without_predicted(samples)
    models = [(one.learned, one, *_load(one)) for one in (bundle, *others)]
    evidence, dice, judged = [], [], []
    for done, sample in enumerate(samples, start=1):
        unbiased = next((rest for learned, *rest in models if sample.id not in learned), None)
        if unbiased:
            model, score, judge = unbiased
            photo, alpha = read_pair(sample)
            prediction = predict(score, model, sample.id, photo, model.threshold, judge)
            target = alpha >= model.config.data.target_threshold * 255
            if garment_found(prediction.evidence):
                evidence.append(prediction.evidence)
                dice.append(metrics.dice(metrics.counts(prediction.mask, target)))
                judged.append(sample)
        if on_progress:
            on_progress(done, len(samples))
    if len(dice) < FEWEST_PHOTOS:
        raise DataError(
            f"{bundle.name}: expected at least {FEWEST_PHOTOS} photos that it has not learned and finds a "
            f"garment in, to know its errors from, received {len(dice)}; give other --data, or models of its "
            "folds with --fold-model"
        )
    return learn(evidence, dice, [sample.id for sample in judged], [sample.group for sample in judged])


def learn(
    evidence: Sequence[Evidence], dice: Sequence[float], samples: Sequence[str], garments: Sequence[str]
) -> Experience:
    """Fit the confidence to evidence and Dice, in [0, 1], of the same photos, with their ids and groups.

    A ridge regression without negative weights of the logarithm of the error. Its error and correlation are
    those of garments that were left out, all views of one together. Raises DataError for a single garment.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len({*garments}) < 2:
        raise DataError("expected photos of several garments to learn from, received those of one")
    usual, dice = usual_of(evidence), np.asarray(dice)
    signs = np.array([[signs_of(one, usual)[name] for name in SIGNS] for one in evidence])
    error = error_of(dice)
    model = make_pipeline(StandardScaler(), Ridge(_PENALTY, positive=True))
    folds = GroupKFold(min(_FOLDS, len({*garments})))
    expected = dice_of(cross_val_predict(model, signs, error, groups=garments, cv=folds))
    scaler, ridge = model.fit(signs, error)
    weights = ridge.coef_ / scaler.scale_
    return Experience(
        samples=tuple(samples),
        usual=usual,
        weights={name: float(weight) for name, weight in zip(SIGNS, weights, strict=True)},
        bias=float(ridge.intercept_ - weights @ scaler.mean_),
        error=float(np.abs(expected - dice).mean()),
        correlation=rank_correlation(expected, dice),
    )


def _load(bundle: ModelBundle) -> tuple[ScoreFn, Judge]:
    score, engines = load_score(bundle)
    return score, judge_of([bundle], engines[:1], None)
