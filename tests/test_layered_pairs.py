"""Foregrounds over backgrounds: photos that can be taken apart again, by an alpha that is exact."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawing import draw_set

from segmentation.compose.depth import defocused, is_surface
from segmentation.compose.foreground import LARGEST_PX, SMALLEST_PX, framed, visible_part
from segmentation.compose.layered import layered
from segmentation.compose.scenery import ENLARGED_FAR
from segmentation.config.jobs.compose import ComposeOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Caution, Note, ignore
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import discover
from segmentation.datasets.split import apart_from
from segmentation.images.compositing import blend
from segmentation.images.files import open_photo, read_mask, read_photo, write_image
from segmentation.jobs.compose import compose
from segmentation.jobs.context import Context

DTYPES = (np.uint8, np.uint16)


def rng(seed=0):
    return np.random.default_rng(seed)


def hairy(height=150, width=120, dtype=np.uint8, cut=False):
    """Colours and alpha of a ball with hairs, a pixel wide; one that is `cut` goes on below its picture."""
    down, across = np.mgrid[:height, :width]
    centre = height if cut else 0.55 * height
    ball = np.clip(0.3 * width - np.hypot(down - centre, across - width / 2) + 0.5, 0, 1)
    alpha = (255 * ball).astype(np.uint8)
    for end in np.linspace(0.1, 0.9, 9):
        cv2.line(alpha, (width // 2, int(centre) - 5), (int(end * width), 4), 200, 1, cv2.LINE_AA)
    colours = np.clip(np.stack([120 + down, 60 + across, 90 + 0 * down], 2), 0, 255)
    scale = np.iinfo(dtype).max // 255
    return colours.astype(dtype) * dtype(scale), alpha.astype(dtype) * dtype(scale)


def write_foreground(path, **drawn):
    write_image(path, np.dstack(hairy(**drawn)))
    return path


def write_ground(path, height=400, width=500, seed=0):
    picture = rng(seed).integers(60, 200, (height // 8, width // 8, 3), np.uint8)
    write_image(path, cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC))
    return path


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(4))
def test_a_photo_is_alpha_of_the_foreground_and_the_rest_of_the_background(seed, dtype):
    layers = layered(*hairy(dtype=dtype), [], rng(seed))
    most = float(np.iinfo(dtype).max)
    assert (
        layers.photo.dtype == layers.alpha.dtype == layers.colours.dtype == layers.background.dtype == dtype
    )
    share = layers.alpha[..., None] / most
    mixed = share * layers.colours + (1 - share) * layers.background
    assert np.abs(layers.photo - mixed).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(4))
def test_alpha_is_measured_back_from_the_foreground_over_black_and_over_white(seed, dtype):
    """The method is that of `alphamatting.com`: triangulation (Smith and Blinn, 1996)."""
    layers = layered(*hairy(dtype=dtype), [], rng(seed))
    most = np.iinfo(dtype).max
    dark, light = (
        blend(layers.colours, np.full_like(layers.colours, level), layers.alpha) for level in (0, most)
    )
    measured = most - (light.astype(np.int64) - dark)
    np.testing.assert_array_equal(measured, np.repeat(layers.alpha[..., None], 3, axis=2))


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), deep=st.booleans())
def test_composing_and_reading_back_gives_the_same_alpha(tmp_path_factory, seed, deep):
    folder = tmp_path_factory.mktemp("written")
    dtype = DTYPES[deep]
    layers = layered(*hairy(60, 50, dtype), [], rng(seed))
    write_image(folder / "photo.png", layers.photo)
    write_image(folder / "cutout.png", layers.cutout)
    bits = 16 if deep else 8
    np.testing.assert_array_equal(read_mask(folder / "cutout.png", bits=bits), layers.alpha)
    photo, cutout = (open_photo(folder / f"{name}.png", bits=bits) for name in ("photo", "cutout"))
    there = layers.alpha > 0
    colours = cutout.deep if deep else cutout.pixels
    np.testing.assert_array_equal(colours[there], layers.colours[there])
    np.testing.assert_array_equal(photo.deep if deep else photo.pixels, layers.photo)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_generator_gives_the_same_pixels(seed):
    one, other = (layered(*hairy(), [], rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(one.photo, other.photo)
    np.testing.assert_array_equal(one.cutout, other.cutout)


def test_an_opaque_foreground_hides_the_background_and_a_transparent_one_is_none():
    colours, alpha = hairy()
    for seed in range(4):
        layers = layered(colours, np.full_like(alpha, 255), [], rng(seed))
        assert (layers.alpha == 255).any()
        covered = layers.alpha == 255
        np.testing.assert_array_equal(layers.photo[covered], layers.colours[covered])
        behind = layers.alpha == 0
        np.testing.assert_array_equal(layers.photo[behind], layers.background[behind])
    assert layered(colours, np.zeros_like(alpha), [], rng()) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (3, 5), (2500, 7), (2000, 1900)])
@pytest.mark.parametrize("border", [0, 2])
def test_a_foreground_of_any_size_is_framed(size, border):
    alpha = np.pad(np.full(size, 255, np.uint8), border)
    for seed in range(3):
        layers = layered(np.full((*alpha.shape, 3), 99, np.uint8), alpha, [], rng(seed))
        assert max(layers.alpha.shape) <= LARGEST_PX
        assert layers.alpha.max() > 0


def test_about_a_quarter_of_the_foregrounds_keep_their_alpha_bit_for_bit():
    colours, alpha = hairy(400, 320)
    kept = 0
    for seed in range(200):
        random = rng(seed)
        frame = framed(visible_part(colours, alpha, random), random, 0.12)
        found = np.round(frame.alpha * 255).astype(np.uint8)
        rows, columns = (np.flatnonzero(found.any(axis=axis)) for axis in (1, 0))
        box = found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        rows, columns = (np.flatnonzero(alpha.any(axis=axis)) for axis in (1, 0))
        own = alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        kept += any(np.array_equal(box, side) for side in (own, own[:, ::-1]))
    assert 0.18 <= kept / 200 <= 0.34


@pytest.mark.parametrize("seed", range(12))
def test_hairs_of_one_pixel_are_neither_lost_nor_thickened_at_any_scale(seed):
    hairs, block = np.zeros((2, 620, 600), np.uint8)
    hairs[20:581:40, 20:580] = 255
    block[20:581, 20:580] = 255
    colours = np.full((620, 600, 3), 90, np.uint8)
    parts = [visible_part(colours, alpha, rng(seed)) for alpha in (hairs, block)]
    laid = [framed(part, rng(seed), 0.12).alpha for part in parts]
    assert laid[0].sum() / laid[1].sum() == pytest.approx(hairs.sum() / block.sum(), rel=0.03)
    found, _ = cv2.connectedComponents((laid[0] > 0.05).astype(np.uint8))
    assert found - 1 == 15  # each in one piece


def test_what_its_picture_cuts_off_goes_on_at_the_border_of_the_frame():
    for seed in range(8):
        layers = layered(*hairy(cut=True), [], rng(seed))
        assert layers.alpha[-1].max() > 250
        assert layers.alpha[0].max() == 0


def test_a_foreground_takes_on_the_light_of_its_background(tmp_path):
    tints = []
    for name, colour in (("warm", (230, 170, 90)), ("cold", (90, 150, 230))):
        write_image(tmp_path / f"{name}.png", np.full((500, 500, 3), colour, np.uint8))
        layers = layered(*hairy(), [tmp_path / f"{name}.png"], rng(2))
        red, _, blue = layers.colours[layers.alpha == 255].mean(axis=0)
        tints.append(red / blue)
    assert tints[0] > 1.1 * tints[1]


def test_a_surface_is_darker_beside_what_lies_on_it(tmp_path):
    write_image(tmp_path / "grey.png", np.full((900, 900, 3), 180, np.uint8))
    darker = 0
    for seed in range(6):
        layers = layered(*hairy(), [tmp_path / "grey.png"], rng(seed))
        solid = cv2.morphologyEx(layers.alpha, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
        away = cv2.distanceTransform((solid == 0).astype(np.uint8), cv2.DIST_L2, 5)
        unit = np.sqrt((layers.alpha > 127).sum())
        near, far = ((away > 0) & (away < 0.03 * unit)), away > 0.6 * unit
        darker += layers.background[near].mean() < layers.background[far].mean() - 5
    assert darker >= 3


def test_a_small_background_makes_a_small_photo(tmp_path):
    ground = write_ground(tmp_path / "small.png", 200, 260)
    for seed in range(6):
        layers = layered(*hairy(900, 700), [ground], rng(seed))
        assert max(layers.alpha.shape) <= max(200 * ENLARGED_FAR, 1.5 * SMALLEST_PX)


def test_surfaces_are_told_from_scenes():
    pattern = np.kron(np.indices((32, 32)).sum(axis=0) % 2, np.ones((8, 8)))[..., None] * np.full(3, 200)
    scene = np.zeros((256, 256, 3))
    scene[:128] = (90, 140, 230)
    scene[128:] = (60, 110, 50)
    scene[60:200, 100:140] = (230, 220, 200)
    assert is_surface(pattern.astype(np.uint8))
    assert is_surface(np.full((300, 200, 3), 77, np.uint8))
    assert not is_surface(scene.astype(np.uint8))


@pytest.mark.parametrize("radius_px", [0.5, 3, 20])
def test_out_of_focus_a_constant_stays_and_light_is_kept(radius_px):
    grey = np.full((80, 120, 3), 0.4, np.float32)
    np.testing.assert_allclose(defocused(grey, radius_px), 0.4, atol=1e-3)
    point = np.zeros((81, 121, 3), np.float32)
    point[36:45, 56:65] = 1
    assert (defocused(point, radius_px) ** 2.2).sum() == pytest.approx((point**2.2).sum(), rel=0.1)


def run(folder: Path, tell=ignore, **options):
    context = Context(Workspace(folder), tell)
    return compose(ComposeOptions.of(workers=1, output=folder / "set", **options), context)


@pytest.fixture
def foregrounds(tmp_path):
    for name in ("a_Front", "b"):
        write_foreground(tmp_path / "foregrounds" / f"{name}.png")
    return tmp_path / "foregrounds"


@pytest.fixture
def grounds(tmp_path):
    for seed in range(2):
        write_ground(tmp_path / "grounds" / f"{seed}.png", seed=seed)
    return tmp_path / "grounds"


def test_the_set_is_one_of_pairs_whose_cutouts_keep_the_foreground(foregrounds, grounds, tmp_path):
    made = run(tmp_path, foregrounds=foregrounds, backgrounds=str(grounds), count=4, seed=1)
    assert [path.name for path in made.photos] == [f"layered-0001-{number:06d}.png" for number in range(4)]
    dataset = discover(tmp_path / "set")
    assert not dataset.problems
    for sample in dataset.samples:
        photo, cutout = read_photo(sample.photo), open_photo(sample.truth.path)
        np.testing.assert_array_equal(sample.truth.read(), cutout.alpha)
        solid = cutout.alpha == 255
        np.testing.assert_array_equal(photo[solid], cutout.pixels[solid])
    record = json.loads((tmp_path / "set" / "origin.json").read_text())
    assert record["origin"] == "composed"
    assert set(record["garments"].values()) == {"a", "b"}


def test_sixteen_bits_stay_sixteen(tmp_path):
    write_foreground(tmp_path / "foregrounds" / "deep.tif", dtype=np.uint16)
    (photo,) = run(tmp_path, foregrounds=tmp_path / "foregrounds", count=1).photos
    assert open_photo(photo, bits=16).deep is not None
    assert open_photo(tmp_path / "set/cutouts" / photo.name, bits=16).alpha.dtype == np.uint16


def test_files_that_cannot_be_used_are_named_once_and_the_rest_goes_on(foregrounds, grounds, tmp_path):
    colours, alpha = hairy()
    write_image(foregrounds / "opaque.png", colours)
    write_image(foregrounds / "empty.png", np.dstack([colours, 0 * alpha]))
    (foregrounds / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    write_ground(grounds / "tiny.png", 90, 120)
    (grounds / "broken.jpg").write_bytes(b"no picture")
    told = []
    made = run(tmp_path, told.append, foregrounds=foregrounds, backgrounds=str(grounds), count=3)
    assert len(made.photos) == 3
    cautions = [event.text for event in told if isinstance(event, Caution)]
    for name, reason in {
        "opaque.png": "no alpha channel",
        "empty.png": "is empty",
        "foregrounds/broken.png": "cannot be read",
        "tiny.png": "is 120x90",
        "broken.jpg": "cannot be read",
    }.items():
        assert sum(name in text and reason in text for text in cautions) == 1
    assert len(cautions) == 5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"foregrounds": "nowhere"}, "`foregrounds` .*nowhere: expected a folder of photos"),
        ({"foregrounds": "empty"}, "`foregrounds` .*empty: expected photos .* found none"),
        ({"foregrounds": "grounds"}, "`foregrounds` .*none .problem 1 of 2: 0.png has no alpha channel"),
        ({"backgrounds": "tiny"}, "`backgrounds` .*none .problem 1 of 1: tiny.png is 120x90"),
        ({"foregrounds": "."}, "outside of"),
        ({"backgrounds": "."}, "outside of"),
        ({"ways": "bare", "foregrounds": "foregrounds"}, "`ways=bare` needs"),
    ],
)
def test_folders_of_which_nothing_can_be_used_are_refused(foregrounds, grounds, tmp_path, changes, reason):
    (tmp_path / "empty").mkdir()
    write_ground(tmp_path / "tiny" / "tiny.png", 90, 120)
    options = {"foregrounds": foregrounds, "backgrounds": grounds} | {
        name: value if name == "ways" else tmp_path / value for name, value in changes.items()
    }
    options["backgrounds"] = str(options["backgrounds"])
    with pytest.raises((ConfigError, DataError), match=reason):
        run(tmp_path, **options)
    assert not (tmp_path / "set").exists()


def test_something_to_compose_of_is_needed(tmp_path):
    with pytest.raises(ConfigError, match=r"`data`: expected pairs, or .* `foregrounds`, received neither"):
        run(tmp_path)


def test_layers_need_foregrounds(tmp_path):
    flat = draw_set(tmp_path / "flat", garments=2)
    with pytest.raises(DataError, match=r"`ways=layered` needs .*; give `foregrounds`"):
        run(tmp_path, data=flat, ways="layered")


def test_foregrounds_of_val_are_held_out(tmp_path):
    for side in ("train", "val"):
        write_foreground(tmp_path / "pictures" / side / f"{side}.png")
    notes = []
    run(tmp_path, notes.append, foregrounds=tmp_path / "pictures", count=4)
    assert any(isinstance(note, Note) and "held out" in note.text for note in notes)
    record = json.loads((tmp_path / "set" / "origin.json").read_text())
    assert set(record["garments"].values()) == {"train"}


@pytest.mark.parametrize("below", [".", "cutouts"])
def test_what_shows_a_held_out_garment_is_not_trained_on_wherever_its_cutout_lay(tmp_path, below):
    """The folder of pairs, or its cutouts alone; two of the three photos are listed as of one garment."""
    pairs = tmp_path / "pairs"
    for number, name in enumerate("abc"):
        write_foreground(pairs / "cutouts" / f"{name}.png", height=140 + 10 * number)
        write_ground(pairs / "images" / f"{name}.png", 140 + 10 * number, 120, seed=number)
    (pairs / "duplicates.csv").write_text("image,group\na,one\nc,one\n")
    run(tmp_path, foregrounds=pairs / below, count=9)
    dataset, composed = discover(pairs), discover(tmp_path / "set").samples
    held_out = [sample for sample in dataset.samples if sample.group == "a"]
    left = apart_from(held_out, composed)

    assert [sample.id for sample in held_out] == ["a", "c"]
    assert {Path(sample.group).name for sample in composed} == {"a", "b", "c"}
    assert {Path(sample.group).name for sample in left} == {"b"}


def test_pairs_and_foregrounds_together_are_composed_by_the_ways_of_both(foregrounds, tmp_path):
    flat = draw_set(tmp_path / "flat", garments=2)
    made = run(tmp_path, data=flat, foregrounds=foregrounds, ways="placed,layered", count=2)
    assert [path.name for path in made.photos] == ["placed-0000-000000.jpg", "layered-0000-000001.png"]
