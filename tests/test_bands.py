"""Large photos: what is computed in bands is the same as in one piece, and takes little memory."""

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segmentation.core.bands import bands_of
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.core.size import Size
from segmentation.images.decontamination import decontaminate
from segmentation.metrics.threshold import CERTAIN
from segmentation.outputs.alpha import soft_alpha
from segmentation.outputs.cutout_style import with_alpha
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.preprocessing.second_pass import region_of

sides = st.integers(1, 60)
few_pixels = st.integers(1, 600)


def predicted(scores, threshold=0.5):
    return Prediction("photo", scores[..., np.newaxis], LabelMap(), threshold)


def alpha_in_one_piece(prediction, enlargement, bits):
    """The soft alpha by its definition, over the whole photo at once."""
    threshold, reach = prediction.threshold, 0.5 / enlargement
    below, above = min(reach, threshold - CERTAIN), min(reach, 1.0 - CERTAIN - threshold)
    inside, difference = prediction.mask, prediction.scores[..., 0] - np.float32(threshold)
    side = np.where(
        inside, difference / above if above > 0 else 1.0, difference / below if below > 0 else -1.0
    ).astype(np.float32)
    far = (
        cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
        for part in (inside, ~inside)
    )
    steps = np.subtract(*far) / np.float32(3 * enlargement)
    side += steps.clip(-2, 2) - steps.clip(-1, 1)
    half = (2**bits - 1) / 2
    return cv2.addWeighted(side, half, side, 0.0, half, dtype=cv2.CV_8U if bits == 8 else cv2.CV_16U)


@st.composite
def score_maps(draw):
    """Scores of garments, specks and noise: float32 [H, W]."""
    height, width = draw(sides), draw(sides)
    scores = draw(hnp.arrays(np.float32, (height, width), elements=st.floats(0, 1, width=32)))
    y, x = np.mgrid[:height, :width]
    for _ in range(draw(st.integers(0, 2))):
        row, column, radius = draw(st.integers(0, height)), draw(st.integers(0, width)), draw(sides)
        scores = np.where(np.hypot(y - row, x - column) < radius / 2, np.float32(0.97), scores / 2)
    return np.ascontiguousarray(scores, np.float32)


@given(sides, sides, st.integers(0, 80), few_pixels)
def test_bands_cover_every_row_once_and_see_their_margins(height, width, margin_px, pixels):
    rows = np.arange(height)
    bands = list(bands_of((height, width), margin_px, pixels=pixels))

    np.testing.assert_array_equal(np.concatenate([rows[band.own] for band in bands]), rows)
    for band in bands:
        own, seen = rows[band.own], rows[band.seen]
        np.testing.assert_array_equal(seen[band.kept], own)
        assert seen[0] == max(own[0] - margin_px, 0)
        assert seen[-1] == min(own[-1] + margin_px, height - 1)


@settings(max_examples=200, deadline=None)
@given(score_maps(), st.floats(0.01, 0.99), st.floats(1, 6), st.sampled_from([8, 16]), few_pixels)
def test_a_soft_alpha_is_that_of_the_whole_photo(scores, threshold, enlargement, bits, pixels):
    prediction = predicted(scores, threshold)
    alpha = soft_alpha(prediction, enlargement, bits, pixels=pixels)

    np.testing.assert_array_equal(alpha, alpha_in_one_piece(prediction, enlargement, bits))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(40, 200), st.integers(1, 80), few_pixels)
def test_colours_of_the_garment_are_those_of_the_whole_photo(seed, height, width, pixels):
    random = np.random.default_rng(seed)
    photo = random.integers(0, 256, (height, width, 3), np.uint8)
    alpha = cv2.GaussianBlur(random.choice(np.uint8([0, 255]), (height, width)), (0, 0), 3).astype(int)
    alpha = np.clip((alpha - 127) * 12 + 127, 0, 255).astype(np.uint8)

    np.testing.assert_array_equal(
        decontaminate(photo, alpha, pixels=pixels), decontaminate(photo, alpha, pixels=10**9)
    )


@pytest.mark.parametrize("size", [Size(17, 13), Size(40, 60), Size(90, 70)])
@pytest.mark.parametrize("contrast", ["none", "stretch-2-98", "clahe"])
@pytest.mark.parametrize("colour", ["colour", "grey"])
def test_a_network_sees_a_mirrored_view_as_it_sees_a_copy_of_it(size, contrast, colour):
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    preprocessing = Preprocessing(size, colour, contrast)
    view = photo[:, ::-1]

    np.testing.assert_array_equal(
        preprocessing.prepare(view), preprocessing.prepare(np.ascontiguousarray(view))
    )


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_cutout_is_the_photo_and_its_alpha(kind):
    random = np.random.default_rng(0)
    image = random.integers(0, np.iinfo(kind).max, (50, 40, 3), kind)
    alpha = random.choice(np.array([0, 1, np.iinfo(kind).max], kind), (50, 40))
    expected = np.dstack([image * (alpha > 0)[..., np.newaxis], alpha])

    np.testing.assert_array_equal(with_alpha(image, alpha), expected)


def memory_of(work):
    """Bytes that are taken at the same time while `work` runs."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def large_garment(height=4000, width=3000):
    """Scores of a garment that fills most of a large photo."""
    scores = np.zeros((height // 10, width // 10), np.float32)
    cv2.ellipse(scores, (width // 20, height // 20), (width // 22, height // 22), 0, 0, 360, 1.0, -1)
    return cv2.resize(scores, (width, height), interpolation=cv2.INTER_LINEAR)


def test_the_alpha_of_a_large_photo_takes_little_memory():
    prediction = predicted(large_garment())

    assert memory_of(lambda: soft_alpha(prediction, 8.0, pixels=1 << 19)) < 8 * prediction.mask.size


def test_the_colours_of_a_large_cutout_take_little_memory():
    alpha = (large_garment() * 255).astype(np.uint8)
    photo = np.full((*alpha.shape, 3), 90, np.uint8)

    assert memory_of(lambda: decontaminate(photo, alpha, pixels=1 << 18)) < 14 * alpha.size
    assert memory_of(lambda: with_alpha(photo, alpha)) < 8 * alpha.size


def test_to_find_where_a_second_pass_looks_takes_memory_for_the_garment_alone():
    mask = np.zeros((4000, 3000), bool)
    mask[1000:2400, 1000:1900] = True

    assert memory_of(lambda: region_of(mask, 20.0, Size(4, 3))) < 2 * mask.size
