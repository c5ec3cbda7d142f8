"""A data set in figures: what an engineer wants to know before a training, and what to mend first."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from segmentation.config.scoring import CHANNELS
from segmentation.core.labels import IGNORED, LabelMap
from segmentation.core.parallel import OnProgress, map_in_threads
from segmentation.core.samples import Sample
from segmentation.core.tables import write_csv
from segmentation.datasets.contrast import outline_contrast
from segmentation.datasets.discover import Dataset
from segmentation.datasets.ground_truth import truth_of
from segmentation.images.files import read_photo


@dataclass(frozen=True)
class Area:
    """The share of the frame that the garments cover (alpha of at least one half), as fractions in [0, 1].

    With several classes, all but the background count.
    """

    min: float
    median: float
    mean: float
    max: float


@dataclass(frozen=True)
class PhotoFigures:
    """Figures of a pair: `area` is a fraction of the frame, `contrast` that of `outline_contrast`."""

    photo: str
    view: str
    width: int
    height: int
    area: float
    contrast: dict[str, float] | None


@dataclass(frozen=True)
class Summary:
    """Plain values, so that `dataclasses.asdict` gives JSON.

    `photos` and `cutouts` count files, usable or not; everything else is over the usable pairs.
    `views` and `resolutions` ("WIDTHxHEIGHT") count photos, the most frequent first; `mean` and `std`
    are of the red, green and blue of all pixels, 0 to 255. `each` has the pairs one by one. `train` and `val`
    are None where the folders make no split.
    """

    photos: int
    cutouts: int
    pairs: int
    garments: int
    views: dict[str, int]
    resolutions: dict[str, int]
    area: Area
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    each: tuple[PhotoFigures, ...]
    train: int | None
    val: int | None


@dataclass(frozen=True)
class _Pair:
    """The contribution of one pair: float64 sums per channel over the photo's pixels."""

    figures: PhotoFigures
    pixels: int
    sums: np.ndarray
    squares: np.ndarray


def summarise(dataset: Dataset, on_progress: OnProgress | None = None) -> Summary:
    """Measure every pair of `dataset` at full size. Raises ImageError for a file that cannot be read."""
    pairs = map_in_threads(lambda sample: _measure(sample, dataset.labels), dataset.samples, on_progress)
    each = tuple(pair.figures for pair in pairs)
    areas = [figures.area for figures in each]
    pixels = sum(pair.pixels for pair in pairs)
    mean = sum((pair.sums for pair in pairs), np.zeros(3)) / pixels
    variance = sum((pair.squares for pair in pairs), np.zeros(3)) / pixels - mean**2
    split = dataset.folder_split
    return Summary(
        photos=dataset.photos_found,
        cutouts=dataset.masks_found,
        pairs=len(pairs),
        garments=len({sample.group for sample in dataset.samples}),
        views=dict(Counter(sample.view for sample in dataset.samples).most_common()),
        resolutions=dict(Counter(f"{one.width}x{one.height}" for one in each).most_common()),
        area=Area(min(areas), float(np.median(areas)), math.fsum(areas) / len(areas), max(areas)),
        mean=tuple(mean.tolist()),
        std=tuple(np.sqrt(variance.clip(0)).tolist()),
        each=each,
        train=len(split.train) if split else None,
        val=len(split.val) if split else None,
    )


def write_photos(summary: Summary, path: Path) -> None:
    """Write the figures of each pair into a table."""
    heading = ("photo", "view", "width", "height", "area", *(f"contrast_{name}" for name in CHANNELS))
    rows = (
        (one.photo, one.view, one.width, one.height, one.area, *_levels(one.contrast)) for one in summary.each
    )
    write_csv(path, [heading, *rows])


def _levels(contrast: dict[str, float] | None) -> list[float | None]:
    return [contrast[name] if contrast else None for name in CHANNELS]


def _measure(sample: Sample, labels: LabelMap) -> _Pair:
    photo, indices = read_photo(sample.photo), labels.task.truth_indices(truth_of(sample).read())
    height, width, _ = photo.shape
    mean, std = (column[:, 0] for column in cv2.meanStdDev(photo))  # float64 [3, 1] -> [3]
    pixels = height * width
    region = (indices != 0) & (indices != IGNORED)
    area = np.count_nonzero(region) / indices.size
    return _Pair(
        PhotoFigures(sample.id, sample.view, width, height, area, outline_contrast(photo, region)),
        pixels=pixels,
        sums=mean * pixels,
        squares=(std**2 + mean**2) * pixels,
    )
