"""Channels: a photo scored as grey pictures of its channels, and what they say merged into one."""

import re

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.drawing import draw_set
from support.program import TINY, make, run

from segmentation.config.scoring import CHANNELS, MERGES
from segmentation.scores.channels import Channels, channel, on_channel

photos = arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)))


def light(picture):
    return picture[..., :3].mean(axis=-1, keepdims=True, dtype=np.float32) / 255


@given(photos)
def test_channels_are_those_of_rgb_and_lab(photo):
    whole = np.dstack([channel(photo, name) for name in CHANNELS])

    np.testing.assert_array_equal(whole[..., :3], photo)
    np.testing.assert_array_equal(whole[..., 3:], cv2.cvtColor(photo, cv2.COLOR_RGB2LAB))


@given(arrays(np.uint8, (5, 4)), st.sampled_from(MERGES))
def test_the_channels_of_a_grey_photo_change_nothing(grey, merge):
    photo = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    channels = Channels(("red", "green", "blue"), merge=merge)

    scores = channels.over(lambda _first, last: on_channel(light, last))(photo)

    np.testing.assert_allclose(scores, light(photo), atol=1e-6)


@given(photos, st.permutations(CHANNELS), st.integers(1, 6))
def test_scores_are_merged_as_asked_for(photo, names, count):
    names = tuple(names[:count])
    each = np.stack([channel(photo, name) for name in names]).astype(np.float64)[..., np.newaxis] / 255
    weights = tuple(np.arange(1, count + 1) / np.arange(1, count + 1).sum())
    expected = {
        "mean": each.mean(axis=0),
        "median": np.median(each, axis=0),
        "max": each.max(axis=0),
        weights: sum(weight * one for weight, one in zip(weights, each, strict=True)),
    }

    for merge, scores in expected.items():
        merged = Channels(names, merge=merge).over(lambda _first, last: on_channel(light, last))(photo)
        assert merged.dtype == np.float32
        np.testing.assert_allclose(merged, scores, atol=1e-6)


@given(photos)
def test_the_scores_of_a_first_pass_stay_behind_a_channel(photo):
    scores = np.arange(photo.shape[0] * photo.shape[1], dtype=np.uint8).reshape(photo.shape[:2])
    seen = []

    on_channel(lambda picture: seen.append(picture) or light(picture), "green")(np.dstack([photo, scores]))

    np.testing.assert_array_equal(seen[0][..., 3], scores)
    assert (seen[0][..., :3] == photo[..., 1:2]).all()


def test_crossed_every_channel_is_seen_with_the_mask_of_every_other():
    assert set(Channels(("red", "green"), cross=True).pairs()) == {("red", "green"), ("green", "red")}
    assert len(Channels(CHANNELS, cross=True).pairs()) == 30


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    pairs = draw_set(home / "pairs")
    make("train", "--home", home, "--data", pairs, *TINY, "--colour", "grey", "--epochs", 1, "--name", "one")
    return home


def test_photos_are_cut_out_by_channels_and_the_results_say_so(home, tmp_path):
    options = ("--channels", "each", "--channel-names", "red,lightness", "--channel-merge", "0.25,0.75")
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

    assert '"channels": "red, lightness by 0.25,0.75"' in (tmp_path / "predictions.jsonl").read_text()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--channels", "cross"], "expected a model with two passes, received one, which has one"),
        (["--channels", "each", "--channel-merge", "0.5,0.5"], "expected 3 weights, .* received 2"),
        (["--channels", "each", "--channel-names", "cyan"], "expected some of red, green, .* 'cyan'"),
        (["--channel-merge", "most"], "expected shares that add up to 1"),
    ],
)
def test_channels_that_cannot_be_are_refused(home, options, expected):
    refused = run("predict", "--home", home, "--input", home / "pairs" / "images", *options, check=2)

    assert re.search(expected, refused.stderr)
