"""A photo becomes the network's input in one recorded way, the same when training and when predicting."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from skimage import color, exposure
from support.bundles import CONFIG, write_bundle
from support.drawing import draw_pair

from segmentation.bundle.bundle import load_bundle
from segmentation.config.data import DataConfig
from segmentation.config.preprocessing import PreprocessConfig
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.ground_truth import MaskFile
from segmentation.images.files import read_photo
from segmentation.preprocessing.pixels import adjust_contrast, resize, resize_scores, statistics
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.batches import PreparedPairs

CONTRASTS = ("none", "stretch-2-98", "stretch-10-90", "equalize", "clahe")

random = np.random.default_rng(0)
small_sizes = st.builds(Size, height=st.integers(1, 24), width=st.integers(1, 24))
images = hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)))


def dull_grey(height=40, width=56):
    """Grey uint8 [height, width, 1] that uses a part of the range only."""
    return (90 + 40 * random.random((height, width, 1)) ** 2).astype(np.uint8)


def test_smaller_is_the_mean_over_the_area():
    image = random.integers(0, 256, (24, 36, 3), np.uint8)
    blocks = image.reshape(8, 3, 12, 3, 3).mean(axis=(1, 3))

    smaller = resize(image, Size(height=8, width=12))

    assert smaller.dtype == np.uint8
    np.testing.assert_allclose(smaller, blocks, atol=0.5 + 1e-6)


def test_larger_is_cubic():
    image = random.integers(0, 256, (10, 8, 3), np.uint8)
    expected = cv2.resize(image, (32, 40), interpolation=cv2.INTER_CUBIC)

    np.testing.assert_array_equal(resize(image, Size(height=40, width=32)), expected)


@pytest.mark.parametrize("size", [Size(height=5, width=16), Size(height=20, width=4)])
def test_the_shrinking_side_decides_when_the_other_grows(size):
    image = random.integers(0, 256, (10, 8), np.uint8)
    expected = cv2.resize(image, (size.width, size.height), interpolation=cv2.INTER_AREA)

    np.testing.assert_array_equal(resize(image, size), expected)


@given(images, small_sizes)
def test_prepared_photos_have_the_input_size_whatever_came(photo, size):
    for colour, channels in (("colour", 3), ("grey", 1)):
        preprocessing = Preprocessing(size, colour)
        prepared = preprocessing.prepare(photo)

        assert prepared.shape == (size.height, size.width, channels)
        assert preprocessing.channels == channels
        assert prepared.dtype == np.uint8


def test_grey_is_the_luma_of_the_photo():
    photo = random.integers(0, 256, (16, 16, 3), np.uint8)
    luma = photo @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601

    grey = Preprocessing(Size(16, 16), "grey").prepare(photo)

    np.testing.assert_allclose(grey[..., 0], luma, atol=1)


@pytest.mark.parametrize(("contrast", "low", "high"), [("stretch-2-98", 2, 98), ("stretch-10-90", 10, 90)])
def test_stretching_spreads_the_percentiles_over_the_range(contrast, low, high):
    image = dull_grey()
    bounds = tuple(np.percentile(image, (low, high)))
    expected = exposure.rescale_intensity(image.astype(float), in_range=bounds, out_range=(0, 255))

    np.testing.assert_allclose(adjust_contrast(image, contrast), expected, atol=0.51)


def test_equalising_makes_every_brightness_as_frequent():
    image = dull_grey()
    expected = exposure.equalize_hist(image[..., 0], nbins=256)[..., np.newaxis] * 255

    equalised = adjust_contrast(image, "equalize")

    np.testing.assert_allclose(equalised, expected, atol=256 * (image == image.min()).mean() + 1)
    assert (equalised.min(), equalised.max()) == (0, 255)


def test_clahe_raises_local_contrast_but_limits_it():
    image = dull_grey(128, 128)
    clahe, equalised = (adjust_contrast(image, contrast) for contrast in ("clahe", "equalize"))

    assert image.std() < clahe.std() < equalised.std()
    # adaptive: the same grey is mapped differently where its surroundings differ
    image[:, 64:] += 60
    assert len(np.unique(adjust_contrast(image, "clahe")[image == 120])) > 1


@pytest.mark.parametrize("contrast", CONTRASTS[1:])
def test_contrast_of_colour_changes_lightness_and_keeps_the_hue(contrast):
    photo = draw_pair(3)[0]
    before, after = color.rgb2lab(photo), color.rgb2lab(adjust_contrast(photo, contrast))
    # where the result leaves the colours that a screen can show, it is clipped
    shown = (adjust_contrast(photo, contrast) % 255 != 0).all(axis=-1)

    assert shown.mean() > 0.2
    assert np.abs(after[..., 0] - before[..., 0])[shown].mean() > 1
    assert np.abs(after[..., 1:] - before[..., 1:])[shown].mean() < 1.5


@given(st.sampled_from(CONTRASTS), st.integers(0, 255), st.sampled_from([1, 3]))
def test_a_plain_picture_stays_plain_under_every_contrast(contrast, value, channels):
    adjusted = adjust_contrast(np.full((16, 16, channels), value, np.uint8), contrast)

    assert adjusted.shape == (16, 16, channels)
    assert adjusted.dtype == np.uint8
    assert len(np.unique(adjusted.reshape(-1, channels), axis=0)) == 1


def test_no_contrast_adjustment_changes_nothing():
    photo = draw_pair(3)[0]

    np.testing.assert_array_equal(adjust_contrast(photo, "none"), photo)


@pytest.mark.parametrize(
    ("normalisation", "expected"),
    [
        ("none", lambda pixels: pixels),
        ("unit", lambda pixels: pixels / 255),
        ("mean-std", lambda pixels: (pixels - [10, 20, 30]) / [2, 4, 8]),
    ],
)
def test_pixels_are_scaled_as_asked_for(normalisation, expected):
    photos = random.integers(0, 256, (2, 5, 4, 3), np.uint8)
    preprocessing = Preprocessing(Size(5, 4), normalisation=normalisation, mean=(10, 20, 30), std=(2, 4, 8))

    normalised = preprocessing.normalise(photos)

    assert normalised.dtype == np.float32
    np.testing.assert_allclose(normalised, expected(photos.astype(float)), rtol=1e-5, atol=1e-5)


@given(st.lists(images, min_size=1, max_size=4), st.sampled_from([slice(None), slice(1)]))
def test_statistics_are_those_of_all_pixels(photos, channels):
    photos = [photo[..., channels] for photo in photos]
    pixels = np.concatenate([photo.reshape(-1, photo.shape[2]) for photo in photos]).astype(float)
    std = np.std(pixels, axis=0)

    mean, deviation = statistics(iter(photos))

    np.testing.assert_allclose(mean, np.mean(pixels, axis=0), atol=1e-9)
    np.testing.assert_allclose(deviation, np.where((pixels == pixels[0]).all(axis=0), 1, std), rtol=1e-6)


def test_normalised_training_photos_have_mean_zero_and_deviation_one():
    photos = np.stack([draw_pair(seed)[0] for seed in range(4)])
    mean, std = statistics(photos)
    normalised = Preprocessing(Size(64, 48), mean=mean, std=std).normalise(photos)

    np.testing.assert_allclose(normalised.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(normalised.std(axis=(0, 1, 2)), 1, atol=1e-4)


@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("colour", ["colour", "grey"])
def test_a_photo_is_prepared_alike_when_training_and_when_predicting(tmp_path, colour, contrast):
    photo, alpha = draw_pair(5)
    Image.fromarray(photo).save(tmp_path / "photo.jpg")
    Image.fromarray(alpha).save(tmp_path / "mask.png")
    size = Size(height=32, width=40)
    preprocessing = Preprocessing.from_config(PreprocessConfig(size, colour, contrast))
    pairs = PreparedPairs(
        [Sample("photo", tmp_path / "photo.jpg", MaskFile(tmp_path / "mask.png"))],
        preprocessing,
        DataConfig(),
    )

    config = CONFIG.replace(input_size=size, colour=colour, contrast=contrast)
    saved = write_bundle(tmp_path / "model", config=config, preprocessing=preprocessing)
    predicting = load_bundle(saved.path).preprocessing

    np.testing.assert_array_equal(pairs[0][0], predicting.prepare(read_photo(tmp_path / "photo.jpg")))


preprocessings = st.builds(
    Preprocessing,
    input_size=small_sizes.map(lambda size: Size(4 * size.height, 4 * size.width)),
    colour=st.sampled_from(["colour", "grey"]),
    contrast=st.sampled_from(CONTRASTS),
    normalisation=st.sampled_from(["none", "unit", "mean-std"]),
    mean=st.tuples(st.floats(0, 255)),
    std=st.tuples(st.floats(0.001, 255)),
)


@given(preprocessings)
def test_recorded_preprocessing_is_read_back_as_it_was(tmp_path_factory, preprocessing):
    names = ("input_size", "colour", "contrast", "normalisation")
    config = CONFIG.replace(**{name: getattr(preprocessing, name) for name in names})
    path = tmp_path_factory.mktemp("recorded") / "model"
    saved = write_bundle(path, config=config, preprocessing=preprocessing)

    assert load_bundle(saved.path).preprocessing == preprocessing


scores = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 3])),
    elements=st.floats(0, 1, width=32),
)


@given(scores, small_sizes)
def test_resized_scores_have_the_size_and_stay_scores(given_scores, size):
    resized = resize_scores(given_scores, size)

    assert resized.shape == (size.height, size.width, given_scores.shape[2])
    assert resized.dtype == np.float32
    assert resized.min() >= 0
    assert resized.max() <= 1


def test_an_edge_keeps_its_place_when_scores_are_enlarged():
    half = np.zeros((16, 16, 1), np.float32)
    half[:, 8:] = 1

    enlarged = resize_scores(half, Size(64, 64))[..., 0]

    assert (enlarged[:, :32] < 0.5).all()
    assert (enlarged[:, 32:] > 0.5).all()


@pytest.mark.parametrize("classes", [59, 200])
@pytest.mark.parametrize("size", [Size(12, 15), Size(4, 3), Size(6, 5)])
def test_scores_of_many_classes_are_resized_class_by_class(classes, size):
    many = random.random((6, 5, classes)).astype(np.float32)

    together = resize_scores(many, size)

    for index in (0, 31, 58):
        alone = resize_scores(np.ascontiguousarray(many[..., [index]]), size)
        np.testing.assert_allclose(together[..., [index]], alone, atol=1e-6)


def test_a_configuration_gives_its_own_preprocessing():
    config = PreprocessConfig(Size(32, 64), "grey", "clahe", "unit")

    assert dataclasses.asdict(Preprocessing.from_config(config)).items() >= dataclasses.asdict(config).items()


@pytest.mark.parametrize(
    ("name", "code"), [("nearest", cv2.INTER_NEAREST_EXACT), ("linear", cv2.INTER_LINEAR)]
)
def test_the_interpolation_of_photos_and_scores_can_be_chosen(name, code):
    random = np.random.default_rng(0)
    photo = random.integers(0, 256, (60, 40, 3), np.uint8)
    scores = random.random((15, 10, 1), np.float32)
    chosen = Preprocessing.from_config(
        PreprocessConfig(input_size=Size(height=15, width=10), shrink=name, enlarge=name)
    )

    assert np.array_equal(chosen.prepare(photo), cv2.resize(photo, (10, 15), interpolation=code))
    enlarged = resize_scores(scores, Size(60, 40), chosen.enlarge)
    assert np.allclose(enlarged[..., 0], cv2.resize(scores[..., 0], (40, 60), interpolation=code))


def test_the_usual_interpolation_is_not_recorded_so_that_earlier_models_stay_the_same():
    usual, chosen = (Preprocessing(Size(15, 10), shrink=name) for name in ("area", "nearest"))

    assert not {"shrink", "enlarge"} & usual.to_json().keys()
    assert chosen.to_json()["shrink"] == "nearest"
