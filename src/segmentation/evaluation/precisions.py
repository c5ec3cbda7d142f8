"""Judge a model in float32 and in bfloat16 against the ground truth of held-out photos."""

from collections.abc import Sequence
from statistics import fmean

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.precisions import Exactness, Precisions
from segmentation.core.events import Tell, counting, ignore
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.evaluation.evaluate import evaluate

_DECIMALS = 6


def judge_precisions(
    bundle: ModelBundle, f32: ScoreFn, bf16: ScoreFn, samples: Sequence[Sample], tell: Tell = ignore
) -> Precisions:
    """Return the figures of a bundle's scores in both precisions, at its threshold and at full size.

    Raises what `evaluate` raises.
    """

    def judged(score: ScoreFn, name: str) -> Exactness:
        found = evaluate(
            score,
            samples,
            bundle.threshold,
            labels=bundle.labels,
            target_threshold=bundle.config.data.target_threshold,
            on_progress=counting(tell, f"judging {name}"),
        )
        return Exactness(
            dice=round(fmean(row.dice for row in found.rows), _DECIMALS),
            boundary_f1=round(fmean(row.boundary_f1 for row in found.rows), _DECIMALS),
            clean=found.clean,
        )

    return Precisions(len(samples), judged(f32, "float32"), judged(bf16, "bfloat16"))
