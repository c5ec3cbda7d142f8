"""The training data of a network of mattes: crops at the photo's own resolution, around unknown pixels."""

import dataclasses
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.mattes import draw_matte, draw_matte_set

from segmentation.config.augmentation import AUGMENTATIONS
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.datasets.trimaps import has_trimap, read_trimap, trimap_or_drawn
from segmentation.images.files import read_mask, read_photo, write_image
from segmentation.images.trimaps import GARMENT, SURROUNDINGS, UNKNOWN, soft_trimap
from segmentation.jobs.training_checks import check_before_data, check_matte_parts
from segmentation.models.registry import complete
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.augment import build_augment
from segmentation.training.crops import fullest_part
from segmentation.training.matte_pairs import MattePairs

SIZE, CROP = Size(64, 64), Size(32, 32)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return discover(draw_matte_set(tmp_path_factory.mktemp("pairs") / "set")).samples


def pairs_of(samples, *, varied=True, **options):
    config = RunConfig().replace(
        **{"target": "alpha", "input_size": SIZE, "crops": CROP, "prior": "none", **options}
    )
    preprocessing = Preprocessing(SIZE, normalisation="unit", guides=config.guides)
    return MattePairs(samples, preprocessing, config, varied=varied)


def test_the_folders_of_alphamatting_are_read_as_they_are(samples):
    assert [sample.id for sample in samples] == ["GT00", "GT01", "GT02", "GT03"]
    _photo, alpha = draw_matte(1)
    np.testing.assert_array_equal(samples[1].truth.read(), alpha)
    np.testing.assert_array_equal(read_trimap(samples[1], "trimap1", alpha), soft_trimap(alpha, 0.05, 0.05))
    with pytest.raises(DataError, match=r"trimap9/GT01: expected the trimap of GT01.png, found none"):
        read_trimap(samples[1], "trimap9", alpha)
    with pytest.raises(DataError, match=r"expected the photo's size 8x8, received 80x96"):
        read_trimap(samples[1], "trimap1", np.zeros((8, 8), np.uint8))


@pytest.mark.parametrize("name", ["b.PNG", "dots.in.it.TIFF", unicodedata.normalize("NFD", "Größe.png")])
def test_a_trimap_is_found_however_its_name_is_written(tmp_path, name):
    photo, alpha = draw_matte(0)
    write_image(tmp_path / "images" / "sub" / Path(name).with_suffix(".jpg"), photo)
    write_image(tmp_path / "alpha" / "sub" / Path(name).with_suffix(".png"), alpha)
    (sample,) = discover(tmp_path).samples
    assert not has_trimap(sample, "trimap1")
    write_image(tmp_path / "trimap1" / "sub" / name, soft_trimap(alpha, 0.05, 0.05))
    assert has_trimap(sample, "trimap1")
    np.testing.assert_array_equal(trimap_or_drawn(sample, "trimap1", alpha), soft_trimap(alpha, 0.05, 0.05))


@pytest.mark.parametrize("trimaps", ["drawn", "trimap1", "trimap1,drawn", "trimap9"])
def test_a_crop_is_a_part_of_the_photo_with_something_unknown_in_it(samples, trimaps):
    pairs = pairs_of(samples, trimaps=trimaps)
    vary = pairs.vary(None)
    photo = read_photo(samples[0].photo)
    corners = {}
    for seed in range(25):
        seen, targets = vary(*pairs[0], seed)
        assert seen.shape == (32, 32, 4)
        assert targets.shape == (32, 32, 3)
        alpha, band = targets[..., 0], targets[..., 1]
        assert band.any()
        np.testing.assert_array_equal(band == 255, seen[..., 3] == UNKNOWN)
        assert (alpha[seen[..., 3] == GARMENT] == 255).all()
        assert (alpha[seen[..., 3] == SURROUNDINGS] == 0).all()
        places = np.lib.stride_tricks.sliding_window_view(photo, (32, 32), axis=(0, 1))
        at = np.argwhere((places == seen[..., :3].transpose(2, 0, 1)).all(axis=(2, 3, 4)))
        assert len(at) == 1  # nothing was resized
        corners[seed] = tuple(at[0])
        np.testing.assert_array_equal(alpha, draw_matte(0)[1][tuple(slice(one, one + 32) for one in at[0])])
    assert len({*corners.values()}) > 10
    np.testing.assert_array_equal(vary(*pairs[0], 3)[0], vary(*pairs[0], 3)[0])


def test_drawn_trimaps_are_of_many_widths_and_given_ones_of_one(samples):
    def shares(trimaps):
        pairs = pairs_of(samples, trimaps=trimaps, crops=SIZE, most_band=0.1)
        return {round(float(pairs.vary(None)(*pairs[0], seed)[1][..., 1].mean()), 1) for seed in range(20)}

    assert len(shares("drawn")) > 8
    assert len(shares("trimap1")) < len(shares("drawn"))


