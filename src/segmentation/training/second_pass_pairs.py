"""Training pairs of a second pass: photo, first-pass scores and ground truth, framed as in prediction."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from segmentation.config.data import DataConfig
from segmentation.core.samples import Sample
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.training.augment import Augment
from segmentation.training.batches import PreparedPairs


class SecondPassPairs(PreparedPairs):
    """`PreparedPairs` of samples with first-pass scores, in the `view` of a second pass.

    `varied` pairs keep enough for every random view, uint8 [h, w, C + 1] with the scores as last channel, of
    which `vary` takes one. Others are as a prediction sees them.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        config: DataConfig,
        view: SecondPassView,
        *,
        varied: bool,
    ):
        super().__init__(samples, preprocessing, config)
        self.view = view
        self._varied = varied

    def vary(self, augment: Augment | None) -> Augment:
        """Return a random view of a pair, then `augment`; photo, scores and ground truth move together."""

        def change(seen: np.ndarray, target: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
            random = np.random.default_rng((seed, 1))  # `augment` draws from the seed itself
            seen, target = self.view.frame(seen, target, random)
            if self.view.kind == "crop":
                seen, target = self._to_size(seen, target)
            if augment:
                image, moved = augment(seen[..., :-1], np.dstack([target, seen[..., -1]]), seed)
                seen, target = np.dstack([image, moved[..., 1]]), moved[..., 0]
            seen = self.view.blank(seen, random)
            return seen if self.preprocessing.guided else seen[..., :-1], target

        return change

    def _prepare(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        photo, target = self._read(sample)
        first = sample.first_scores
        scores = target if first is None or first == sample.truth else first.read()
        seen = np.dstack([photo, scores])
        if not self._varied:
            seen, target = self.view.frame(*self.view.widest(seen, target), None)
            return self.preprocessing.prepare(self.view.blank(seen, None)), self._resize(target)
        seen, target = self.view.widest(seen, target)
        return (seen, target) if self.view.kind == "crop" else self._to_size(seen, target)

    def _to_size(self, seen: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Prepare at the size of the network, with the scores whether the network sees them or not."""
        preprocessing = dataclasses.replace(self.preprocessing, guided=True, strokes=False)  # drawn at last
        return preprocessing.prepare(seen), self._resize(target)
