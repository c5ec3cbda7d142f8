"""The weights of pixels in the loss of a cutout, against scipy's morphology."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from support.drawing import ellipse

from segmentation.config.loss import LossConfig
from segmentation.training.objectives import CrossEntropyMinusDice
from segmentation.training.pixel_weights import edge_band, faults, pixel_weights, thin_parts

SHAPE = (3, 12, 10, 1)
units = hnp.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))
masks = hnp.arrays(np.float32, SHAPE, elements=st.sampled_from([0.0, 1.0]))


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


def batch(*photos):
    """[N, H, W, 1] float32 of 2D arrays."""
    return np.stack(photos)[..., np.newaxis].astype(np.float32)


def weights_of(targets, scores=None, **options):
    return values(pixel_weights(targets, targets if scores is None else scores, LossConfig(**options)))


def loss(targets, scores, **options):
    return float(CrossEntropyMinusDice(LossConfig(**options))(targets, scores))


def dress_with_straps(strap_px=3):
    """A dress, and its two straps, which are that wide."""
    dress, straps = np.zeros((64, 64)), np.zeros((64, 64))
    dress[20:60, 16:48] = 1
    for left in (20, 40):
        straps[6:20, left : left + strap_px] = 1
    return dress, straps


@settings(max_examples=40)
@given(units, st.floats(0, 10), st.floats(0, 10), st.integers(3, 11))
def test_without_faults_the_weights_of_a_photo_have_the_mean_one(targets, boundary, thin, width_px):
    weights = weights_of(
        targets,
        boundary_weight=boundary,
        boundary_width=width_px,
        thin_weight=thin,
        thin_width=width_px,
        fault_weight=3.0,
    )

    assert weights.shape == SHAPE
    assert weights.min() > 0
    np.testing.assert_allclose(weights.mean(axis=(1, 2, 3)), 1, rtol=1e-5)


@settings(max_examples=20)
@given(masks, units)
def test_unless_asked_for_no_pixel_counts_more(targets, scores):
    assert (weights_of(targets, scores) == 1).all()


# --- edges -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width_px", [5, 11])
def test_the_band_lies_along_the_edge(width_px):
    target = ellipse(64, 64)
    band = values(edge_band(batch(target), width_px))[0, ..., 0] > 0
    square = np.ones((width_px, width_px))
    mixed = ndimage.grey_dilation(target.astype(int), footprint=square) != ndimage.grey_erosion(
        target.astype(int), footprint=square
    )

    # windows with less than half a per cent of the other side do not count
    assert (band & ~mixed).sum() == 0
    assert band.sum() > 0.95 * mixed.sum()
    weights = weights_of(batch(target), boundary_weight=4.0, boundary_width=width_px)[0, ..., 0]
    assert np.unique(weights[band]) == pytest.approx(5 * np.unique(weights[~band]))


def test_a_garment_that_leaves_the_picture_has_no_edge_there():
    half = np.zeros((40, 40))
    half[20:] = 1
    weights = weights_of(batch(half), boundary_weight=4.0, boundary_width=5)[0, ..., 0]

    assert np.ptp(weights[30:]) == 0
    assert weights[20, 0] == weights[20, 20] > weights[39, 0]


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_without_edges_and_thin_parts_all_pixels_weigh_the_same(value):
    plain = np.full((2, 16, 16, 1), value, np.float32)

    np.testing.assert_allclose(weights_of(plain, boundary_weight=4.0, thin_weight=4.0), 1)


def test_errors_at_the_edge_cost_more_with_boundary_weights():
    target = ellipse(64, 64)
    inner = ndimage.distance_transform_edt(target)
    at_edge, far_off = target & (inner > 2), target.copy()
    missing = int(target.sum() - at_edge.sum())
    far_off[np.unravel_index(np.argsort(inner, axis=None)[-missing:], inner.shape)] = False
    targets = batch(target)
    soft = [np.clip(batch(mask), 0.1, 0.9) for mask in (at_edge, far_off)]

    plain = [loss(targets, scores) for scores in soft]
    weighted = [loss(targets, scores, boundary_weight=5.0) for scores in soft]

    assert plain[0] == pytest.approx(plain[1], rel=1e-4)
    assert weighted[0] > weighted[1] + 0.1
    assert weighted[0] != pytest.approx(plain[0], abs=0.01)


# --- thin parts --------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(units, st.sampled_from([3, 5, 7]))
def test_thin_parts_are_what_opening_and_closing_change(targets, width_px):
    size = (width_px, width_px)
    expected = [
        ndimage.grey_closing(photo, size, mode="nearest") - ndimage.grey_opening(photo, size, mode="nearest")
        for photo in targets[..., 0]
    ]

    np.testing.assert_allclose(values(thin_parts(targets, width_px))[..., 0], expected, atol=1e-6)


@given(units)
def test_an_even_width_is_taken_for_the_next_odd_one(targets):
    assert (values(thin_parts(targets, 4)) == values(thin_parts(targets, 5))).all()
    assert (values(faults(targets, 1 - targets, 2)) == values(faults(targets, 1 - targets, 3))).all()


@pytest.mark.parametrize(("strap_px", "is_thin"), [(3, True), (7, True), (8, True), (12, False)])
def test_straps_below_the_width_are_thin_and_the_dress_is_not(strap_px, is_thin):
    dress, straps = dress_with_straps(strap_px)
    thin = values(thin_parts(batch(np.maximum(dress, straps)), 9))[0, ..., 0]

    assert (thin[6:19][straps[6:19] > 0] == is_thin).all()
    assert (thin[24:56, 20:44] == 0).all()


def test_a_lost_strap_costs_more_with_thin_weights_and_a_lost_piece_of_the_middle_does_not():
    dress, straps = dress_with_straps()
    truth = batch(np.maximum(dress, straps))
    hole = dress.copy()
    hole[30:44, 30:36] = 0
    without_straps, without_middle = (
        np.clip(batch(mask), 0.1, 0.9) for mask in (dress, np.maximum(hole, straps))
    )

    assert loss(truth, without_straps, thin_weight=5.0) > loss(truth, without_straps) + 0.2
    assert loss(truth, without_middle, thin_weight=5.0) < loss(truth, without_middle)


# --- faults ------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(masks, masks)
def test_faults_are_where_a_square_of_the_width_is_wrong(targets, found):
    expected = []
    for truth, mask in zip(targets[..., 0], found[..., 0], strict=True):
        wrong = truth != mask
        around = np.zeros_like(wrong)
        for row in range(wrong.shape[0] - 2):
            for column in range(wrong.shape[1] - 2):
                square = slice(row, row + 3), slice(column, column + 3)
                around[square] |= wrong[square].all()
        expected.append(around)
    inner = slice(1, -1)  # the frame itself counts what lies beyond as wrong too

    got = values(faults(targets, found, 3))[..., 0] > 0
    assert (got[:, inner, inner] >= np.array(expected)[:, inner, inner]).all()
    assert (got[:, 2:-2, 2:-2] == np.array(expected)[:, 2:-2, 2:-2]).all()


def test_a_lost_strap_is_a_fault_and_an_edge_that_is_off_by_a_pixel_is_none():
    dress, straps = dress_with_straps()
    truth = np.maximum(dress, straps)
    eroded = ndimage.binary_erosion(truth, np.ones((3, 1)))

    assert values(faults(batch(truth), batch(eroded), 3)).sum() == 0
    lost = values(faults(batch(truth), batch(dress), 3))[0, ..., 0]
    assert (lost[straps > 0] == 1).all()
    assert lost.sum() == straps.sum()


def test_a_photo_with_a_fault_counts_more_than_without_its_weight():
    dress, straps = dress_with_straps()
    truth = batch(np.maximum(dress, straps))
    scores = np.clip(batch(dress), 0.1, 0.9)

    assert weights_of(truth, scores, fault_weight=4.0).mean() > 1
    assert loss(truth, scores, fault_weight=4.0) > loss(truth, scores) + 0.1
    assert loss(truth, truth, fault_weight=4.0) == pytest.approx(-2, abs=1e-5)
