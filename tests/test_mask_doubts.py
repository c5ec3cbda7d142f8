"""Files that are no masks are reported before a training: label maps, trimaps, colours, inverted masks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from support.drawing import draw_pair, ellipse

from segmentation.core.errors import DataError
from segmentation.datasets.discover import discover

GARMENT = ellipse(64, 48, radii=(0.3, 0.25))
EDGE = cv2.dilate(GARMENT.astype(np.uint8), np.ones((7, 7))) - cv2.erode(
    GARMENT.astype(np.uint8), np.ones((7, 7))
)
MASK = np.where(GARMENT, 255, 0).astype(np.uint8)
SOFT = cv2.GaussianBlur(MASK, (0, 0), 2)


def pairs(folder: Path, mask: np.ndarray | Image.Image, suffix: str = ".png") -> Path:
    """A garment whose mask is good and one whose mask is `mask`."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    photo, alpha = draw_pair(0)
    for name in ("good", "odd"):
        Image.fromarray(np.roll(photo, ord(name[0]), axis=1)).save(folder / "images" / f"{name}.png")
    Image.fromarray(alpha).save(folder / "masks" / "good.png")
    picture = mask if isinstance(mask, Image.Image) else Image.fromarray(mask)
    picture.save(folder / "masks" / f"odd{suffix}", quality=98)
    return folder


def problem(folder: Path) -> str:
    dataset = discover(folder)
    (found,) = dataset.problems
    assert found.path.stem == "odd"
    assert [sample.id for sample in dataset.samples] == ["good"]
    return f"{found.reason}; {found.remedy}"


def void_at_the_edge(*values: int) -> np.ndarray:
    background, garment, edge = values
    return np.where(EDGE, edge, np.where(GARMENT, garment, background)).astype(np.uint8)


@pytest.mark.parametrize(
    ("mask", "values"),
    [
        (void_at_the_edge(0, 1, 255), "0, 1 and 255"),
        (void_at_the_edge(0, 15, 255), "0, 15 and 255"),
        (np.repeat(np.uint8([[0, 60, 120, 180]]), 12, axis=1).repeat(64, axis=0), "0, 60, 120 and 180"),
        (np.repeat(np.uint8([[0, 1, 2, 3, 4, 255]]), 8, axis=1).repeat(64, axis=0), "0, 1, 2, 3, 4 and 255"),
    ],
    ids=["void", "void of VOC", "spread classes", "classes and void"],
)
def test_a_label_map_among_the_masks_is_told_with_its_values(tmp_path, mask, values):
    text = problem(pairs(tmp_path, mask))
    assert f"holds the values {values}" in text
    assert '"255": "ignore"' in text


def test_a_label_map_of_low_values_is_sent_to_the_folder_for_label_maps(tmp_path):
    assert "folder named labels" in problem(pairs(tmp_path, void_at_the_edge(0, 1, 2)))


def test_what_is_advised_for_a_label_map_works(tmp_path):
    folder = pairs(tmp_path, void_at_the_edge(0, 1, 255))
    (folder / "masks").rename(folder / "labels")
    Image.fromarray(void_at_the_edge(0, 1, 255)).save(folder / "labels" / "good.png")
    (folder / "labels.json").write_text('{"0": "background", "1": "garment", "255": "ignore"}')
    dataset = discover(folder)
    assert not dataset.problems
    np.testing.assert_array_equal(dataset.samples[0].truth.read() > 0, GARMENT & (EDGE == 0))


