"""A second pass is trained on what it will see: the same views of the same photos, slightly wrong."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.drawing import draw_pair

from segmentation.config.augmentation import AUGMENTATIONS, AugmentConfig
from segmentation.config.data import DataConfig
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.ground_truth import MaskFile
from segmentation.images.files import read_mask, read_photo
from segmentation.jobs.training_checks import check_before_data
from segmentation.preprocessing.preprocessing import NO_STROKE, Preprocessing
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.scores.two_passes import double_pass
from segmentation.training.augment import build_augment
from segmentation.training.input_statistics import with_statistics
from segmentation.training.second_pass_pairs import SecondPassPairs
from segmentation.training.strokes import Strokes

SIZE = Size(height=48, width=32)
KINDS = pytest.mark.parametrize("kind", ["crop", "mask"])
GUIDED = pytest.mark.parametrize("guided", [True, False])


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Garments on photos 1728 pixels high, with first scores that are too small by a rim."""
    folder = tmp_path_factory.mktemp("guided")
    found = []
    for number in range(3):
        photo, alpha = draw_pair(number, 1728, 1152)
        paths = [folder / f"{number}-{what}.png" for what in ("photo", "alpha", "guide")]
        guide = np.where(alpha == 255, 230, 20).astype(np.uint8)
        for path, picture in zip(paths, (photo, alpha, guide), strict=True):
            Image.fromarray(picture).save(path)
        found.append(Sample(str(number), paths[0], MaskFile(paths[1]), first_scores=MaskFile(paths[2])))
    return found


def second_pass_view(kind, margin_px=100):
    return SecondPassView(kind, margin_px, 0.5, SIZE)


def pairs_of(samples, kind, *, guided=True, varied=False, colour="colour", margin_px=100):
    preprocessing = Preprocessing(SIZE, colour, guided=guided)
    return SecondPassPairs(
        samples, preprocessing, DataConfig(), second_pass_view(kind, margin_px), varied=varied
    )


@KINDS
@GUIDED
@pytest.mark.parametrize("colour", ["colour", "grey"])
def test_a_pair_is_what_the_second_network_will_see(samples, kind, guided, colour):
    pairs, seen = pairs_of(samples, kind, guided=guided, colour=colour), []
    for index, sample in enumerate(samples):

        def first(_photo, path=sample.first_scores.path):
            return read_mask(path)[..., np.newaxis].astype(np.float32) / 255

        def second(part):
            seen.append(pairs.preprocessing.prepare(part))
            return part[..., 3:].astype(np.float32) / 255

        double_pass(first, second, second_pass_view(kind))(read_photo(sample.photo))
        image, target = pairs[index]

        np.testing.assert_array_equal(image, seen[-1])
        assert image.shape == (48, 32, pairs.preprocessing.channels)
        assert target.shape == (48, 32)
        assert target.max() == 255


@KINDS
@GUIDED
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_photo_guide_and_truth_move_together(samples, tmp_path_factory, kind, guided, seed):
    folder = tmp_path_factory.mktemp("same")
    alpha = read_mask(samples[0].truth.path)
    for name, picture in (("photo", np.dstack([alpha] * 3)), ("same", alpha)):
        Image.fromarray(picture).save(folder / f"{name}.png")
    same = MaskFile(folder / "same.png")
    sample = Sample("a", folder / "photo.png", same, first_scores=same)
    pairs = pairs_of([sample], kind, guided=guided, varied=True, margin_px=400)  # no edge is blanked
    movement = dataclasses.replace(AUGMENTATIONS["none"], flip=0.5, shift=0.1, scale=0.2)
    image, target = pairs.vary(build_augment(movement))(*pairs[0], seed)

    assert image.shape == (48, 32, pairs.preprocessing.channels)
    for channel in np.moveaxis(image, -1, 0):
        np.testing.assert_allclose(channel.astype(int), target, atol=8)


@KINDS
def test_looks_differ_and_repeat_with_their_seed(samples, kind):
    pairs = pairs_of(samples, kind, varied=True)
    change = pairs.vary(build_augment(AugmentConfig()))
    images = [change(*pairs[0], seed)[0].tobytes() for seed in range(10)]

    assert len(set(images)) == 10
    assert change(*pairs[0], 3)[0].tobytes() == images[3]


