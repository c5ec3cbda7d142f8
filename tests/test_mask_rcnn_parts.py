"""The parts of Mask R-CNN, each held against an independent one in numpy, scipy or COCO's library."""

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pycocotools import mask as run_lengths
from scipy.ndimage import map_coordinates

from segmentation.models.mask_rcnn.anchors import anchors_of
from segmentation.models.mask_rcnn.boxes import decode, encode, iou_matrix
from segmentation.models.mask_rcnn.found import BOX, CLASS, MASK, MASK_PX, ROW, SCORE, FoundObjects
from segmentation.models.mask_rcnn.roi_align import align, level_shares
from segmentation.models.mask_rcnn.suppression import keep_best
from segmentation.training.objects.judging import paste, symmetric_best_dice
from segmentation.training.objects.losses import mask_targets
from segmentation.training.objects.matching import draw_weights, match

seeds = st.integers(0, 2**32 - 1)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def draw_boxes(seed, count, side=60.0, least=2.0):
    """Boxes (top, left, bottom, right) within a square of this side."""
    random = np.random.default_rng(seed)
    corner = random.uniform(0, side - least, (count, 2))
    size = random.uniform(least, side / 2, (count, 2))
    return np.concatenate([corner, np.minimum(corner + size, side)], axis=1).astype(np.float32)


def overlaps_by_coco(boxes, others):
    """Boxes as COCO has them: left, top, width, height."""
    first, second = (
        np.stack([part[:, 1], part[:, 0], part[:, 3] - part[:, 1], part[:, 2] - part[:, 0]], axis=1).astype(
            float
        )
        for part in (boxes, others)
    )
    return run_lengths.iou(first, second, [0] * len(second))


# anchors


def test_the_anchors_of_a_place_have_its_centre_one_area_and_the_three_ratios():
    (fine, coarse) = anchors_of(64, 96, (8, 16))
    assert fine.shape == (8 * 12 * 3, 4)
    assert coarse.shape == (4 * 6 * 3, 4)

    # the second row and third column of the coarse level
    place = coarse.reshape(4, 6, 3, 4)[1, 2]
    height, width = place[:, 2] - place[:, 0], place[:, 3] - place[:, 1]
    np.testing.assert_allclose((place[:, 0] + place[:, 2]) / 2, 24, atol=1e-4)
    np.testing.assert_allclose((place[:, 1] + place[:, 3]) / 2, 40, atol=1e-4)
    np.testing.assert_allclose(height * width, (8 * 16) ** 2, rtol=1e-5)
    np.testing.assert_allclose(height / width, [0.5, 1, 2], rtol=1e-5)


# boxes


@given(seed=seeds, count=st.integers(1, 12), others=st.integers(1, 12))
@settings(max_examples=30)
def test_overlaps_of_boxes_are_those_of_coco(seed, count, others):
    boxes, compared = draw_boxes(seed, count), draw_boxes(seed + 1, others)

    np.testing.assert_allclose(
        numpy(iou_matrix(boxes, compared)), overlaps_by_coco(boxes, compared), atol=1e-5
    )


def test_a_box_without_an_area_overlaps_nothing():
    assert not numpy(iou_matrix(np.zeros((2, 4), np.float32), draw_boxes(0, 3))).any()


@given(seed=seeds)
@settings(max_examples=30)
def test_steps_lead_from_one_box_to_the_other_and_back(seed):
    boxes, references = draw_boxes(seed, 8), draw_boxes(seed + 1, 8)
    scales = (10.0, 10.0, 5.0, 5.0)

    np.testing.assert_allclose(
        numpy(decode(encode(boxes, references, scales), references, scales)), boxes, atol=1e-3
    )


def test_the_steps_of_an_untrained_network_do_not_overflow():
    wild = np.full((1, 4), 1e6, np.float32)

    assert np.isfinite(numpy(decode(wild, draw_boxes(0, 1)))).all()


# suppression


def keep_greedily(boxes, limit):
    """The loop of the textbook: best first, each kept one suppresses what overlaps it."""
    overlaps, kept = overlaps_by_coco(boxes, boxes), []
    for box in range(len(boxes)):
        if all(overlaps[box, better] <= limit for better in kept):
            kept.append(box)
    return kept


@given(seed=seeds, count=st.integers(1, 60), limit=st.sampled_from([0.3, 0.5, 0.7]))
@settings(max_examples=60)
def test_suppression_keeps_what_the_greedy_loop_keeps(seed, count, limit):
    boxes = draw_boxes(seed, count, side=30.0)
    overlaps = overlaps_by_coco(boxes, boxes)
    assume((np.abs(overlaps - limit) > 1e-4).all())  # no matter of rounding

    kept = np.flatnonzero(numpy(keep_best(boxes[np.newaxis], limit))[0])

    assert kept.tolist() == keep_greedily(boxes, limit)


