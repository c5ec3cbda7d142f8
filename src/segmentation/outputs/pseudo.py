"""Confident predictions as pairs that another model is trained on.

Pseudo-labelling after Lee 2013; the scores themselves are kept as soft targets.
"""

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.core.errors import DataError
from segmentation.core.predictions import Prediction
from segmentation.datasets.origin import PSEUDO, write_origin
from segmentation.images.files import Picture
from segmentation.outputs.file_record import record_of
from segmentation.outputs.manifest import MANIFEST
from segmentation.outputs.naming import Photo
from segmentation.outputs.pairs import (
    IMAGES,
    MASKS,
    check_ours,
    count_pairs,
    prepare,
    remove_pair,
    write_pair,
)
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.publishing import unused_name
from segmentation.scores.expected_dice import expected_dice

NOTED = "not taken"
"""The note of a photo that is left out for its other notes, however confident the model is."""


_IN_WORDS = {"experience": "confidence model"}  # of settings whose names in the record say something else


class PseudoWriter:
    """The writer of the photo and scores of every prediction that is confident enough into a folder of pairs.

    `settings`, plain JSON, is what decides the predictions; with `min_confidence`, in [0, 1], it is recorded
    beside the pairs. A prediction is confident enough if its confidence reaches that and it has no notes;
    where the model has no confidence model, the expected Dice of its scores stands in, and `stood_in` becomes
    true. `highest` is the highest confidence of those that were left out, None where there are none.

    Raises DataError when the folder holds anything else than an earlier set, or a set of other settings
    without `overwrite`.
    """

    kinds = ("mask",)

    def __init__(
        self, folder: Path, settings: dict[str, Any], min_confidence: float, *, overwrite: bool = False
    ):
        self._folder = folder
        self._limit = min_confidence
        self._overwrite = overwrite
        self.settings = {**settings, "min_confidence": min_confidence}
        self.stood_in = False
        self.highest: float | None = None
        self._lock = threading.Lock()
        earlier = check_ours(folder, PSEUDO, besides={MANIFEST})
        changed = [
            _IN_WORDS.get(name, name)
            for name, value in self.settings.items()
            if earlier.get(name, value) != value
        ]
        if changed and not overwrite:
            raise DataError(
                f"{folder}: expected an earlier set of the same models and options, received one with other "
                f"{', '.join(changed)}; give another `output`, or `overwrite` to make the set anew"
            )

    def prepare(self) -> None:
        """Record the origin before the first pair; remove pairs to be made again and unfinished files.

        No other process may be writing there.
        """
        self._record()
        if self._overwrite:
            masks = self._folder / MASKS
            if masks.is_dir():  # some may have been corrected
                masks.rename(unused_name(masks))
            shutil.rmtree(self._folder / IMAGES, ignore_errors=True)
        prepare(self._folder)

    def finish(self) -> int:
        """Record how many pairs the folder holds, and return it."""
        return self._record()

    def write(self, photo: Photo, picture: Picture, prediction: Prediction) -> PhotoOutputs:
        """Write the pair of a photo if its prediction is confident enough, else remove an earlier one.

        Any thread may call it.
        """
        confidence = self._confidence(prediction)
        if prediction.notes or confidence < self._limit:
            remove_pair(self._folder, photo.stem)
            if prediction.notes:
                return PhotoOutputs({}, (NOTED,))
            with self._lock:
                self.highest = max(self.highest or 0.0, confidence)
            return PhotoOutputs({}, (f"not sure enough: confidence {confidence:.4f}",))
        scores = np.rint(prediction.scores[..., 0] * 255).astype(np.uint8)
        mask = write_pair(self._folder, photo, scores, picture.dpi)
        return PhotoOutputs({"mask": mask}, files={mask: record_of(self._folder / mask)})

    def _confidence(self, prediction: Prediction) -> float:
        if prediction.confidence is not None:
            return prediction.confidence
        self.stood_in = True
        return expected_dice(prediction.scores[..., 0], prediction.mask)

    def _record(self) -> int:
        photos = count_pairs(self._folder)
        write_origin(self._folder, {"origin": PSEUDO, **self.settings, "photos": photos})
        return photos
