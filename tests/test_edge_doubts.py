"""Shifted edges and straight cuts that no opinion tells: the photo's own edges and colours do."""

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion
from support.bundles import CONFIDENCE_MODEL, place_model
from support.drawing import draw_pair

from segmentation.confidence.candidates import find_candidates, judge
from segmentation.confidence.edge_doubts import edge_doubts
from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.confidence.places import EXPECTED_FAULTS, MARKED
from segmentation.core.labels import BINARY
from segmentation.core.predictions import Prediction

PLACES = place_model(colours=4.0, beside=1.0)


def striped_by_light(seed=0, height=576, width=384):
    """A photo whose light falls in stripes on garment and wall alike, so that colours tell little: 24 levels
    of difference in 120; and its mask."""
    random = np.random.default_rng(seed)
    garment = np.zeros((height, width), bool)
    garment[120:400, 90:300] = True
    grey = 120 + 60 * np.sin(np.arange(width) / 9 + seed) + random.normal(0, 3, garment.shape)
    grey += np.where(garment, 12, -12)
    return np.dstack([grey] * 3).clip(0, 255).astype(np.uint8), garment


def shifted(garment, kind):
    """The mask of that garment with a part of its lower edge 5 pixels off, and where."""
    mask, place = garment.copy(), np.s_[395:400, 120:240] if kind == "missed" else np.s_[400:405, 120:240]
    mask[place] = kind == "excess"
    return mask, mask != garment


def share_under(regions, there):
    covered = np.zeros_like(there)
    for region in regions:
        covered[region.slices] |= region.pixels
    return covered[there].mean()


@pytest.mark.parametrize("kind", ["excess", "missed"])
@pytest.mark.parametrize("seed", range(3))
def test_a_shifted_edge_that_neither_opinion_nor_colours_tell_is_marked_by_the_edge_of_the_photo(kind, seed):
    photo, garment = striped_by_light(seed)
    mask, wrong = shifted(garment, kind)
    scores = mask.astype(np.float32)
    by_colours = find_candidates(photo, scores, mask, mask, by_edges=False)
    marked = judge(find_candidates(photo, scores, mask, mask), PLACES)[1]
    found = [fault for region, fault in marked if share_under([region], wrong) > 0.9]

    assert share_under([region for region, _figures in by_colours], wrong) < 0.3
    assert len(found) == 1
    assert found[0].kind == kind
    assert "the photo has its edge elsewhere" in found[0].signs
    assert not edge_doubts(photo, garment).any()


@pytest.mark.parametrize("height", [330, 533, 1728])
def test_an_edge_of_the_photo_beside_that_of_the_mask_is_found_at_any_size_and_in_holes(height):
    photo = np.full((height, height, 3), 200, np.uint8)
    garment = np.zeros((height, height), bool)
    garment[height // 5 : 4 * height // 5, height // 5 : 4 * height // 5] = True
    garment[2 * height // 5 : 3 * height // 5, 2 * height // 5 : 3 * height // 5] = False
    photo[garment] = 90
    off = max(3, height // 150)
    for mask in (binary_erosion(garment, iterations=off), binary_dilation(garment, iterations=off)):
        wrong, found = mask != garment, edge_doubts(photo, mask) > 0
        assert found[wrong].mean() > 0.8
        assert wrong[found].mean() > 0.6
    assert not edge_doubts(photo, garment).any()


def test_texture_and_noise_are_no_edge_and_neither_is_the_border_of_the_photo():
    random = np.random.default_rng(0)
    photo = random.normal(128, 5, (576, 384, 3)).astype(np.uint8)
    mask = np.zeros((576, 384), bool)
    mask[100:, 80:300] = True

    assert not edge_doubts(photo, mask).any()
    assert not edge_doubts(photo, np.ones_like(mask)).any()
    assert not edge_doubts(photo, np.zeros_like(mask)).any()


def test_a_model_that_does_not_know_edges_judges_what_it_was_fitted_to_and_nothing_else():
    photo, garment = striped_by_light()
    mask, wrong = shifted(garment, "missed")
    prediction = Prediction("a", mask.astype(np.float32)[..., np.newaxis], BINARY, 0.5)
    weights = {name: weight for name, weight in PLACES.weights.items() if name != "beside"}
    judged = {}
    for places in (PLACES, dataclasses.replace(PLACES, weights=weights)):
        model = dataclasses.replace(CONFIDENCE_MODEL, places=places)
        estimator = ConfidenceEstimator(lambda _photo: prediction.scores, 0.5, model)
        judged[places.knows_edges] = estimator(photo, prediction)
    before = find_candidates(photo, prediction.scores[..., 0], mask, mask, by_edges=False)

    assert judged[True].doubtful[wrong].mean() > 0.9
    assert judged[False].doubtful[wrong].mean() < 0.3
    assert judged[False].features[EXPECTED_FAULTS] == judge(before, PLACES)[0]
    assert {figures["beside"] for _region, figures in before} == {0.0}


def test_a_hem_that_is_cut_off_straight_is_marked_where_both_opinions_cut_it():
    photo, alpha = draw_pair(4, 288, 192)
    mask = alpha > 0
    last = int(np.flatnonzero(mask.any(axis=1))[-1])
    mask[last - 5 :] = False
    cut = (alpha > 0) & ~mask
    candidates = find_candidates(photo, mask.astype(np.float32), mask, mask)
    ((region, figures),) = (one for one in candidates if share_under([one[0]], cut) > 0.5)

    assert not region.inside
    assert figures["straight"] > 0.5
    assert PLACES.probability(figures) > MARKED
