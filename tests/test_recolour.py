"""Recolouring makes new garments of one: only colours change, on one side of the edge or on both."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.drawing import draw_pair

from segmentation.config.augmentation import AUGMENTATIONS
from segmentation.training import recolour as recolouring
from segmentation.training.augment import build_augment
from segmentation.training.recolour import recolour

SEEDS = st.integers(0, 2**32 - 1)
colours = st.tuples(*[st.integers(0, 255)] * 3)


def recoloured(photo, alpha, seed):
    return recolour(photo, alpha, np.random.default_rng(seed))


@pytest.fixture
def whole_garments(monkeypatch):
    """Garments are recoloured as a whole, none in a band alone."""
    monkeypatch.setattr(recolouring, "_IN_PART", 0.0)


@pytest.fixture
def bands(monkeypatch):
    """Garments are recoloured in a band alone, none as a whole."""
    monkeypatch.setattr(recolouring, "_IN_PART", 1.0)


def flat_pair(garment, wall):
    """A disc of one colour before a wall of another, mixed along an edge a few pixels wide."""
    alpha = np.zeros((64, 48), np.uint8)
    cv2.circle(alpha, (24, 32), 14, 255, -1)
    alpha = cv2.blur(alpha, (3, 3))
    share = alpha[..., np.newaxis] / 255
    photo = np.round(share * np.array(garment) + (1 - share) * np.array(wall)).astype(np.uint8)
    return photo, alpha


@pytest.mark.usefixtures("whole_garments")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(colours, colours, SEEDS)
def test_no_rim_of_the_old_colours_is_left_along_the_edge(garment, wall, seed):
    photo, alpha = flat_pair(garment, wall)
    changed = recoloured(photo, alpha, seed).astype(float)
    share = alpha[..., np.newaxis] / 255
    inside, outside = changed[32, 24], changed[0, 0]

    np.testing.assert_allclose(changed, share * inside + (1 - share) * outside, atol=4)


def test_the_garment_alone_its_surroundings_alone_or_both_change():
    photo, soft = draw_pair(1)
    alpha = np.where(soft >= 128, 255, 0).astype(np.uint8)
    kinds = set()
    for seed in range(40):
        changed = recoloured(photo, alpha, seed).astype(int)
        # what keeps its colours went through CIELAB and back
        kinds.add(tuple(np.abs(changed[side] - photo[side]).max() > 1 for side in (alpha == 255, alpha == 0)))

    assert kinds == {(True, False), (False, True), (True, True)}


def test_garments_take_many_colours_and_often_one_of_their_surroundings():
    photo, alpha = flat_pair((200, 30, 30), (225, 215, 205))
    garments = np.array([recoloured(photo, alpha, seed)[32, 24] for seed in range(300)], float)
    walls = np.array([recoloured(photo, alpha, seed)[0, 0] for seed in range(300)], float)
    near = np.linalg.norm(garments - walls, axis=1) < 45

    assert 0.1 < near.mean() < 0.6
    assert (garments.std(axis=0) > 40).all()


@pytest.mark.usefixtures("whole_garments")
def test_folds_stay_where_they_are():
    alpha = np.full((64, 48), 255, np.uint8)
    alpha[:, :10] = 0
    stripes = np.where(np.arange(64)[:, None] // 8 % 2, 90, 130) + np.zeros((64, 48))
    photo = np.repeat(stripes[..., None], 3, axis=2).astype(np.uint8)
    for seed in range(20):
        lightness = recoloured(photo, alpha, seed)[:, 20].mean(axis=1)
        assert np.corrcoef(lightness, stripes[:, 20])[0, 1] > 0.99 or np.ptp(lightness) < 8


@pytest.mark.usefixtures("bands")
def test_a_band_of_the_garment_changes_and_the_rest_of_it_stays():
    photo, alpha = flat_pair((200, 30, 30), (225, 215, 205))
    changed_shares = []
    for seed in range(60):
        changed = recoloured(photo, alpha, seed).astype(int)
        if np.abs(changed - photo)[alpha == 255].max() > 3:
            moved = (np.abs(changed - photo).max(axis=2) > 3) & (alpha == 255)
            changed_shares.append(moved.sum() / (alpha == 255).sum())

    assert len(changed_shares) > 20
    assert max(changed_shares) < 1
    assert np.ptp(changed_shares) > 0.3


@pytest.mark.usefixtures("bands")
def test_a_garment_that_is_nowhere_opaque_is_recoloured_too():
    photo, alpha = flat_pair((200, 30, 30), (225, 215, 205))
    faint = np.minimum(alpha, 200)

    assert any(not np.array_equal(recoloured(photo, faint, seed), photo) for seed in range(20))


@settings(deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.integers(0, 255), SEEDS)
def test_any_mask_can_be_recoloured_also_one_within_the_garment(alpha, least, seed):
    alpha = np.maximum(alpha, least).astype(np.uint8)
    photo = np.random.default_rng(seed).integers(0, 256, (*alpha.shape, 3), dtype=np.uint8)
    for number in range(8):
        changed = recoloured(photo, alpha, seed + number)

        assert changed.shape == photo.shape
        assert changed.dtype == np.uint8


@pytest.mark.parametrize("value", [0, 255])
def test_a_photo_without_an_edge_stays_as_it_is(value):
    photo, _ = draw_pair(0)
    alpha = np.full(photo.shape[:2], value, np.uint8)

    np.testing.assert_array_equal(recoloured(photo, alpha, 0), photo)


@pytest.mark.parametrize(("probability", "changed"), [(0.0, 0), (0.4, 40), (1.0, 100)])
def test_the_augmentation_recolours_as_often_as_asked_and_never_the_mask(probability, changed):
    config = dataclasses.replace(AUGMENTATIONS["none"], flip=1e-9, recolour=probability)
    augment = build_augment(config)
    photo, alpha = draw_pair(2)
    results = [augment(photo, alpha, seed) for seed in range(100)]

    assert sum(not np.array_equal(image, photo) for image, _ in results) == pytest.approx(changed, abs=15)
    assert all(np.array_equal(mask, alpha) for _, mask in results)


def test_grey_photos_have_no_colours_to_change():
    config = dataclasses.replace(AUGMENTATIONS["none"], recolour=1.0)

    assert build_augment(config, colour=False) is None
