"""Every metric against an independent oracle: scikit-learn, scipy, scikit-image, or the plain definition."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt
from skimage.segmentation import find_boundaries
from sklearn.metrics import accuracy_score, f1_score, jaccard_score

from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.metrics import masks as metrics
from segmentation.metrics.masks import THRESHOLDS, Counts

SIZES = st.tuples(st.integers(1, 14), st.integers(1, 14))
EVERY_EDGE_OF_A_LEVEL = np.unique(
    np.concatenate(
        [THRESHOLDS, np.nextafter(THRESHOLDS, np.float32(0)), np.nextafter(THRESHOLDS, np.float32(1))]
    )
)


@st.composite
def mask_pairs(draw):
    size = draw(SIZES)
    kinds = st.one_of(arrays(bool, size), st.just(np.zeros(size, bool)), st.just(np.ones(size, bool)))
    return draw(kinds), draw(kinds)


@st.composite
def scores_and_targets(draw):
    size = draw(SIZES)
    score = st.one_of(
        st.sampled_from(EVERY_EDGE_OF_A_LEVEL.tolist()),
        st.floats(0, 1, width=32),
    )
    return draw(arrays(np.float32, size, elements=score)), draw(arrays(bool, size))


def rectangle(size, rows, columns):
    mask = np.zeros(size, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


@settings(deadline=None)
@given(mask_pairs())
def test_counted_measures_agree_with_scikit_learn(pair):
    mask, target = pair
    counts = metrics.counts(mask, target)

    flat = (target.ravel(), mask.ravel())
    assert metrics.dice(counts) == pytest.approx(f1_score(*flat, zero_division=1))
    assert metrics.iou(counts) == pytest.approx(jaccard_score(*flat, zero_division=1))
    assert metrics.accuracy(counts) == pytest.approx(accuracy_score(*flat))


def test_counts_name_each_kind_of_pixel():
    mask = np.array([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0]], bool)
    target = np.array([[1, 0, 0, 1, 1, 1, 0, 0, 0, 0]], bool)

    assert metrics.counts(mask, target) == Counts(tp=1, fp=2, fn=3, tn=4)


def test_two_empty_masks_agree():
    nothing = Counts(tp=0, fp=0, fn=0, tn=12)

    assert metrics.dice(nothing) == metrics.iou(nothing) == metrics.accuracy(nothing) == 1.0


@settings(max_examples=50, deadline=None)
@given(scores_and_targets())
def test_one_pass_over_all_thresholds_counts_what_each_mask_would(pair):
    scores, target = pair
    found = metrics.counts_by_threshold(scores, target)

    for k, threshold in enumerate(THRESHOLDS):
        direct = metrics.counts(scores >= threshold, target)
        assert Counts(found.tp[k], found.fp[k], found.fn[k], found.tn[k]) == direct


@pytest.mark.parametrize("k", range(256))
def test_a_level_is_the_mask_of_a_prediction_with_that_threshold(k):
    scores = EVERY_EDGE_OF_A_LEVEL[None, :, None]
    prediction = Prediction("shirt", scores, LabelMap(), threshold=k / 255)

    np.testing.assert_array_equal(metrics.levels(scores[..., 0]) >= k, prediction.mask)


def test_measures_of_many_thresholds_are_those_of_each():
    scores = np.linspace(0, 1, 60, dtype=np.float32).reshape(6, 10)
    target = scores > 0.4
    found = metrics.counts_by_threshold(scores, target)

    for measure in (metrics.dice, metrics.iou, metrics.accuracy):
        each = [measure(metrics.counts(scores >= threshold, target)) for threshold in THRESHOLDS]
        np.testing.assert_allclose(measure(found), each)


def boundary_f1_by_distance(mask, target, tolerance_px):
    contours = [
        find_boundaries(np.pad(m, 1), connectivity=1, mode="inner", background=0) for m in (mask, target)
    ]
    if not all(contour.any() for contour in contours):
        return float(not any(contour.any() for contour in contours))
    near = [distance_transform_edt(~contour) <= tolerance_px for contour in contours]
    precision = (contours[0] & near[1]).sum() / contours[0].sum()
    recall = (contours[1] & near[0]).sum() / contours[1].sum()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary_iou_by_distance(mask, target, width_px):
    bands = []
    for m in (mask, target):
        padded = np.pad(m, 1)
        bands.append(padded & (distance_transform_edt(padded) <= width_px))
    return jaccard_score(bands[0].ravel(), bands[1].ravel(), zero_division=1)


@settings(deadline=None)
@given(mask_pairs(), st.sampled_from([1.0, 1.5, 2.0, 3.0]))
@example((np.ones((5, 5), bool), np.zeros((5, 5), bool)), 2.0)
def test_boundary_f1_agrees_with_distances_from_scipy(pair, tolerance_px):
    assert metrics.boundary_f1(*pair, tolerance_px) == pytest.approx(
        boundary_f1_by_distance(*pair, tolerance_px)
    )


@settings(deadline=None)
@given(mask_pairs(), st.sampled_from([1.0, 1.5, 2.0, 3.0]))
def test_boundary_iou_agrees_with_distances_from_scipy(pair, width_px):
    assert metrics.boundary_iou(*pair, width_px) == pytest.approx(boundary_iou_by_distance(*pair, width_px))


@settings(deadline=None)
@given(arrays(bool, SIZES))
def test_contour_agrees_with_scikit_image(mask):
    padded = find_boundaries(np.pad(mask, 1), connectivity=1, mode="inner", background=0)

    np.testing.assert_array_equal(metrics.contour(mask), padded[1:-1, 1:-1])


def test_boundary_f1_forgives_a_shift_up_to_the_tolerance():
    target = rectangle((60, 60), (20, 40), (20, 40))

    assert metrics.boundary_f1(np.roll(target, 2, axis=1), target, tolerance_px=2) == 1.0
    assert metrics.boundary_f1(np.roll(target, 3, axis=1), target, tolerance_px=2) < 0.7


def test_boundary_measures_see_an_edge_that_dice_overlooks():
    target = rectangle((200, 200), (20, 180), (20, 180))
    mask = rectangle((200, 200), (23, 177), (23, 177))

    assert metrics.dice(metrics.counts(mask, target)) > 0.96
    assert metrics.boundary_f1(mask, target) == 0.0
    assert metrics.boundary_iou(mask, target) == 0.0


@pytest.mark.parametrize("measure", [metrics.boundary_f1, metrics.boundary_iou])
def test_boundary_measures_of_empty_masks(measure):
    empty, some = np.zeros((9, 7), bool), rectangle((9, 7), (2, 5), (2, 5))

    assert measure(empty, empty) == 1.0
    assert measure(empty, some) == measure(some, empty) == 0.0


@pytest.mark.parametrize("measure", [metrics.boundary_f1, metrics.boundary_iou])
@settings(deadline=None)
@given(pair=mask_pairs())
def test_boundary_measures_do_not_depend_on_which_mask_comes_first(measure, pair):
    assert measure(*pair) == pytest.approx(measure(*reversed(pair)))


@pytest.mark.parametrize(
    "measure", [metrics.counts, metrics.counts_by_level, metrics.boundary_f1, metrics.boundary_iou]
)
def test_masks_of_different_sizes_are_refused(measure):
    with pytest.raises(ValueError, match=r"\(4, 5\) and \(5, 4\)"):
        measure(np.zeros((4, 5), bool), np.zeros((5, 4), bool))
