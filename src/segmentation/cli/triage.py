"""Options of what a person has to see of a folder, and the sorting at its end."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.cli.arguments import number_up_to

if TYPE_CHECKING:
    from segmentation.confidence.model import ConfidenceModel
    from segmentation.confidence.triage import Limits
    from segmentation.outputs.manifest import Manifest

AUTO_FROM, REDO_BELOW = 0.985, 0.92


def add_triage(parser: argparse.ArgumentParser) -> None:
    """Add --auto-from, --redo-below and --no-triage."""
    parser.add_argument(
        "--auto-from",
        type=_dice,
        default=AUTO_FROM,
        metavar="X",
        help="confidence, the Dice that is expected of a mask, from which it is taken as it is; those below "
        f"are to be reviewed (default: {AUTO_FROM:g})",
    )
    parser.add_argument(
        "--redo-below",
        type=_dice,
        default=REDO_BELOW,
        metavar="X",
        help=f"confidence below which a mask is better done by hand (default: {REDO_BELOW:g})",
    )
    parser.add_argument(
        "--no-triage",
        action="store_true",
        help="no confidence and no review.html; saves a second look at the mirror image, a fifth of the time "
        "of a double pass and half of that of a single one (default: photos are sorted into auto, review and "
        "redo)",
    )


def given_triage(options: argparse.Namespace) -> list[str]:
    """Those of the options of `add_triage` that were given."""
    given = {
        "--auto-from": options.auto_from != AUTO_FROM,
        "--redo-below": options.redo_below != REDO_BELOW,
        "--no-triage": options.no_triage,
    }
    return [name for name, value in given.items() if value]


def chosen_limits(options: argparse.Namespace) -> "Limits":
    """What `add_triage` lets choose. Raises ConfigError for limits in the wrong order."""
    from segmentation.confidence.triage import Limits

    return Limits(options.auto_from, options.redo_below)


def caution_about(options: argparse.Namespace, models: Any, threshold: float) -> str:
    """What of this run is not as it was when the models' experience was made; empty if nothing is."""
    differs = []
    if len(models.members) > 1:
        differs.append(f"it was learned of {models.members[0].name} alone")
    if threshold != models.members[0].threshold:
        differs.append("it was learned at the model's own threshold")
    if options.tta != "none":
        differs.append("it was learned without --tta")
    return ", and ".join(differs)


def sort_folder(
    manifest: "Manifest",
    folder: Path,
    confidence_model: "ConfidenceModel",
    limits: "Limits",
    model_name: str,
    settings: dict[str, Any],
    caution: str,
) -> str:
    """Triage all photos of an output folder, record the verdicts, write its review; return a summary.

    Photos that were made with other `settings` are left as they were judged. `caution` says why confidence
    is less reliable than usual.
    """
    from segmentation.confidence.triage import triage_folder
    from segmentation.reports.review import REVIEW, write_review

    def is_ours(record: Mapping[str, Any]) -> bool:
        key = record["key"] or {}
        return all(key.get(name) == value for name, value in settings.items())

    triage = triage_folder(manifest.records(), confidence_model, limits, is_ours)
    rows = {row.stem: row for row in triage.rows}

    def revised(record: dict[str, Any]) -> dict[str, Any]:
        row = rows.get(record["stem"])
        return record | row.fields if row else record

    manifest.revise(revised)
    write_review(folder, triage, limits, model_name, caution)
    counts = ", ".join(f"{count} {name}" for name, count in reversed(triage.counts.items()))
    lines = [f"{counts}: the least certain first in {folder / REVIEW}"]
    if caution:
        lines.append(f"confidence is a rough guide here: {caution}")
    if triage.shifts:
        lines.append(f"unlike the photos that {model_name} knows: {', '.join(triage.shifts)}")
    return "\n".join(lines)


def _dice(text: str) -> float:
    return number_up_to(text, 1.0, "a Dice from 0 to 1")
