"""Faults of a shot: cut off by the frame, out of focus, too bright, too dark; each on its own."""

import cv2
import numpy as np
import pytest
from support.drawing import ellipse

from segmentation.confidence.features import extract_features
from segmentation.confidence.shot import of_shot, words_of_shot

HEIGHT, WIDTH = 432, 288


def shot(centre=(0.5, 0.5), cloth=130, ground=225):
    """A photo of a garment with some grain, and its mask."""
    mask = ellipse(HEIGHT, WIDTH, centre, (0.3, 0.25))
    grain = np.random.default_rng(0).normal(0, 6, (HEIGHT, WIDTH, 1))
    photo = np.where(mask[..., np.newaxis], cloth, ground) + grain
    return np.clip(photo, 0, 255).astype(np.uint8).repeat(3, axis=2), mask


def words(photo, mask):
    return words_of_shot(of_shot(photo, mask))


def test_nothing_is_wrong_with_an_ordinary_shot():
    assert words(*shot()) == ()
    assert words(*shot(cloth=40)) == ()
    assert words(*shot(cloth=235, ground=120)) == ()


@pytest.mark.parametrize("centre", [(0.1, 0.5), (0.9, 0.5), (0.5, 0.1), (0.5, 0.9)])
def test_a_garment_that_leaves_the_frame_is_cut_off(centre):
    assert words(*shot(centre)) == ("cut off by the frame",)


def test_a_blurred_photo_is_out_of_focus_and_a_sharp_one_never():
    photo, mask = shot()
    for blur_px in (4, 8):
        assert words(cv2.GaussianBlur(photo, (0, 0), blur_px), mask) == ("out of focus",)
    figures = [of_shot(cv2.GaussianBlur(photo, (0, 0), blur), mask)["sharpness"] for blur in (0.5, 2, 4)]
    assert figures == sorted(figures, reverse=True)


def test_cloth_without_detail_is_badly_exposed():
    assert words(*shot(cloth=255, ground=120)) == ("overexposed: much of the garment is white",)
    assert words(*shot(cloth=0)) == ("underexposed: much of the garment is black",)


def test_shares_are_those_of_the_garment_alone():
    photo, mask = shot(cloth=130, ground=255)
    photo[mask & (np.arange(HEIGHT)[:, np.newaxis] < HEIGHT // 2)] = 0
    figures = of_shot(photo, mask)

    assert figures["blown_out"] == 0
    assert figures["black"] == pytest.approx(np.mean((photo[..., 0] <= 5)[mask]))


def test_what_is_not_there_says_nothing():
    photo, mask = shot()

    assert of_shot(photo, np.zeros_like(mask)) == {}
    assert "sharpness" not in of_shot(np.full_like(photo, 200), mask)
    assert words_of_shot({}) == ()


def test_the_features_of_a_photo_have_the_figures_of_its_shot():
    photo, mask = shot()
    features = extract_features(photo, mask.astype(np.float32), 0.5, mask)

    assert features | of_shot(photo, mask) == features
