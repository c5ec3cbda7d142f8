"""Training on crops: they lie in the picture, photo and mask together, and most of them where it is hard."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawing import draw_set
from support.program import TINY, make, run

from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.labels import BINARY
from segmentation.core.size import Size
from segmentation.models.architectures import ARCHITECTURES
from segmentation.models.registry import build, complete
from segmentation.training.crops import Crops
from segmentation.training.target_coding import coding_of

CODING = coding_of(BINARY)


def numbered(height, width):
    """A picture whose two channels are the row and the column of each pixel."""
    return np.dstack(np.mgrid[:height, :width]).astype(np.uint8)


@given(
    st.integers(8, 60),
    st.integers(8, 60),
    st.integers(1, 8),
    st.integers(1, 8),
    st.floats(0, 1),
    st.integers(0),
)
def test_a_crop_is_a_part_of_photo_and_mask_at_the_same_place(height, width, down, across, focus, seed):
    picture = numbered(height, width)
    mask = np.where(picture[..., 0] > height // 2, 255, 0).astype(np.uint8)
    crops = Crops(Size(down, across), focus, CODING, False, None)

    cut, cut_mask = crops(picture, mask, seed)

    top, left = cut[0, 0].astype(int)
    np.testing.assert_array_equal(cut, picture[top : top + down, left : left + across])
    np.testing.assert_array_equal(cut_mask, mask[top : top + down, left : left + across])
    assert cut.shape[:2] == cut_mask.shape == (down, across)
    np.testing.assert_array_equal(crops(picture, mask, seed)[0], cut)


def garment():
    """A mask 100 pixels wide and high with a garment of 30 x 30 in it."""
    mask = np.zeros((100, 100), np.uint8)
    mask[20:50, 20:50] = 255
    return mask


def share(crops, picture, mask, holds):
    """Return the share of 200 crops for which `holds` is true of the crop's mask and its place."""
    found = [crops(picture, mask, seed) for seed in range(200)]
    return np.mean([holds(cut_mask, cut[0, 0, :2].astype(int)) for cut, cut_mask in found])


@pytest.mark.parametrize("focus", [0, 0.5, 1])
def test_a_share_of_the_crops_shows_the_outline(focus):
    mask = garment()
    by_chance = np.mean(
        [0 < mask[top : top + 16, left : left + 16].mean() < 255 for top in range(85) for left in range(85)]
    )
    crops = Crops(Size(16, 16), focus, CODING, False, None)

    shown = share(crops, numbered(100, 100), mask, lambda cut, _place: 0 < cut.mean() < 255)

    assert shown == pytest.approx(focus + (1 - focus) * by_chance, abs=0.1)


def test_every_other_hard_crop_shows_where_the_first_pass_is_wrong():
    mask = garment()
    scores = mask.copy()
    scores[80:90, 80:90] = 255  # far from the outline
    picture = np.dstack([numbered(100, 100), scores])
    crops = Crops(Size(16, 16), 1, CODING, True, None)

    shown = share(crops, picture, mask, lambda _cut, place: (place > 64).all())

    assert shown == pytest.approx(0.5, abs=0.1)


def test_a_mask_without_garment_is_cropped_anywhere():
    crops = Crops(Size(16, 16), 1, CODING, False, None)
    places = [crops(numbered(40, 40), np.zeros((40, 40), np.uint8), seed)[0][0, 0] for seed in range(200)]

    assert np.ptp(places, axis=0).tolist() == [24, 24]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"crops": "40x32"}, "`crops`: expected multiples of 16 .* the nearest is 32x32"),
        ({"crops": "64x512"}, "`crops`: expected at most the `input_size` 64x96, received 64x512"),
        (
            {"crops": "32x32", "architecture": "segnet"},
            "`crops`: expected a network that takes any size .simple",
        ),
    ],
)
def test_crops_that_cannot_be_are_refused(options, expected):
    config = RunConfig().replace(
        **{"architecture": "unet-256", "levels": 4, "input_size": "64x96", **options}
    )

    with pytest.raises(ConfigError, match=expected):
        complete(config)


TAKES_ANY_SIZE = ("simple", "unet-256", "unet-1024", "unet-efficientnet-lite0", "fc-densenet", "autoencoder")


@pytest.mark.parametrize("name", TAKES_ANY_SIZE)
def test_a_network_that_may_be_trained_on_crops_takes_pictures_of_any_size(name):
    row = ARCHITECTURES[name]
    config = RunConfig().replace(
        architecture=name,
        filters=2 if not row.backbone else 0,
        backbone_weights="none" if row.backbone else None,
    )
    step = 2 ** complete(config).model.levels
    config = complete(config.replace(input_size=Size(2 * step, 2 * step), crops=Size(step, step)))
    network = build(config.model, (None, None, 3))

    for size in (Size(step, step), Size(2 * step, 3 * step)):
        scores = network(np.zeros((1, size.height, size.width, 3), np.float32))
        assert scores.shape == (1, size.height, size.width, 1)


def test_a_model_that_was_trained_on_crops_scores_whole_photos(tmp_path):
    pairs = draw_set(tmp_path / "pairs")
    make(
        "train",
        "--home",
        tmp_path,
        "--data",
        pairs,
        *TINY,
        "--crops",
        "16x16",
        "--epochs",
        1,
        "--name",
        "m",
    )

    shown = run("eval", "--home", tmp_path, "--model", "m", "--data", pairs, "--output", tmp_path / "out")

    assert "Dice" in shown.stdout
