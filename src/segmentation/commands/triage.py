"""Options of what a person has to see of a folder, and the sorting at its end."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.commands.arguments import number_up_to

if TYPE_CHECKING:
    from segmentation.experience import Experience
    from segmentation.outputs.manifest import Manifest
    from segmentation.outputs.triage import Limits

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


def sort_folder(
    manifest: "Manifest", folder: Path, experience: "Experience", limits: "Limits", model_name: str
) -> str:
    """Judge all photos of an output folder, record the verdicts, write its review; return a summary."""
    from segmentation.outputs.review import REVIEW, write_review
    from segmentation.outputs.triage import judge_folder

    triage = judge_folder(manifest.records(), experience, limits)
    rows = {row.stem: row for row in triage.rows}

    def revised(record: dict[str, Any]) -> dict[str, Any]:
        row = rows.get(record["stem"])
        return record | row.fields if row else record

    manifest.revise(revised)
    write_review(folder, triage, limits, model_name)
    counts = ", ".join(f"{count} {name}" for name, count in reversed(triage.counts.items()))
    lines = [f"{counts}: the least certain first in {folder / REVIEW}"]
    if triage.shifts:
        lines.append(f"unlike the photos that {model_name} knows: {', '.join(triage.shifts)}")
    return "\n".join(lines)


def _dice(text: str) -> float:
    return number_up_to(text, 1.0, "a Dice from 0 to 1")
