"""Batches of samples: prepared pairs kept in memory, and the Keras data set that augments them."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from segmentation.config.data import DataConfig
from segmentation.core.errors import DataError, SegmentationError
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import GroundTruth, Sample
from segmentation.datasets.origin import PSEUDO
from segmentation.images.files import read_photo
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.ahead import Ahead
from segmentation.training.augment import Augment
from segmentation.training.mixture import Mixture
from segmentation.training.rank import ALONE, Rank
from segmentation.training.target_coding import TargetCoding, coding_of

_BATCHES_AHEAD = 4  # of the network: enough to even out slow photos, little to hold in memory


class PreparedPairs:
    """Photos and ground truths at the network's size, read once while they fit into `config.cache`.

    `pairs[i]` is (uint8 [height, width, channels], uint8 [height, width]); safe to read from threads. Where
    `labels` has several classes, the ground truth holds their indices. Some kinds of pairs are larger, and
    `vary` `cuts` what the network sees out of them.
    """

    cuts = False

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        config: DataConfig,
        labels: LabelMap = BINARY,
    ):
        self.samples = samples
        self.preprocessing = preprocessing
        self.config = config
        self.labels = labels
        self.coding: TargetCoding = coding_of(labels)
        self._kept: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._free_bytes = int(config.cache)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if (kept := self._kept.get(index)) is not None:
            return kept
        pair = self._prepare(self.samples[index])
        size = pair[0].nbytes + pair[1].nbytes
        with self._lock:
            if index not in self._kept and size <= self._free_bytes:
                self._free_bytes -= size
                self._kept[index] = pair
        return pair

    @property
    def kept_bytes(self) -> int:
        """The memory that the kept pairs take."""
        return sum(array.nbytes for pair in self._kept.values() for array in pair)

    def release(self) -> None:
        """Give the memory back; from here on pairs are read each time."""
        with self._lock:
            self._kept.clear()
            self._free_bytes = 0

    def images(self, workers: int = 2) -> Iterator[np.ndarray]:
        """Yield all prepared photos in order, uint8 [height, width, channels], read by `workers` threads."""
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(lambda index: self[index][0], range(len(self)))

    def class_counts(self, workers: int = 2) -> np.ndarray:
        """Count the pixels of each class in each photo at the network's size, int64 [P, C].

        Ignored pixels do not count. Every photo counts once, whatever its share of an epoch.
        """
        classes = len(self.labels.names)

        def count(index: int) -> np.ndarray:
            return np.bincount(self[index][1].ravel(), minlength=256)[:classes]

        with ThreadPoolExecutor(workers) as pool:
            return np.array(list(pool.map(count, range(len(self)))))

    def vary(self, augment: Augment | None) -> Augment | None:
        """Return the random changes of a pair in training: `augment`, and what this kind of pairs adds."""
        return augment

    def _prepare(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        photo, mask = self._read(sample)
        return self.preprocessing.prepare(photo), self._resize(mask)

    def _read(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        """Return the photo, uint8 RGB [H, W, 3], and its ground truth, uint8 [H, W]."""
        if sample.truth is None:
            raise ValueError(f"{sample.id}: expected a photo with its ground truth")
        photo, mask = read_photo(sample.photo), self._read_truth(sample.truth)
        if photo.shape[:2] != mask.shape[:2]:
            raise DataError(
                f"{sample.truth.path}: expected the photo's size {photo.shape[1]}x{photo.shape[0]}, "
                f"received {mask.shape[1]}x{mask.shape[0]}; export the mask again at the photo's size"
            )
        return photo, mask

    def _read_truth(self, truth: GroundTruth) -> np.ndarray:
        """Return the ground truth as the coding takes it."""
        return truth.read()

    def _resize(self, truth: np.ndarray) -> np.ndarray:
        """Resize a ground truth: uint8 [H, W] -> uint8 [height, width]."""
        return self.coding.resize(truth, self.preprocessing.input_size, self.config)


def sample_weights(samples: Sequence[Sample], pseudo_weight: float) -> np.ndarray | None:
    """Return how much each sample counts in the loss, float32 [N] in [0, 1]; None where all count 1."""
    weights = np.array([pseudo_weight if sample.origin == PSEUDO else 1 for sample in samples], np.float32)
    return weights if (weights != 1).any() else None


class Batches(keras.utils.PyDataset):
    """Batches of (float32 [N, H, W, C] normalised, float32 [N, H, W, 1] in [0, 1]).

    For several classes the targets are one-hot, float32 [N, H, W, classes], and 0 in all where a pixel is
    ignored.

    Targets of objects are a dictionary of arrays, see `ObjectLoss`.

    With `weights`, float32 [samples], a batch holds a third array: those of its samples, float32 [N].

    With `seed`, order and augmentation change with every epoch, both decided by (seed, epoch) alone: the
    loop sets `epoch` before each, and a resumed run sees what an uninterrupted one would.
    `mixture` decides which samples an epoch holds, each once if it is not given. Without a seed the order
    is fixed, nothing is augmented, and the last batch may be smaller.

    So many `workers` prepare the batches that follow the one that is asked for, also those of the next epoch
    while the photos held out are judged, but none after so many `epochs`; `close` ends that.

    Where several processes train together, `rank` says which part of each batch is here; `batch_size` is the
    whole one's. Without a seed all batches are then whole, and weights make what fills the last one count
    nothing, and loss and figures those of the samples alone.
    """

    def __init__(
        self,
        pairs: PreparedPairs,
        batch_size: int,
        *,
        augment: Augment | None = None,
        seed: int | None = None,
        mixture: Mixture | None = None,
        weights: np.ndarray | None = None,
        epochs: int | None = None,
        workers: int = 2,
        rank: Rank = ALONE,
    ):
        super().__init__()  # without Keras' own workers, who begin each epoch with an empty queue
        self.pairs = pairs
        self.size = batch_size
        self.augment = augment
        self.seed = seed
        self.rank = rank
        self._weights = weights
        self._mixture = mixture if mixture or seed is None else Mixture([0] * len(pairs), None, seed)
        self.epoch = 0
        self.failure: SegmentationError | None = None  # raised in a thread, by a file that cannot be used
        self._epochs = epochs
        self._ahead: Ahead[tuple[int, int], tuple[np.ndarray, ...]] = Ahead(workers)

    @property
    def num_batches(self) -> int:
        return -(-len(self._mixture or self.pairs) // self.size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        try:
            return self._ahead.take(self._batch, self._place(index), self._places_after(index))
        except SegmentationError as failure:
            self.failure = failure
            raise

    def close(self) -> None:
        """Prepare nothing more ahead, and forget what was."""
        self._ahead.close()

    def _place(self, index: int) -> tuple[int, int]:
        """Return the epoch and the index in it of a batch, counted from the first one of this epoch."""
        later, index = divmod(index, self.num_batches)
        return (0 if self._mixture is None else self.epoch + later), index

    def _places_after(self, index: int) -> list[tuple[int, int]]:
        places = (self._place(index + 1 + later) for later in range(_BATCHES_AHEAD))
        return [place for place in places if self._epochs is None or place[0] < self._epochs]

    def _batch(self, place: tuple[int, int]) -> tuple[np.ndarray, ...]:
        epoch, index = place
        places = self.rank.part_of(range(index * self.size, (index + 1) * self.size))
        if self._mixture is None:
            chosen, weights = self._judged(places)
            pairs = [self.pairs[pair] for pair in chosen]
        else:
            order = self._mixture.order(epoch)
            # the last batch is filled from the front: batch statistics of a single photo would be noise
            chosen = [int(order[place % len(order)]) for place in places]
            weights = None if self._weights is None else self._weights[chosen]
            pairs = [
                self._augmented(self.pairs[pair], epoch, place)
                for pair, place in zip(chosen, places, strict=True)
            ]
        images, masks = zip(*pairs, strict=True)
        images = self.pairs.preprocessing.normalise(np.stack(images))  # [N, H, W, C]
        targets = self.pairs.coding.targets(np.stack(masks))  # [N, H, W, 1 or classes]
        return (images, targets) if weights is None else (images, targets, weights)

    def _judged(self, places: Sequence[int]) -> tuple[list[int], np.ndarray | None]:
        """Return the samples in fixed order at these places of an epoch, and their weights, if any."""
        count = len(self.pairs)
        if self.rank.processes == 1:
            chosen = [place for place in places if place < count]
            return chosen, None if self._weights is None else self._weights[chosen]
        # Keras divides the sum of the losses by all places, those behind the last sample too
        weight = self.num_batches * self.size / count
        weights = np.array([weight if place < count else 0 for place in places], np.float32)
        chosen = [min(place, count - 1) for place in places]
        return chosen, weights if self._weights is None else weights * self._weights[chosen]

    def _augmented(
        self, pair: tuple[np.ndarray, np.ndarray], epoch: int, place: int
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.augment is None or self.seed is None:
            return pair
        seed = np.random.SeedSequence((self.seed, epoch, place)).generate_state(1)[0]
        return self.augment(*pair, int(seed))
