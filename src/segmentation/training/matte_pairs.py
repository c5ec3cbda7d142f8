"""Training pairs of a matte: crops of photos at their own resolution, with a trimap, and the true alpha."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from segmentation.config.run import RunConfig
from segmentation.core.file_kinds import DRAWN
from segmentation.core.samples import Sample
from segmentation.datasets.trimaps import has_trimap, read_trimap, trimap_or_drawn
from segmentation.images.colour_distance import colour_distance
from segmentation.images.trimaps import UNKNOWN, as_trimap, soft_trimap
from segmentation.preprocessing.matting import with_trimap
from segmentation.preprocessing.pixels import at_least
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.augment import Augment
from segmentation.training.batches import PreparedPairs
from segmentation.training.crops import corner_about, fullest_part, off_centre
from segmentation.training.target_coding import MatteCoding


class MattePairs(PreparedPairs):
    """`PreparedPairs` at the photos' own resolution, with the trimaps of the `config`.

    `varied` pairs hold whole photos, and as layers [H, W, L] their true alpha, how far apart the colours of
    foreground and background are, and the trimaps that their data set has; of them `vary` takes a crop around
    a pixel of an unknown band. Others are the part of a photo, as large as the network's input, that shows
    the most of the band of their first trimap.
    """

    cuts = True

    def __init__(
        self, samples: Sequence[Sample], preprocessing: Preprocessing, config: RunConfig, *, varied: bool
    ):
        super().__init__(samples, preprocessing, config.data)
        self.coding = MatteCoding()
        self._matte = config.matte
        self._given = [name for name in config.matte.trimap_names if name != DRAWN]
        self._compares_colours = config.loss.loss is not None and "composition" in config.loss.loss.weights
        self._varied = varied
        self._size = (varied and config.training.crops) or preprocessing.input_size

    def vary(self, augment: Augment | None) -> Augment:
        """Return the changes of `augment`, then a random trimap, and a crop around an unknown pixel."""

        def change(photo: np.ndarray, layers: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
            if augment:
                photo, layers = augment(photo, layers, seed)
            random = np.random.default_rng((seed, 3))  # others draw from (seed, 1), (seed, 2), (seed, 4)
            known = self._random_trimap(layers, random)
            unknown = np.argwhere(known == UNKNOWN)
            centre = random.choice(unknown) if len(unknown) else random.integers(known.shape)
            return self._crop(photo, layers, known, centre + off_centre(self._size, random))

        return change

    def _prepare(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        photo, alpha = self._read(sample)
        contrast = colour_distance(photo, alpha) if self._compares_colours else np.zeros_like(alpha)
        if self._varied:  # nothing takes the place of a trimap that the set does not have
            trimaps = [
                read_trimap(sample, name, alpha) if has_trimap(sample, name) else np.zeros_like(alpha)
                for name in self._given
            ]
        else:
            trimaps = [trimap_or_drawn(sample, self._matte.trimap_names[0], alpha)]
        layers = np.dstack([alpha, contrast, *trimaps])
        photo, layers = at_least(photo, self._size), at_least(layers, self._size)
        if self._varied:
            return photo, layers
        known = layers[..., -1]
        return self._crop(photo, layers, known, fullest_part(known == UNKNOWN, self._size))

    def _random_trimap(self, layers: np.ndarray, random: np.random.Generator) -> np.ndarray:
        name = random.choice(self._matte.trimap_names)
        given = layers[..., 2 + self._given.index(name)] if name in self._given else None
        if given is not None and given.any():
            return as_trimap(given)
        least, most = sorted((self._matte.least_band, self._matte.most_band))
        widths = np.exp(random.uniform(np.log(max(least, 1e-4)), np.log(max(most, 1e-4)), 2))
        return soft_trimap(np.ascontiguousarray(layers[..., 0]), *widths)

    def _crop(
        self, photo: np.ndarray, layers: np.ndarray, known: np.ndarray, centre: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what the network sees about a pixel, and the targets, uint8 [h, w, 3], of `matte_losses`."""
        size = self._size
        top, left = corner_about(centre, size, known.shape)
        part = slice(top, top + size.height), slice(left, left + size.width)
        seen = with_trimap(np.ascontiguousarray(photo[part]), known[part], self._matte.prior)
        preprocessing = dataclasses.replace(self.preprocessing, input_size=size)
        band = np.where(known[part] == UNKNOWN, np.uint8(255), np.uint8(0))
        alpha, contrast = layers[part][..., 0], layers[part][..., 1]
        return preprocessing.prepare(seen), np.dstack([alpha, band, contrast])
