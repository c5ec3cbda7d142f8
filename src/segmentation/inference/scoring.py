"""From a bundle to the whole way from a photo to its scores, in one pass or two."""

from collections.abc import Callable

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.types import ScoreFn
from segmentation.inference.engines import Engine, load_engine
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.scores.two_passes import double_pass

Enlargement = Callable[[np.ndarray], float]
"""How many times, 1 or more, the scores of a photo, float32 [H, W, C], were enlarged to its size."""


def load_score(
    bundle: ModelBundle, *, engine: str = "auto", precision: str = "auto", streams: int = 1
) -> tuple[ScoreFn, list[Engine]]:
    """The score function of a bundle and the engines that it runs on, the first pass first.

    The arguments are those of `load_engine`, and so is what it raises.
    """
    engines = [load_engine(one, engine=engine, precision=precision, streams=streams) for one in bundle.passes]
    return with_first_pass(bundle, engines[-1], engines[0]), engines


def with_first_pass(bundle: ModelBundle, second: ScoreFn, first: ScoreFn) -> ScoreFn:
    """`second` looking where `first` tells it to, or all alone where the bundle has no first pass."""
    look = second_pass_view(bundle)
    return double_pass(first, second, look) if look else second


def second_pass_view(bundle: ModelBundle) -> SecondPassView | None:
    """What the bundle's network sees of a photo; None where it sees all of it."""
    if not bundle.first:
        return None
    return SecondPassView.from_config(bundle.config.second_pass, bundle.first.threshold, bundle.input_size)


def enlargement_of(bundle: ModelBundle) -> Enlargement:
    """Of the scores of a bundle: from its network's input to the photo, or to the region that it sees."""
    look = second_pass_view(bundle)

    def enlargement(scores: np.ndarray) -> float:
        region = look.region(scores) if look else None
        rows = region.bottom - region.top if region else len(scores)
        return max(1.0, rows / bundle.input_size.height)

    return enlargement
