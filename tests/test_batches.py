"""Batches hold every sample once an epoch, in an order that only (seed, epoch) decides."""

import dataclasses
from itertools import chain

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from support.drawing import draw_set, samples_of
from support.waiting import wait_until

from segmentation.config.augmentation import AUGMENTATIONS, AugmentConfig
from segmentation.config.data import DataConfig
from segmentation.config.values import Memory
from segmentation.core.errors import DataError, ImageError
from segmentation.core.labels import IGNORED, Coding, LabelMap
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.ground_truth import LabelFile, MaskFile
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.augment import build_augment
from segmentation.training.batches import Batches, PreparedPairs
from segmentation.training.rank import ALONE, Rank
from segmentation.training.target_coding import coding_of

SIZE = Size(height=32, width=24)
UNIT = Preprocessing(SIZE, normalisation="unit")
PAIR_BYTES = SIZE.height * SIZE.width * (3 + 1)


class Numbered:
    """Pairs whose photos are plain with their own number as value, so that a batch tells what it holds."""

    preprocessing = Preprocessing(Size(2, 2), normalisation="none")
    labels = LabelMap()
    coding = coding_of(labels)

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return np.full((2, 2, 3), index, np.uint8), np.full((2, 2), 255 * (index % 2), np.uint8)


def numbers(batches):
    """The numbers of the samples in each batch of an epoch."""
    return [batches[index][0][:, 0, 0, 0].astype(int).tolist() for index in range(batches.num_batches)]


@pytest.fixture
def samples(tiny_set):
    return samples_of(tiny_set)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = draw_set(tmp_path_factory.mktemp("batches") / "pairs")
    return PreparedPairs(samples_of(folder), UNIT, DataConfig())


def test_a_batch_is_normalised_photos_and_targets_in_the_unit_range(pairs):
    images, targets = Batches(pairs, 4, seed=0)[0]

    assert images.shape == (4, 32, 24, 3)
    assert targets.shape == (4, 32, 24, 1)
    assert images.dtype == targets.dtype == np.float32
    assert 0 <= images.min() < images.max() <= 1
    assert (targets.min(), targets.max()) == (0, 1)


@pytest.mark.parametrize("normalisation", ["none", "unit", "mean-std"])
def test_photos_are_normalised_as_recorded(samples, normalisation):
    preprocessing = Preprocessing(SIZE, normalisation=normalisation, mean=(1, 2, 3), std=(4, 5, 6))
    pairs = PreparedPairs(samples, preprocessing, DataConfig())
    images = Batches(pairs, 6)[0][0]

    for index in range(6):
        np.testing.assert_array_equal(images[index], preprocessing.normalise(pairs[index][0]))


