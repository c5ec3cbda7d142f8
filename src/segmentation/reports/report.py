"""The picture of an evaluation: one HTML file, worst photo first, that needs nothing beside it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from segmentation.evaluation.robustness import SMALL_CHANGE
from segmentation.images.outline import OUTLINE, outlined
from segmentation.reports import plots

if TYPE_CHECKING:
    from segmentation.evaluation.robustness import Robustness
    from segmentation.evaluation.set_figures import Evaluation

MISSED = (0, 114, 178)  # blue and vermilion of Okabe and Ito: apart for every kind of sight
EXCESS = (213, 94, 0)
_BACKDROP = 128  # grey: neither white nor black garments vanish on it
_LONGEST_PX = 1400  # a garment of a studio photo stays at one picture pixel a photo pixel
_THUMBNAIL_PX = 260
_MARGIN = 0.06  # around the region, as a share of the garment's longer side
_GROWTH = 0.3  # the most that the region grows towards excess, as a share of the same
_QUALITY = 80


@dataclass(frozen=True)
class Pictures:
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


def draw(image: np.ndarray, target: np.ndarray, mask: np.ndarray) -> Pictures:
    """Draw one photo for the report: uint8 RGB [H, W, 3] and bool [H, W] of the same size."""
    box = region_of(target, mask)
    region, truth, found = image[box], target[box], mask[box]
    errors = differences(image, target, mask)
    area = np.count_nonzero(target) or target.size
    return Pictures(
        frame=framed(image, box),
        frame_errors=framed(errors, box),
        outline=encode(outlined(region, found)),
        target=encode(np.where(truth[..., None], region, np.uint8(_BACKDROP))),
        mask=encode(np.where(found[..., None], region, np.uint8(_BACKDROP))),
        errors=encode(errors[box]),
        missed=np.count_nonzero(target & ~mask) / area,
        excess=np.count_nonzero(mask & ~target) / area,
    )


def render(
    evaluation: "Evaluation",
    pictures: Mapping[str, Pictures],
    model_name: str,
    *,
    provenance: Mapping[str, object],
    robustness: "Robustness | None" = None,
) -> str:
    """Render the report as one HTML text; `pictures` holds the photos to show, by id."""
    return filled(
        evaluation,
        pictures,
        model_name,
        provenance,
        classes=None,
        distribution=chart(plots.plot_distribution([row.dice for row in evaluation.rows])),
        triage=evaluation.triage,
        triage_chart=evaluation.triage and chart(plots.plot_risk_coverage(evaluation.triage)),
        robustness=robustness,
        robustness_chart=robustness and chart(plots.plot_robustness(robustness)),
        small_change=SMALL_CHANGE,
        threshold_curve=chart(plots.threshold_svg(evaluation.search, evaluation.threshold)),
        outline_colour=css(OUTLINE),
    )


def filled(
    evaluation: "Evaluation",
    pictures: Mapping[str, object],
    model_name: str,
    provenance: Mapping[str, object],
    **own: object,
) -> str:
    """The page of the report with what every evaluation has and with what is its `own`."""
    return page(
        "report.html.j2",
        model_name=model_name,
        provenance=provenance,
        summary=evaluation.summary(),
        rows=evaluation.worst_first,
        views=_by_view(evaluation),
        pictures=pictures,
        missed_colour=css(MISSED),
        excess_colour=css(EXCESS),
        **own,
    )


def page(template: str, **values: object) -> str:
    """Fill in a template of this folder; whatever `values` hold appears as text, never as markup."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)


def chart(svg: bytes) -> str:
    """A chart as the source of a picture."""
    return _uri("svg+xml", svg)


def region_of(target: np.ndarray, mask: np.ndarray) -> tuple[slice, slice]:
    """The box of the garment, grown towards excess but not to a far speck; the whole frame without either."""
    height, width = target.shape
    left, top, right, bottom = _box(target if target.any() else mask)
    growth = _GROWTH * max(right - left, bottom - top)
    margin = max(8, round(_MARGIN * max(right - left, bottom - top)))
    mask_left, mask_top, mask_right, mask_bottom = _box(mask if mask.any() else target)
    left = min(left, max(mask_left, round(left - growth))) - margin
    top = min(top, max(mask_top, round(top - growth))) - margin
    right = max(right, min(mask_right, round(right + growth))) + margin
    bottom = max(bottom, min(mask_bottom, round(bottom + growth))) + margin
    return slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))


def framed(image: np.ndarray, box: tuple[slice, slice]) -> str:
    """The whole frame, uint8 RGB [H, W, 3], small, with the region marked, as the source of a picture."""
    small, scale = _shrunk(image, _THUMBNAIL_PX)
    top, bottom, left, right = (round(edge * scale) for side in box for edge in (side.start, side.stop))
    marked = small.copy()
    cv2.rectangle(marked, (left, top), (right - 1, bottom - 1), OUTLINE, 1)
    return encode(marked, _THUMBNAIL_PX)


def differences(image: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The photo pale and grey, missed pixels in one colour and excess pixels in another."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    overlay = cv2.cvtColor(cv2.addWeighted(grey, 0.4, np.full_like(grey, 255), 0.6, 0), cv2.COLOR_GRAY2RGB)
    overlay[target & ~mask] = MISSED
    overlay[mask & ~target] = EXCESS
    return overlay


def encode(image: np.ndarray, longest_px: int = _LONGEST_PX) -> str:
    """A picture, uint8 RGB [H, W, 3], as the source of one, made smaller where a side is longer."""
    small, _ = _shrunk(image, longest_px)
    quality = [cv2.IMWRITE_WEBP_QUALITY, _QUALITY]
    _, content = cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return _uri("webp", content.tobytes())


def css(colour: tuple[int, int, int]) -> str:
    """A colour, RGB, as style sheets write it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _by_view(evaluation: "Evaluation") -> list[dict[str, object]]:
    """Mean figures of each viewpoint, worst first; nothing where there is only one."""
    groups: dict[str, list] = {}
    for row in evaluation.rows:
        groups.setdefault(row.view or "unnamed", []).append(row)
    if len(groups) < 2:
        return []
    means = [
        {
            "view": view,
            "images": len(rows),
            "dice": float(np.mean([row.dice for row in rows])),
            "boundary_f1": float(np.mean([row.boundary_f1 for row in rows])),
        }
        for view, rows in groups.items()
    ]
    return sorted(means, key=lambda mean: mean["dice"])


def _box(content: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the True pixels; of the whole frame where there are none."""
    left, top, across, down = cv2.boundingRect(content.astype(np.uint8))
    return (left, top, left + across, top + down) if across else (0, 0, *content.shape[::-1])


def _shrunk(image: np.ndarray, longest_px: int) -> tuple[np.ndarray, float]:
    scale = min(longest_px / max(image.shape[:2]), 1.0)
    if scale == 1:
        return image, scale
    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), scale


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