def test_each_photo_is_suppressed_by_itself():
    box = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], np.float32)
    apart = np.array([[0, 0, 10, 10], [20, 20, 30, 30]], np.float32)

    np.testing.assert_array_equal(numpy(keep_best(np.stack([box, apart]), 0.5)), [[1, 0], [1, 1]])


def test_rounds_that_do_not_suffice_suppress_nothing_wrongly():
    # a chain in which each box overlaps the next one alone, so that every second one stays
    boxes = np.array([[0, 4 * place, 10, 4 * place + 10] for place in range(12)], np.float32)
    right = numpy(keep_best(boxes[np.newaxis], 0.4))[0]
    early = numpy(keep_best(boxes[np.newaxis], 0.4, rounds=4))[0]

    assert right.tolist() == [1, 0] * 6
    assert (early >= right).all()


# RoI align


def align_by_scipy(features, box, stride, cells, samples=2):
    """Bilinear samples at the middles of equal parts of each cell, averaged."""
    height, width, channels = features.shape
    top, left, bottom, right = box
    steps = (np.arange(cells * samples) + 0.5) / (cells * samples)
    rows = (top + (bottom - top) * steps) / stride - 0.5
    columns = (left + (right - left) * steps) / stride - 0.5
    grid = np.meshgrid(rows.clip(0, height - 1), columns.clip(0, width - 1), indexing="ij")
    sampled = np.stack(
        [
            map_coordinates(features[..., channel], grid, order=1, mode="nearest")
            for channel in range(channels)
        ],
        -1,
    )
    return sampled.reshape(cells, samples, cells, samples, channels).mean(axis=(1, 3))


@given(seed=seeds, cells=st.sampled_from([7, 14]), boxes=st.integers(1, 5))
@settings(max_examples=20)
def test_the_features_of_a_box_are_bilinear_samples_of_its_level(seed, cells, boxes):
    random = np.random.default_rng(seed)
    pyramid = {
        stride: random.standard_normal((2, 192 // stride, 128 // stride, 3)).astype(np.float32)
        for stride in (4, 8)
    }
    chosen = np.stack([draw_boxes(seed + photo, boxes, side=128.0, least=1.0) for photo in range(2)])
    made = numpy(align(pyramid, chosen, cells))

    assert made.shape == (2, boxes, cells, cells, 3)
    for photo in range(2):
        for place, box in enumerate(chosen[photo]):
            stride = 4 if np.sqrt((box[2] - box[0]) * (box[3] - box[1])) < 8 * 14 else 8
            expected = align_by_scipy(pyramid[stride][photo], box, stride, cells)
            np.testing.assert_allclose(made[photo, place], expected, atol=1e-4)


def test_a_box_of_224_pixels_is_seen_at_stride_16_as_in_the_paper():
    sides = np.array([40, 100, 112, 223, 224, 447, 448, 900], np.float32)
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)[np.newaxis]
    shares = numpy(level_shares(boxes, [4, 8, 16, 32]))[0]

    assert (shares.sum(axis=1) == 1).all()
    assert [4 * 2 ** int(level) for level in shares.argmax(axis=1)] == [4, 4, 8, 8, 16, 16, 32, 32]


# matching and drawing


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


# masks in the picture


def rows_of(boxes, scores, masks, classes=1):
    rows = np.zeros((1, len(boxes), ROW), np.float32)
    rows[..., BOX], rows[..., SCORE], rows[..., CLASS] = boxes, scores, classes
    rows[..., MASK:] = masks.reshape(len(boxes), -1)
    return rows


def test_a_pasted_mask_fills_its_box_and_nothing_else():
    rows = rows_of([[0.25, 0.5, 0.75, 1.0]], [0.9], np.ones((1, MASK_PX, MASK_PX), np.float32))
    pasted = numpy(paste(rows, 40, 60))[0, 0]

    expected = np.zeros((40, 60))
    expected[10:30, 30:60] = 1
    np.testing.assert_allclose(pasted, expected, atol=1e-5)


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


def test_rows_that_are_no_objects_are_left_out():
    boxes = [[0, 0, 0.5, 0.5], [0.5, 0.5, 0.5, 0.9], [0, 0, 1, 1]]
    rows = rows_of(boxes, [0.9, 0.9, 0.01], np.zeros((3, MASK_PX, MASK_PX), np.float32))[0]
    found = FoundObjects.of_rows(rows, 0.05)

    assert found.scores.tolist() == pytest.approx([0.9])
    assert found.masks.shape == (1, MASK_PX, MASK_PX)
