"""The training of a network of objects: which boxes count, the five losses, and the figure of an epoch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import huber, log_expit, log_softmax
from support.object_model import draw_boxes, numpy, rows_of

from segmentation.models.mask_rcnn.found import MASK_PX
from segmentation.training.objects.judging import symmetric_best_dice
from segmentation.training.objects.losses import (
    box_losses,
    cross_entropy,
    mask_loss,
    mask_targets,
    proposal_losses,
    smooth_l1,
)
from segmentation.training.objects.matching import Matched, draw_weights, match

seeds = st.integers(0, 2**32 - 1)


# which boxes count


@given(seed=seeds)
@settings(max_examples=30)
def test_boxes_are_matched_as_the_paper_says(seed):
    overlaps = np.random.default_rng(seed).uniform(0, 1, (1, 20, 4)).astype(np.float32)
    overlaps[..., 3] = 0  # an object that is not there
    found = [numpy(part)[0] for part in match(overlaps, 0.3, 0.7, nearest_too=True)]
    nearest = {int(overlaps[0, :, column].argmax()) for column in range(3)}

    for box, (place, positive, negative) in enumerate(zip(*found, strict=True)):
        best = overlaps[0, box].max()
        assert overlaps[0, box, place] == best
        assert positive == (best >= 0.7 or box in nearest)
        assert negative == (best < 0.3 and box not in nearest)


@given(seed=seeds, positives=st.integers(0, 30), negatives=st.integers(0, 60))
@settings(max_examples=10)
def test_boxes_count_as_often_as_they_would_be_drawn(seed, positives, negatives):
    positive = np.arange(100) < positives
    negative = np.arange(100) >= 100 - negatives
    weights = numpy(draw_weights(positive[np.newaxis], negative[np.newaxis], 16, 0.5))[0]
    random, drawn = np.random.default_rng(seed), np.zeros(100)
    for _ in range(3000):
        chosen = random.permutation(np.flatnonzero(positive))[:8]
        others = random.permutation(np.flatnonzero(negative))[: 16 - len(chosen)]
        both = np.concatenate([chosen, others]).astype(int)
        drawn[both] += 1 / max(len(both), 1)

    np.testing.assert_allclose(weights, drawn / 3000, atol=0.02)
    assert weights.sum() == pytest.approx(1 if positives + negatives else 0, abs=1e-5)


def test_the_target_of_a_mask_is_what_its_box_shows_of_its_object_alone():
    numbers = np.zeros((1, 56, 84), np.uint8)
    numbers[0, 10:40, 20:50], numbers[0, 30:50, 40:70] = 1, 2  # the second hides a part of the first
    boxes = np.array([[[10, 20, 40, 50], [30, 40, 50, 70], [0, 0, 56, 84]]], np.float32)
    targets = numpy(mask_targets(numbers, boxes, np.array([[1, 2, 2]])))[0]

    assert targets.shape == (3, MASK_PX, MASK_PX)
    assert targets[1].all()
    assert targets[0].mean() == pytest.approx(1 - 10 * 10 / (30 * 30), abs=0.04)
    assert targets[2].mean() == pytest.approx(20 * 30 / (56 * 84), abs=0.03)


# losses


@given(seed=seeds)
@settings(max_examples=20)
def test_steps_are_charged_by_hubers_loss_and_likelihoods_by_their_logarithm(seed):
    random = np.random.default_rng(seed)
    steps, wanted = random.normal(0, 0.3, (2, 5, 4)).astype(np.float32)
    logits, truth = random.normal(0, 5, 9).astype(np.float32), random.integers(0, 2, 9).astype(np.float32)

    by_scipy = 9 * huber(1 / 9, steps - wanted).sum(axis=-1)
    np.testing.assert_allclose(numpy(smooth_l1(wanted, steps)), by_scipy, rtol=1e-4, atol=1e-6)
    expected = -log_expit(np.where(truth > 0, logits, -logits).astype(np.float64))
    charged = numpy(cross_entropy(truth, logits))
    np.testing.assert_allclose(charged, expected, rtol=1e-4, atol=4e-6)  # float32's last digits of a logit


def test_a_logit_beyond_all_bounds_does_not_overflow():
    logits = np.array([1e4, -1e4], np.float32)

    np.testing.assert_allclose(numpy(cross_entropy(np.array([1, 0], np.float32), logits)), 0, atol=1e-6)
    np.testing.assert_allclose(numpy(cross_entropy(np.array([0, 1], np.float32), logits)), 1e4)


@given(seed=seeds)
@settings(max_examples=20)
def test_classes_are_charged_for_every_box_that_counts_and_steps_for_those_of_objects(seed):
    random = np.random.default_rng(seed)
    regions, boxes = draw_boxes(seed, 9)[np.newaxis], draw_boxes(seed + 1, 9)[np.newaxis]
    kinds = random.integers(1, 4, (1, 9))
    role = random.permutation([0, 0, 0, 1, 1, 1, 1, 2, 2])  # of an object, of the background, of neither
    matched = Matched(np.arange(9)[np.newaxis], (role == 0)[np.newaxis], (role == 1)[np.newaxis])
    logits = random.normal(0, 2, (1, 9, 4)).astype(np.float32)
    found = box_losses((logits, np.zeros((1, 9, 4), np.float32)), regions, boxes, kinds, matched)

    likelihoods = log_softmax(logits[0], axis=-1)
    classes = np.where(role == 0, kinds[0], 0)
    of_classes = -sum(likelihoods[box, classes[box]] for box in range(9) if role[box] < 2) / 7
    assert float(numpy(found[0])[0]) == pytest.approx(of_classes, rel=1e-4)
    of_steps = 0.0
    for box in np.flatnonzero(role == 0):
        (top, left, bottom, right), (a_top, a_left, a_bottom, a_right) = boxes[0, box], regions[0, box]
        height, width, a_height, a_width = bottom - top, right - left, a_bottom - a_top, a_right - a_left
        steps = [
            10 * (top + height / 2 - a_top - a_height / 2) / a_height,
            10 * (left + width / 2 - a_left - a_width / 2) / a_width,
            5 * np.log(height / a_height),
            5 * np.log(width / a_width),
        ]
        of_steps += 9 * huber(1 / 9, steps).sum() / 7
    assert float(numpy(found[1])[0]) == pytest.approx(of_steps, rel=1e-3)


def test_proposals_that_are_right_cost_next_to_nothing_and_a_photo_without_objects_no_steps():
    anchors = np.array([[0, 0, 10, 10], [20, 20, 40, 40], [60, 60, 80, 80]], np.float32)
    there = np.array([[[20, 20, 40, 40], [0, 0, 0, 0]]], np.float32)
    right, none = np.array([[-20, 20, -20]], np.float32), np.zeros((1, 3, 4), np.float32)

    assert [float(numpy(loss)[0]) for loss in proposal_losses(anchors, right, none, there)] == pytest.approx(
        [0, 0], abs=1e-6
    )
    wrong, steps = (float(numpy(loss)[0]) for loss in proposal_losses(anchors, -right, none + 1, 0 * there))
    assert wrong == pytest.approx(2 / 3 * 20, rel=1e-4)
    assert steps == 0


def test_only_masks_that_count_are_charged():
    logits = np.stack([np.full((MASK_PX, MASK_PX), value, np.float32) for value in (20, -20, -20)])[None]
    counted = np.array([[1, 1, 0]], np.float32)

    loss = float(numpy(mask_loss(logits, np.ones_like(logits), counted))[0])
    assert loss == pytest.approx(10, rel=1e-4)
    assert float(numpy(mask_loss(logits, np.ones_like(logits), 0 * counted))[0]) == 0


# the figure of an epoch


def test_the_symmetric_best_dice_charges_what_is_missed_and_what_is_invented():
    numbers = np.zeros((1, 40, 40), np.uint8)
    numbers[0, :, :20], numbers[0, :, 20:] = 1, 2
    targets = {"numbers": numbers, "classes": np.array([[1, 1, 0]])}
    full = np.ones((3, MASK_PX, MASK_PX), np.float32)
    left, right, whole = [0, 0, 1, 0.5], [0, 0.5, 1, 1], [0, 0, 1, 1]

    def dice(boxes, scores):
        return float(numpy(symmetric_best_dice(targets, rows_of(boxes, scores, full[: len(boxes)])))[0])

    assert dice([left, right], [0.9, 0.9]) == pytest.approx(1)
    assert dice([left, right], [0.9, 0.1]) == pytest.approx(0.5)  # one is missed
    assert dice([left, right, [0, 0, 0.1, 0.1]], [0.9, 0.9, 0.9]) < 0.8  # one is invented
    assert dice([whole], [0.9]) == pytest.approx(2 / 3)  # the two are one
