"""The files of an evaluation of mattes: figures as JSON and CSV, and the HTML report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from segmentation.core.files import write_text
from segmentation.core.samples import Sample
from segmentation.core.tables import write_csv
from segmentation.evaluation.matte_figures import MatteEvaluation, MatteRow
from segmentation.reports.details import detail_about
from segmentation.reports.html import encode, page
from segmentation.reports.matte_tables import ERROR_NAMES, UNITS, cells_of

_BLUR_PX = 31  # within which errors are added up to find the worst place
_GAP_PX = 4


@dataclass
class Details:
    """A `Look` that keeps the worst place of each photo: the photo, the true alpha, and those found."""

    pictures: dict[str, np.ndarray] = field(default_factory=dict)

    def __call__(
        self, sample: Sample, photo: np.ndarray, target: np.ndarray, found: Mapping[str, np.ndarray]
    ) -> None:
        """Keep uint8 RGB [DETAIL_PX, (2 + mattes) * DETAIL_PX, 3]."""
        last = [*found.values()][-1]
        error = cv2.absdiff(_eight_bit(last), target).astype(np.float32)
        blurred = cv2.blur(error, (_BLUR_PX, _BLUR_PX))
        centre = np.unravel_index(int(blurred.argmax()), blurred.shape)
        down, across = (int(place) for place in centre)
        part = detail_about(down, len(blurred)), detail_about(across, blurred.shape[1])
        greys = [target[part], *(_eight_bit(alpha[part]) for alpha in found.values())]
        tiles = [photo[part], *(np.repeat(grey[..., np.newaxis], 3, axis=2) for grey in greys)]
        gap = np.full((len(tiles[0]), _GAP_PX, 3), 255, np.uint8)
        self.pictures[sample.id] = np.hstack([one for tile in tiles for one in (tile, gap)][:-1])


def write_mattes(
    evaluation: MatteEvaluation,
    details: Details,
    folder: Path,
    report_images: int,
    provenance: Mapping[str, object],
) -> None:
    """Write metrics.json, per_image.csv (a line for each photo and matte) and report.html into `folder`."""
    write_text(folder / "metrics.json", json.dumps(evaluation.summary(), indent=2) + "\n")
    rows = [(matte.name, row.plain()) for matte in evaluation.mattes for row in matte.rows]
    heading: list[object] = ["matte", *rows[0][1]]
    write_csv(folder / "per_image.csv", [heading, *([name, *row.values()] for name, row in rows)])
    worst = [row.id for row in evaluation.worst_first()]
    by_photo: dict[str, list[MatteRow]] = {name: [] for name in worst}
    for matte in evaluation.mattes:
        for row in matte.rows:
            by_photo[row.id].append(row)
    text = page(
        "mattes.html.j2",
        evaluation=evaluation,
        names=[matte.name for matte in evaluation.mattes],
        errors=ERROR_NAMES,
        units=UNITS,
        tables={"unknown band": cells_of(evaluation, "band"), "whole photo": cells_of(evaluation, "whole")},
        photos={name: by_photo[name] for name in worst},
        pictures={name: encode(details.pictures[name], 10_000) for name in worst[:report_images]},
        provenance=provenance,
    )
    write_text(folder / "report.html", text)


def _eight_bit(alpha: np.ndarray) -> np.ndarray:
    return alpha if alpha.dtype == np.uint8 else (alpha // 257).astype(np.uint8)
