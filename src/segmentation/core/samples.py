"""Samples: a photo and its ground truth, wherever they came from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from segmentation.core.labels import Coding


class GroundTruth(Protocol):
    """The mask or the label map of a photo, in whichever form a data set holds it.

    `path` is the file to mend where the two do not fit; `coding` says what the values of a label map become,
    None where the values are those of the mask itself.
    """

    @property
    def path(self) -> Path: ...

    @property
    def coding(self) -> Coding | None: ...

    def read(self) -> np.ndarray:
        """Return uint8 [H, W]: 0 outside and 255 inside the garment, or the targets of the coding.

        Where there are several classes, a pixel holds the index of its own, or `IGNORED`. Raises ImageError
        and DataError for files that do not hold it.
        """
        ...

    def size(self) -> tuple[int, int]:
        """Return height and width, without reading the pixels. Raises like `read`."""
        ...


@dataclass(frozen=True)
class Sample:
    """One photo and, where known, its ground truth.

    `id` is unique in its set and needs no extension; samples of one `group` (a garment, a photo that
    occurs twice) stay on one side of every split; `view` is the viewpoint or "". `first_scores` are those
    that a second pass is trained on, in the form of a mask; `source` counts the folders that a training set
    was put together from. `made_of` is the content digest of the file that a composed photo has its garment
    from, "" where that is not known.
    """

    id: str
    photo: Path
    truth: GroundTruth | None = None
    group: str = ""
    view: str = ""
    origin: str = "real"
    first_scores: GroundTruth | None = None
    source: int = 0
    made_of: str = ""
