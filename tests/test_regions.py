"""Shorter ways give the same results: regions, channels, areas of an edge, a mirror image."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from support.drawing import draw_pair

from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.core.size import Size
from segmentation.images import decontamination
from segmentation.images.channels import add_channel, split_colours
from segmentation.images.regions import regions_of
from segmentation.inference.engines import Engine
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.scores.augmentation import mirrored, scores_of_mirror_image

masks = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
pictures = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5)).flatmap(
    lambda shape: st.sampled_from([np.uint8, np.uint16]).flatmap(lambda kind: hnp.arrays(kind, shape))
)


def labelled(mask):
    """Left, top, width, height and area of each region, by scipy."""
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    return [
        (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start, np.sum(labels == n))
        for n, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
    ]


@given(masks)
@settings(max_examples=200, deadline=None)
def test_regions_are_those_that_scipy_labels(mask):
    assert sorted(map(tuple, regions_of(mask))) == sorted(labelled(mask))


def test_a_ring_with_an_island_in_it_is_two_regions_and_without_it_one():
    ring = np.zeros((40, 30), bool)
    ring[5:35, 5:25] = True
    ring[10:30, 10:20] = False
    island = ring.copy()
    island[18:22, 14:16] = True

    assert regions_of(ring).tolist() == [[5, 5, 20, 30, 400]]
    assert sorted(regions_of(island).tolist()) == [[5, 5, 20, 30, 400], [14, 18, 2, 4, 8]]


@given(pictures)
@settings(max_examples=60, deadline=None)
def test_channels_are_joined_and_split_as_numpy_does(picture):
    extra = picture[..., :1].copy()

    np.testing.assert_array_equal(add_channel(picture, extra), np.dstack([picture, extra]))
    colours, others = split_colours(picture)
    np.testing.assert_array_equal(colours, picture[..., :3])
    np.testing.assert_array_equal(others, picture[..., 3:])


@pytest.mark.parametrize("area_px", [1, 7, 1000])
def test_colours_are_cleaned_the_same_however_the_edge_is_cut_into_areas(area_px):
    photo, alpha = draw_pair(0, 96, 72)
    alpha = ndimage.uniform_filter(alpha, 5)
    whole = decontamination.decontaminate(photo, alpha)
    with mock.patch.object(decontamination, "_AREA_PX", area_px):
        np.testing.assert_array_equal(decontamination.decontaminate(photo, alpha), whole)


def engine(size, sides):
    """An engine whose network gives the red of the left half; `sides` gets what it sees."""

    def network(prepared):
        sides.append(prepared)
        scores = prepared[..., :1] / np.float32(255)
        scores[:, :, prepared.shape[2] // 2 :] = 0
        return scores

    return Engine("keras", "f32", Preprocessing(size), network)


@pytest.mark.parametrize("size", [Size(48, 32), Size(96, 32), Size(200, 150)], ids=str)
def test_the_mirror_image_of_a_photo_scores_the_same_when_it_is_not_prepared_again(size):
    photo = np.ascontiguousarray(draw_pair(0, 96, 64)[0])
    seen = []
    known = engine(size, seen)
    known(photo)
    short = scores_of_mirror_image(known)(photo)

    np.testing.assert_allclose(short, mirrored(engine(size, []))(photo), atol=1 / 255)
    np.testing.assert_array_equal(scores_of_mirror_image(engine(size, []))(photo), mirrored(known)(photo))


def test_another_photo_is_never_taken_for_the_one_that_was_seen():
    first, other = (np.ascontiguousarray(draw_pair(number, 96, 64)[0]) for number in (0, 1))
    known = engine(Size(48, 32), [])
    known(first)

    np.testing.assert_array_equal(known.mirrored(other), mirrored(known)(other))


def test_a_prediction_with_further_fields_keeps_its_scores_and_its_mask():
    prediction = Prediction("a", np.eye(4, dtype=np.float32)[..., np.newaxis], LabelMap(), 0.5)
    mask = prediction.mask
    told = prediction.adding(notes=("two garments",), confidence=0.9)

    assert (told.notes, told.confidence, told.scores) == (("two garments",), 0.9, prediction.scores)
    assert told.mask is mask