def test_grey_photos_have_one_channel(samples):
    preprocessing = Preprocessing(SIZE, "grey", normalisation="unit")
    augment = build_augment(AugmentConfig(), colour=False)
    batches = Batches(PreparedPairs(samples, preprocessing, DataConfig()), 4, augment=augment, seed=0)

    assert batches[0][0].shape == (4, 32, 24, 1)


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 99), st.integers(0, 99))
def test_every_sample_occurs_once_an_epoch_and_full_batches_start_again_from_the_front(
    count, batch_size, seed, epoch
):
    batches = Batches(Numbered(count), batch_size, seed=seed)
    batches.epoch = epoch
    seen = numbers(batches)
    flat = list(chain.from_iterable(seen))

    assert len(seen) == -(-count // batch_size)
    assert {len(batch) for batch in seen} == {batch_size}
    assert sorted(flat[:count]) == list(range(count))
    assert flat[count:] == [flat[place % count] for place in range(count, len(flat))]


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 5))
def test_validation_keeps_the_order_and_ends_with_a_smaller_batch(count, batch_size, epoch):
    batches = Batches(Numbered(count), batch_size)
    batches.epoch = epoch
    seen = numbers(batches)

    assert list(chain.from_iterable(seen)) == list(range(count))
    assert {len(batch) for batch in seen[:-1]} <= {batch_size}
    assert len(seen) == -(-count // batch_size)


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 4), st.integers(0, 9))
def test_the_parts_of_processes_are_the_batches_of_one(count, processes, photos_each, epoch):
    def epoch_of(rank):
        batches = Batches(Numbered(count), processes * photos_each, seed=3, rank=rank)
        batches.epoch = epoch
        return numbers(batches)

    parts = zip(*(epoch_of(Rank(index, processes)) for index in range(processes)), strict=True)

    assert [list(chain.from_iterable(batch)) for batch in parts] == epoch_of(ALONE)


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(2, 4), st.integers(1, 4))
def test_processes_judge_every_sample_once_and_their_mean_is_that_of_one(count, processes, photos_each):
    size = processes * photos_each
    ranks = [Batches(Numbered(count), size, rank=Rank(index, processes)) for index in range(processes)]
    parts = [one[index] for index in range(ranks[0].num_batches) for one in ranks]
    values = np.concatenate([photos[:, 0, 0, 0] for photos, _targets, _weights in parts])
    weights = np.concatenate([weights for _photos, _targets, weights in parts])

    assert {len(photos) for photos, _targets, _weights in parts} == {photos_each}
    assert values[weights > 0].tolist() == list(range(count))
    # of a loss, which Keras divides by the number of photos in all batches, and of a weighted mean
    np.testing.assert_allclose(np.mean(weights * values), np.mean(range(count)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.average(values, weights=weights), np.mean(range(count)), atol=1e-5)


def test_the_order_differs_by_epoch_and_by_seed_and_is_repeatable():
    def order(seed, epoch):
        batches = Batches(Numbered(30), 4, seed=seed)
        batches.epoch = epoch
        return numbers(batches)

    orders = [str(order(seed, epoch)) for seed in range(3) for epoch in range(3)]

    assert len(set(orders)) == 9
    assert str(order(1, 2)) == orders[5]
    assert order(0, 0) != [list(range(start, start + 4)) for start in range(0, 30, 4)]


def test_augmentation_differs_by_epoch_and_is_repeatable(pairs):
    def epoch_of(epoch, index=1):
        batches = Batches(pairs, 3, augment=build_augment(AugmentConfig()), seed=5)
        batches.epoch = epoch
        batches[0]  # batches may be asked for in any order
        return batches[index]

    def sorted_bytes(images):
        return sorted(image.tobytes() for image in images)

    first, again, other = epoch_of(0), epoch_of(0), epoch_of(1)

    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    plain = {pairs[index][0].astype(np.float32).__truediv__(255).tobytes() for index in range(6)}
    assert not plain & set(sorted_bytes(first[0]))
    assert not set(sorted_bytes(first[0])) & set(sorted_bytes(other[0]))


def test_a_photo_that_fills_the_last_batch_is_augmented_anew(pairs):
    batches = Batches(pairs, 4, augment=build_augment(AugmentConfig()), seed=0)
    images = np.concatenate([batches[0][0], batches[1][0]])

    assert len({image.tobytes() for image in images}) == 8  # of six photos


def test_augmented_targets_stay_with_their_photos(pairs):
    flipped = build_augment(dataclasses.replace(AUGMENTATIONS["none"], flip=1.0))
    plain, mirrored = (Batches(pairs, 6, augment=augment, seed=0)[0] for augment in (None, flipped))

    np.testing.assert_array_equal(mirrored[0], plain[0][:, :, ::-1])
    np.testing.assert_array_equal(mirrored[1], plain[1][:, :, ::-1])


def soft_sample(folder, values=((0, 64), (127, 128), (191, 255))):
    alpha = np.repeat(np.repeat(np.array(values, np.uint8), 4, axis=0), 4, axis=1)
    Image.fromarray(alpha).save(folder / "mask.png")
    Image.fromarray(np.dstack([alpha] * 3)).save(folder / "photo.png")
    return Sample("soft", folder / "photo.png", MaskFile(folder / "mask.png"))


def targets_of(sample, **options):
    preprocessing = Preprocessing(Size(height=12, width=8), normalisation="unit")
    return Batches(PreparedPairs([sample], preprocessing, DataConfig(**options)), 1)[0][1][0, ::4, ::4, 0]


def test_soft_edges_of_the_ground_truth_are_kept(tmp_path):
    expected = np.array([[0, 64], [127, 128], [191, 255]]) / 255

    np.testing.assert_allclose(targets_of(soft_sample(tmp_path)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.5, [[0, 0], [0, 1], [1, 1]]), (0.25, [[0, 1], [1, 1], [1, 1]]), (1.0, [[0, 0], [0, 0], [0, 1]])],
)
def test_binary_ground_truth_is_garment_from_the_target_threshold_on(tmp_path, threshold, expected):
    targets = targets_of(soft_sample(tmp_path), target="binary", target_threshold=threshold)

    np.testing.assert_array_equal(targets, expected)


