"""Writer of the files of a photo whose objects were found: a mask and cutouts of each, and an overlay."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from segmentation.config.files import FileOptions
from segmentation.core.file_kinds import numbered
from segmentation.core.labels import BINARY
from segmentation.core.predictions import FoundObject, Prediction
from segmentation.images.files import Picture, write_image
from segmentation.images.object_overlay import overlay_objects
from segmentation.inference.matting import MattePass
from segmentation.models.mask_rcnn.found import MASK_PX
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.folders import prepare_folders

_VERSION = 1  # raise it whenever the same prediction gives other files, so that earlier ones are made again


class ObjectWriter:
    """The writer of `masks/STEM-1.png`, `cutouts/STEM-1.png` and so on for objects, and `overlays/STEM.jpg`.

    Masks and cutouts are those that a `CutoutWriter` makes of one object alone, with all of its options.
    """

    kinds = ("overlay",)

    def __init__(self, folder: Path, cutouts: CutoutWriter):
        self._folder = folder
        self._cutouts = cutouts

    @classmethod
    def from_options(cls, folder: Path, files: FileOptions, *, matte: MattePass | None = None) -> Self:
        """Return the writer that the options ask for. Raises what `CutoutWriter.from_options` raises."""
        of_one = dataclasses.replace(files, overlay=False)
        return cls(folder, CutoutWriter.from_options(folder, enlargement_of_object, of_one, matte=matte))

    @property
    def settings(self) -> dict[str, Any]:
        """Return what decides the bytes of the files besides the prediction, as plain JSON."""
        return {**self._cutouts.settings, "objects": _VERSION}

    def prepare(self) -> None:
        """Prepare the folders, see `prepare_folders`."""
        prepare_folders(self._folder, (*self.kinds, *self._cutouts.kinds))

    def kinds_of(self, prediction: Prediction) -> tuple[str, ...]:
        """Return the kinds of the files of this prediction: those of every object, and `kinds`."""
        numbers = range(1, len(prediction.objects or ()) + 1)
        return (*(numbered(kind, number) for number in numbers for kind in self._cutouts.kinds), *self.kinds)

    def write(self, paths: Mapping[str, Path], picture: Picture, prediction: Prediction) -> tuple[str, ...]:
        """Write the files of a photo to a path for each of `kinds_of`; return notes on them."""
        objects = prediction.objects or ()
        drawn = overlay_objects(picture.seen, objects, prediction.threshold)
        write_image(paths["overlay"], drawn, **picture.about)
        notes = [*picture.jpeg_notes]
        for number, one in enumerate(objects, start=1):
            alone = alone_in(prediction, one)
            of_one = {kind: paths[numbered(kind, number)] for kind in self._cutouts.kinds}
            notes += [f"object {number}: {note}" for note in self._cutouts.write(of_one, picture, alone)]
        return tuple(notes)


def alone_in(prediction: Prediction, one: FoundObject) -> Prediction:
    """Return the prediction of one of its objects, as if it were the only thing to cut out."""
    scores = one.placed(prediction.scores.shape)[..., np.newaxis]
    return dataclasses.replace(prediction, scores=scores, labels=BINARY, objects=None)


def enlargement_of_object(scores: np.ndarray) -> float:
    """Return how many times the mask of an object, with these scores in the photo [H, W, 1], was enlarged."""
    rows = np.count_nonzero(scores.any(axis=(1, 2)))
    return max(1.0, rows / MASK_PX)
