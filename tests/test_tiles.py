"""Tiles: a network's scores of parts of a photo, merged without visible seams."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bundles import write_bundle
from support.drawing import draw_pair, draw_set
from support.program import TINY, make, run

from segmentation.api.model import load_model
from segmentation.core.errors import ConfigError
from segmentation.core.labels import BINARY
from segmentation.core.predictions import Prediction
from segmentation.core.size import Size
from segmentation.images.files import read_mask
from segmentation.outputs.alpha import soft_alpha
from segmentation.scores.tiles import Tiling, along_edge, tiled

tilings = st.builds(
    Tiling, st.builds(Size, st.integers(1, 40), st.integers(1, 40)), st.floats(0, 0.9), st.just("all")
)
sides = st.integers(1, 90)


def noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def pointwise(picture):
    """Scores of two classes that depend on nothing but the pixel itself."""
    light = picture.mean(axis=-1, keepdims=True, dtype=np.float32) / 255
    return np.concatenate([light, 1 - light], axis=-1)


def blurred(picture):
    """Scores that depend on the surroundings of a pixel, and at the border of a tile on what is not there."""
    light = picture.mean(axis=-1, dtype=np.float32) / 255
    return cv2.blur(light, (5, 5), borderType=cv2.BORDER_CONSTANT)[..., np.newaxis]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tiles_on": "edge"}, "`tiles_on`: expected with `tiles`, received alone"),
        ({"overlap": 0.5}, "`overlap`: expected with `tiles`, or of a model that sees tiles, received alone"),
        ({"channel_names": "red,green"}, "`channel_names`: expected with `channels`"),
        ({"channel_merge": "max"}, "`channel_merge`: expected with `channels`"),
        ({"object_score": 0.9}, "`object_score`: expected of a model that finds objects, received a"),
    ],
)
def test_an_option_of_what_is_not_done_is_refused(tmp_path, options, words):
    write_bundle(tmp_path / "models" / "a")
    with pytest.raises(ConfigError, match=words):
        load_model("a", home=tmp_path, triage=False, **options)


@given(tilings, sides, sides)
def test_tiles_cover_the_picture_and_overlap_as_asked_for(tiling, height, width):
    tiles = list(tiling.tiles(height, width))
    counts = np.zeros((height, width), int)
    for rows, columns in tiles:
        counts[rows, columns] += 1

    tall, wide = min(tiling.size.height, height), min(tiling.size.width, width)
    assert {(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in tiles} == {
        (tall, wide)
    }
    assert counts.min() >= 1
    tops = sorted({rows.start for rows, _ in tiles})
    shared = [tall - (below - above) for above, below in pairwise(tops)]
    assert all(rows >= tall - max(1, int(tall * (1 - tiling.overlap))) for rows in shared)


@given(tilings, sides, sides)
def test_a_network_that_sees_single_pixels_says_the_same_of_tiles(tiling, height, width):
    picture = noise(height, width)

    np.testing.assert_allclose(tiled(pointwise, tiling)(picture), pointwise(picture), atol=1e-5)
    np.testing.assert_allclose(along_edge(pointwise, tiling)(picture), pointwise(picture), atol=1e-5)


@given(tilings, sides, sides, st.floats(0, 1, width=32))
def test_a_constant_field_stays_constant(tiling, height, width, value):
    def constant(picture):
        return np.full((*picture.shape[:2], 1), value, np.float32)

    for way in (tiled, along_edge):
        scores = way(constant, tiling)(np.zeros((height, width, 3), np.uint8))
        np.testing.assert_allclose(scores, value, atol=1e-5)


def test_what_tiles_do_not_show_at_their_border_leaves_no_seam():
    picture = cv2.GaussianBlur(noise(120, 160), (0, 0), 8)
    tiling = Tiling(Size(60, 60), 0.5)

    seamless, whole = tiled(blurred, tiling)(picture), blurred(picture)

    inside = slice(5, -5), slice(5, -5)
    plain = np.abs(blurred(picture[:60, :60])[-1] - whole[59, :60]).max()  # of a tile by itself
    assert plain > 0.1
    assert np.abs(seamless - whole)[inside].max() < plain / 10


def test_a_shifted_picture_has_shifted_scores():
    picture = cv2.GaussianBlur(noise(150, 150), (0, 0), 8)
    score = tiled(blurred, Tiling(Size(50, 50), 0.5))

    here, there = score(picture[:130, :130]), score(picture[20:, 20:])

    np.testing.assert_allclose(here[25:-5, 25:-5], there[5:-25, 5:-25], atol=0.02)


def test_only_tiles_in_which_the_whole_is_unsure_are_looked_at_again():
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, 50:] = 255
    picture[:, 48:52] = 128
    seen = []

    def score(part):
        seen.append(part.shape[:2])
        return part[..., :1] / np.float32(255)

    along_edge(score, Tiling(Size(20, 20), 0))(picture)

    assert seen == [(100, 100), *[(20, 20)] * 5]


def test_tiles_that_are_not_worth_a_look_score_nothing():
    picture = noise(40, 40)
    score = tiled(pointwise, Tiling(Size(40, 20), 0), lambda part: np.array_equal(part, picture[:, :20]))

    scores = score(picture)

    np.testing.assert_allclose(scores[:, :20], pointwise(picture)[:, :20], atol=1e-5)
    assert not scores[:, 20:].any()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    pairs = draw_set(home / "pairs")
    make("train", "--home", home, "--data", pairs, *TINY, "--epochs", 1, "--name", "one")
    return home


@pytest.mark.parametrize("where", ["all", "edge"])
def test_photos_are_cut_out_in_tiles_and_the_results_say_so(home, tmp_path, where):
    options = ("--tiles", "24x32", "--overlap", 0.5, "--tiles-on", where)
    run(
        "predict",
        "--home",
        home,
        "--input",
        home / "pairs" / "images",
        "--save",
        "--output",
        tmp_path,
        *options,
    )

    told = (tmp_path / "predictions.jsonl").read_text()
    assert f"24x32 on {where}, overlap 0.5" in told
    photo = next((home / "pairs" / "images").iterdir())
    model = load_model("one", home=home, tiles="24x32", overlap=0.5, tiles_on=where, triage=False)
    written = read_mask(tmp_path / "cutouts" / f"{photo.stem}.png")
    np.testing.assert_array_equal(written, model.cut_out(photo).alpha)


def test_a_cutout_in_tiles_of_the_networks_own_size_is_as_soft_as_its_scores(home):
    """Nothing was enlarged, so that no edge has to become steeper."""
    photo, _ = draw_pair(3, 200, 150)
    options = {"home": home, "tiles": "32x48", "triage": False}
    threshold = float(np.median(load_model("one", **options).cut_out(photo).scores))
    cutout = load_model("one", threshold=threshold, **options).cut_out(photo)

    prediction = Prediction("", cutout.scores[..., np.newaxis], BINARY, threshold)
    np.testing.assert_array_equal(cutout.alpha, soft_alpha(prediction, 1.0))
    assert (cutout.alpha != soft_alpha(prediction, 200 / 48)).any()


def test_a_tile_as_large_as_the_photo_changes_nothing(home, tmp_path):
    whole, tiles = tmp_path / "whole", tmp_path / "tiles"
    photos = ("--home", home, "--input", home / "pairs" / "images", "--save", "--no-triage")
    run("predict", *photos, "--output", whole)
    run("predict", *photos, "--output", tiles, "--tiles", "9999x9999")

    masks = sorted((whole / "masks").iterdir())
    assert masks
    assert all(mask.read_bytes() == (tiles / "masks" / mask.name).read_bytes() for mask in masks)
