"""Writer of the files of a photo whose classes were marked: a label map and an overlay."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from segmentation.core.errors import DataError
from segmentation.core.file_kinds import FILES
from segmentation.core.files import write_text
from segmentation.core.labels import LEAST_SHARE, LabelMap
from segmentation.core.predictions import Prediction
from segmentation.datasets.labels import LABELS_FILE, Classes, read_classes
from segmentation.datasets.origin import PSEUDO, write_origin
from segmentation.images.class_overlay import legend, overlay_classes
from segmentation.images.files import Picture, write_image
from segmentation.images.text import PAPER
from segmentation.outputs.folders import prepare_folders
from segmentation.outputs.manifest import MANIFEST
from segmentation.outputs.pairs import IMAGES

_VERSION = 1  # raise it whenever the same prediction gives other files, so that earlier ones are made again
_LEGEND_FOR_PX = 700  # the longer side of a photo that the letters of the legend suit
_NARROWEST_PX = 100  # of a photo below which names can be read
_GAP_PX = 8  # between the photo and the legend
_OF_CUTOUTS = ("masks", "cutouts", "trimaps", "review")  # folders that only a cutout's predictions have


class LabelWriter:
    """The writer of `labels/STEM.png`, each pixel's class index, and `overlays/STEM.jpg` below a folder.

    The label map has the photo's size and shows the colours of `labels`. Together with the photos as
    `images`, and the labels.json that names its indices, the folder is a set of pairs that its origin.json
    calls predicted.
    """

    kinds = ("labels", "overlay")

    def __init__(self, folder: Path, labels: LabelMap):
        self._folder = folder
        self._labels = labels

    @property
    def settings(self) -> dict[str, Any]:
        """Return what decides the bytes of the files besides the prediction, as plain JSON."""
        return {"kinds": self.kinds, "writer": _VERSION}

    def prepare(self) -> None:
        """Prepare the folders, see `prepare_folders`, and name the indices in labels.json."""
        prepare_folders(self._folder, self.kinds)
        self.describe(self._folder)

    def describe(self, folder: Path) -> None:
        """Name the indices in labels.json, and say in origin.json that label maps were predicted."""
        plain = {
            str(index): {"name": name, "colour": "#{:02x}{:02x}{:02x}".format(*colour)}
            for index, (name, colour) in enumerate(zip(self._labels.names, self._labels.colours, strict=True))
        }
        write_text(folder / LABELS_FILE, json.dumps(plain, indent=2) + "\n")
        write_origin(folder, {"origin": PSEUDO})

    def write(self, paths: Mapping[str, Path], picture: Picture, prediction: Prediction) -> tuple[str, ...]:
        """Write the files of a photo to a path for each kind, the overlay in its colour profile."""
        indices, colours = prediction.indices, self._labels.colours
        if "labels" in paths:
            write_image(paths["labels"], indices, palette=colours, mostly_empty=True, dpi=picture.dpi)
        if "overlay" in paths:
            drawn = draw_classes(picture.seen, indices, self._labels)
            write_image(paths["overlay"], drawn, **picture.about)
        return ()


def draw_classes(photo: np.ndarray, indices: np.ndarray, labels: LabelMap) -> np.ndarray:
    """Draw the photo [H, W, 3] under the colours of its classes [H, W], with a legend: uint8 [H + h, W, 3].

    Classes of less than LEAST_SHARE of the photo are not named, nor is the background where there is anything
    else; a narrow photo has no room for names.
    """
    height, width = indices.shape
    drawn = overlay_classes(photo, indices, labels)
    if width < _NARROWEST_PX:
        return drawn
    times = max(1, round(max(height, width) / _LEGEND_FOR_PX))
    counts = np.bincount(indices.ravel())
    found = {*np.flatnonzero(counts >= LEAST_SHARE * indices.size).tolist()}
    names = legend(labels, max(1, width // times), found - {0} or {0})
    names = cv2.copyMakeBorder(names, _GAP_PX, 0, 0, 0, cv2.BORDER_CONSTANT, value=PAPER)
    names = cv2.resize(names, (width, len(names) * times), interpolation=cv2.INTER_CUBIC)
    return np.vstack([drawn, names])


def refuse_other_labels(folder: Path, labels: LabelMap) -> None:
    """Raise DataError for pairs, cutouts, label maps that predict did not write, and other classes."""
    maps, names = folder / FILES["labels"].folder, folder / LABELS_FILE
    if (folder / IMAGES).exists():
        raise DataError(
            f"{folder}: expected a folder for results, received a set of pairs with {IMAGES}, whose label "
            "maps may have been corrected; give another `output`"
        )
    cutouts = next((name for name in _OF_CUTOUTS if (folder / name).exists()), None)
    if cutouts:
        raise DataError(
            f"{folder}: expected a folder for label maps, received one of cutouts, with {cutouts}; give "
            "another `output`, or remove the folder if they are no longer needed"
        )
    if maps.is_dir() and any(maps.iterdir()) and not (folder / MANIFEST).exists():
        raise DataError(
            f"{folder}: expected a folder for results, received label maps that predict did not write; give "
            "another `output`"
        )
    if names.exists() and not _are_named(labels, read_classes(names)):
        raise DataError(
            f"{folder}: expected label maps of the model's {len(labels.names)} classes, received others, "
            f"which {LABELS_FILE} names; give another `output`, or remove the folder if they are no longer "
            "needed"
        )


def _are_named(labels: LabelMap, classes: Classes) -> bool:
    indices = {colour: index for index, colour in enumerate(labels.colours)}
    return classes.names == dict(enumerate(labels.names)) and classes.colours == indices
