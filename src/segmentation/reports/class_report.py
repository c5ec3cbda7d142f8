"""The report of an evaluation of several classes, on the same page as that of a cutout."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.core.labels import LEAST_SHARE, LabelMap
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.set_figures import Evaluation
from segmentation.images.class_overlay import overlay_classes
from segmentation.images.outline import OUTLINE
from segmentation.metrics import classes as class_metrics
from segmentation.reports import class_plots, html
from segmentation.reports.error_pictures import differences
from segmentation.reports.evaluation_page import fill_page
from segmentation.reports.pictures import Pictures

CONFUSED = (204, 121, 167)  # purple of Okabe and Ito, beside those of missed and excess
_STRIPES = (110, 235)  # levels of grey: what is ignored is hatched
_STRIPE_PX = 4


@dataclass(frozen=True)
class ClassReport:
    """The `Report` of several classes."""

    evaluation: Evaluation
    classes: ClassFigures

    tables = ("classes.csv", "confusion.csv")

    @property
    def labels(self) -> LabelMap:
        """The classes."""
        return self.classes.labels

    def figures(self) -> dict[str, Any]:
        """Return the figures of each class."""
        return {"classes": [asdict(row) for row in self.classes.rows]}

    def columns(self) -> dict[str, Sequence[object]]:
        """Return the classes that each photo has and those that it is predicted to have."""
        has, predicted = zip(*self.classes.names_present(), strict=True)
        return {"classes": has, "classes_predicted": predicted}

    def write_tables(self, folder: Path) -> None:
        """Write classes.csv and confusion.csv."""
        self.classes.write(folder)

    def draw(self, image: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> "ClassPictures":
        """Draw a photo [H, W, 3] with its true and predicted indices [H, W]."""
        return draw_classes(image, truth, predicted, self.labels)

    def render(self, pictures: Pictures, model_name: str, provenance: Mapping[str, object]) -> str:
        """Return the page with these pictures."""
        classes = self.classes
        occurring = [row.index for row in classes.rows if row.pixels or row.pixels_predicted]
        names = [classes.labels.names[index] for index in occurring]
        matrix = classes.confusion[np.ix_(occurring, occurring)]
        return fill_page(
            self.evaluation,
            pictures,
            model_name,
            provenance,
            classes=classes,
            colours=[html.css(colour) for colour in classes.labels.colours],
            distribution=html.chart(class_plots.plot_iou([row.iou for row in self.evaluation.rows])),
            confusion=html.chart(class_plots.plot_confusion(names, matrix)) if names else None,
            confused_colour=html.css(CONFUSED),
            outline_colour=html.css(OUTLINE),
        )


@dataclass(frozen=True)
class ClassPictures:
    """Data URIs of one photo and of three views of it, and the indices of its classes by outcome.

    Those in `found` are there and predicted to be, in `missed` only the first, in `invented` only the second;
    in `traces` they are predicted on fewer pixels than it takes to be in a photo, and not there. The
    background is in none. `wrong` is the wrong share of the pixels that count, `ignored` whether some do not.
    """

    photo: str
    target: str
    mask: str
    errors: str
    found: tuple[int, ...]
    missed: tuple[int, ...]
    invented: tuple[int, ...]
    traces: tuple[int, ...]
    wrong: float
    ignored: bool


def draw_classes(
    image: np.ndarray, truth: np.ndarray, predicted: np.ndarray, labels: LabelMap
) -> ClassPictures:
    """Draw one photo for the report: uint8 RGB [H, W, 3] and class indices [H, W] of the same size."""
    confusion = class_metrics.confusion(predicted, truth, len(labels.names), labels.ignore)
    true, predicted_present = class_metrics.present(confusion, LEAST_SHARE)
    traces = confusion.any(axis=0) & ~predicted_present & ~true
    ignored = truth == labels.ignore  # nowhere, where there is no such index
    known = np.where(ignored, 0, truth)
    views = (overlay_classes(image, known, labels), overlay_classes(image, predicted, labels))
    differing = _differences(image, known, np.where(ignored, 0, predicted))
    target, mask, errors = (html.encode(_hatched(view, ignored)) for view in (*views, differing))
    return ClassPictures(
        photo=html.encode(image),
        target=target,
        mask=mask,
        errors=errors,
        found=_indices(true & predicted_present),
        missed=_indices(true & ~predicted_present),
        invented=_indices(predicted_present & ~true),
        traces=_indices(traces),
        wrong=1 - class_metrics.pixel_accuracy(confusion),
        ignored=bool(ignored.any()),
    )


def _differences(image: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the photo pale and grey, with missed, excess and confused pixels in their colours."""
    overlay = differences(image, truth > 0, predicted > 0)
    overlay[(truth > 0) & (predicted > 0) & (truth != predicted)] = CONFUSED
    return overlay


def _hatched(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    if not where.any():
        return picture
    down, across = np.ogrid[: picture.shape[0], : picture.shape[1]]
    stripes = np.where((down + across) // _STRIPE_PX % 2, *map(np.uint8, _STRIPES))[..., np.newaxis]
    return np.where(where[..., np.newaxis], stripes, picture)


def _indices(there: np.ndarray) -> tuple[int, ...]:
    """Return the indices of the classes that are there, bool [C], without the background."""
    return tuple(index for index in np.flatnonzero(there).tolist() if index)
