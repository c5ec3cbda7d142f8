"""The same photos with the prediction of every model, beside the ground truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import cv2
import numpy as np

from segmentation.core.labels import Colour, LabelMap
from segmentation.core.parallel import OnProgress
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.evaluation.compare import Comparison
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.images.class_overlay import overlay_classes
from segmentation.images.files import read_photo
from segmentation.images.outline import OUTLINE, outlined
from segmentation.reports.error_pictures import region_of
from segmentation.reports.plots import literal, new_figure

if TYPE_CHECKING:
    from segmentation.reports.plots import Figure

_LONGEST_PX = 640  # of a picture
_LINE_PX = 2
_ROW_INCHES, _NARROWEST_INCHES = 2.4, 1.3  # of the figure
_LETTERS = 13  # an inch


@dataclass(frozen=True)
class Row:
    """A photo: uint8 RGB pictures [H, W, 3] of it, its ground truth and the models, and the models' IoU."""

    id: str
    pictures: tuple[np.ndarray, ...]
    ious: tuple[float, ...]


@dataclass(frozen=True)
class Gallery:
    """The rows of pictures under `headings`, and what their colours mean: names and RGB."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    key: tuple[tuple[str, Colour], ...]


def choose_photos(comparison: Comparison, count: int) -> list[str]:
    """Return the ids of `count` photos, evenly from worst to best by their mean IoU over the models."""
    mean = np.mean([model.by_photo["iou"] for model in comparison.models], axis=0)  # [models, N] -> [N]
    order = np.argsort(mean, kind="stable")
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return [comparison.photos[order[place]] for place in places]


def find_maps(
    score: ScoreFn,
    samples: Sequence[Sample],
    labels: LabelMap,
    threshold: float,
    on_progress: OnProgress | None = None,
) -> list[np.ndarray]:
    """Predict the class indices of each photo, uint8 [H, W]. Raises as `evaluate` does."""
    maps = []
    for sample in samples:
        scores, _ = score_photo(score, read_photo(sample.photo), sample, labels)
        maps.append(labels.classify(scores, threshold))
        if on_progress:
            on_progress(len(maps), len(samples))
    return maps


def make_gallery(
    comparison: Comparison,
    samples: Sequence[Sample],
    maps: Mapping[str, Sequence[np.ndarray]],
    labels: LabelMap,
    target_threshold: float,
) -> Gallery:
    """Draw the photos of `samples` under the `maps` of each model, by name, as `find_maps` gives them.

    Classes lie over the photo in their colours; a cutout is an outline, around the region of the garment.
    Its ground truth is garment where its alpha is at least `target_threshold`.
    """
    style = _Outlines() if labels.binary else _Colours(labels)
    models, rows = comparison.models, []
    shown: set[int] = set()
    for number, sample in enumerate(samples):
        image, truth = read_pair(sample)
        truth = labels.task.truth_indices(truth, target_threshold)
        found = [maps[model.name][number] for model in models]
        shown.update(*(np.unique(indices).tolist() for indices in (truth, *found)))
        place = comparison.photos.index(sample.id)
        rows.append(
            Row(
                sample.id,
                tuple(_draw(image, truth, found, style)),
                tuple(model.by_photo["iou"][place] for model in models),
            )
        )
    headings = ("photo", "ground truth", *(model.name for model in models))
    return Gallery(headings, tuple(rows), style.key(shown))


def gallery_figure(gallery: Gallery) -> "Figure":
    """Draw the gallery as one picture, with its key below."""
    columns = len(gallery.headings)
    aspect = max(row.pictures[0].shape[1] / row.pictures[0].shape[0] for row in gallery.rows)
    across = max(_ROW_INCHES * aspect, _NARROWEST_INCHES)
    figure = new_figure((across * columns, (_ROW_INCHES + 0.25) * len(gallery.rows) + 0.8))
    letters = round(across * _LETTERS)  # a line
    panels = figure.subplots(len(gallery.rows), columns, squeeze=False)
    for row, across_row in zip(gallery.rows, panels, strict=True):
        captions = [literal(fill(row.id, letters)), "", *(f"IoU {iou:.3f}" for iou in row.ious)]
        for axes, picture, caption in zip(across_row, row.pictures, captions, strict=True):
            axes.imshow(picture)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            axes.set_xlabel(caption, fontsize=8)
    for axes, heading in zip(panels[0], gallery.headings, strict=True):
        axes.set_title(literal(fill(heading, letters)), fontsize=9)
    handles = [
        panels[0][0].plot(
            [], [], marker="s", linestyle="", color=np.array(colour) / 255, label=literal(name)
        )[0]
        for name, colour in gallery.key
    ]
    figure.legend(handles=handles, frameon=False, loc="outside lower center", ncols=columns, fontsize=8)
    return figure


class _Outlines:
    """The drawing of cutouts: an outline, around the region of the garment."""

    def region(self, truth: np.ndarray, found: Sequence[np.ndarray]) -> tuple[slice, slice]:
        return region_of(truth > 0, np.logical_or.reduce(found))

    def draw(self, region: np.ndarray, indices: np.ndarray, scale: float) -> np.ndarray:
        """Draw a line that is still there when the picture is small."""
        return outlined(region, indices > 0, line_px=round(_LINE_PX / scale))

    def key(self, _shown: set[int]) -> tuple[tuple[str, Colour], ...]:
        return (("outline", OUTLINE),)


@dataclass(frozen=True)
class _Colours:
    """The drawing of classes: their colours over the whole photo."""

    labels: LabelMap

    def region(self, _truth: np.ndarray, _found: Sequence[np.ndarray]) -> tuple[slice, slice]:
        return slice(None), slice(None)

    def draw(self, region: np.ndarray, indices: np.ndarray, _scale: float) -> np.ndarray:
        return overlay_classes(region, indices, self.labels)

    def key(self, shown: set[int]) -> tuple[tuple[str, Colour], ...]:
        labels = self.labels
        named = zip(labels.names, labels.colours, strict=True)
        key = [entry for index, entry in enumerate(named) if index and index in shown]
        return (*key, *([("(ignored)", labels.ignored_colour)] if labels.ignore in shown else []))


def _draw(
    image: np.ndarray, truth: np.ndarray, found: Sequence[np.ndarray], style: _Outlines | _Colours
) -> list[np.ndarray]:
    """Return the photo, and over it the ground truth and what each model found, small."""
    box = style.region(truth, found)
    region = image[box]
    height, width = region.shape[:2]
    scale = min(_LONGEST_PX / max(height, width), 1.0)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    drawn = [region, *(style.draw(region, indices[box], scale) for indices in (truth, *found))]
    return [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in drawn]
