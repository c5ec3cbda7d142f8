"""The report of an evaluation of cutouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation.core.labels import BINARY
from segmentation.evaluation.robustness import SMALL_CHANGE
from segmentation.evaluation.set_figures import Evaluation
from segmentation.images.outline import OUTLINE, outlined
from segmentation.metrics.threshold import ThresholdSearch
from segmentation.reports import html, plots
from segmentation.reports.error_pictures import differences, framed, region_of
from segmentation.reports.evaluation_page import fill_page
from segmentation.reports.pictures import Pictures
from segmentation.reports.robustness_chart import plot_robustness

if TYPE_CHECKING:
    from segmentation.evaluation.robustness import Robustness

_BACKDROP = 128  # grey: neither white nor black garments vanish on it


@dataclass(frozen=True)
class CutoutReport:
    """The `Report` of a cutout, whose ground truth is garment from `target_threshold` on."""

    evaluation: Evaluation
    search: ThresholdSearch
    target_threshold: float = 0.5
    robustness: "Robustness | None" = None

    labels = BINARY
    tables = ("threshold.csv", "robustness.csv", "robustness.json")

    def figures(self) -> dict[str, Any]:
        """Return nothing: the summary has all figures."""
        return {}

    def columns(self) -> dict[str, Sequence[object]]:
        """Return nothing: the row of a photo has all figures."""
        return {}

    def write_tables(self, folder: Path) -> None:
        """Write threshold.csv and, where there is one, the robustness."""
        self.search.write_csv(folder / "threshold.csv")
        if self.robustness:
            self.robustness.write(folder)

    def draw(self, image: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> "CutoutPictures":
        """Draw a photo [H, W, 3] with its ground truth, uint8 [H, W], and predicted indices."""
        return draw_cutout(image, truth >= self.target_threshold * 255, predicted > 0)

    def render(self, pictures: Pictures, model_name: str, provenance: Mapping[str, object]) -> str:
        """Return the page with these pictures."""
        evaluation, triage, robustness = self.evaluation, self.evaluation.triage, self.robustness
        return fill_page(
            evaluation,
            pictures,
            model_name,
            provenance,
            classes=None,
            distribution=html.chart(plots.plot_distribution([row.dice for row in evaluation.rows])),
            triage=triage,
            triage_chart=triage and html.chart(plots.plot_risk_coverage(triage)),
            robustness=robustness,
            robustness_chart=robustness and html.chart(plot_robustness(robustness)),
            small_change=SMALL_CHANGE,
            threshold_curve=html.chart(plots.threshold_svg(self.search, evaluation.threshold)),
            outline_colour=html.css(OUTLINE),
        )


@dataclass(frozen=True)
class CutoutPictures:
    """Data URIs of one photo: the whole frame small, twice, and four views of the garment's region.

    `missed` and `excess` are pixels as a share of the ground truth (of the frame where it is empty).
    """

    frame: str
    frame_errors: str
    outline: str
    target: str
    mask: str
    errors: str
    missed: float
    excess: float


def draw_cutout(image: np.ndarray, target: np.ndarray, mask: np.ndarray) -> CutoutPictures:
    """Draw one photo for the report: uint8 RGB [H, W, 3] and bool [H, W] of the same size."""
    box = region_of(target, mask)
    region, truth, found = image[box], target[box], mask[box]
    errors = differences(image, target, mask)
    area = np.count_nonzero(target) or target.size
    return CutoutPictures(
        frame=framed(image, box),
        frame_errors=framed(errors, box),
        outline=html.encode(outlined(region, found)),
        target=html.encode(np.where(truth[..., None], region, np.uint8(_BACKDROP))),
        mask=html.encode(np.where(found[..., None], region, np.uint8(_BACKDROP))),
        errors=html.encode(errors[box]),
        missed=np.count_nonzero(target & ~mask) / area,
        excess=np.count_nonzero(mask & ~target) / area,
    )
