"""Training data of a place model from a photo with ground truth: candidates that are faults, some planted."""

import numpy as np

from segmentation.confidence.candidates import find_candidates
from segmentation.confidence.place_fitting import KnownCandidate, known_candidates
from segmentation.core.predictions import Prediction
from segmentation.evaluation.planted_faults import PLANTED, PlantedFault, plant_fault
from segmentation.metrics.faults import faults_and_regions

_PLANTED_EACH = 2  # in a photo, of different kinds
_FOOLED = 0.5  # of the planted faults are such that the second opinion has them too
_WRONG_BEFORE = 0.1  # of a planted fault, at most: else it may be a correction
_SHARED = 0.3


def fault_lessons(
    number: int,
    photo: np.ndarray,
    prediction: Prediction,
    second: np.ndarray,
    target: np.ndarray,
    sizes: tuple[int, int],
) -> list[KnownCandidate]:
    """Return the candidates of the photo of a number, and those at faults that are planted into its mask.

    `photo` is uint8 RGB [H, W, 3], `second` the second opinion and `target` the true mask, bool [H, W];
    `sizes` are the thickness and the area of faults. Which faults are planted depends on the number alone.
    """
    random = np.random.default_rng(number)
    scores, mask = prediction.scores[..., 0], prediction.mask
    candidates = find_candidates(photo, scores, mask, second)
    known = known_candidates(number, candidates, faults_and_regions(mask, target, *sizes)[1])
    for kind in random.permutation(list(PLANTED))[:_PLANTED_EACH]:
        planted = plant_fault(scores, prediction.threshold, str(kind), random)
        if planted is None or not _is_wrong(planted, mask, target):
            continue
        opinion = with_planted(second, mask, planted) if random.random() < _FOOLED else second
        candidates = find_candidates(photo, planted.scores, planted.mask, opinion)
        changed = planted.mask != mask
        for region, figures in candidates:
            shared = np.count_nonzero(changed[region.slices] & region.pixels)
            if shared >= _SHARED * np.count_nonzero(region.pixels):
                known.append(KnownCandidate(number, figures, fault=True, planted=True))
    return known


def with_planted(second: np.ndarray, mask: np.ndarray, planted: PlantedFault) -> np.ndarray:
    """Return a second opinion, bool [H, W], that has a planted fault too."""
    return np.where(planted.mask != mask, planted.mask, second)


def _is_wrong(planted: PlantedFault, mask: np.ndarray, target: np.ndarray) -> bool:
    changed = planted.mask != mask
    return bool(np.count_nonzero(changed & (mask != target)) <= _WRONG_BEFORE * np.count_nonzero(changed))