def test_a_smaller_target_has_soft_edges(pairs):
    targets = Batches(pairs, 6)[0][1]
    soft = (targets > 0) & (targets < 1)

    assert 0 < soft.mean() < 0.2


def remove(samples):
    for sample in samples:
        sample.photo.unlink()


def test_what_fits_into_the_cache_is_read_once(samples):
    pairs = PreparedPairs(samples, UNIT, DataConfig())
    first = [pairs[index] for index in range(len(samples))]
    remove(samples)

    for index, (photo, target) in enumerate(first):
        np.testing.assert_array_equal(pairs[index][0], photo)
        np.testing.assert_array_equal(pairs[index][1], target)


def test_without_a_cache_every_photo_is_read_again(samples):
    pairs = PreparedPairs(samples, UNIT, DataConfig(cache=Memory.parse("0MB")))
    before = pairs[0][0]
    np.testing.assert_array_equal(pairs[0][0], before)
    remove(samples)

    with pytest.raises(ImageError, match=samples[0].photo.name):
        pairs[0]


def test_the_cache_keeps_no_more_than_its_limit(samples):
    # 0.01 MB hold three pairs of 3072 bytes
    pairs = PreparedPairs(samples, UNIT, DataConfig(cache=Memory.parse("0.01MB")))
    for _ in range(2):
        for index in range(len(samples)):
            pairs[index]
    remove(samples)
    kept = 0
    for index in range(len(samples)):
        try:
            pairs[index]
            kept += 1
        except ImageError:
            pass

    assert kept == int(0.01 * 2**20) // PAIR_BYTES == 3


def test_released_pairs_take_no_memory_and_are_read_again(samples):
    pairs = PreparedPairs(samples, UNIT, DataConfig())
    before = pairs[0][0]
    assert pairs.kept_bytes == PAIR_BYTES
    pairs.release()
    np.testing.assert_array_equal(pairs[0][0], before)

    assert pairs.kept_bytes == 0


@pytest.mark.parametrize("workers", [1, 3])
def test_all_photos_come_in_order_whoever_reads_them(samples, workers):
    pairs = PreparedPairs(samples, UNIT, DataConfig(cache=Memory.parse("0MB")))
    images = list(pairs.images(workers))

    assert len(images) == len(samples)
    for index, image in enumerate(images):
        np.testing.assert_array_equal(image, pairs[index][0])


def test_a_mask_of_another_size_is_refused_with_both_sizes(samples):
    Image.fromarray(np.zeros((20, 10), np.uint8)).save(samples[1].truth.path)
    pairs = PreparedPairs(samples, UNIT, DataConfig())

    pairs[0]
    with pytest.raises(DataError, match=rf"{samples[1].truth.path.name}.*48x64.*10x20"):
        pairs[1]


