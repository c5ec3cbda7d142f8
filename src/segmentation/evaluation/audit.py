"""Rank pairs by how far models that were not trained on them disagree with their ground truth."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import DataError
from segmentation.core.parallel import OnProgress
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.selection import without_predicted
from segmentation.evaluation.disagreement import Disagreement, measure
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.inference.scoring import load_score
from segmentation.scores.augmentation import averaged, flip_averaged

Unbiased = Callable[[Sample], tuple[ScoreFn, float]]
"""The score function for a pair, of models that were not trained on it, and the threshold of their mask."""

LEAST_QUALITY = 0.9
"""The least median held-out Dice of models that may mark labels; poorer ones would see their own errors."""

_OUTLYING = 3.5  # deviations, by the median, from which Iglewicz and Hoaglin (1993) call a value an outlier
_LEAST_REGION = 0.02  # of the garment's area
_LEAST_GAIN, _LEAST_SHIFT = 0.01, 1 / 288  # of the garment's area, and of the photo's height
_UNSUPPORTED = 0.4  # of the contrast of an outline: a label that ends where the photo has no edge
_LEAST_UNSUPPORTED = 0.01  # of the garment's area
_BETTER_PLACED = 1.4  # times the contrast of the label's outline: the model's lies on the edges


@dataclass(frozen=True)
class Finding:
    """A pair, the criteria by which its label is doubted, and whether they are clear enough to mark it."""

    disagreement: Disagreement
    criteria: tuple[str, ...]
    marked: bool


def quality(pairs: Sequence[Disagreement]) -> float:
    """Return the quality of the models that judge the labels: their median held-out Dice; 0 for no pairs.

    A few wrong labels do not change the median.
    """
    return float(np.median([pair.dice for pair in pairs])) if pairs else 0.0


def words_on_quality(findings: Sequence[Finding]) -> str:
    """Return the quality of the models in words, and why they mark no labels where they are poor."""
    found = quality([finding.disagreement for finding in findings])
    judged = f"the models that judged these labels reach a held-out Dice of {found:.4f} (median)"
    if found >= LEAST_QUALITY:
        return judged
    return (
        f"{judged}, less than {LEAST_QUALITY:g}: too poor to tell a wrong label from an error of their own, "
        "so no pair is marked; train them longer, or name better ones"
    )


def unbiased_scores(bundles: Sequence[ModelBundle], samples: Sequence[Sample]) -> Unbiased:
    """Return the scores of each sample: by the models not trained on it, averaged, as is and mirrored.

    Predicted pairs are left out. Raises DataError, naming a sample, where every model was trained on it, and
    where all are predicted.
    """
    samples = without_predicted(samples)
    known = [KnownPhotos.trained_on(bundle) for bundle in bundles]
    for sample in samples:
        if all(sample in photos for photos in known):
            raise DataError(
                f"`fold_model`: expected a model that was not trained on {sample.id}, received "
                f"{', '.join(bundle.name for bundle in bundles)}; name the models of the other folds too"
            )
    scores = [flip_averaged(load_score(bundle)[0]) for bundle in bundles]

    def unbiased(sample: Sample) -> tuple[ScoreFn, float]:
        chosen = [number for number, photos in enumerate(known) if sample not in photos]
        threshold = float(np.mean([bundles[number].threshold for number in chosen]))
        return averaged([scores[number] for number in chosen]), threshold

    return unbiased


def audit(
    unbiased: Unbiased,
    samples: Sequence[Sample],
    target_threshold: float = 0.5,
    on_progress: OnProgress | None = None,
) -> tuple[Finding, ...]:
    """Compare the label of each pair with scores of models not trained on it, and rank the pairs.

    Predicted pairs are left out. Raises what `read_pair`, `score_photo` and `without_predicted` raise.
    """
    measured, samples = [], without_predicted(samples)
    for done, sample in enumerate(samples, start=1):
        image, alpha = read_pair(sample)
        score, threshold = unbiased(sample)
        scores, _ = score_photo(score, image, sample)
        measured.append(measure(sample, image, scores[..., 0], alpha >= target_threshold * 255, threshold))
        if on_progress:
            on_progress(done, len(samples))
    return rank(measured)


def rank(disagreements: Iterable[Disagreement]) -> tuple[Finding, ...]:
    """Return the pairs, most suspicious first, each with the criteria by which it is doubted.

    - `two-sd`: a Dice more than two standard deviations below the mean, the rule of thumb.
    - `region`: regions that make up a larger share of the garment than those of the other pairs.
    - `shift`: a label that would fit better if it were moved, by more than those of the other pairs.
    - `no-edge`: regions where the label's outline lies on no edge of the photo, or a shift to an outline that
      lies on edges when the label's does not.

    The last one marks a pair, since it does not depend on the model, which misses parts of hard garments;
    but none is marked where the `quality` of the models is below `LEAST_QUALITY`.
    """
    pairs = sorted(disagreements, key=lambda pair: (-pair.suspicion, pair.dice, pair.id))
    dice = np.array([pair.dice for pair in pairs])
    lowest_dice = dice.mean() - 2 * dice.std() if pairs else 0.0
    region_limit = max(_limit([pair.region_share for pair in pairs]), _LEAST_REGION)
    gain_limit = max(_limit([pair.gain for pair in pairs]), _LEAST_GAIN)
    findings, trusted = [], quality(pairs) >= LEAST_QUALITY
    for pair in pairs:
        unsupported = sum(region.share for region in pair.regions if region.support < _UNSUPPORTED)
        is_shifted = pair.gain >= gain_limit and pair.shift_px >= _LEAST_SHIFT * pair.height_px
        met = {
            "two-sd": pair.dice < lowest_dice,
            "region": pair.region_share >= region_limit,
            "shift": is_shifted,
            "no-edge": unsupported >= _LEAST_UNSUPPORTED or (is_shifted and pair.contrast >= _BETTER_PLACED),
        }
        findings.append(
            Finding(pair, tuple(name for name in met if met[name]), marked=trusted and met["no-edge"])
        )
    return tuple(findings)


def _limit(values: Sequence[float]) -> float:
    """Return the value from which others are outliers, by median and median absolute deviation."""
    if not values:
        return 0.0
    middle = np.median(values)
    return float(middle + _OUTLYING * 1.4826 * np.median(np.abs(np.asarray(values) - middle)))
