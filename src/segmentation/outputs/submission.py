"""The Kaggle submission: one run-length encoded mask a photo."""

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

from segmentation.core.files import write_bytes
from segmentation.core.predictions import Prediction
from segmentation.core.tables import csv_text
from segmentation.datasets.rle import Order, encode
from segmentation.images.files import Picture
from segmentation.outputs.alpha import hard_alpha
from segmentation.outputs.naming import Photo
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.submission_masks import SubmissionMasks

COLUMNS = ("img", "rle_mask")


class SubmissionRows:
    """A collection of rows (file name, run lengths), one for each predicted photo, masks encoded in `order`.

    With `masks`, those with hard edges are written there too.
    """

    def __init__(self, order: Order, masks: SubmissionMasks | None):
        self._order = order
        self._masks = masks
        self._encoded: dict[Path, str] = {}

    def add(self, photo: Photo, _picture: Picture, prediction: Prediction) -> PhotoOutputs:
        """Encode a photo's mask; return the file written for it, if any. Any thread may call it."""
        outputs = {}
        if self._masks:
            outputs["mask"] = f"{photo.stem}.png"
            self._masks.write(outputs["mask"], hard_alpha(prediction))
        self._encoded[photo.path] = encode(prediction.mask, self._order)
        return PhotoOutputs(outputs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the rows in the order of the photos' paths."""
        return ((path.name, self._encoded[path]) for path in sorted(self._encoded))


def write_submission(path: Path, rows: Iterable[tuple[str, str]]) -> None:
    """Write the rows as CSV, atomically, with gzip when the name ends in `.gz`. Same rows, same bytes."""
    content = csv_text([COLUMNS, *rows]).encode()
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
