"""Faults that are planted into masks: they are faults, where they say they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from support.drawing import draw_pair

from segmentation.evaluation.planted_faults import PLANTED, plant_fault
from segmentation.metrics.faults import EXCESS, MISSED, faults, faults_and_regions

HEIGHT, WIDTH = 288, 192
THRESHOLD = 0.55
kinds = st.sampled_from(sorted(PLANTED))
seeds = st.integers(0, 2**32 - 1)


def scores_of(seed: int) -> np.ndarray:
    """The scores of a drawn garment with two straps."""
    alpha = draw_pair(seed % 7, HEIGHT, WIDTH)[1] > 0
    rows, columns = np.nonzero(alpha)
    top, middle = rows.min(), int(columns.mean())
    for column in (middle - 20, middle + 14):
        alpha[max(0, top - 36) : top + 6, column : column + 5] = True
    return np.where(alpha, np.float32(0.97), np.float32(0.02))


@settings(max_examples=60, deadline=None)
@given(kinds, seeds)
def test_a_planted_fault_is_a_fault_in_its_place(kind, seed):
    scores = scores_of(seed)
    planted = plant_fault(scores, THRESHOLD, kind, np.random.default_rng(seed))
    if planted is None:
        return
    before, fault = scores >= THRESHOLD, planted.fault

    assert faults(planted.mask, before) == (fault,)
    np.testing.assert_array_equal(planted.scores >= THRESHOLD, planted.mask)
    assert planted.scores.dtype == np.float32
    assert 0 <= planted.scores.min() <= planted.scores.max() <= 1
    assert fault.area_px >= 200 * (HEIGHT / 1728) ** 2
    # by scipy: the largest part that was changed lies where the fault is said to be
    labels, _count = ndimage.label(planted.mask != before, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    rows, columns = ndimage.find_objects(labels)[sizes.argmax()]
    assert rows.start <= fault.top < fault.top + fault.height <= rows.stop
    assert columns.start <= fault.left < fault.left + fault.width <= columns.stop
    # and elsewhere nothing has changed
    away = ndimage.distance_transform_edt(planted.mask == before) > 4
    np.testing.assert_array_equal(planted.scores[away], scores[away])


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_each_kind_takes_away_or_adds_what_its_name_says(seed):
    scores = scores_of(seed)
    for kind, expected in {"cut strap": MISSED, "eaten hem": MISSED, "added socket": EXCESS}.items():
        planted = plant_fault(scores, THRESHOLD, kind, np.random.default_rng(seed))
        assert planted is None or planted.fault.kind == expected


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_every_kind_finds_a_place_in_most_garments_and_the_same_one_again(kind):
    planted = [
        plant_fault(scores_of(seed), THRESHOLD, kind, np.random.default_rng(seed)) for seed in range(8)
    ]
    again = plant_fault(scores_of(3), THRESHOLD, kind, np.random.default_rng(3))

    assert sum(one is not None for one in planted) >= 6
    assert again is not None
    assert again.fault == planted[3].fault


def test_there_is_no_place_in_an_empty_mask_and_no_strap_to_cut_on_a_disc():
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    disc = (np.hypot(rows - 144, columns - 96) < 70).astype(np.float32)
    random = np.random.default_rng(0)

    assert all(plant_fault(np.zeros_like(disc), 0.5, kind, random) is None for kind in PLANTED)
    assert plant_fault(disc, 0.5, "cut strap", random) is None


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_places_of_faults_are_their_boxes_and_areas(seed):
    random = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(random.random((2, 90, 70)), (0, 4, 4))
    mask, target = noise > np.median(noise)
    found, places = faults_and_regions(mask, target)

    assert found == faults(mask, target)
    assert places.max(initial=0) == len(found)
    for number, fault in enumerate(found, start=1):
        rows, columns = np.nonzero(places == number)
        assert (rows.min(), columns.min()) == (fault.top, fault.left)
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (fault.height, fault.width)
        assert len(rows) == fault.area_px
    assert not (places[mask == target] > 0).any()
