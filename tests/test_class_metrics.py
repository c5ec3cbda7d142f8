"""Metrics of maps of classes against scikit-learn, and against examples counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
)

from segmentation.metrics import classes as class_metrics
from segmentation.metrics import masks as metrics
from segmentation.metrics.classes import confusion
from segmentation.metrics.masks import Counts

CLASSES, IGNORE = 5, 255
# background, dress and shoes, in a photo of 3x4 pixels
TRUTH = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 2, IGNORE]])
PREDICTED = np.array([[0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 1, 4]])


@st.composite
def maps(draw, ignored=True):
    """A predicted and a true map of one size, in any of the types that label maps come in."""
    size = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    kinds = st.sampled_from([np.uint8, np.uint16, np.int32, np.int64])
    classes = st.integers(0, draw(st.integers(0, CLASSES - 1)))
    truth = draw(arrays(draw(kinds), size, elements=classes | st.just(IGNORE) if ignored else classes))
    return draw(arrays(draw(kinds), size, elements=classes)), truth


def known(predicted, truth):
    """The pixels that count, as scikit-learn takes them: truth first."""
    counted = truth != IGNORE
    return truth[counted].astype(int), predicted[counted].astype(int)


@given(maps())
def test_the_confusion_matrix_is_that_of_scikit_learn(pair):
    truth, predicted = known(*pair)
    found = confusion(*pair, CLASSES, IGNORE)

    assert found.dtype == np.int64
    assert found.shape == (CLASSES, CLASSES)
    assert found.sum() == truth.size
    if truth.size:
        expected = confusion_matrix(truth, predicted, labels=range(CLASSES))
        np.testing.assert_array_equal(found, expected)


@given(maps(ignored=False))
def test_every_figure_is_that_of_scikit_learn(pair):
    truth, predicted = known(*pair)
    counts = confusion(*pair, CLASSES)
    true, occurring = np.unique(truth), np.union1d(truth, predicted)

    def oracle(score, labels, average):
        return score(truth, predicted, labels=labels, average=average, zero_division=0)

    for figure, score, known_of in (
        (class_metrics.iou, jaccard_score, occurring),
        (class_metrics.dice, f1_score, occurring),
        (class_metrics.class_recall, recall_score, true),
        (class_metrics.class_precision, precision_score, np.unique(predicted)),
    ):
        expected = np.full(CLASSES, np.nan)
        expected[known_of] = oracle(score, known_of, None)
        np.testing.assert_allclose(figure(counts), expected)
    assert class_metrics.pixel_accuracy(counts) == pytest.approx(accuracy_score(truth, predicted))
    assert class_metrics.mean_accuracy(counts) == pytest.approx(oracle(recall_score, true, "macro"))
    assert class_metrics.mean_iou(counts) == pytest.approx(oracle(jaccard_score, occurring, "macro"))
    assert class_metrics.mean_dice(counts) == pytest.approx(oracle(f1_score, occurring, "macro"))
    assert class_metrics.frequency_weighted_iou(counts) == pytest.approx(
        oracle(jaccard_score, true, "weighted")
    )


def test_an_example_counted_by_hand():
    counts = confusion(PREDICTED, TRUTH, CLASSES, IGNORE)

    assert counts.tolist() == [
        [4, 1, 0, 0, 0],
        [1, 4, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],  # what is predicted where the truth is not known does not count
    ]
    assert class_metrics.pixel_accuracy(counts) == pytest.approx(8 / 11)
    assert class_metrics.mean_accuracy(counts) == pytest.approx((4 / 5 + 4 / 5 + 0) / 3)
    np.testing.assert_allclose(class_metrics.iou(counts), [4 / 6, 4 / 7, 0, np.nan, np.nan])
    np.testing.assert_allclose(class_metrics.dice(counts), [8 / 10, 8 / 11, 0, np.nan, np.nan])
    assert class_metrics.mean_iou(counts) == pytest.approx((4 / 6 + 4 / 7) / 3)
    assert class_metrics.mean_dice(counts) == pytest.approx((8 / 10 + 8 / 11) / 3)
    assert class_metrics.frequency_weighted_iou(counts) == pytest.approx((5 * 4 / 6 + 5 * 4 / 7) / 11)


def test_the_figures_of_two_classes_agree_with_those_of_a_mask():
    random = np.random.default_rng(0)
    predicted, truth = random.random((2, 30, 20)) > 0.6
    counts, of_mask = confusion(predicted, truth, 2), metrics.counts(predicted, truth)

    assert class_metrics.iou(counts)[1] == pytest.approx(metrics.iou(of_mask))
    assert class_metrics.dice(counts)[1] == pytest.approx(metrics.dice(of_mask))
    assert class_metrics.pixel_accuracy(counts) == pytest.approx(metrics.accuracy(of_mask))


def test_a_class_that_is_nowhere_does_not_count_and_one_that_is_only_predicted_does():
    nowhere = confusion(np.zeros((4, 4), int), np.zeros((4, 4), int), CLASSES)
    stray = confusion(np.eye(4, dtype=int), np.zeros((4, 4), int), CLASSES)

    assert class_metrics.mean_iou(nowhere) == class_metrics.mean_dice(nowhere) == 1
    assert class_metrics.mean_iou(stray) == pytest.approx((12 / 16 + 0) / 2)
    assert class_metrics.mean_accuracy(stray) == pytest.approx(12 / 16)  # of the true class alone


def test_a_photo_that_is_ignored_as_a_whole_has_nothing_wrong():
    counts = confusion(np.ones((3, 3), int), np.full((3, 3), IGNORE), CLASSES, IGNORE)

    assert not counts.any()
    assert np.isnan(class_metrics.iou(counts)).all()
    for name in ("pixel_accuracy", "mean_accuracy", "mean_iou", "mean_dice", "frequency_weighted_iou"):
        assert getattr(class_metrics, name)(counts) == 1, name
    assert class_metrics.presence(counts) == Counts(tp=0, fp=0, fn=0, tn=CLASSES - 1)


def test_the_classes_of_a_photo_are_those_that_it_has_and_those_that_it_is_said_to_have():
    truth = np.array([[0, 0, 0, 1], [0, 0, 2, 2], [0, 0, 2, 2]])
    predicted = np.array([[0, 0, 0, 3], [0, 0, 2, 2], [0, 0, 4, 4]])
    counts = class_metrics.presence(confusion(predicted, truth, CLASSES))

    assert counts == Counts(tp=1, fp=2, fn=1, tn=0)  # 2 | 3, 4 | 1, and the background is in none
    assert class_metrics.precision(counts) == pytest.approx(1 / 3)
    assert class_metrics.recall(counts) == pytest.approx(1 / 2)


def test_a_class_on_too_few_pixels_is_not_predicted_to_be_there_but_is_there():
    truth = np.array([[0, 0, 0, 1], [0, 0, 2, 2], [0, 0, IGNORE, IGNORE]])
    predicted = np.array([[0, 0, 0, 3], [0, 0, 2, 2], [0, 0, 4, 4]])
    counts = confusion(predicted, truth, CLASSES, IGNORE)

    def indices(least_share):
        return [np.flatnonzero(there).tolist() for there in class_metrics.present(counts, least_share)]

    assert indices(0.0) == indices(1 / 10) == [[0, 1, 2], [0, 2, 3]]
    assert indices(2 / 10) == [[0, 1, 2], [0, 2]]
    assert indices(1.0) == [[0, 1, 2], []]


@given(st.lists(maps(), min_size=1, max_size=4))
def test_the_classes_of_several_photos_are_counted_a_photo(pairs):
    stack = np.stack([confusion(*pair, CLASSES, IGNORE) for pair in pairs])
    counts = class_metrics.presence(stack)

    for at, pair in enumerate(pairs):
        true, predicted = ({*map(int, one)} - {0} for one in known(*pair))
        assert (counts.tp[at], counts.fp[at]) == (len(true & predicted), len(predicted - true))
        assert (counts.fn[at], counts.tn[at]) == (len(true - predicted), CLASSES - 1 - len(true | predicted))
        precision = len(true & predicted) / len(predicted) if predicted else 1
        recall = len(true & predicted) / len(true) if true else 1
        assert class_metrics.precision(counts)[at] == pytest.approx(precision)
        assert class_metrics.recall(counts)[at] == pytest.approx(recall)


@pytest.mark.parametrize(
    ("predicted", "truth", "said"),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), "of one size"),
        (np.zeros(6, int), np.zeros(6, int), "of one size"),
        (np.full((2, 2), 5), np.zeros((2, 2), int), "from 0 to 4, received 5 to 5"),
        (np.zeros((2, 2), int), np.full((2, 2), -1), "from 0 to 4, received -1 to -1"),
        (np.zeros((2, 2), int), np.full((2, 2), 254), "from 0 to 4, received 254"),
    ],
)
def test_maps_that_cannot_be_counted_are_refused(predicted, truth, said):
    with pytest.raises(ValueError, match=said):
        confusion(predicted, truth, CLASSES, IGNORE)
