"""Training pairs of a second pass: photo, first scores and ground truth, looked at as when predicting."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from segmentation.config.training import DataConfig
from segmentation.core.types import Sample
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.training.augment import Augment
from segmentation.training.batches import PreparedPairs


class SecondPassPairs(PreparedPairs):
    """`PreparedPairs` of samples with a guide, as a look at them shows them.

    `varied` pairs keep what every random look needs, uint8 [h, w, C + 1] with the guide as last channel, of
    which `vary` takes one. Others are what a prediction sees.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        config: DataConfig,
        look: SecondPassView,
        *,
        varied: bool,
    ):
        super().__init__(samples, preprocessing, config)
        self.look = look
        self._varied = varied

    def vary(self, augment: Augment | None) -> Augment:
        """A random look at a pair, then `augment`: photo, guide and ground truth move together."""

        def change(seen: np.ndarray, target: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
            random = np.random.default_rng((seed, 1))  # `augment` draws from the seed itself
            seen, target = self.look.frame(seen, target, random)
            if self.look.kind == "crop":
                seen, target = self._to_size(seen, target)
            if augment:
                image, moved = augment(seen[..., :-1], np.dstack([target, seen[..., -1]]), seed)
                seen, target = np.dstack([image, moved[..., 1]]), moved[..., 0]
            seen = self.look.blank(seen, random)
            return seen if self.preprocessing.guided else seen[..., :-1], target

        return change

    def _prepare(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        photo, target = self._read(sample)
        scores = target if sample.first_scores == sample.truth else sample.first_scores.read()
        seen = np.dstack([photo, scores])
        if not self._varied:
            seen, target = self.look.frame(*self.look.widest(seen, target), None)
            return self.preprocessing.prepare(self.look.blank(seen, None)), self._resize(target)
        seen, target = self.look.widest(seen, target)
        return (seen, target) if self.look.kind == "crop" else self._to_size(seen, target)

    def _to_size(self, seen: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Prepared at the network's size, with the guide whether the network sees it or not."""
        return dataclasses.replace(self.preprocessing, guided=True).prepare(seen), self._resize(target)
