"""The end of a folder job: all photos are triaged together, and the review page is written."""

from collections.abc import Iterator, Mapping
from typing import Any

from segmentation.confidence.triage import REVISED, FolderTriage, triage_folder
from segmentation.confidence.verdict import Limits
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.score_settings import ScoreSettings, uncalibrated
from segmentation.outputs.manifest import Manifest
from segmentation.reports.review import write_review


def caution_about(models: Ensemble, threshold: float, settings: ScoreSettings) -> str:
    """Return how a run differs from the one that the confidence model was fitted on; empty if it does not."""
    differs = []
    if len(models.members) > 1:
        differs.append(f"it was fitted to {models.members[0].name} alone")
    if threshold != models.members[0].threshold:
        differs.append("it was fitted at the model's own threshold")
    differs += [f"it was fitted without `{name}`" for name in uncalibrated(settings.plain())]
    return ", and ".join(differs)


def triage_results(
    manifest: Manifest, models: Ensemble, limits: Limits, settings: Mapping[str, Any], caution: str
) -> FolderTriage:
    """Triage all photos of an open manifest, record and return the verdicts, and write the review.

    Photos that were made with other `settings` are left as they were. `caution` is why confidence is less
    reliable than usual.
    """

    def is_ours(record: Mapping[str, Any]) -> bool:
        key = record["key"] or {}
        return all(key.get(name) == value for name, value in settings.items())

    assert models.confidence_model is not None
    before: dict[str, dict[str, Any]] = {}

    def remembered() -> Iterator[Mapping[str, Any]]:
        for record in manifest.records():
            before[record["stem"]] = {
                name: value for name in REVISED if (value := record.get(name)) is not None
            }
            yield record

    triage = triage_folder(remembered(), models.confidence_model, limits, is_ours)
    manifest.revise(
        {
            row.stem: dict.fromkeys(before[row.stem]) | row.fields
            for row in triage.rows
            if row.fields != before[row.stem]
        }
    )
    write_review(manifest.path.parent, triage, limits, models.name, caution)
    return triage
