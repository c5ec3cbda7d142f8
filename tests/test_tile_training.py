"""Networks that see tiles of photos at their own resolution, in training and in prediction alike."""

from dataclasses import replace

import numpy as np
import pytest
from support.drawing import draw_pair, draw_set
from support.program import TINY, make, run

from segmentation.bundle.bundle import load_bundle
from segmentation.config.augmentation import AUGMENTATIONS
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.labels import BINARY
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.ground_truth import MaskFile
from segmentation.images.files import read_photo, write_image
from segmentation.inference.scoring import load_score
from segmentation.jobs.training_checks import check_before_data, check_first_passes
from segmentation.models.registry import complete
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.scores.tiles import Tiling
from segmentation.training.augment import build_augment
from segmentation.training.tile_pairs import TilePairs

SIZE = Size(height=32, width=48)
CONFIG = RunConfig().replace(input_size=SIZE, sees="tiles")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A photo of 150x200 and one smaller than a tile, with first-pass scores that are the photos' green."""
    folder = tmp_path_factory.mktemp("pairs")
    made = []
    for name, size in (("large", (200, 150)), ("small", (20, 30))):
        photo, mask = draw_pair(1, *size)
        photo[..., 0] = np.arange(size[0])[:, np.newaxis]  # the row and the column of each pixel
        photo[..., 2] = np.arange(size[1])
        paths = [folder / f"{name}-{kind}.png" for kind in ("photo", "mask", "first")]
        for path, picture in zip(paths, (photo, mask, photo[..., 1]), strict=True):
            write_image(path, picture)
        made.append(Sample(name, paths[0], MaskFile(paths[1]), first_scores=MaskFile(paths[2])))
    return made


def pairs_of(samples, *, varied, guided=True, **options):
    preprocessing = Preprocessing(SIZE, normalisation="unit", guided=guided)
    return TilePairs(samples, preprocessing, CONFIG.replace(**options), BINARY, varied=varied)


@pytest.mark.parametrize("guided", [True, False])
def test_a_tile_is_a_part_of_the_photo_as_it_is(samples, guided):
    photo, mask = read_photo(samples[0].photo), samples[0].truth.read()
    pairs = pairs_of(samples, varied=True, guided=guided)
    vary = pairs.vary(None)
    places = set()
    for seed in range(20):
        seen, truth = vary(*pairs[0], seed)
        top, left = int(seen[0, 0, 0]), int(seen[0, 0, 2])
        tile = slice(top, top + 32), slice(left, left + 48)
        expected = np.dstack([photo[tile], photo[tile][..., 1]]) if guided else photo[tile]
        np.testing.assert_array_equal(seen, expected)
        np.testing.assert_array_equal(truth, mask[tile])
        np.testing.assert_array_equal(vary(*pairs[0], seed)[0], seen)
        places.add((top, left))
    assert len(places) > 10


def test_photo_scores_and_mask_are_changed_together_before_the_tile_is_cut_out(samples):
    mirrored = build_augment(AUGMENTATIONS["none"].__class__(**{**vars(AUGMENTATIONS["none"]), "flip": 1.0}))
    photo, mask = read_photo(samples[0].photo), samples[0].truth.read()
    pairs = pairs_of(samples, varied=True)
    for seed in range(10):
        seen, truth = pairs.vary(mirrored)(*pairs[0], seed)
        top, last = int(seen[0, 0, 0]), int(seen[0, 0, 2])
        tile = slice(top, top + 32), slice(last - 47, last + 1)
        np.testing.assert_array_equal(seen[..., :3], photo[tile][:, ::-1])
        np.testing.assert_array_equal(seen[..., 3], photo[tile][:, ::-1, 1])
        np.testing.assert_array_equal(truth, mask[tile][:, ::-1])


def test_held_out_photos_are_judged_by_the_same_tile_on_the_outline(samples):
    first, again = (pairs_of(samples, varied=False) for _ in range(2))

    np.testing.assert_array_equal(first[0][0], again[0][0])
    assert first[0][0].shape == (32, 48, 4)
    assert 0 < first[0][1].mean() < 255


def test_a_photo_smaller_than_a_tile_goes_on_with_its_last_rows_and_columns(samples):
    seen, truth = pairs_of(samples, varied=False)[1]

    photo, mask = read_photo(samples[1].photo), samples[1].truth.read()
    np.testing.assert_array_equal(seen[:20, :30, :3], photo)
    np.testing.assert_array_equal(seen[20:, :30, :3], np.repeat(photo[-1:], 12, axis=0))
    np.testing.assert_array_equal(truth[:20, :30], mask)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"look": "mask"}, "`sees=tiles`: expected `look=crop` with it, received mask"),
        ({"target": "alpha"}, "`sees=tiles`: expected without `target=alpha`"),
    ],
)
def test_what_cannot_be_seen_in_tiles_is_refused(options, expected):
    config = complete(CONFIG.replace(architecture="simple", **options))

    with pytest.raises(ConfigError, match=expected):
        check_before_data(config, None, second_pass=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model of two passes, the second of which sees tiles."""
    home = tmp_path_factory.mktemp("home")
    pairs = draw_set(home / "pairs", height=120, width=90)
    train = ("train", "--home", home, "--data", pairs, *TINY, "--epochs", 2, "--folds", 2)
    for fold in (1, 2):
        make(*train, "--fold", fold, "--name", f"fold{fold}")
    first_passes = ("--second-pass", "fold1", "--second-pass", "fold2")
    make(*train, "--fold", 1, "--name", "both", *first_passes, "--sees", "tiles", "--crops", "16x32")
    return home


@pytest.mark.slow
def test_a_photo_smaller_than_a_tile_is_scored_as_it_is_seen_in_training(home):
    bundle = load_bundle(home / "models" / "fold1")
    of_tiles = replace(bundle, preprocessing=replace(bundle.preprocessing, sees="tiles"))
    photo, _ = draw_pair(50, 20, 30)
    extended = np.pad(photo, ((0, 28), (0, 2), (0, 0)), mode="edge")  # 48 rows, 32 columns

    expected = load_score(bundle)[0](extended)[:20, :30]
    np.testing.assert_allclose(load_score(of_tiles)[0](photo), expected, atol=1e-5)


@pytest.mark.slow
def test_a_network_of_tiles_is_no_first_pass_since_a_second_one_is_shown_the_whole(home):
    bundle = load_bundle(home / "models" / "fold1")
    of_tiles = replace(bundle, preprocessing=replace(bundle.preprocessing, sees="tiles"))
    with pytest.raises(ConfigError, match="`second_pass`: expected models that see whole photos, received f"):
        check_first_passes([bundle, of_tiles], {})


@pytest.mark.slow
def test_a_network_that_was_trained_on_tiles_scores_in_tiles(home, tmp_path):
    bundle = load_bundle(home / "models" / "both")
    photo, _ = draw_pair(50, 120, 90)
    asked_for = load_score(bundle, tiling=Tiling(bundle.input_size))[0]

    np.testing.assert_array_equal(load_score(bundle)[0](photo), asked_for(photo))

    photos = ("--home", home, "--model", "both", "--input", home / "pairs" / "images")
    run("predict", *photos, "--save", "--output", tmp_path, "--overlap", 0.5)
    assert "32x48 on all, overlap 0.5" in (tmp_path / "predictions.jsonl").read_text()
