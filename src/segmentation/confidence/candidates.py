"""Candidates for faults: the doubtful regions of a mask, and figures of each that tell whether it is one."""

from collections.abc import Iterable, Mapping

import cv2
import numpy as np

from segmentation.confidence.doubts import DOUBTFUL, Region, find_regions
from segmentation.confidence.edge_doubts import edge_doubts
from segmentation.confidence.look_doubts import LookDoubts, look_doubts
from segmentation.confidence.places import MARKED, PlaceModel
from segmentation.core.predictions import LikelyFault
from segmentation.core.size import REFERENCE_HEIGHT_PX
from segmentation.images.regions import edge_of, regions_of
from segmentation.metrics.faults import EXCESS, MISSED

_UNSURE = 0.2  # scores from 0.2 to 0.8 are doubtful
_RECOLOURED = 1.0  # of `LookDoubts.colour`: from here on a pixel is doubtful
_MARGIN_PX = 3
_FAINT = 8.0  # slopes of grey below which an edge is none
_BEND = 4.0  # times as far from a line as is still a little straight
_PART = 0.02  # of a candidate's rim: what touches it less does not count
_MOST_MARKED = 12
_SIGNS = {  # the words for figures, and from which on they hold
    "detached": (0.5, "detached from the garment"),
    "joins": (0.5, "parts are torn from each other"),
    "differs": (0.5, "the second opinion differs"),
    "unsure": (0.5, "half transparent"),
    "recoloured": (0.5, "coloured like the other side of the edge"),
    "edge": (0.3, "the photo has its edge elsewhere"),
    "beside": (0.2, "the photo has its edge elsewhere"),
    "straight": (0.8, "cut straight"),
}
_MOST_SIGNS = 2

Candidate = tuple[Region, Mapping[str, float]]


