"""Augmentation changes a training pair at random, the mask with its photo, and repeatably."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawing import draw_pair, ellipse

from segmentation.config.augmentation import AUGMENTATIONS, AugmentConfig
from segmentation.config.scoring import CHANNELS
from segmentation.core.labels import LabelMap
from segmentation.scores.channels import as_grey
from segmentation.training.augment import build_augment

NONE = AUGMENTATIONS["none"]
GEOMETRY = dataclasses.replace(NONE, flip=0.5, shift=0.1, scale=0.2, rotation=10)
COLOUR = dataclasses.replace(NONE, hue=6, saturation=20, value=15, brightness=0.1, contrast_jitter=0.1)
SEVERAL = LabelMap.of(tuple("abcde"))
SEEDS = st.integers(0, 2**32 - 1)


def pair(seed=0):
    """A photo and a mask that is off centre, so that every movement shows."""
    photo, _ = draw_pair(seed, 96, 80)
    return photo, np.where(ellipse(96, 80, (0.45, 0.4), (0.3, 0.2)), 255, 0).astype(np.uint8)


def dice(first, second):
    return 2 * (first & second).sum() / (first.sum() + second.sum())


def moved(config, seed, size=(96, 80)):
    mask = np.where(ellipse(*size, (0.45, 0.4), (0.3, 0.2)), 255, 0).astype(np.uint8)
    return build_augment(config)(np.dstack([mask] * 3), mask, seed)


geometry_augment = build_augment(GEOMETRY)


@settings(max_examples=60)
@given(SEEDS)
def test_photo_and_mask_move_together(seed):
    mask = pair()[1]
    image, changed = geometry_augment(np.dstack([mask] * 3), mask, seed)

    assert image.shape == (96, 80, 3)
    assert changed.shape == (96, 80)
    assert image.dtype == changed.dtype == np.uint8
    assert dice(image[..., 0] >= 128, changed >= 128) > 0.97
    # soft edges move as softly as the photo
    np.testing.assert_allclose(image[..., 0].astype(int), changed, atol=2)


def test_the_geometry_of_seeds_differs():
    mask = pair()[1]
    masks = [geometry_augment(np.dstack([mask] * 3), mask, seed)[1] for seed in range(20)]

    assert min(dice(changed >= 128, mask >= 128) for changed in masks) < 0.9
    assert len({changed.tobytes() for changed in masks}) == 20


def test_where_a_pair_is_moved_its_own_edge_fills_the_border():
    garment_below = np.zeros((96, 80), np.uint8)
    garment_below[40:, :] = 255  # leaves the picture on three sides
    config = dataclasses.replace(NONE, shift=0.2)

    for seed in range(20):
        image, mask = build_augment(config)(np.dstack([garment_below] * 3), garment_below, seed)
        assert (mask[-5:] == 255).all()
        assert (mask[:5] == 0).all()
        np.testing.assert_array_equal(image[..., 0], mask)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("name", ["studio", "carvana"])
def test_the_same_seed_gives_the_same_result_in_every_thread(name, colour):
    augment = build_augment(AUGMENTATIONS[name], colour=colour)
    photo, mask = pair()
    photo = photo if colour else photo[..., :1]
    seeds = [*range(12)] * 4

    def change(seed):
        return [part.tobytes() for part in augment(photo, mask, seed)]

    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(change, seeds))

    assert threaded == [change(seed) for seed in seeds]
    assert change(3) == [
        part.tobytes() for part in build_augment(AUGMENTATIONS[name], colour=colour)(photo, mask, 3)
    ]
    assert len({image for image, _ in threaded}) == 12


def test_the_pair_itself_stays_as_it_was():
    photo, mask = pair()
    before = photo.copy(), mask.copy()
    for seed in range(5):
        build_augment(AugmentConfig())(photo, mask, seed)

    np.testing.assert_array_equal(photo, before[0])
    np.testing.assert_array_equal(mask, before[1])


@settings(max_examples=30)
@given(SEEDS)
def test_colour_changes_leave_the_mask_untouched(seed):
    photo, mask = pair()
    image, changed = build_augment(COLOUR)(photo, mask, seed)

    np.testing.assert_array_equal(changed, mask)
    assert image.shape == photo.shape
    assert image.dtype == np.uint8


@pytest.mark.parametrize(
    "name", ["hue", "saturation", "value", "brightness", "contrast_jitter", "shift", "scale", "rotation"]
)
def test_each_option_does_something_alone(name):
    config = dataclasses.replace(NONE, **{name: getattr(AugmentConfig(), name)})
    photo, mask = pair()
    images = {build_augment(config)(photo, mask, seed)[0].tobytes() for seed in range(8)}

    assert len(images) > 2


def test_the_preset_none_changes_nothing():
    assert build_augment(NONE) is None
    assert build_augment(NONE, colour=False) is None


def test_grey_pictures_have_no_hue_to_change():
    only_hue = dataclasses.replace(NONE, hue=6, saturation=20, value=15)

    assert build_augment(only_hue) is not None
    assert build_augment(only_hue, colour=False) is None


def test_grey_pictures_keep_their_channel():
    photo, mask = pair()
    image, changed = build_augment(AugmentConfig(), colour=False)(photo[..., :1], mask, 1)

    assert image.shape == (96, 80, 1)
    assert changed.shape == (96, 80)


def test_a_photo_is_shown_as_one_of_its_channels_as_often_as_asked_for():
    photo, mask = pair()
    greys = {as_grey(photo, name).tobytes(): name for name in CHANNELS}
    augment = build_augment(dataclasses.replace(NONE, one_channel=0.5))
    shown = [augment(photo, mask, seed) for seed in range(400)]

    seen = [greys.get(image.tobytes()) for image, _ in shown]
    assert {*seen} == {*CHANNELS, None}
    assert all(np.array_equal(image, photo) for (image, _), name in zip(shown, seen, strict=True) if not name)
    assert 160 <= seen.count(None) <= 240
    assert all(np.array_equal(changed, mask) for _, changed in shown)


def test_a_mirrored_left_shoe_is_a_right_one():
    labels = LabelMap.of(("background", "left shoe", "right shoe"))
    image, mask = np.zeros((4, 6, 3), np.uint8), np.repeat([[1, 1, 0, 0, 2, 255]], 4, axis=0).astype(np.uint8)
    _, flipped = build_augment(dataclasses.replace(NONE, flip=1.0), labels=labels)(image, mask, 0)
    np.testing.assert_array_equal(flipped, np.repeat([[255, 1, 0, 0, 2, 2]], 4, axis=0))


@pytest.mark.parametrize(("probability", "flips"), [(1.0, 8), (0.0, 0)])
def test_a_flip_is_horizontal_and_as_likely_as_asked_for(probability, flips):
    photo, mask = pair()
    config = dataclasses.replace(NONE, flip=probability, brightness=1e-9)
    results = [build_augment(config)(photo, mask, seed)[1] for seed in range(8)]

    assert sum(np.array_equal(result, mask[:, ::-1]) for result in results) == flips
    assert sum(np.array_equal(result, mask) for result in results) == 8 - flips


def centre(mask):
    return np.argwhere(mask >= 128).mean(axis=0)


def test_shift_is_a_fraction_of_the_picture_both_ways():
    config = dataclasses.replace(NONE, shift=0.0625)
    start = centre(pair()[1])
    shifts = np.array([centre(moved(config, seed)[1]) - start for seed in range(80)]) / (96, 80)

    assert np.abs(shifts).max() < 0.0625 + 0.01
    assert shifts.max(axis=0).min() > 0.04
    assert shifts.min(axis=0).max() < -0.04


def test_scale_is_a_relative_change_both_ways():
    config = dataclasses.replace(NONE, scale=0.1)
    start = (pair()[1] >= 128).sum()
    scales = np.sqrt([(moved(config, seed)[1] >= 128).sum() / start for seed in range(80)])

    assert 0.89 < scales.min() < 0.93
    assert 1.07 < scales.max() < 1.11


def test_the_presets_hold_what_they_promise():
    studio, carvana = AUGMENTATIONS["studio"], AUGMENTATIONS["carvana"]

    assert studio == AugmentConfig()
    assert (carvana.hue, carvana.saturation, carvana.value) == (50, 5, 15)
    assert (carvana.shift, carvana.scale, carvana.flip) == (0.0625, 0.1, 0.5)
    assert carvana.rotation == carvana.brightness == carvana.contrast_jitter == 0
    assert not any(vars(AUGMENTATIONS["none"]).values())
    # strong changes of hue and rotation hurt
    assert studio.hue <= 10
    assert studio.rotation <= 3


# Several classes


@settings(max_examples=40)
@given(SEEDS)
def test_a_label_map_moves_with_its_photo_and_keeps_its_classes(seed):
    labels = np.where(pair()[1] == 255, 4, 0).astype(np.uint8)
    labels[:, :6] = 255
    photo = np.dstack([np.where(labels == 4, 255, 0).astype(np.uint8)] * 3)
    image, changed = build_augment(GEOMETRY, labels=SEVERAL)(photo, labels, seed)

    assert set(np.unique(changed)) <= {0, 4, 255}
    assert dice(image[..., 0] >= 128, changed == 4) > 0.97


def test_one_class_alone_can_get_another_colour():
    labels = np.zeros((96, 80), np.uint8)
    labels[20:40, 10:70], labels[50:80, 10:70], labels[:5] = 1, 2, 255
    photo = np.full((96, 80, 3), 120, np.uint8)
    augment = build_augment(dataclasses.replace(NONE, recolour=1.0), labels=SEVERAL)
    alone = {1: 0, 2: 0}
    for seed in range(60):
        image, changed = augment(photo, labels, seed)
        np.testing.assert_array_equal(changed, labels)
        differs = (image != photo).any(axis=2)
        for index, other in ((1, 2), (2, 1)):
            alone[index] += differs[labels == index].any() and not differs[labels == other].any()
    assert min(alone.values()) > 3


def test_a_photo_of_background_alone_keeps_its_colours():
    photo, _ = pair()
    labels = np.zeros(photo.shape[:2], np.uint8)
    labels[:9] = 255
    augment = build_augment(dataclasses.replace(NONE, recolour=1.0), labels=SEVERAL)
    for seed in range(5):
        np.testing.assert_array_equal(augment(photo, labels, seed)[0], photo)