def test_the_guide_keeps_its_values_when_colours_change(samples):
    pairs = pairs_of(samples, "mask", varied=True)
    colours = dataclasses.replace(AUGMENTATIONS["none"], hue=50, brightness=0.5, recolour=1.0)
    for seed in range(5):
        image, _ = pairs.vary(build_augment(colours))(*pairs[0], seed)
        exact = pairs[0][0]
        np.testing.assert_array_equal(image[..., 3][image[..., 3] > 0], exact[..., 3][image[..., 3] > 0])


def faulty_guide(height=96, width=64):
    """A pair of which the guide lacks a sleeve of the garment, and has a block beside it."""
    truth = np.zeros((height, width), np.uint8)
    truth[20:80, 20:44] = truth[24:40, 8:20] = 255
    guide = np.where(truth > 0, 210, 30).astype(np.uint8)
    guide[24:40, 8:20] = 40
    guide[60:72, 44:56] = 190
    return np.dstack([np.zeros((height, width, 3), np.uint8), guide]), truth


@given(seed=st.integers(0, 2**32 - 1))
def test_strokes_say_what_is_true_in_a_channel_before_the_scores(seed):
    seen, truth = faulty_guide()

    image, same = Strokes(1.0, None)(seen, truth, seed)

    assert np.array_equal(same, truth)
    assert np.array_equal(image[..., [0, 1, 2, 4]], seen)
    drawn = image[..., 3] != NO_STROKE
    assert drawn.any()
    assert np.array_equal(image[..., 3][drawn], truth[drawn])
    assert Strokes(1.0, None)(seen, truth, seed)[0].tobytes() == image.tobytes()


def test_most_strokes_lie_where_the_first_pass_is_wrong():
    seen, truth = faulty_guide()
    wrong = (seen[..., 3] >= 128) != (truth >= 128)
    drawn = [Strokes(0.5, None)(seen, truth, seed)[0][..., 3] != NO_STROKE for seed in range(200)]

    assert 70 < sum(one.any() for one in drawn) < 130
    touching = [(one & wrong).any() for one in drawn if one.any()]
    assert 0.7 < np.mean(touching) < 1.0


def test_strokes_move_with_the_pair(samples):
    pairs = pairs_of(samples, "crop", varied=True)
    change = pairs.vary(build_augment(AugmentConfig()))
    for seed in range(5):
        image, truth = change(*pairs[0], seed)
        told, same = Strokes(1.0, change)(*pairs[0], seed)

        drawn = told[..., 3] != NO_STROKE
        assert np.array_equal(truth, same)
        assert np.array_equal(told[..., [0, 1, 2, 4]], image)
        assert ((told[..., 3] >= 128) == (truth >= 128))[drawn].all()


@pytest.mark.parametrize("colour", ["colour", "grey"])
def test_without_strokes_a_network_that_takes_them_sees_that_nothing_was_said(colour):
    way = Preprocessing(Size(24, 16), colour, guided=True)
    told = with_statistics(dataclasses.replace(way, strokes=True), way, lambda: pytest.fail("all is known"))
    seen = np.random.default_rng(0).integers(0, 256, (48, 32, 4), np.uint8)

    prepared = told.prepare(seen)

    assert prepared.shape == (24, 16, told.channels)
    assert np.array_equal(np.delete(prepared, -2, axis=-1), way.prepare(seen))
    assert not told.normalise(prepared)[..., -2].any()
    said = np.full((48, 32), 255, np.uint8)
    whole = told.prepare(np.dstack([seen[..., :3], said, seen[..., 3]]))
    assert (told.normalise(whole)[..., -2] > 0.99).all()
    others = np.delete(whole, -2, axis=-1).astype(int)
    np.testing.assert_allclose(others, way.prepare(seen), atol=1)  # both are resized together


@pytest.mark.parametrize("options", [{}, {"look": "crop", "guide": "truth"}])
def test_strokes_need_a_second_pass_that_sees_first_scores(options):
    config = RunConfig().replace(input_size="32x48", strokes=0.5, **options)

    with pytest.raises(ConfigError, match="`strokes`"):
        check_before_data(config, None, second_pass=bool(options))
    check_before_data(config.replace(look="crop", guide="held-out"), None, second_pass=True)


@pytest.mark.parametrize("options", [{"look": "mask"}, {"look": "crop", "normalisation": "unit"}])
def test_strokes_are_for_regions_and_networks_for_which_no_stroke_is_nothing(options):
    config = RunConfig().replace(input_size="32x48", strokes=0.5, **options)

    with pytest.raises(ConfigError, match="`strokes`: expected `look=crop` and `normalisation=mean-std`"):
        check_before_data(config, None, second_pass=True)
