"""The quality of a model on new photos: whether to begin with it, and which labels to doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.labels import BINARY, IGNORED, LabelMap
from segmentation.core.parallel import OnProgress
from segmentation.core.samples import Sample
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.inference.scoring import load_score
from segmentation.metrics.masks import counts, dice

_SURE = 0.95  # Dice in the median, from which a model can be asked about single labels
_FAR = 0.1  # below the median


@dataclass(frozen=True)
class Acquaintance:
    """The Dice of a model called `name` by photo: of its `first` pass, and with both passes."""

    name: str
    first: Mapping[str, float]
    both: Mapping[str, float]

    @property
    def dice(self) -> float:
        """The median Dice of both passes."""
        return median(self.both.values())

    @property
    def finds(self) -> bool:
        """True where the first pass finds the region of every photo, and that of most of them well."""
        return min(self.first.values()) >= 0.8 and median(self.first.values()) >= _SURE

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The photos whose ground truth is far from what a model says that agrees with the others."""
        if self.dice < _SURE:
            return ()
        return tuple(name for name, value in self.both.items() if value < self.dice - _FAR)


def acquaint(
    bundle: ModelBundle,
    samples: Sequence[Sample],
    labels: LabelMap = BINARY,
    on_progress: OnProgress | None = None,
) -> Acquaintance:
    """Compare a model of cutouts with the ground truth of samples.

    Of several classes all that are marked count as one. Raises ImageError and DataError for pairs that cannot
    be read.
    """
    passes = {one.digest: load_score(one)[0] for one in (bundle.first or bundle, bundle)}
    found: dict[str, dict[str, float]] = {digest: {} for digest in passes}
    for done, sample in enumerate(samples, start=1):
        photo, truth = read_pair(sample)
        indices = labels.task.truth_indices(truth)
        for digest, score in passes.items():
            scores, _seconds = score_photo(score, photo, sample)
            mask = bundle.labels.classify(scores, bundle.threshold) > 0
            counted = indices != IGNORED
            found[digest][sample.id] = float(dice(counts(mask & counted, (indices > 0) & counted)))
        if on_progress:
            on_progress(done, len(samples))
    first, *others = found.values()
    return Acquaintance(bundle.name, first, others[0] if others else first)
