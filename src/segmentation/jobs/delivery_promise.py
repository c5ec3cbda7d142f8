"""The predicted cutouts that can be delivered unseen, so that a promise about their faults holds."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_by_digest
from segmentation.confidence.promise import Promise
from segmentation.confidence.triage import triage_folder
from segmentation.config.files import PromiseOptions
from segmentation.core.counting import counted
from segmentation.core.errors import DataError
from segmentation.core.events import Caution
from segmentation.inference.score_settings import uncalibrated
from segmentation.jobs.context import Context
from segmentation.jobs.triage_limits import promised_limits
from segmentation.outputs.manifest import Manifest

DRIFT_REMEDY = "look at some of them all the same, or calibrate the model with such photos"
"""The remedy where the photos of a folder are unlike those that a promise was made of."""


def promised_stems(
    results: Path, options: PromiseOptions, context: Context
) -> tuple[frozenset[str], Promise]:
    """Return the stems of the photos in a folder of results that are `auto` by a promise, and the promise.

    Photos that were scored in another way than those of the calibration are never among them; a Caution
    counts them, and another tells how the photos of the folder are unlike those. Raises DataError where the
    model of the masks is not there, and what `promised_limits` raises.
    """
    records = [record for record in Manifest.reading(results).records() if record["error"] is None]
    bundle = _model_of(records, results, context)
    limits = promised_limits(options, bundle)
    assert bundle.confidence_model
    assert limits.promise

    def is_ours(record: Mapping[str, Any]) -> bool:
        return _is_as_calibrated(record["key"] or {}, bundle)

    triage = triage_folder(records, bundle.confidence_model, limits, is_ours)
    if triage.others:
        others = counted(triage.others, "photo was", "photos were")
        context.tell(
            Caution(
                f"{others} not scored as {bundle.name} was calibrated, so that nothing is promised of them"
            )
        )
    if triage.shifts:
        context.tell(
            Caution(
                f"the promise may not hold: these photos are unlike those that {bundle.name} knows: "
                f"{', '.join(triage.shifts)}; {DRIFT_REMEDY}"
            )
        )
    return frozenset(row.stem for row in triage.rows if row.verdict.decision == "auto"), limits.promise


def _model_of(records: list[dict[str, Any]], results: Path, context: Context) -> ModelBundle:
    known = Counter(
        key["model"] for record in records if isinstance((key := record["key"] or {}).get("model"), str)
    )
    models = context.workspace.models
    digests = [digest for digest, _count in known.most_common(1)]
    bundle = find_by_digest(digests, models, likely=results.absolute().parent.name) if digests else None
    if bundle is None or bundle.confidence_model is None or bundle.digest not in digests:
        raise DataError(
            f"`promise`: expected masks of one model in {models} that was calibrated, found none of them in "
            f"{results}; leave it out"
        )
    return bundle


def _is_as_calibrated(key: Mapping[str, Any], bundle: ModelBundle) -> bool:
    same = key.get("model") == bundle.digest and key.get("threshold") == bundle.threshold
    return same and not uncalibrated(key)
