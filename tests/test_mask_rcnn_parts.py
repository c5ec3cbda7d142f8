"""The parts of Mask R-CNN, each held against an independent one in numpy, scipy or COCO's library."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pycocotools import mask as run_lengths
from scipy.ndimage import map_coordinates
from support.object_model import draw_boxes, numpy, rows_of

from segmentation.models.mask_rcnn.anchors import anchors_of
from segmentation.models.mask_rcnn.boxes import areas, decode, encode, iou_matrix
from segmentation.models.mask_rcnn.found import MASK_PX, FoundObjects
from segmentation.models.mask_rcnn.roi_align import align, level_shares
from segmentation.models.mask_rcnn.suppression import keep_best
from segmentation.training.objects.judging import paste

seeds = st.integers(0, 2**32 - 1)


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


@given(rows=st.integers(1, 5), columns=st.integers(1, 5))
@settings(max_examples=15)
def test_each_place_has_an_anchor_of_each_ratio_around_its_centre(rows, columns):
    expected = [
        [
            (row + 0.5) * stride - 8 * stride * ratio**0.5 / 2,
            (column + 0.5) * stride - 8 * stride / ratio**0.5 / 2,
            (row + 0.5) * stride + 8 * stride * ratio**0.5 / 2,
            (column + 0.5) * stride + 8 * stride / ratio**0.5 / 2,
        ]
        for stride in (8, 16)
        for row in range(rows * 16 // stride)
        for column in range(columns * 16 // stride)
        for ratio in (0.5, 1, 2)
    ]
    made = np.concatenate(anchors_of(rows * 16, columns * 16, (8, 16)))

    np.testing.assert_allclose(made, expected, rtol=1e-5)
    np.testing.assert_allclose(numpy(areas(made[:3])), 64**2, rtol=1e-5)


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


# masks in the picture


def test_a_pasted_mask_fills_its_box_and_nothing_else():
    rows = rows_of([[0.25, 0.5, 0.75, 1.0]], [0.9], np.ones((1, MASK_PX, MASK_PX), np.float32))
    pasted = numpy(paste(rows, 40, 60))[0, 0]

    expected = np.zeros((40, 60))
    expected[10:30, 30:60] = 1
    np.testing.assert_allclose(pasted, expected, atol=1e-5)


def test_rows_that_are_no_objects_are_left_out():
    boxes = [[0, 0, 0.5, 0.5], [0.5, 0.5, 0.5, 0.9], [0, 0, 1, 1]]
    rows = rows_of(boxes, [0.9, 0.9, 0.01], np.zeros((3, MASK_PX, MASK_PX), np.float32))[0]
    found = FoundObjects.of_rows(rows, 0.05)

    assert found.scores.tolist() == pytest.approx([0.9])
    assert found.masks.shape == (1, MASK_PX, MASK_PX)
