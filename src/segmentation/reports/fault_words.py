"""Faults in words, the same on the terminal and in the report."""

from collections.abc import Mapping
from typing import Any

from segmentation.config.faults import FaultOptions
from segmentation.core.counting import counted
from segmentation.core.size import REFERENCE_HEIGHT_PX
from segmentation.evaluation.set_figures import Evaluation


def lines_on_faults(evaluation: Evaluation) -> list[str]:
    """Return how many faults there are of each kind, what counts as one, and how two people agree.

    Each is a sentence without a full stop.
    """
    kinds = ", ".join(f"{count} {kind}" for kind, count in evaluation.summary()["faults_by_kind"].items())
    found = counted(len(evaluation.faults), "fault") + (f": {kinds}" if kinds else "")
    lines = [
        found,
        f"a fault is {definition(evaluation.fault_options)}; its size is given as a share of the garment",
    ]
    return [*lines, evaluation.retouchers.line()] if evaluation.retouchers else lines


def definition(options: FaultOptions) -> str:
    """Return what counts as a fault."""
    return (
        f"a place where the mask is wrong, {options} in a photo {REFERENCE_HEIGHT_PX} px "
        "high, in proportion in others"
    )


def faults_left(summary: Mapping[str, Any]) -> str:
    """Return how many photos are clean, and what there is to mend in the others, in a line."""
    return (
        f"{summary['clean_images']} of {counted(summary['images'], 'photo')} clean, "
        f"{figure_text('faults_mean', summary['faults_mean'])} faults a photo, the largest "
        f"{share_text(summary['largest_fault_share_max'])} of the garment"
    )


def figure_text(key: str, value: float) -> str:
    """Return a figure of the summary as people read it: shares of the garment in percent."""
    if key.startswith("largest_fault_share"):
        return share_text(value)
    return f"{value:.2f}" if key in ("faults_mean", "clean_rate") else f"{value:.4f}"


def share_text(share: float) -> str:
    """Return a share of the garment in percent: 0.25%, and 0 for nothing."""
    return f"{share:.2%}" if share else "0"
