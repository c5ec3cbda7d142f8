"""The alpha of a cutout: opaque inside, transparent outside, soft at the edge alone."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.metrics.threshold import CERTAIN
from segmentation.outputs.alpha import hard_alpha, soft_alpha

HIGHEST = 0.988  # where the scores of a network end, whatever the photo


def predicted(scores, threshold):
    return Prediction("photo", np.asarray(scores, np.float32)[..., np.newaxis], LabelMap(), threshold)


def step(*inside):
    """Rows that begin outside of a garment and go on with these scores; its edge is near all of them."""
    return [[0.0, *inside]]


def scored_disc(size, radius, softness, inside=HIGHEST, outside=1 - HIGHEST):
    """Scores of a round garment: `inside` to `outside` over `softness` pixels; and the distance inside."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    distance = radius - np.hypot(x, y)
    share = np.clip(distance / softness + 0.5, 0, 1)
    return (outside + (inside - outside) * share).astype(np.float32), distance


def distance_to_edge(mask):
    """Pixels to the other side of the edge of a mask, very far where there is none."""
    sides = [
        cv2.distanceTransform(np.uint8(part), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for part in (mask, ~mask)
    ]
    return np.maximum(*sides)


score_maps = hnp.arrays(np.float32, (6, 5), elements=st.floats(0, 1, width=32))
near_the_edge = hnp.arrays(np.float32, (3, 2), elements=st.floats(0, 1, width=32))
thresholds = st.floats(0.03, 0.97)
enlargements = st.floats(1, 16)
bits = st.sampled_from([8, 16])


@given(score_maps, st.floats(0, 1))
def test_a_hard_alpha_is_the_mask(scores, threshold):
    prediction = predicted(scores, threshold)
    alpha = hard_alpha(prediction)

    assert alpha.dtype == np.uint8
    assert set(np.unique(alpha)) <= {0, 255}
    np.testing.assert_array_equal(alpha == 255, prediction.mask)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(60, 200),
    softness=st.floats(0.1, 12),
    threshold=st.floats(0.0, 1.0),
    enlargement=st.floats(1, 3),
    bits=bits,
    levels=st.tuples(st.floats(0.0, 0.4), st.floats(0.6, 1.0)),
)
def test_the_inside_is_opaque_and_the_surroundings_are_transparent_at_any_size_and_threshold(
    size, softness, threshold, enlargement, bits, levels
):
    scores, _ = scored_disc(size, size / 4, softness, inside=levels[1], outside=levels[0])
    prediction = predicted(scores, threshold)
    alpha = soft_alpha(prediction, enlargement, bits)
    far = distance_to_edge(prediction.mask) > 6.5 * enlargement

    assert alpha.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert (alpha[prediction.mask & far] == 2**bits - 1).all()
    assert (alpha[~prediction.mask & far] == 0).all()


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.57, 0.9])
@pytest.mark.parametrize("size", [40, 400])
def test_scores_that_end_below_1_make_an_opaque_garment_and_no_veil(size, threshold):
    scores, distance = scored_disc(size, size / 3, softness=2)
    alpha = soft_alpha(predicted(scores, threshold), 1.0)

    assert (alpha[distance > 1] == 255).all()
    assert (alpha[distance < -1] == 0).all()


@pytest.mark.parametrize("threshold", [0.0, 0.99, 1.0])
def test_what_reaches_an_extreme_threshold_is_opaque(threshold):
    prediction = predicted(step(0.5, threshold, 1.0), threshold)

    assert (soft_alpha(prediction, 1.0)[prediction.mask] == 255).all()


def test_where_nothing_is_found_nothing_is_seen():
    assert not soft_alpha(predicted(np.full((5, 4), 0.5), 0.6), 1.0).any()


def test_a_strap_of_two_pixels_is_opaque():
    scores = np.full((40, 40), 0.01)
    scores[:, 20:22] = HIGHEST

    assert (soft_alpha(predicted(scores, 0.57), 1.0)[:, 20:22] == 255).all()


def test_hair_about_the_edge_keeps_its_softness():
    scores, distance = scored_disc(120, 40, softness=6, inside=1, outside=0)
    near = np.abs(distance) < 2
    alpha = soft_alpha(predicted(scores, 0.5), 1.0)

    np.testing.assert_allclose(alpha[near] / 255, scores[near], atol=0.03)


@given(thresholds, enlargements)
def test_a_soft_alpha_is_one_half_at_the_threshold(threshold, enlargement):
    alpha = soft_alpha(predicted(step(threshold), threshold), enlargement)

    assert alpha.dtype == np.uint8
    assert abs(int(alpha[0, 1]) - 128) <= 1


@given(near_the_edge, thresholds, enlargements)
def test_near_the_edge_a_soft_alpha_rises_with_the_score_and_agrees_with_the_mask(
    scores, threshold, enlargement
):
    prediction = predicted(scores, threshold)
    alpha = soft_alpha(prediction, enlargement)

    assert (np.diff(alpha.ravel()[np.argsort(scores, axis=None)].astype(int)) >= 0).all()
    assert (alpha[prediction.mask] >= 127).all()
    assert (alpha[~prediction.mask] <= 128).all()


@given(score_maps, thresholds, enlargements)
def test_near_the_edge_a_soft_alpha_lies_on_the_two_lines_through_the_threshold(
    scores, threshold, enlargement
):
    below = min(0.5 / enlargement, threshold - CERTAIN)
    above = min(0.5 / enlargement, 1 - CERTAIN - threshold)
    expected = np.interp(scores, (threshold - below, threshold, threshold + above), (0, 127.5, 255))
    prediction = predicted(scores, threshold)
    near = distance_to_edge(prediction.mask) <= 2.5

    # 255 levels over a narrow edge: rounding of the threshold to float32 moves them
    np.testing.assert_allclose(
        soft_alpha(prediction, enlargement)[near], expected[near], atol=0.51 + 1e-5 / min(below, above)
    )


@given(thresholds, enlargements)
def test_what_is_surely_no_garment_is_transparent_and_what_surely_is_one_is_opaque(threshold, enlargement):
    alpha = soft_alpha(predicted([[0.0, 0.01, 0.99, 1.0]], threshold), enlargement)

    assert alpha.tolist() == [[0, 0, 255, 255]]


def test_enlarged_scores_get_edges_as_sharp_as_those_of_the_network():
    scores = np.tile([0.0, 1.0], 101)[np.newaxis]  # an edge beside each score
    scores[0, ::2] = np.linspace(0, 1, 101)
    scores[0, 1::2] = np.where(scores[0, ::2] < 0.5, 1, 0)
    widths = [
        ((alpha > 0) & (alpha < 255)).sum()
        for alpha in (soft_alpha(predicted(scores, 0.5), enlargement) for enlargement in (1, 2, 4))
    ]

    assert widths == pytest.approx([96, 50, 25], abs=2)
