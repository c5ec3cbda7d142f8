"""The second pass looks where the first has found something, and nothing is lost by it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from config import Size
from segmentation.inference.double_pass import blanked, cropped, dilated, region_of, with_scores

SHAPE = Size(height=40, width=30)
masks = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))


def photo_of(mask, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*mask.shape, 3), np.uint8)


def saying(mask):
    """A first pass that finds this mask."""
    return lambda _photo: mask[..., np.newaxis].astype(np.float32)


def repeating(seen):
    """A second pass that believes the first."""
    return seen[..., 3:].astype(np.float32) / 255


def parts_of(mask):
    """The regions of a mask, numbered from 1 and touching at corners too, and their areas."""
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    return parts, ndimage.sum_labels(mask, parts, np.arange(count) + 1)


def rectangle(height, width, top, left, bottom, right):
    mask = np.zeros((height, width), bool)
    mask[top:bottom, left:right] = True
    return mask


@given(masks, st.floats(0, 300), st.integers(1, 60), st.integers(1, 60))
def test_the_region_holds_the_mask_and_lies_in_the_photo(mask, margin_px, height, width):
    assume(mask.any())
    region = region_of(mask, margin_px, Size(height, width))

    assert 0 <= region.top < region.bottom <= mask.shape[0]
    assert 0 <= region.left < region.right <= mask.shape[1]
    parts, areas = parts_of(mask)
    inside = np.zeros_like(mask)
    inside[region.slices] = True
    assert inside[np.isin(parts, np.nonzero(areas >= 0.02 * areas.max())[0] + 1)].all()


def test_the_region_has_the_margin_and_the_proportions_of_the_network():
    region = region_of(rectangle(1728, 1152, 600, 500, 1000, 700), 50, Size(height=448, width=320))
    rows, columns = region.bottom - region.top, region.right - region.left

    assert (region.top, region.bottom) == (550, 1050)
    assert rows / columns == pytest.approx(448 / 320, rel=0.01)
    assert (region.left + region.right) / 2 == pytest.approx(600, abs=1)


def test_the_margin_is_in_proportion_to_the_photo():
    large = region_of(rectangle(1728, 1152, 600, 500, 1000, 700), 50, SHAPE)
    small = region_of(rectangle(432, 288, 150, 125, 250, 175), 50, SHAPE)

    assert [4 * side for side in vars(small).values()] == pytest.approx(list(vars(large).values()), abs=4)


def test_a_garment_at_the_border_gets_its_region_moved_into_the_photo():
    region = region_of(rectangle(200, 150, 0, 0, 100, 20), 0, SHAPE)

    assert (region.top, region.left, region.bottom) == (0, 0, 100)
    assert region.right == 75


def test_specks_far_away_are_left_out_and_a_second_garment_is_not():
    mask = rectangle(400, 300, 100, 100, 200, 160)
    speck, garment = mask.copy(), mask.copy()
    speck[390:394, 290:294] = True
    garment[300:360, 220:280] = True

    assert region_of(speck, 10, SHAPE) == region_of(mask, 10, SHAPE)
    assert region_of(garment, 10, SHAPE).bottom > 360


def test_nothing_found_has_no_region_and_keeps_its_scores():
    nothing = np.zeros((12, 9), bool)
    low = np.full((12, 9, 1), 0.3, np.float32)

    assert region_of(nothing, 50, SHAPE) is None
    assert not dilated(nothing, 50).any()
    for pass_two in (
        cropped(lambda _photo: low, repeating, threshold=0.5, margin_px=50, shape=SHAPE),
        blanked(lambda _photo: low, repeating, threshold=0.5, margin_px=50),
    ):
        np.testing.assert_array_equal(pass_two(photo_of(nothing)), low)


@given(masks, st.floats(0, 200))
def test_a_second_pass_that_believes_the_first_changes_nothing_but_specks(mask, margin_px):
    assume(mask.any())
    photo, first = photo_of(mask), saying(mask)
    blanking = blanked(first, repeating, threshold=0.5, margin_px=margin_px)(photo)
    cropping = cropped(first, repeating, threshold=0.5, margin_px=margin_px, shape=SHAPE)(photo)

    np.testing.assert_array_equal(blanking, first(photo))
    parts, areas = parts_of(mask)
    lost = np.unique(parts[(cropping != first(photo))[..., 0]])
    assert (areas[lost - 1] < 0.02 * areas.max()).all()


@given(masks, st.floats(0, 400))
def test_dilation_reaches_as_far_as_the_margin(mask, margin_px):
    assume(mask.any())
    reach = margin_px * len(mask) / 1728
    rows, columns = np.nonzero(mask)
    grid = np.stack(np.meshgrid(*map(np.arange, mask.shape), indexing="ij"), axis=-1)
    nearest = np.min(
        [
            np.hypot(grid[..., 0] - row, grid[..., 1] - column)
            for row, column in zip(rows, columns, strict=True)
        ],
        axis=0,
    )
    clear = np.abs(nearest - reach) > 0.01  # where rounding does not decide

    np.testing.assert_array_equal(dilated(mask, margin_px)[clear], (nearest <= reach)[clear])


def test_the_second_pass_sees_the_photo_and_the_scores_and_no_blanked_pixel():
    mask = rectangle(40, 30, 10, 10, 20, 20)
    photo, looked = photo_of(mask), []

    def second(seen):
        looked.append(seen)
        return np.ones((*seen.shape[:2], 1), np.float32)

    whole = blanked(saying(mask), second, threshold=0.5, margin_px=100)(photo)
    part = cropped(saying(mask), second, threshold=0.5, margin_px=0, shape=Size(10, 10))(photo)
    reached = dilated(mask, 100)

    np.testing.assert_array_equal(looked[0][reached], with_scores(photo, saying(mask)(photo))[reached])
    assert not looked[0][~reached].any()
    np.testing.assert_array_equal(whole[..., 0] > 0, reached)
    np.testing.assert_array_equal(looked[1][..., :3], photo[10:20, 10:20])
    np.testing.assert_array_equal(part[..., 0] > 0, mask)
