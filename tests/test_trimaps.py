"""Trimaps: what is unknown holds all that is soft or unsure, and what is known is certain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segmentation.core.file_kinds import TRIMAPS
from segmentation.images.trimaps import (
    FROM_SCORES,
    GARMENT,
    SURROUNDINGS,
    UNKNOWN,
    as_trimap,
    soft_trimap,
    superpixel_trimap,
    unsure_trimap,
)

sides = st.integers(1, 24)
alphas = st.tuples(sides, sides).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 0, 90, 200, 255, 255]))
)


def soft_square(size=80, strand=True):
    """A square on a plain ground with a strand of its own colour: photo and scores that miss the strand."""
    photo = np.full((size, size, 3), 230, np.uint8)
    scores = np.zeros((size, size), np.float32)
    scores[30:60, 30:60] = 1
    photo[30:60, 30:60] = (60, 40, 30)
    if strand:
        photo[44:48, 60:72] = (60, 40, 30)
    return photo, scores


@given(alphas, st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_a_trimap_of_a_true_alpha_is_right_wherever_it_is_sure(alpha, inner, outer):
    found = soft_trimap(alpha, inner, outer)
    assert (alpha[found == GARMENT] == 255).all()
    assert (alpha[found == SURROUNDINGS] == 0).all()
    assert (found[(alpha > 0) & (alpha < 255)] == UNKNOWN).all()


@given(alphas, st.floats(0.02, 0.3))
def test_erosion_and_dilation_are_by_a_disc(alpha, width):
    found = soft_trimap(alpha, width, width)
    width_px = max(1.0, width * len(alpha))
    far = np.full(alpha.shape, np.inf)
    opaque, reached = alpha == 255, alpha > 0
    inside = far if opaque.all() else ndimage.distance_transform_edt(opaque)
    outside = far if not reached.any() else ndimage.distance_transform_edt(~reached)
    assert (found[inside > width_px + 1e-2] == GARMENT).all()
    assert (found[outside > width_px + 1e-2] == SURROUNDINGS).all()
    near = (inside < width_px - 1e-2) & (outside < width_px - 1e-2)
    assert (found[near] == UNKNOWN).all()


def test_a_wider_band_of_a_larger_photo_is_the_same_part_of_it():
    alpha = np.zeros((64, 64), np.uint8)
    alpha[16:48, 16:48] = 255
    small = soft_trimap(alpha, 0.063, 0.063)
    large = soft_trimap(np.kron(alpha, np.ones((4, 4), np.uint8)), 0.063, 0.063)
    shares = [(one == UNKNOWN).mean() for one in (small, large)]
    assert shares[0] == pytest.approx(shares[1], rel=0.1)


def test_what_scores_leave_open_is_unknown():
    photo, scores = soft_square()
    scores[60:75, 30:60] = 0.4  # hair, of which a model is unsure
    found = unsure_trimap(photo, scores, 0.5, 1 / 80)
    assert (found[60:75, 30:60] == UNKNOWN).all()
    assert found[45, 45] == GARMENT
    assert found[5, 5] == SURROUNDINGS
    assert found[45, 63] == SURROUNDINGS  # the strand, which the scores know nothing of


def test_superpixels_take_in_a_strand_that_scores_half_miss():
    photo, scores = soft_square()
    scores[44:48, 60:63] = 0.7  # where it begins
    found = superpixel_trimap(photo, scores, 0.5, 1 / 40)
    assert (found[45:47, 60:66] == UNKNOWN).all()
    assert found[45, 40] == GARMENT
    assert found[10, 70] == SURROUNDINGS
    assert found[20, 66] == SURROUNDINGS


@settings(deadline=None)
@given(alphas, st.sampled_from(TRIMAPS), st.floats(0.01, 0.2))
def test_every_way_gives_a_trimap_of_the_size_of_the_photo(alpha, way, width):
    scores = alpha.astype(np.float32) / 255
    photo = np.repeat(alpha[..., np.newaxis], 3, axis=2)
    found = FROM_SCORES[way](photo, scores, 0.5, width)
    assert found.shape == alpha.shape
    assert found.dtype == np.uint8
    assert {*np.unique(found)} <= {SURROUNDINGS, UNKNOWN, GARMENT}
    assert (scores[found == GARMENT] >= 0.5).all()
    assert (scores[found == SURROUNDINGS] < 0.5).all()


def test_every_grey_of_a_file_is_unknown():
    np.testing.assert_array_equal(
        as_trimap(np.array([[0, 1, 128, 129, 254, 255]], np.uint8)), [[0, 128, 128, 128, 128, 255]]
    )


def test_the_ways_are_those_that_the_option_names():
    assert (*FROM_SCORES,) == TRIMAPS
