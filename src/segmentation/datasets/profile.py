"""The traits of a data set from which a training is planned, as nnU-Net's data fingerprint (Isensee 2021)."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev

import numpy as np

from segmentation.core.parallel import OnProgress, map_in_threads
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.contrast import FAINT
from segmentation.datasets.detail import Detail, measure_detail, thin_share
from segmentation.datasets.discover import Dataset
from segmentation.datasets.ground_truth import truth_of
from segmentation.datasets.summary import summarise

_LOOKED_AT = 24  # pairs, spread over the data set: enough for medians
_AREAS = tuple(width * width * 3 // 2 for width in (192, 256, 384, 512, 768))  # pixels of input sizes
_STEP = 32  # pixels, of which the sides of an input are multiples
_NO_COLOUR = 2.0  # levels of 255 between the means of the channels


@dataclass(frozen=True)
class DataProfile:
    """Traits of `pairs` pairs of `garments` garments, `left_out` files apart; `classes` are 1 for a cutout.

    Of the `looked_at` pairs: `size` is the median of the photos, `area` and `thin` the mean shares of the
    frame that is marked and of that in thin parts, `varied` the deviation of the areas in means; `contrast`
    is the median one of the outline in levels of 255, in the channel that shows it best, and `faint` the
    share of the pairs whose outline is hard to see; `mean` and `std` are of red, green and blue, 0 to 255.
    `detail` is what rising input sizes keep.
    """

    pairs: int
    garments: int
    left_out: int
    classes: int
    looked_at: int
    size: Size
    area: float
    varied: float
    thin: float
    contrast: float
    faint: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    detail: tuple[Detail, ...]

    @property
    def grey(self) -> bool:
        """True where the photos look as if they had no colour."""
        return max(self.mean) - min(self.mean) < _NO_COLOUR and max(self.std) - min(self.std) < _NO_COLOUR


def profile_of(datasets: Sequence[Dataset], on_progress: OnProgress | None = None) -> DataProfile:
    """Measure data sets of the same classes, the first as the one that counts.

    Raises ImageError for a file that cannot be read.
    """
    first, samples = datasets[0], [sample for dataset in datasets for sample in dataset.samples]
    some = spread(first.samples, _LOOKED_AT)
    summary = summarise(dataclasses.replace(first, samples=some), on_progress)
    truths = map_in_threads(lambda sample: first.labels.task.truth_indices(truth_of(sample).read()), some)
    size = Size(*(round(median(getattr(one, side) for one in summary.each)) for side in ("height", "width")))
    sizes = [Size.near(area, size.height / size.width, _STEP) for area in _AREAS]
    areas = [one.area for one in summary.each]
    contrasts = [max(one.contrast.values()) for one in summary.each if one.contrast]
    return DataProfile(
        pairs=len(samples),
        garments=len({(sample.source, sample.group) for sample in samples}),
        left_out=sum(len(dataset.problems) for dataset in datasets),
        classes=len(first.labels.names),
        looked_at=len(some),
        size=size,
        area=summary.area.mean,
        varied=pstdev(areas) / max(fmean(areas), 1e-6),
        thin=fmean(map(thin_share, truths)),
        contrast=median(contrasts) if contrasts else 0.0,
        faint=float(np.mean([level < FAINT for level in contrasts])) if contrasts else 1.0,
        mean=summary.mean,
        std=summary.std,
        detail=measure_detail(truths, sizes),
    )


def spread(samples: Sequence[Sample], count: int) -> tuple[Sample, ...]:
    """Return at most `count` samples, evenly spread over all of them."""
    if len(samples) <= count:
        return tuple(samples)
    return tuple(samples[place * len(samples) // count] for place in range(count))
