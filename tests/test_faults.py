"""Faults of a mask: what a retoucher has to mend, against scipy and drawn places whose size is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segmentation.metrics.faults import CONFUSED, EXCESS, MISSED, MIXED, faults

STUDIO = (1728, 1152)
ELLIPSE_3 = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
ELLIPSE_5 = np.array(
    [[0, 0, 1, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]], bool
)


def areas_by_scipy(mask, target, ellipse, area_px):
    """The areas of the faults, the largest first, by another library."""
    fitting = ndimage.binary_erosion(mask != target, ellipse, border_value=1)
    opened = ndimage.binary_dilation(fitting, ellipse)
    regions, count = ndimage.label(opened, np.ones((3, 3)))
    areas = ndimage.sum_labels(opened, regions, range(1, count + 1)).astype(int)
    return sorted((area for area in areas.tolist() if area > area_px), reverse=True)


def garment(size=STUDIO):
    """A garment in the middle of the frame: bool [H, W]."""
    target = np.zeros(size, bool)
    target[size[0] // 4 : -size[0] // 4, size[1] // 4 : -size[1] // 4] = True
    return target


def without(target, top, left, height, width):
    mask = target.copy()
    mask[top : top + height, left : left + width] = False
    return mask


def blots(seed, size, share):
    """Smooth blots of chance over about that share of the frame."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=size), min(size) / 40)
    return noise > np.quantile(noise, 1 - share)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("size", "ellipse", "area_px"),
    [((1728, 300), ELLIPSE_5, 100), ((330, 330), ELLIPSE_3, 100 * (330 / 1728) ** 2)],
)
def test_faults_are_those_of_an_opening_by_scipy(seed, size, ellipse, area_px):
    target = blots(seed, size, 0.4)
    mask = target ^ blots(seed + 100, size, 0.2)

    expected = areas_by_scipy(mask, target, ellipse, area_px)

    assert len(expected) > 5
    assert [fault.area_px for fault in faults(mask, target)] == expected


@pytest.mark.parametrize("height", [330, 700, 1000, 1300, 1728, 2000, 2304, 3000])
def test_sizes_are_in_proportion_to_the_height_of_the_photo(height):
    target = garment((height, height // 2))
    thickness = max(3, round(5 * height / 1728))
    long = height // 3  # long enough for the area at any thickness

    thick = without(target, height // 3, height // 5, long, thickness)
    thin = without(target, height // 3, height // 5, long, thickness - 1)

    assert len(faults(thick, target)) == 1
    assert faults(thin, target) == ()


def test_a_fault_has_more_pixels_than_the_limit():
    target = garment()

    assert faults(without(target, 800, 500, 10, 10), target) == ()  # 92 pixels without its corners
    assert [fault.area_px for fault in faults(without(target, 800, 500, 11, 10), target)] == [102]


def test_sizes_can_be_chosen():
    target = garment()
    mask = without(target, 800, 500, 40, 7)

    assert len(faults(mask, target, thickness_px=7)) == 1
    assert faults(mask, target, thickness_px=8) == ()
    assert len(faults(mask, target, area_px=250)) == 1
    assert faults(mask, target, area_px=300) == ()


def test_a_fault_has_its_place_size_kind_and_share_of_the_garment():
    target = garment((1728, 1152))
    mask = without(target, 800, 500, 40, 20)
    mask[30:60, 50:150] = True

    excess, missed = faults(mask, target)

    assert (excess.left, excess.top, excess.width, excess.height) == (50, 30, 100, 30)
    assert (missed.left, missed.top, missed.width, missed.height) == (500, 800, 20, 40)
    assert (excess.kind, missed.kind) == (EXCESS, MISSED)
    assert excess.area_px == 100 * 30 - 4 * 2  # without the corners, into which no ellipse fits
    assert missed.share == missed.area_px / target.sum()


def test_a_fault_of_both_kinds_is_mixed():
    target = np.zeros((1728, 400), bool)
    target[:, :200] = True
    mask = target.copy()
    mask[800:830, 180:200] = False
    mask[830:860, 190:215] = True
    mask[820:840, 195:205] = ~target[820:840, 195:205]

    (fault,) = faults(mask, target)

    assert fault.kind == MIXED


def test_a_class_that_is_taken_for_another_is_confused():
    truth = np.zeros((1728, 600), np.uint8)
    truth[200:1200, 100:400] = 2
    predicted = truth.copy()
    predicted[300:400, 150:250] = 1

    (fault,) = faults(predicted, truth)

    assert fault.kind == CONFUSED


def test_where_there_is_no_garment_shares_are_of_the_frame():
    nothing = np.zeros((1728, 400), bool)
    mask = nothing.copy()
    mask[100:200, 100:200] = True

    (fault,) = faults(mask, nothing)

    assert fault.kind == EXCESS
    assert fault.share == fault.area_px / nothing.size


def test_a_fault_at_the_frame_goes_on_beyond_it():
    target = garment()
    mask = target.copy()
    mask[:3, 200:400] = True  # three pixels that are seen of a thick one

    assert len(faults(mask, target)) == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([40, 330, 1300, 1400, 2000]))
def test_the_mirror_image_has_the_mirrored_faults(seed, height):
    size = height, 60
    target = blots(seed, size, 0.4)
    mask = target ^ blots(seed + 1, size, 0.3)

    found = faults(mask, target)
    across = faults(mask[:, ::-1], target[:, ::-1])
    down = faults(mask[::-1], target[::-1])

    def places(faults, mirrored=lambda fault: (fault.left, fault.top)):
        return sorted((*mirrored(f), f.width, f.height, f.area_px, f.kind) for f in faults)

    assert places(found) == places(across, lambda f: (60 - f.left - f.width, f.top))
    assert places(found) == places(down, lambda f: (f.left, height - f.top - f.height))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([330, 1400, 1728]))
def test_faults_lie_within_the_differences_and_do_not_depend_on_which_mask_comes_first(seed, height):
    size = height, 80
    target = blots(seed, size, 0.4)
    mask = target ^ blots(seed + 1, size, 0.2)

    found, exchanged = faults(mask, target), faults(target, mask)

    assert sum(fault.area_px for fault in found) <= np.count_nonzero(mask != target)
    assert [fault.area_px for fault in found] == [fault.area_px for fault in exchanged]
    assert [fault.area_px for fault in found] == sorted((f.area_px for f in found), reverse=True)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 400), st.integers(1, 100))
def test_equal_masks_have_no_fault(seed, height, width):
    mask = np.random.default_rng(seed).random((height, width)) < 0.5

    assert faults(mask, mask.copy()) == ()


def test_masks_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 5\) and \(5, 4\)"):
        faults(np.zeros((4, 5), bool), np.zeros((5, 4), bool))