def test_photo_alpha_and_trimap_move_together(samples):
    pairs = pairs_of(samples, trimaps="trimap1", crops=SIZE)
    augment = build_augment(dataclasses.replace(AUGMENTATIONS["none"], flip=1.0), labels=pairs.labels)
    for seed in range(5):
        seen, targets = pairs.vary(augment)(*pairs[0], seed)
        photo, alpha = (one[:, ::-1] for one in draw_matte(0))
        places = np.lib.stride_tricks.sliding_window_view(photo, (64, 64), axis=(0, 1))
        (at,) = np.argwhere((places == seen[..., :3].transpose(2, 0, 1)).all(axis=(2, 3, 4)))
        part = tuple(slice(one, one + 64) for one in at)
        np.testing.assert_array_equal(targets[..., 0], alpha[part])
        np.testing.assert_array_equal(seen[..., 3], soft_trimap(alpha, 0.05, 0.05)[part])


def test_a_small_photo_is_extended_to_the_crop(samples):
    pairs = pairs_of(samples, crops="128x128", input_size="128x128")
    seen, targets = pairs.vary(None)(*pairs[0], 0)
    assert seen.shape == (128, 128, 4)
    np.testing.assert_array_equal(seen[:96, :80, :3], read_photo(samples[0].photo))
    np.testing.assert_array_equal(targets[:96, :80, 0], read_mask(samples[0].truth.path))


def test_held_out_pairs_are_the_same_every_time_and_as_large_as_the_input(samples):
    pairs = pairs_of(samples, varied=False, trimaps="trimap1")
    seen, targets = pairs[1]
    assert seen.shape == (64, 64, 4)
    np.testing.assert_array_equal(seen, pairs_of(samples, varied=False, trimaps="trimap1")[1][0])
    assert targets[..., 1].mean() > 0.3 * 255  # most of the band


def test_a_held_out_photo_of_something_large_is_judged_at_its_edge_and_not_in_its_middle(tmp_path):
    photo = np.full((300, 400, 3), 90, np.uint8)
    alpha = np.zeros((300, 400), np.uint8)
    cv2.ellipse(alpha, (200, 150), (150, 120), 0, 0, 360, 255, -1, cv2.LINE_AA)
    write_image(tmp_path / "images" / "large.png", photo)
    write_image(tmp_path / "alpha" / "large.png", alpha)
    write_image(tmp_path / "trimap1" / "large.png", known := soft_trimap(alpha, 0.02, 0.02))
    _seen, targets = pairs_of(discover(tmp_path).samples, varied=False, trimaps="trimap1")[0]
    parts = np.lib.stride_tricks.sliding_window_view(known == UNKNOWN, (64, 64))[::4, ::4]
    assert (targets[..., 1] == 255).sum() >= parts.sum(axis=(2, 3)).max() > 500


def test_of_a_small_band_the_held_out_part_shows_what_is_around_it_on_all_sides():
    known = np.zeros((200, 180), bool)
    known[90:100, 70:80] = True
    np.testing.assert_allclose(fullest_part(known, SIZE), (95, 75), atol=0.5)
    assert (fullest_part(np.zeros((64, 64), bool), SIZE) == 32).all()


def test_a_first_alpha_is_behind_the_trimap_and_agrees_with_what_is_known(samples):
    pairs = pairs_of(samples, prior="guided-filter")
    seen, _ = pairs.vary(None)(*pairs[0], 1)
    assert seen.shape == (32, 32, 5)
    known = seen[..., 3] != UNKNOWN
    np.testing.assert_array_equal(seen[..., 4][known], seen[..., 3][known])


def test_the_distance_of_colours_is_that_of_foreground_and_background(samples):
    pairs = pairs_of(samples, loss="l1 + composition", crops=SIZE)
    _, targets = pairs.vary(None)(*pairs[0], 0)
    expected = np.abs(np.subtract((150, 40, 60), (70, 150, 190))).mean()
    assert np.median(targets[..., 2][targets[..., 1] == 255]) == pytest.approx(expected, abs=12)
    assert not pairs_of(samples).vary(None)(*pairs_of(samples)[0], 0)[1][..., 2].any()


@pytest.mark.parametrize(
    ("options", "second_pass", "expected"),
    [
        ({"colour": "grey"}, False, "`colour`: expected colour with `target=alpha`"),
        ({"normalisation": "none"}, False, "`normalisation`: expected unit or mean-std"),
        ({}, True, "`second_pass`: expected without `target=alpha`"),
        ({"target": "soft"}, False, "`architecture=matte-efficientnet-lite0`: expected `target=alpha`"),
        ({"classes": "all"}, False, "`target=alpha`: expected `classes=garment`"),
        ({"loss": "ce"}, False, "`loss`: expected some of l1"),
    ],
)
def test_what_a_matte_cannot_be_trained_with_is_refused(options, second_pass, expected):
    config = complete(
        RunConfig().replace(
            **{"target": "alpha", "architecture": "matte-efficientnet-lite0", "backbone_weights": "none"}
            | options
        )
    )
    with pytest.raises(ConfigError, match=expected):
        check_before_data(config, None, second_pass=second_pass)


def test_options_of_mattes_mean_nothing_for_masks():
    with pytest.raises(ConfigError, match="`trimaps` and `prior`: expected `target=alpha` with it"):
        check_matte_parts(["prior", "trimaps"], RunConfig())
    check_matte_parts(["prior"], RunConfig().replace(target="alpha"))
