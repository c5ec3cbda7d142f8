"""An inner and an outer line between which the true edge lies with a stated probability."""

import dataclasses

import numpy as np
import pytest
from psd_tools import PSDImage
from support.bundles import CONFIDENCE_MODEL
from support.drawing import ellipse
from support.folder_job import BUNDLE, cut_folder, manifest_lines

from segmentation.confidence.edge_distances import DISTANCES_PX, EdgeDistances
from segmentation.confidence.edge_lines import beyond_lines, mean_distances
from segmentation.core.errors import ConfigError
from segmentation.images.files import read_mask
from segmentation.images.trimaps import GARMENT, SURROUNDINGS, UNKNOWN, trimap

NONE = (0.0,) * len(DISTANCES_PX)
UP_TO_5_PX = tuple(float(distance < 5) for distance in DISTANCES_PX)


def garment(height=432, grown=0.0):
    """The mask of an ellipse, larger by a share of the height."""
    return ellipse(height, height * 2 // 3, (0.5, 0.45), (0.3 + grown, 0.25 + 1.5 * grown))


def edge_pixels(mask):
    """The pixels with a neighbour, above, below or beside, on the other side: found pair by pair."""
    edge = np.zeros(mask.shape, bool)
    for axis in (0, 1):
        pairs = np.diff(mask.astype(int), axis=axis) != 0
        for shift in (0, 1):
            edge |= np.pad(pairs, [(shift, 1 - shift) if axis == side else (0, 0) for side in (0, 1)])
    return edge


@pytest.mark.parametrize("height", [216, 432, 864])
@pytest.mark.parametrize("grown", [-0.02, 0, 0.01])
def test_what_is_said_to_lie_between_the_lines_is_in_the_band_of_the_trimap(height, grown):
    mask, target = garment(height), garment(height, grown)
    inner, outer = beyond_lines(mask, target)
    edge = edge_pixels(target)

    for distance_px, inside, outside in zip(DISTANCES_PX, inner, outer, strict=True):
        known = trimap(mask * np.uint8(255), distance_px / 1728)
        assert np.mean(known[edge] == GARMENT) == pytest.approx(inside, abs=0.01)
        assert np.mean(known[edge] == SURROUNDINGS) == pytest.approx(outside, abs=0.01)


def test_nothing_is_beyond_where_the_mask_is_right_and_much_where_a_sleeve_is_lost():
    mask = garment()
    torn = mask.copy()
    torn[: len(mask) // 2] = False

    assert beyond_lines(mask, mask) == (NONE, NONE)
    inner, outer = beyond_lines(torn, mask)
    assert inner == NONE
    assert 0.2 < outer[-1] < outer[0] < 0.6


def test_where_there_is_no_edge_there_is_nothing_to_miss():
    empty, full = np.zeros((96, 64), bool), np.ones((96, 64), bool)

    for mask, target in (
        (empty, garment(96)),
        (full, garment(96)),
        (garment(96), empty),
        (garment(96), full),
    ):
        assert beyond_lines(mask, target) is None
    assert mean_distances([]) is None


def test_views_of_a_garment_count_as_one():
    far, near = ((1.0,) * len(DISTANCES_PX), NONE), (NONE, NONE)
    found = mean_distances([("a", far), ("a", near), ("b", near)])

    assert found.garments == 2
    assert found.inner == (0.25,) * len(DISTANCES_PX)
    assert found.outer == NONE


@pytest.mark.parametrize("certainty", [0.7, 0.8, 0.9])
def test_the_next_edge_lies_between_as_often_as_was_said(certainty):
    """Made-up photos: over many calibrations no more of their edges is missed than allowed."""
    random = np.random.default_rng(0)
    reach = np.array(DISTANCES_PX)

    def photo():
        off = random.gamma(2, 3, (2, 50))  # of the points of an edge, inside and outside
        return tuple(tuple((side[:, None] > reach).mean(axis=0) / 2) for side in off)

    covered = []
    for _ in range(20):
        lines = mean_distances([(str(number), photo()) for number in range(40)]).lines(certainty)
        inner, outer = (
            int(np.searchsorted(reach, round(line * 1728))) for line in (lines.inner, lines.outer)
        )
        covered += [1 - inside[inner] - outside[outer] for inside, outside in (photo() for _ in range(10))]

    assert np.mean(covered) >= certainty


@pytest.mark.parametrize(("certainty", "garments"), [(0.8, 9), (0.9, 19), (0.95, 39)])
def test_too_few_garments_are_refused_with_how_many_it_takes(certainty, garments):
    enough, few = EdgeDistances(garments, NONE, NONE), EdgeDistances(garments - 1, NONE, NONE)

    assert enough.lines(certainty).inner == pytest.approx(DISTANCES_PX[0] / 1728)
    with pytest.raises(ConfigError, match=rf"at least {garments} garments .* received {garments - 1}"):
        few.lines(certainty)


@pytest.mark.parametrize("certainty", [0, 1])
def test_certainty_itself_cannot_be_had(certainty):
    with pytest.raises(ConfigError, match="`trimap_certainty`: expected a number between 0 and 1"):
        EdgeDistances(1000, NONE, NONE).lines(certainty)


# --- files -----------------------------------------------------------------------------------------------


@pytest.fixture
def model():
    """A model whose true edges lie up to 5 px of 1728 inside its masks, and 1 px outside."""
    edges = EdgeDistances(50, UP_TO_5_PX, NONE)
    return dataclasses.replace(BUNDLE, confidence_model=dataclasses.replace(CONFIDENCE_MODEL, edges=edges))


def test_trimaps_and_photoshop_files_have_the_lines_that_were_asked_for(source, model, tmp_path):
    options = {"trimap": True, "format": "psd", "trimap_certainty": 0.9}
    cut_folder(source, tmp_path / "out", bundle=model, **options)

    for line in manifest_lines(tmp_path / "out"):
        mask, known = (read_mask(tmp_path / "out" / line["outputs"][kind]) for kind in ("mask", "trimap"))
        np.testing.assert_array_equal(known, trimap(mask, 5 / 1728, 1 / 1728))
        group = PSDImage.open(tmp_path / "out" / line["outputs"]["cutout-psd"])[-1]
        np.testing.assert_array_equal(np.asarray(group[0].topil().convert("L")), known)
        assert line["key"]["trimap_lines"] == [5 / 1728, 1 / 1728]


def test_without_a_certainty_everything_is_as_it_was(source, model, tmp_path):
    cut_folder(source, tmp_path / "plain", trimap=True)
    cut_folder(source, tmp_path / "knowing", bundle=model, trimap=True, triage=False)

    for plain, knowing in zip(
        *(manifest_lines(tmp_path / name) for name in ("plain", "knowing")), strict=True
    ):
        assert "trimap_lines" not in knowing["key"]
        trimaps = [read_mask(tmp_path / name / plain["outputs"]["trimap"]) for name in ("plain", "knowing")]
        np.testing.assert_array_equal(*trimaps)
        assert UNKNOWN in trimaps[0]


@pytest.mark.parametrize(
    ("bundle", "options", "words"),
    [
        (
            BUNDLE,
            {"trimap": True},
            "received model, which does not; `calibrate model=model data=DIR name=NAME`",
        ),
        (None, {}, "expected with `trimap`, or with `format=psd`"),
        (None, {"trimap": True, "trimap_certainty": 0.99}, "at least 199 garments"),
    ],
)
def test_lines_that_cannot_be_drawn_are_refused_before_a_photo_is_made(
    source, model, tmp_path, bundle, options, words
):
    with pytest.raises(ConfigError, match=words):
        cut_folder(source, tmp_path / "out", bundle=bundle or model, **{"trimap_certainty": 0.9, **options})
    assert not (tmp_path / "out").exists()