class Recorder(keras.callbacks.Callback):
    """A callback that sets the epoch, as the training does, and keeps the samples of each step."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches
        self.given = {}

    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        self.batches.epoch = self.epoch = epoch
        self.before = 0

    def on_train_batch_end(self, batch, logs=None):
        self.given[self.epoch, batch] = round(logs["total"]) - self.before
        self.before = round(logs["total"])


class SumOfPowers(keras.metrics.Sum):
    """The sum of 2 ** number over the samples, which tells which samples they were."""

    def update_state(self, y_true, y_pred, sample_weight=None):  # noqa: ARG002
        super().update_state(2.0 ** y_pred[:, 0, 0, 0])


@pytest.mark.parametrize("first_epoch", [0, 2])
def test_keras_gives_the_network_the_batches_of_the_epoch_in_their_order(first_epoch):
    inputs = keras.Input((2, 2, 3))
    network = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs) * 0.0 + inputs)
    network.compile("sgd", "mse", metrics=[SumOfPowers(name="total")])
    batches = Batches(Numbered(14), 4, seed=3, workers=2)
    recorder = Recorder(batches)

    network.fit(batches, initial_epoch=first_epoch, epochs=5, callbacks=[recorder], shuffle=False, verbose=0)

    expected = {}
    for epoch in range(first_epoch, 5):
        batches.epoch = epoch
        for step, batch in enumerate(numbers(batches)):
            expected[epoch, step] = sum(2**number for number in batch)
    assert recorder.given == expected


def test_the_next_epoch_is_prepared_while_the_held_out_photos_are_judged_and_none_after_the_last():
    def noting(seeds, epochs):
        def note(image, mask, seed):
            seeds.append(seed)
            return image, mask

        return Batches(Numbered(6), 2, augment=note, seed=3, epochs=epochs)

    def give(batches, epoch):
        batches.epoch = epoch
        for index in range(batches.num_batches):
            batches[index]

    first, second, both = [], [], []
    give(noting(first, epochs=1), 0)
    give(noting(second, epochs=2), 1)
    batches = noting(both, epochs=2)
    give(batches, 0)
    wait_until(lambda: len(both) == 12)
    give(batches, 1)

    assert sorted(both) == sorted(first + second)  # each photo once an epoch


# Several classes

CLASSES = LabelMap.of(("background", "skirt", "coat"))
CODING = Coding((0, 5, 7, 9), (0, 1, 2, IGNORED))


def classes_of(folder, labels, photo=None):
    """A sample with that label map, in the values of CODING."""
    values = np.array(CODING.values, np.uint8)
    place = {target: value for value, target in zip(values, CODING.targets, strict=True)}
    stored = np.vectorize(place.__getitem__, otypes=[np.uint8])(labels)
    photo = np.zeros((*labels.shape, 3), np.uint8) if photo is None else photo
    Image.fromarray(photo).save(folder / "photo.png")
    Image.fromarray(stored).save(folder / "labels.png")
    return Sample("a", folder / "photo.png", LabelFile(folder / "labels.png", CODING))


@settings(max_examples=40)
@given(arrays(np.uint8, (4, 3), elements=st.sampled_from([0, 1, 2, IGNORED])))
def test_targets_of_several_classes_are_one_hot_and_empty_where_ignored(tmp_path_factory, labels):
    sample = classes_of(tmp_path_factory.mktemp("classes"), labels)
    pairs = PreparedPairs([sample], Preprocessing(Size(4, 3), normalisation="unit"), DataConfig(), CLASSES)
    assert pairs[0][1].dtype == np.uint8
    _, targets = Batches(pairs, 1)[0]

    assert (targets.shape, targets.dtype) == ((1, 4, 3, 3), np.float32)
    for place in np.ndindex(4, 3):
        expected = [float(index == labels[place]) for index in range(3)]
        np.testing.assert_array_equal(targets[0][place], expected)


@pytest.mark.parametrize("size", [Size(8, 6), Size(41, 31), Size(100, 78), Size(60, 20)])
def test_label_maps_are_resized_to_the_nearest_class(tmp_path, size):
    labels = np.random.default_rng(0).choice([0, 2, IGNORED], (41, 31)).astype(np.uint8)
    pairs = PreparedPairs([classes_of(tmp_path, labels)], Preprocessing(size), DataConfig(), CLASSES)
    rows = ((np.arange(size.height) + 0.5) * 41 / size.height).astype(int)
    columns = ((np.arange(size.width) + 0.5) * 31 / size.width).astype(int)
    np.testing.assert_array_equal(pairs[0][1], labels[np.ix_(rows, columns)])


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_augmentation_makes_no_class_between_two(tmp_path_factory, epoch):
    labels = np.zeros((48, 36), np.uint8)
    labels[10:40, 8:30], labels[:4] = 2, IGNORED
    photo = np.random.default_rng(0).integers(0, 256, (48, 36, 3), np.uint8)
    sample = classes_of(tmp_path_factory.mktemp("classes"), labels, photo)
    preprocessing = Preprocessing(Size(48, 36), normalisation="unit")
    pairs = PreparedPairs([sample], preprocessing, DataConfig(), CLASSES)
    strong = dataclasses.replace(AugmentConfig(), shift=0.2, scale=0.3, rotation=40, recolour=0.5)
    batches = Batches(pairs, 1, augment=build_augment(strong, labels=CLASSES), seed=1)
    batches.epoch = epoch
    _, targets = batches[0]

    assert set(np.unique(targets)) <= {0, 1}
    assert not targets[..., 1].any()  # lies between the two that are there
    assert targets[..., 2].any()
