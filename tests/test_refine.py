"""The edge of a cutout: what is known stays, what is not follows the photo, and colours lose the backdrop."""

import importlib.util
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segmentation.core.errors import SegmentationError
from segmentation.core.file_kinds import REFINEMENTS
from segmentation.images.boxes import box_around
from segmentation.images.compositing import in_bits
from segmentation.images.decontamination import decontaminate
from segmentation.images.refinement import METHODS, ensure_available, refine
from segmentation.images.trimaps import trimap

sides = st.integers(1, 24)
levels = st.sampled_from([0, 0, 1, 100, 128, 200, 254, 255, 255])


@st.composite
def cutouts(draw):
    """A photo, uint8 [H, W, 3], and an alpha, uint8 [H, W], of any content."""
    shape = draw(st.tuples(sides, sides))
    return draw(hnp.arrays(np.uint8, (*shape, 3))), draw(hnp.arrays(np.uint8, shape, elements=levels))


def soft_disc(size=96, softness_px=2.0):
    """A round alpha with a soft edge: float32 [size, size] in [0, 1]."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(0.5 + (size / 3 - np.hypot(rows, columns)) / (2 * softness_px), 0, 1).astype(np.float32)


def textured(colour, size=96, seed=0):
    """A patterned surface about a colour: float32 [size, size, 3] in [0, 255]."""
    noise = np.random.default_rng(seed).normal(0, 12, (size, size)).astype(np.float32)
    return np.clip(np.array(colour, np.float32) + cv2.GaussianBlur(noise, (0, 0), 1.5)[..., None], 0, 255)


def composite(foreground, background, alpha):
    return foreground * alpha[..., None] + background * (1 - alpha[..., None])


def as_bytes(values):
    return np.round(values).astype(np.uint8)


def near_edge(alpha, width_px):
    """The trimap whose band reaches so many pixels."""
    return trimap(alpha, width_px / len(alpha))


@given(cutouts(), st.floats(0.5, 8), st.sampled_from([8, 16]))
def test_a_trimap_knows_what_is_far_from_the_edge(cutout, width_px, bits):
    mask = cutout[1] >= 128
    found = near_edge(in_bits(cutout[1], bits), width_px)
    width_px = max(1.0, width_px)

    far = np.full(mask.shape, np.inf)
    to_outside = far if mask.all() else ndimage.distance_transform_edt(mask)
    to_inside = far if not mask.any() else ndimage.distance_transform_edt(~mask)
    expected = np.where(to_outside > width_px + 1e-3, 255, np.where(to_inside > width_px + 1e-3, 0, 128))
    assert found.dtype == np.uint8
    near = (np.abs(to_outside - width_px) < 2e-3) | (np.abs(to_inside - width_px) < 2e-3)
    np.testing.assert_array_equal(found[~near], expected[~near])


@given(cutouts(), st.floats(0.5, 6), st.none() | st.integers(1, 9))
def test_refining_changes_the_unknown_band_alone(cutout, width_px, radius_px):
    photo, alpha = cutout
    known = near_edge(alpha, width_px)
    before = photo.copy(), alpha.copy(), known.copy()
    refined = refine(photo, alpha, known, radius_px=radius_px)

    assert refined.shape == alpha.shape
    assert refined.dtype == np.uint8
    np.testing.assert_array_equal(refined[known != 128], alpha[known != 128])
    for given_to_it, copy in zip((photo, alpha, known), before, strict=True):
        np.testing.assert_array_equal(given_to_it, copy)


@given(hnp.arrays(np.uint8, st.tuples(sides, sides, st.just(3))), st.integers(0, 255), st.integers(1, 9))
def test_an_alpha_that_is_the_same_everywhere_stays(photo, level, radius_px):
    alpha = np.full(photo.shape[:2], level, np.uint8)
    unknown = np.full(photo.shape[:2], 128, np.uint8)

    np.testing.assert_array_equal(refine(photo, alpha, unknown, radius_px=radius_px), alpha)


def test_a_blurred_edge_snaps_to_the_photo():
    truth = soft_disc(softness_px=1)
    photo = as_bytes(composite(textured((180, 40, 60)), textured((60, 120, 140), seed=1), truth))
    blurred = as_bytes(cv2.GaussianBlur(truth, (0, 0), 3) * 255)
    refined = refine(photo, blurred, near_edge(blurred, 6), radius_px=6)

    before, after = (np.abs(alpha / 255 - truth).sum() for alpha in (blurred, refined))
    assert after < 0.85 * before


@given(cutouts(), st.floats(0.5, 6))
def test_an_edge_of_16_bits_is_refined_as_one_of_8(cutout, width_px):
    photo, alpha = cutout
    known = near_edge(alpha, width_px)
    deep = refine(photo, in_bits(alpha, 16), known)

    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(deep[known != 128], in_bits(alpha, 16)[known != 128])
    assert np.abs(deep / 257 - refine(photo, alpha, known)).max() <= 0.51


@given(cutouts())
def test_colours_of_16_bits_are_decontaminated_as_those_of_8(cutout):
    photo, alpha = cutout
    deep = decontaminate(in_bits(photo, 16), in_bits(alpha, 16))

    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - decontaminate(photo, alpha)).max() <= 0.51


@given(cutouts())
def test_decontamination_touches_mixed_pixels_alone(cutout):
    photo, alpha = cutout
    before = photo.copy()
    colours = decontaminate(photo, alpha)

    assert colours.shape == photo.shape
    assert colours.dtype == np.uint8
    pure = (alpha == 0) | (alpha == 255)
    np.testing.assert_array_equal(colours[pure], photo[pure])
    np.testing.assert_array_equal(photo, before)


@given(st.tuples(sides, sides), st.tuples(*[st.integers(0, 255)] * 3), st.data())
def test_a_photo_of_one_colour_stays(shape, colour, data):
    photo = np.full((*shape, 3), colour, np.uint8)
    alpha = data.draw(hnp.arrays(np.uint8, shape, elements=levels))

    np.testing.assert_array_equal(decontaminate(photo, alpha), photo)


@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255), (0, 200, 0)])
def test_decontamination_takes_three_quarters_of_the_backdrop_away(background):
    alpha = as_bytes(soft_disc(softness_px=3) * 255)
    share = alpha / 255
    foreground = textured((170, 60, 80))
    photo = as_bytes(composite(foreground, textured(background, seed=1), share))
    colours = decontaminate(photo, alpha)

    mixed = (alpha > 0) & (alpha < 255)
    before, after = (
        np.abs((found - foreground) * share[..., None])[mixed].mean() for found in (photo, colours)
    )
    assert after < 0.25 * before


def test_a_pattern_under_an_almost_opaque_alpha_keeps_its_contrast():
    pattern = np.where(np.indices((64, 64)).sum(axis=0) // 4 % 2, 230, 30).astype(np.uint8)
    photo = np.dstack([pattern] * 3)
    colours = decontaminate(photo, np.full((64, 64), 248, np.uint8))

    assert np.abs(colours.astype(int) - photo).max() <= 8


def test_a_soft_edge_wider_than_the_windows_loses_two_fifths_of_the_backdrop():
    alpha = as_bytes(soft_disc(size=200, softness_px=12) * 255)
    photo = as_bytes(composite(np.full(3, 200.0), np.full(3, 20.0), alpha / 255))
    colours = decontaminate(photo, alpha)

    mixed = (alpha > 64) & (alpha < 255)
    before, after = (np.abs(found[mixed].astype(int) - 200).mean() for found in (photo, colours))
    assert after < 0.6 * before


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 3), (3, 400)])
@pytest.mark.parametrize("level", [0, 1, 127, 128, 254, 255])
def test_thin_and_empty_pictures_are_no_trouble(shape, level):
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    alpha = np.full(shape, level, np.uint8)
    known = near_edge(alpha, 3)

    assert np.unique(known).tolist() == [255 if level >= 128 else 0]
    np.testing.assert_array_equal(refine(photo, alpha, known), alpha)
    assert decontaminate(photo, alpha).shape == photo.shape


def test_a_mask_of_one_pixel_is_all_unknown():
    alpha = np.zeros((40, 40), np.uint8)
    alpha[20, 20] = 255

    known = near_edge(alpha, 3)
    assert known[20, 20] == 128
    assert np.count_nonzero(known == 128) == np.count_nonzero(
        np.hypot(*(np.mgrid[:40, :40] - 20)) <= 3
    )  # a disc of radius 3
    assert not (known == 255).any()


def test_an_unknown_method_lists_the_choices():
    blank = np.zeros((4, 4), np.uint8)
    with pytest.raises(SegmentationError, match=r"guided-filter or closed-form.*'magic'"):
        refine(np.zeros((4, 4, 3), np.uint8), blank, blank, method="magic")


def test_closed_form_without_pymatting_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymatting", None)
    alpha = as_bytes(soft_disc() * 255)
    with pytest.raises(
        SegmentationError, match=r"pymatting is needed.*pip install 'garment-cutout\[matting\]'"
    ):
        refine(np.zeros((96, 96, 3), np.uint8), alpha, near_edge(alpha, 3), method="closed-form")
    with pytest.raises(
        SegmentationError, match=r"pymatting is needed.*pip install 'garment-cutout\[matting\]'"
    ):
        ensure_available("closed-form")


def test_the_command_line_knows_every_method_and_none():
    assert ("none", *METHODS) == REFINEMENTS
    ensure_available("guided-filter")


@pytest.mark.skipif(importlib.util.find_spec("pymatting") is None, reason="pymatting is optional")
def test_closed_form_follows_the_photo():
    truth = soft_disc(softness_px=2)
    photo = as_bytes(composite(np.full(3, 200.0), np.full(3, 20.0), truth))
    blurred = as_bytes(cv2.GaussianBlur(truth, (0, 0), 2) * 255)
    refined = refine(photo, blurred, near_edge(blurred, 6), method="closed-form")

    before, after = (np.abs(alpha / 255 - truth).sum() for alpha in (blurred, refined))
    assert after < 0.6 * before
    nothing_known = np.full(blurred.shape, 128, np.uint8)
    np.testing.assert_array_equal(refine(photo, blurred, nothing_known, method="closed-form"), blurred)


@pytest.mark.skipif(importlib.util.find_spec("pymatting") is None, reason="pymatting is optional")
@pytest.mark.parametrize("method", ["closed-form-half", "knn"])
def test_other_mattes_of_pymatting_follow_the_photo(method):
    alpha = soft_disc()
    photo = as_bytes(composite(textured((180, 60, 40)), textured((70, 110, 160), seed=1), alpha))
    blurred = as_bytes(cv2.GaussianBlur(alpha, (0, 0), 4) * 255)
    known = near_edge(blurred, 6)
    refined = refine(photo, blurred, known, method=method)

    def error(found):
        return np.abs(found / 255 - alpha)[known == 128].mean()

    assert error(refined) < 0.7 * error(blurred)
    np.testing.assert_array_equal(refined[known != 128], blurred[known != 128])


@pytest.mark.skipif(importlib.util.find_spec("pymatting") is None, reason="pymatting is optional")
def test_the_closed_form_at_half_the_size_keeps_a_sharp_edge():
    """The alpha is enlarged along the colours: a cubic enlargement would blur an edge over two pixels."""
    alpha = (soft_disc(softness_px=0.25) > 0.5).astype(np.float32)
    photo = as_bytes(
        composite(np.full((96, 96, 3), (180, 60, 40)), np.full((96, 96, 3), (70, 110, 160)), alpha)
    )
    known = near_edge(as_bytes(alpha * 255), 6)
    refined = refine(photo, known, known, method="closed-form-half")
    assert np.abs(refined / 255 - alpha).max() < 0.1


@pytest.mark.skipif(importlib.util.find_spec("pymatting") is None, reason="pymatting is optional")
def test_pymatting_says_nothing_on_the_standard_output(capsys):
    photo = np.full((40, 40, 3), 128, np.uint8)
    known = np.full((40, 40), 128, np.uint8)
    known[0, 0], known[39, 39] = 255, 0  # next to nothing known: its first try at a solution fails
    refine(photo, known, known, method="closed-form")
    assert capsys.readouterr().out == ""


@settings(max_examples=20)
@given(cutouts(), st.integers(1, 4))
def test_the_rest_of_the_photo_does_not_matter(cutout, radius_px):
    """The box that is worked on holds all that its band depends on."""
    photo, alpha = cutout
    known = near_edge(alpha, 2)
    margin = ((40, 40), (40, 40))
    wide = np.pad(photo, (*margin, (0, 0)), mode="edge"), np.pad(alpha, margin, mode="edge")
    wide_known = np.pad(known, margin, constant_values=0)
    refined = refine(*wide, wide_known, radius_px=radius_px)
    part = box_around(wide_known == 128, margin_px=radius_px)
    if part is not None:
        cropped = refine(wide[0][part], wide[1][part], wide_known[part], radius_px=radius_px)
        assert np.abs(cropped.astype(int) - refined[part]).max() <= 1
