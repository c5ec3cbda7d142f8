"""The number of pixels and photos of each class, as a basis for choosing and weighting classes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segmentation.core.labels import LabelMap
from segmentation.core.parallel import OnProgress, map_in_threads
from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import truth_of


@dataclass(frozen=True)
class ClassStatistics:
    """Plain values, so that `dataclasses.asdict` gives JSON.

    `pixels` and `photos` are a number for each of `names`: the pixels of the class in all photos, and the
    photos that have at least one. `ignored` are the pixels that count nowhere.
    """

    names: tuple[str, ...]
    pixels: tuple[int, ...]
    photos: tuple[int, ...]
    ignored: int

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each class in the pixels that are not ignored, in [0, 1]."""
        total = max(sum(self.pixels), 1)
        return tuple(pixels / total for pixels in self.pixels)


def count_classes(
    samples: Iterable[Sample], labels: LabelMap, on_progress: OnProgress | None = None
) -> ClassStatistics:
    """Count the classes of all samples at full size, in threads.

    A binary ground truth has two, background and what is cut out, the latter where alpha is at least one
    half. Raises ImageError and DataError as `GroundTruth` does.
    """
    names = labels.task.index_names

    def count(sample: Sample) -> np.ndarray:
        indices = labels.task.truth_indices(truth_of(sample).read())
        return np.bincount(indices.ravel(), minlength=256)

    counts = map_in_threads(count, samples, on_progress)
    total = np.array(counts, np.int64).reshape(-1, 256)  # [photos, values]
    return ClassStatistics(
        names,
        tuple(total[:, : len(names)].sum(axis=0).tolist()),
        tuple((total[:, : len(names)] > 0).sum(axis=0).tolist()),
        0 if labels.ignore is None else int(total[:, labels.ignore].sum()),
    )