def palette(values: np.ndarray) -> Image.Image:
    picture = Image.fromarray(values, "P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 128])
    return picture


@pytest.mark.parametrize(
    "objects",
    [
        void_at_the_edge(0, 1, 2),
        void_at_the_edge(0, 2, 2),
        void_at_the_edge(0, 60, 180),
        void_at_the_edge(0, 1, 255),
        palette(void_at_the_edge(0, 1, 2)).convert("RGB"),
        palette(void_at_the_edge(0, 1, 2)),
    ],
    ids=["numbers", "one number", "spread numbers", "numbers to 255", "colours", "palette"],
)
def test_objects_are_the_foreground_together_where_it_is_asked_for(tmp_path, objects):
    folder = pairs(tmp_path, objects)
    assert "foreground" in problem(folder)
    dataset = discover(folder, classes="foreground")
    assert not dataset.problems
    odd = next(sample for sample in dataset.samples if sample.id == "odd")
    np.testing.assert_array_equal(odd.truth.read(), np.where(EDGE | GARMENT, 255, 0))


@pytest.mark.parametrize("mask", [MASK, SOFT, MASK // 255], ids=["hard", "soft", "0 and 1"])
def test_a_foreground_of_one_thing_keeps_its_edge(tmp_path, mask):
    folder = pairs(tmp_path, mask)
    usual, foreground = (discover(folder, classes=classes) for classes in ("garment", "foreground"))
    for one, other in zip(usual.samples, foreground.samples, strict=True):
        np.testing.assert_array_equal(one.truth.read(), other.truth.read())


def test_a_trimap_is_no_foreground(tmp_path):
    dataset = discover(pairs(tmp_path, void_at_the_edge(0, 255, 128)), classes="foreground")
    (found,) = dataset.problems
    assert "is a trimap" in found.reason


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("grey", [100, 127, 128])
def test_a_trimap_is_told(tmp_path, suffix, grey):
    assert "is a trimap" in problem(pairs(tmp_path, void_at_the_edge(0, 255, grey), suffix))


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (255, 255, 0), (0, 0, 255)])
@pytest.mark.parametrize("form", ["RGB", "P", "opaque RGBA", "JPEG"])
def test_a_coloured_mask_is_told_whatever_its_colour_and_form(tmp_path, colour, form):
    picture = Image.fromarray(np.where(GARMENT[..., np.newaxis], colour, 0).astype(np.uint8))
    picture = picture.convert("P" if form == "P" else "RGBA" if "RGBA" in form else "RGB")
    text = problem(pairs(tmp_path, picture, ".jpg" if form == "JPEG" else ".png"))
    assert "is in colour" in text
    assert "folder named labels" in text


@pytest.mark.parametrize("softness", [0.01, 0.7])
@pytest.mark.parametrize("form", ["L", "RGB", "P"])
def test_a_garment_in_grey_is_told_before_it_is_learnt_as_half_transparent(tmp_path, form, softness):
    grey = cv2.GaussianBlur(MASK // 255 * 150, (0, 0), softness)
    text = problem(pairs(tmp_path, Image.fromarray(grey).convert(form)))
    assert "marks the garment with 150 of 255" in text
    assert "save the garment as 255" in text


@pytest.mark.parametrize("background", [16, 60, 100])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_background_in_grey_is_told_before_it_is_learnt_as_a_veil(tmp_path, suffix, background):
    text = problem(pairs(tmp_path, np.where(GARMENT, 255, background).astype(np.uint8), suffix))
    assert "save the background as 0" in text
    if suffix == ".png":  # the noise of a JPEG is further values
        assert f"marks the background with {background} of 255" in text


@pytest.mark.parametrize("radii", [(0.36, 0.4), (0.46, 0.46)])
def test_a_large_garment_turned_inside_out_is_told(tmp_path, radii):
    garment = ellipse(64, 48, radii=radii)
    assert 0.4 < garment.mean() < 0.7
    assert "exchanged" in problem(pairs(tmp_path, np.where(garment, 0, 255).astype(np.uint8)))


@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("layout", ["masks", "cutouts"])
def test_a_mask_turned_inside_out_is_told(tmp_path, soft, layout):
    mask = 255 - (SOFT if soft else MASK)
    folder = pairs(tmp_path, mask)
    if layout == "cutouts":
        (folder / "masks").rename(folder / "cutouts")
        for name, alpha in (("good", MASK), ("odd", mask)):
            cutout = np.dstack([np.full((64, 48, 3), 90, np.uint8), alpha])
            Image.fromarray(cutout).save(folder / "cutouts" / f"{name}.png")
    assert "exchanged" in problem(folder)
    assert "invert" in problem(folder)


def test_a_set_of_inverted_masks_cannot_be_trained_on(tmp_path):
    folder = pairs(tmp_path, 255 - MASK)
    Image.fromarray(255 - MASK).save(folder / "masks" / "good.png")
    with pytest.raises(DataError, match="exchanged"):
        discover(folder)


CLOSE_UP = np.where(ellipse(64, 48, radii=(0.52, 0.52)), 255, 0).astype(np.uint8)
FEATHERED = cv2.GaussianBlur(MASK, (0, 0), 5)
VEIL = np.where(GARMENT, np.linspace(40, 255, 64)[:, np.newaxis], 0).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize(
    "mask",
    [MASK, SOFT, FEATHERED, VEIL, CLOSE_UP, MASK // 255, MASK // 255 * 200, SOFT // 16 * 17],
    ids=["hard", "soft", "feathered", "veil", "close-up", "of 0 and 1", "of 0 and 200", "of few levels"],
)
def test_a_mask_stays_a_mask(tmp_path, mask, suffix):
    if mask.max() == 1 and suffix == ".jpg":
        pytest.skip("JPEG does not keep 0 and 1 apart")
    assert not discover(pairs(tmp_path, mask, suffix)).problems


def test_a_black_and_white_mask_may_be_stored_in_colour_or_with_transparency(tmp_path):
    for name, mode in (("rgb", "RGB"), ("palette", "P"), ("rgba", "RGBA")):
        assert not discover(pairs(tmp_path / name, Image.fromarray(MASK).convert(mode))).problems


def test_a_cutout_may_be_half_transparent(tmp_path):
    folder = pairs(tmp_path, MASK)
    (folder / "masks").rename(folder / "cutouts")
    for name in ("good", "odd"):
        cutout = np.dstack([np.full((64, 48, 3), 90, np.uint8), np.where(GARMENT, 255 - 120 * EDGE, 0)])
        Image.fromarray(cutout.astype(np.uint8)).save(folder / "cutouts" / f"{name}.png")
    assert not discover(folder).problems
