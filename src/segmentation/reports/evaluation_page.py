"""The page of an evaluation, worst photo first: the part that cutouts and classes share."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from segmentation.evaluation.image_row import ImageRow
from segmentation.evaluation.set_figures import Evaluation
from segmentation.reports import html
from segmentation.reports.error_pictures import EXCESS, MISSED
from segmentation.reports.fault_words import definition, figure_text, share_text
from segmentation.reports.pictures import Pictures


def fill_page(
    evaluation: Evaluation,
    pictures: Pictures,
    model_name: str,
    provenance: Mapping[str, object],
    **others: object,
) -> str:
    """Return the page with what every evaluation has, and with `others` for this kind alone."""
    return html.page(
        "report.html.j2",
        model_name=model_name,
        provenance=provenance,
        summary=evaluation.summary(),
        rows=evaluation.worst_first,
        views=_by_view(evaluation),
        pictures=pictures.photos,
        faults=pictures.faults,
        all_faults=len(evaluation.faults),
        faulty_photos=len(evaluation.rows) - evaluation.clean,
        definition=definition(evaluation.fault_options),
        retouchers=evaluation.retouchers,
        objects=evaluation.objects,
        figure=figure_text,
        percent=share_text,
        missed_colour=html.css(MISSED),
        excess_colour=html.css(EXCESS),
        **others,
    )


def _by_view(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return mean figures of each viewpoint, worst first; nothing if there is only one."""
    groups: dict[str, list[ImageRow]] = {}
    for row in evaluation.rows:
        groups.setdefault(row.view or "unnamed", []).append(row)
    if len(groups) < 2:
        return []
    means: list[dict[str, Any]] = [
        {
            "view": view,
            "images": len(rows),
            "dice": float(np.mean([row.dice for row in rows])),
            "boundary_f1": float(np.mean([row.boundary_f1 for row in rows])),
            "clean": sum(row.clean for row in rows),
            "faults": float(np.mean([row.fault_count for row in rows])),
        }
        for view, rows in groups.items()
    ]
    return sorted(means, key=lambda mean: mean["dice"])