def doubtful_pixels(scores: np.ndarray, mask: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return where scores are unsure or a second mask differs: bool [H, W]."""
    doubtful = scores > _UNSURE
    doubtful &= scores < 1 - _UNSURE
    doubtful |= mask ^ second
    return doubtful


def find_candidates(
    photo: np.ndarray, scores: np.ndarray, mask: np.ndarray, second: np.ndarray, *, by_edges: bool = True
) -> list[Candidate]:
    """Return the regions of a mask that may be faults, with their figures.

    `photo` is uint8 RGB [H, W, 3], `scores` float32 [H, W] in [0, 1], `mask` and `second` bool [H, W].
    Doubtful are unsure scores, differences of the masks, colours of the other side of the edge and, but for
    models that do not know them (`by_edges`), strips between the mask's edge and a clearer one of the photo.
    Of each region, sizes being those of a photo 1728 high:

    - `size`, `thickness`: logarithms to base 10 of its pixels, and of the distance to its inmost pixel.
    - `outside`: 1 where it is beside the mask, 0 where it belongs to it.
    - `differs`: the share of it in which the second mask is another; `unsure`: 0 where all scores are 0 or 1,
      1 where all are one half.
    - `colours`, `texture`, `recoloured`: by how much its colours and its texture are those of the other side
      (see `LookDoubts`), in tenths, and the share of it in which the colours are.
    - `beside`: by how much clearer the photo's edge is on the other side of it (see `edge_doubts`).
    - `contact`: the share of its rim that is the edge of the mask; `straight`: 1 where that is a line.
    - `edge`: the logarithm of the steepness of the photo along the edge as it would be without the fault,
      over that along the edge as it is.
    - `detached`: 1 for a part of the mask apart from the rest; `joins`: 1 where it separates parts.
    """
    doubtful = doubtful_pixels(scores, mask, second)
    looks = look_doubts(photo, mask)
    doubtful |= looks.colour > _RECOLOURED
    beside = edge_doubts(photo, mask) if by_edges else np.zeros(mask.shape, np.float32)
    doubtful |= beside > 0
    regions = find_regions(doubtful * np.uint8(DOUBTFUL), mask)
    return [(region, _figures(region, photo, scores, mask, second, looks, beside)) for region in regions]


def judge(
    candidates: Iterable[Candidate], places: PlaceModel
) -> tuple[float, list[tuple[Region, LikelyFault]]]:
    """Return how many faults are expected, and the marked regions, the most likely fault first."""
    judged = [(places.probability(figures), region, figures) for region, figures in candidates]
    judged.sort(key=lambda one: -one[0])
    marked = [
        (region, _described(region, probability, figures))
        for probability, region, figures in judged[:_MOST_MARKED]
        if probability >= MARKED
    ]
    return sum(probability for probability, _region, _figures in judged), marked


def _figures(
    region: Region,
    photo: np.ndarray,
    scores: np.ndarray,
    mask: np.ndarray,
    second: np.ndarray,
    looks: LookDoubts,
    beside: np.ndarray,
) -> dict[str, float]:
    box, pixels = _around(region, mask.shape)
    side, unit_px = mask[box], len(mask) / REFERENCE_HEIGHT_PX
    own = looks.colour[box][pixels]
    area = len(own)
    inmost_px = float(cv2.distanceTransform(pixels.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3).max())
    near = _grown(pixels) & ~pixels
    parts = _parts(near & side, max(2, round(_PART * np.count_nonzero(near))))
    return {
        "size": float(np.log10(1 + area / unit_px**2)),
        "thickness": float(np.log10(1 + inmost_px / unit_px)),
        "outside": 1.0 - region.inside,
        "differs": float((second[box] != side)[pixels].mean()),
        "unsure": float(2 * np.minimum(scores[box], 1 - scores[box])[pixels].mean()),
        "colours": float(own.mean()) / 10,
        "recoloured": float(np.count_nonzero(own > _RECOLOURED) / area),
        "texture": float(looks.texture[box][pixels].mean()) / 10,
        "beside": float(beside[box][pixels].mean()),
        **_edges(photo[box], side, pixels),
        "detached": float(region.inside and not parts),
        "joins": float(parts > 1),
    }


def _described(region: Region, probability: float, figures: Mapping[str, float]) -> LikelyFault:
    height, width = region.pixels.shape
    signs = dict.fromkeys(words for name, (least, words) in _SIGNS.items() if figures[name] >= least)
    return LikelyFault(
        region.left,
        region.top,
        width,
        height,
        round(probability, 4),
        EXCESS if region.inside else MISSED,
        tuple(signs)[:_MOST_SIGNS],
    )


def _edges(photo: np.ndarray, side: np.ndarray, pixels: np.ndarray) -> dict[str, float]:
    """Return the figures of the edge as it is about a candidate, and as it would be if that were turned."""
    grey = cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2GRAY)
    slopes = np.hypot(cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)) / 16
    near = _grown(pixels)
    now, turned = edge_of(side) & near, edge_of(side ^ pixels) & near
    here, there = now & ~turned, turned & ~now
    steep = [float(slopes[places].mean()) if places.any() else 0.0 for places in (here, there)]
    rim = np.count_nonzero(now | turned)
    return {
        "contact": np.count_nonzero(here) / rim if rim else 0.0,
        "straight": _straightness(here),
        "edge": float(np.log((_FAINT + steep[1]) / (_FAINT + steep[0]))),
    }


def _straightness(places: np.ndarray) -> float:
    """Return how near to a line places are, bool [h, w]: 1 on it, 0 from a quarter of its length on."""
    points = np.argwhere(places)
    if len(points) < 3:
        return 0.0
    across, along = np.sqrt(np.linalg.eigvalsh(np.cov(points.T)).clip(min=1e-9))
    return float(max(0.0, 1 - _BEND * across / along))


def _around(region: Region, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the rows and columns of a region with a margin, and its pixels there."""
    rows, columns = region.slices
    top, left = max(0, rows.start - _MARGIN_PX), max(0, columns.start - _MARGIN_PX)
    bottom, right = min(shape[0], rows.stop + _MARGIN_PX), min(shape[1], columns.stop + _MARGIN_PX)
    pixels = np.zeros((bottom - top, right - left), bool)
    height, width = region.pixels.shape
    down, across = rows.start - top, columns.start - left
    pixels[down : down + height, across : across + width] = region.pixels
    return (slice(top, bottom), slice(left, right)), pixels


def _parts(mask: np.ndarray, least_px: int) -> int:
    return int(np.count_nonzero(regions_of(mask)[:, cv2.CC_STAT_AREA] >= least_px))


def _grown(pixels: np.ndarray) -> np.ndarray:
    return cv2.dilate(pixels.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
