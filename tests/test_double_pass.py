"""The second pass looks where the first has found something, and nothing is lost by it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from segmentation.core.size import Size
from segmentation.preprocessing.second_pass import SecondPassView, dilated, region_of, with_scores
from segmentation.scores.two_passes import double_pass

SHAPE = Size(height=40, width=30)
KINDS = pytest.mark.parametrize("kind", ["crop", "mask"])
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
    look = SecondPassView("crop", 50, 0.5, SHAPE)
    large = look.region(saying(rectangle(1728, 1152, 600, 500, 1000, 700))(None))
    small = look.region(saying(rectangle(432, 288, 150, 125, 250, 175))(None))

    assert [4 * side for side in small] == pytest.approx(list(large), abs=4)


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


@KINDS
def test_nothing_found_keeps_its_scores(kind):
    low = np.full((12, 9, 1), 0.3, np.float32)
    score = double_pass(lambda _photo: low, repeating, SecondPassView(kind, 50, 0.5, SHAPE))

    np.testing.assert_array_equal(score(photo_of(low[..., 0])), low)


@KINDS
@given(mask=masks, margin_px=st.floats(0, 400))
def test_a_second_pass_that_believes_the_first_changes_nothing_but_specks(kind, mask, margin_px):
    assume(mask.any())
    first = saying(mask)
    scores = double_pass(first, repeating, SecondPassView(kind, margin_px, 0.5, SHAPE))(photo_of(mask))
    parts, areas = parts_of(mask)
    lost = np.unique(parts[(scores != first(None))[..., 0]])

    assert (areas[lost - 1] < 0.02 * areas.max()).all()
    assert kind == "crop" or not lost.size


@given(masks, st.floats(0, 20))
def test_dilation_reaches_as_far_as_the_margin(mask, reach):
    assume(mask.any())
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

    np.testing.assert_array_equal(dilated(mask, reach)[clear], (nearest <= reach)[clear])


def test_the_second_pass_sees_the_photo_and_the_scores_and_no_blanked_pixel():
    mask = rectangle(40, 30, 10, 10, 20, 20)
    photo, looked = photo_of(mask), []

    def second(seen):
        looked.append(seen)
        return np.ones((*seen.shape[:2], 1), np.float32)

    whole = double_pass(saying(mask), second, SecondPassView("mask", 100, 0.5, SHAPE))(photo)
    part = double_pass(saying(mask), second, SecondPassView("crop", 0, 0.5, Size(10, 10)))(photo)
    reached = dilated(mask, 100 * 40 / 1728)

    np.testing.assert_array_equal(looked[0][reached], with_scores(photo, saying(mask)(photo))[reached])
    assert not looked[0][~reached].any()
    np.testing.assert_array_equal(whole[..., 0] > 0, reached)
    np.testing.assert_array_equal(looked[1][..., :3], photo[10:20, 10:20])
    np.testing.assert_array_equal(part[..., 0] > 0, mask)


# --- while training --------------------------------------------------------------------------------------


def garment():
    """A photo of 1152x1728 with a garment, its own mask as the first scores, and its ground truth."""
    mask = rectangle(1728, 1152, 500, 400, 1100, 700)
    return with_scores(photo_of(mask), saying(mask)(None)), np.where(mask, 255, 0).astype(np.uint8)


def test_an_exact_crop_is_what_the_second_pass_sees():
    seen, target = garment()
    look = SecondPassView("crop", 50, 0.5, SHAPE)
    image, cut = look.frame(*look.widest(seen, target), None)
    region = look.region(seen[..., 3:] / 255)

    np.testing.assert_array_equal(image, seen[region.slices])
    np.testing.assert_array_equal(cut, target[region.slices])


def test_an_exact_mask_is_what_the_second_pass_sees():
    seen, target = garment()
    look = SecondPassView("mask", 50, 0.5, SHAPE)
    image, whole = look.frame(*look.widest(seen, target), None)

    np.testing.assert_array_equal(look.blank(image, None), seen * look.keep(seen[..., 3:] / 255))
    np.testing.assert_array_equal(whole, target)


def test_while_training_the_region_is_a_little_wrong_each_time():
    look = SecondPassView("crop", 50, 0.5, SHAPE)
    timed = look.widest(*garment())
    random = np.random.default_rng(0)
    framed = [look.frame(*timed, random) for _ in range(30)]
    heights = np.array([len(target) for _, target in framed])

    assert len({image.tobytes() for image, _ in framed}) == 30
    assert 620 <= heights.min() < 660  # 600 and 0.4 of the margin, above and below
    assert 740 < heights.max() <= 785
    for image, target in framed:
        np.testing.assert_array_equal(image[..., 3], target)  # photo, scores and ground truth move together
        assert (target > 0).mean() > 0.3
    assert min((target > 0).sum() for _, target in framed) > 0.9 * 600 * 300


def test_while_training_more_or_less_is_blanked_each_time():
    seen, _ = garment()
    look = SecondPassView("mask", 50, 0.5, SHAPE)
    random = np.random.default_rng(0)
    areas = [look.blank(seen, random)[..., :3].any(axis=-1).sum() for _ in range(20)]

    assert len(set(areas)) > 15
    assert min(areas) > 600 * 300
