"""Training pairs of a network that sees tiles: parts of photos at their own resolution."""

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from segmentation.config.run import RunConfig
from segmentation.core.labels import LabelMap
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.preprocessing.pixels import at_least
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.augment import Augment
from segmentation.training.batches import PreparedPairs
from segmentation.training.crops import Crops

_AROUND = 1.5  # of a tile's height and width: what is changed before the tile is cut out of it


class TilePairs(PreparedPairs):
    """`PreparedPairs` at the photos' own resolution, with first-pass scores where the network sees them.

    `varied` pairs are whole photos, of which `vary` takes a tile as `Crops` does. Others are one tile of a
    photo, always the same, around a hard pixel.
    """

    cuts = True

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        config: RunConfig,
        labels: LabelMap,
        *,
        varied: bool,
    ):
        super().__init__(samples, preprocessing, config.data, labels)
        self._varied = varied
        size = (varied and config.training.crops) or preprocessing.input_size
        focus = config.training.crop_focus if varied else 1.0
        self._tiles = Crops(size, focus, self.coding, preprocessing.guided, None)

    def vary(self, augment: Augment | None) -> Augment:
        """Return a random tile of a pair, changed by `augment`."""
        size = self._tiles.size
        around = Size(*(round(_AROUND * side) for side in (size.height, size.width)))

        def change(seen: np.ndarray, truth: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
            if augment:
                room = Size(*map(min, (around.height, around.width), truth.shape))
                seen, truth = replace(self._tiles, size=room)(seen, truth, seed)
                image, moved = augment(
                    np.ascontiguousarray(seen[..., :3]), np.dstack([truth, seen[..., 3:]]), seed
                )
                seen, truth = np.dstack([image, moved[..., 1:]]), moved[..., 0]
            return self._prepared(*self._tiles(seen, truth, seed))

        return change

    def _prepare(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        seen, truth = self._read(sample)
        truth = self.coding.resize(truth, Size(*truth.shape), self.config)
        if self.preprocessing.guided:
            first = sample.first_scores
            seen = np.dstack([seen, truth if first is None else first.read()])
        seen, truth = (at_least(one, self._tiles.size) for one in (seen, truth))
        if self._varied:
            return seen, truth
        return self._prepared(*self._tiles(seen, truth, zlib.crc32(sample.id.encode())))

    def _prepared(self, seen: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the network sees, and the ground truth as it is; strokes are drawn at last."""
        strokes = self.preprocessing.strokes and not self._varied
        preprocessing = replace(self.preprocessing, input_size=self._tiles.size, strokes=strokes)
        return preprocessing.prepare(seen), truth
