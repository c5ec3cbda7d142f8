"""Composed pairs: new photos of known garments whose alpha is exact, the same for the same seed."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.drawing import draw_set
from support.program import make
from support.worn import COLOURS, coloured, draw_worn, draw_worn_set

from segmentation.compose import WAYS, usable_foreground, write_composed
from segmentation.compose.bare import SHARES, bare, opening, skin_coloured
from segmentation.compose.body import relief_of, undress
from segmentation.compose.cut import cut
from segmentation.compose.dressed import dressed
from segmentation.compose.figure import measure
from segmentation.compose.hem import below
from segmentation.compose.layered import layered
from segmentation.compose.placed import placed
from segmentation.compose.placement import Placement
from segmentation.compose.sources import Loaded
from segmentation.compose.turned import turned
from segmentation.config.jobs.compose import WAYS as NAMES
from segmentation.config.jobs.compose import ComposeOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Note, ignore
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import discover
from segmentation.datasets.split import apart_from
from segmentation.images.files import read_mask, read_photo, write_image
from segmentation.jobs.compose import compose
from segmentation.jobs.context import Context

SIZES = [(240, 170), (301, 203), (173, 131)]


def loaded(seed, garment="dress", height=240, width=170):
    photo, alpha = draw_worn(seed, garment, height, width)
    figure = measure(photo, alpha)
    assert figure
    return Loaded(photo, alpha, figure)


def rng(seed=0):
    return np.random.default_rng(seed)


def check_pair(photo, alpha):
    assert photo.shape == (*alpha.shape, 3)
    assert photo.dtype == alpha.dtype == np.uint8
    assert (alpha == 255).any()
    assert (alpha == 0).any()


def far_from(mask, reach_px):
    return cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, 5) > reach_px


def composed_by(way, height, width):
    dress, skirt = loaded(0, "dress", height, width), loaded(1, "skirt", height, width)
    top = skirt.figure.garment.top - 0.005
    if way == "bare":
        return bare(dress.photo, dress.alpha, dress.figure, rng(), relief_of(skirt.photo, skirt.figure))
    if way == "cut":
        shift = skirt.figure.garment.centre - dress.figure.garment.centre
        return cut(dress, skirt, Placement(1.0, shift, 0.0, top), rng())
    if way == "dressed":
        shift = skirt.figure.garment.centre - dress.figure.garment.centre
        return dressed(dress, skirt, Placement(1.0, shift, 0.0), rng())
    if way == "turned":
        return turned(dress.photo, dress.alpha, rng())
    layers = (placed if way == "placed" else layered)(dress.photo, dress.alpha, [], rng())
    return layers.photo, layers.alpha


def test_the_registry_and_the_option_name_the_same_ways():
    assert tuple(WAYS) == NAMES


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", NAMES)
def test_every_way_makes_a_pair_of_any_size(way, size):
    photo, alpha = composed_by(way, *size)
    check_pair(photo, alpha)
    if way not in ("placed", "layered"):
        assert alpha.shape == size


@pytest.mark.parametrize("way", NAMES)
def test_the_same_generator_makes_the_same_pixels(way):
    for one, other in zip(composed_by(way, 173, 131), composed_by(way, 173, 131), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", SIZES)
def test_a_figure_is_measured(size):
    dress, skirt = loaded(0, "dress", *size).figure, loaded(1, "skirt", *size).figure
    assert (dress.bare, dress.closed) == (False, True)
    assert (skirt.bare, skirt.closed) == (True, False)
    assert skirt.torso.top == pytest.approx(0.15, abs=0.02)
    assert skirt.torso.bottom == pytest.approx(0.40, abs=0.02)
    assert np.abs(skirt.tone - (205, 160, 128)).max() < 12
    assert np.abs(skirt.wall - (228, 226, 229)).max() < 6


@pytest.mark.parametrize(
    "photo_and_alpha",
    [
        (np.full((60, 40, 3), 200, np.uint8), np.zeros((60, 40), np.uint8)),
        (np.full((60, 40, 3), 200, np.uint8), np.full((60, 40), 255, np.uint8)),
        (np.full((1, 1, 3), 200, np.uint8), np.full((1, 1), 255, np.uint8)),
        (np.full((60, 40, 3), 200, np.uint8), np.pad(np.full((20, 20), 255, np.uint8), ((20, 20), (10, 10)))),
    ],
)
def test_a_photo_without_a_mannequin_has_no_figure(photo_and_alpha):
    assert measure(*photo_and_alpha) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("with_relief", [True, False])
def test_a_bare_mannequin_keeps_nothing_of_the_garment_above_the_line(seed, with_relief):
    dress, skirt = loaded(seed), loaded(seed + 1, "skirt")
    row = dress.figure.garment.top + 0.45 * dress.figure.garment.height
    kept = below(row, dress.alpha.shape, dress.figure.garment, rng(seed))
    relief = relief_of(skirt.photo, skirt.figure) if with_relief else None
    photo, alpha = undress(dress.photo, dress.alpha, kept, dress.figure, rng(seed), relief)
    check_pair(photo, alpha)
    np.testing.assert_array_equal(alpha, np.round(dress.alpha * kept))
    assert not coloured(photo, COLOURS[seed])[alpha == 0].any()
    assert coloured(photo, COLOURS[seed])[alpha == 255].mean() > 0.98
    away = far_from(dress.alpha, 8)
    np.testing.assert_array_equal(photo[away], dress.photo[away])


def test_the_painted_body_has_the_tone_of_the_mannequin():
    dress = loaded(0)
    kept = below(0.42, dress.alpha.shape, dress.figure.garment, rng())
    photo, _ = undress(dress.photo, dress.alpha, kept, dress.figure, rng())
    painted = cv2.erode(((dress.alpha == 255) & (kept == 0)).astype(np.uint8), np.ones((7, 7))) > 0
    middle = np.median(photo[painted], axis=0)
    assert np.abs(middle - dress.figure.tone).max() < 30
    assert coloured(photo, dress.figure.tone)[painted].mean() > 0.98


def test_cloth_in_the_tone_of_the_mannequin_stays_garment():
    dress = loaded(0)
    photo, alpha = skin_coloured(dress.photo, dress.alpha, dress.figure, rng())
    np.testing.assert_array_equal(alpha, dress.alpha)
    upper = (alpha == 255) & (np.arange(len(alpha)) < 0.28 * len(alpha))[:, None]
    assert coloured(photo, dress.figure.tone)[upper].mean() > 0.98
    away = far_from(alpha, 8)
    np.testing.assert_array_equal(photo[away], dress.photo[away])


def test_an_open_front_shows_the_mannequin_between_two_sides_of_garment():
    dress = loaded(0)
    kept = opening(dress.alpha, dress.figure, rng(4))
    photo, alpha = undress(dress.photo, dress.alpha, kept, dress.figure, rng(4))
    row = round((dress.figure.garment.top + 0.1 * dress.figure.garment.height) * len(alpha))
    garment = np.flatnonzero(alpha[row] > 127)
    gap = np.flatnonzero(alpha[row, garment[0] : garment[-1]] == 0) + garment[0]
    assert len(gap) >= 3
    assert coloured(photo, dress.figure.tone)[row, gap].all()


def test_bare_makes_all_its_kinds():
    dress = loaded(0)
    changed = [bare(dress.photo, dress.alpha, dress.figure, rng(seed))[1] for seed in range(12)]
    kept = [(alpha.astype(int).sum() / dress.alpha.sum()) for alpha in changed]
    assert len(SHARES) == 3
    assert any(share == 1 for share in kept)
    assert any(share < 0.8 for share in kept)


def cut_inside(pair):
    """The pair as a careful retoucher leaves it: its alpha ends a pixel within the garment."""
    alpha = cv2.erode(pair.alpha, np.ones((3, 3), np.uint8))
    return Loaded(pair.photo, alpha, measure(pair.photo, alpha))


def test_the_rim_of_a_garment_goes_with_it():
    dress = cut_inside(loaded(0))
    kept = below(0.42, dress.alpha.shape, dress.figure.garment, rng())
    photo, _ = undress(dress.photo, dress.alpha, kept, dress.figure, rng())
    above = slice(0, round(0.39 * len(photo)))
    assert coloured(dress.photo, COLOURS[0])[above][dress.alpha[above] == 0].any()
    assert not coloured(photo, COLOURS[0])[above].any()


def test_what_sticks_out_of_a_covered_garment_is_painted_over():
    dress, skirt = loaded(0), cut_inside(loaded(1, "skirt"))
    shift = skirt.figure.garment.centre - dress.figure.garment.centre + 0.014
    photo, alpha = dressed(dress, skirt, Placement(1.0, shift, 0.0), rng())
    stuck_out = (skirt.alpha > 127) & (alpha < 127)
    assert stuck_out.any()
    assert not coloured(photo, COLOURS[1]).any()


@pytest.mark.parametrize("way", ["cut", "dressed"])
def test_nothing_is_left_of_the_garment_that_is_covered(way):
    photo, alpha = composed_by(way, 240, 170)
    assert not coloured(photo, COLOURS[1]).any()
    assert coloured(photo, COLOURS[0])[alpha == 255].mean() > 0.98
    assert not coloured(photo, COLOURS[0])[alpha == 0].any()
    skirt = loaded(1, "skirt")
    away = far_from(np.maximum(alpha, skirt.alpha), 10)
    np.testing.assert_array_equal(photo[away], skirt.photo[away])


def test_a_garment_that_leaves_the_other_in_sight_is_refused():
    dress, skirt = loaded(0), loaded(1, "skirt")
    assert dressed(dress, skirt, Placement(0.6, 0.1, 0.0), rng()) is None
    assert cut(dress, skirt, Placement(0.6, 0.1, 0.0, 0.4), rng()) is None


@pytest.mark.parametrize("seed", range(4))
def test_photo_and_alpha_turn_together(seed):
    dress = loaded(seed)
    photo, alpha = turned(dress.photo, dress.alpha, rng(seed))
    garment, mask = coloured(photo, COLOURS[seed]), alpha > 127
    assert (garment & mask).sum() / (garment | mask).sum() > 0.93
    assert mask.sum() < 0.97 * (dress.alpha > 127).sum()
    np.testing.assert_array_equal(photo.shape, dress.photo.shape)


@pytest.mark.parametrize("seed", range(6))
def test_a_placed_garment_is_where_its_alpha_says(seed):
    dress = loaded(0)
    layers = placed(dress.photo, dress.alpha, [], rng(seed))
    photo, alpha = layers.photo, layers.alpha
    check_pair(photo, alpha)
    assert min(alpha.shape) >= 299
    inside = cv2.erode((alpha == 255).astype(np.uint8), np.ones((5, 5))) > 0
    assert coloured(photo, COLOURS[0])[inside].mean() > 0.9
    rows, columns = np.flatnonzero((alpha > 127).any(axis=1)), np.flatnonzero((alpha > 127).any(axis=0))
    share = (rows[-1] - rows[0]) * (columns[-1] - columns[0]) / alpha.size
    assert 0.02 < share < 0.85


def test_garments_are_placed_on_the_pictures_that_are_given(tmp_path):
    write_image(tmp_path / "green.png", np.full((50, 60, 3), (0, 255, 0), np.uint8))
    dress = loaded(0)
    grounds = [
        placed(dress.photo, dress.alpha, [tmp_path / "green.png"], rng(seed)).photo[0, 0] for seed in range(8)
    ]
    assert any(coloured(ground[None, None], (0, 255, 0)).all() for ground in grounds)


@pytest.mark.parametrize("way", [turned, lambda *pair: placed(*pair[:2], [], pair[2])])
def test_a_photo_without_a_garment_gives_no_pair(way):
    assert way(np.full((60, 40, 3), 200, np.uint8), np.zeros((60, 40), np.uint8), rng()) is None


@pytest.fixture(scope="module")
def worn(tmp_path_factory):
    return draw_worn_set(tmp_path_factory.mktemp("worn"))


def write(output, worn, **changes):
    samples = discover(worn).samples
    cutouts = [usable_foreground(path, path.stem) for path in sorted((worn / "cutouts").iterdir())]
    arguments = {"count": 6, "seed": 3, "ways": NAMES, "workers": 1, "foregrounds": cutouts} | changes
    return write_composed(output, samples, [], **arguments)


@pytest.fixture(scope="module")
def composed(worn, tmp_path_factory):
    output = tmp_path_factory.mktemp("composed")
    return output, write(output, worn)


def test_a_set_holds_a_pair_by_each_way(composed):
    output, photos = composed
    assert [path.stem for path in photos] == [f"{way}-0003-{number:06d}" for number, way in enumerate(NAMES)]
    for path in photos:
        photo, alpha = read_photo(path), read_mask(output / "cutouts" / f"{path.stem}.png")
        check_pair(photo, alpha)
    samples = discover(output).samples
    assert {sample.origin for sample in samples} == {"composed"}


def test_the_bytes_do_not_depend_on_the_workers(composed, worn, tmp_path):
    output, photos = composed
    write(tmp_path / "set", worn, workers=2)
    for path in [*photos, *(output / "cutouts").iterdir(), output / "compose.json", output / "origin.json"]:
        assert (tmp_path / "set" / path.relative_to(output)).read_bytes() == path.read_bytes()


def test_the_same_set_is_gone_on_with_and_another_refused(worn, tmp_path):
    kept, lost = write(tmp_path / "set", worn, count=2, ways=("turned", "placed"))
    before, written = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    write(tmp_path / "set", worn, count=2, ways=("turned", "placed"))
    assert lost.read_bytes() == before
    assert kept.stat().st_mtime_ns == written
    with pytest.raises(DataError, match="another folder"):
        write(tmp_path / "set", worn, count=2, seed=4, ways=("turned", "placed"))
    assert lost.read_bytes() == before


def composed_of(output, worn, others=()):
    return write_composed(output, worn, others, count=8, seed=3, ways=("placed",), workers=1)


def test_a_set_of_the_same_pairs_in_another_order_or_part_or_group_is_another_one(tmp_path):
    first, second = (discover(draw_set(tmp_path / name, garments=3)).samples for name in ("first", "second"))
    second = [dataclasses.replace(sample, id=f"b{sample.id}", group=f"b{sample.group}") for sample in second]
    composed_of(tmp_path / "set", first, second)
    origin = (tmp_path / "set" / "origin.json").read_bytes()
    regrouped = [dataclasses.replace(sample, group="one") for sample in second]
    for others in ((second, first), ([*first, *second], ()), (first, regrouped), (first[::-1], second)):
        with pytest.raises(DataError, match="choose another folder"):
            composed_of(tmp_path / "set", *others)
    assert (tmp_path / "set" / "origin.json").read_bytes() == origin
    assert len(composed_of(tmp_path / "set", first, second)) == 8


def test_a_set_that_an_earlier_version_composed_is_gone_on_with_where_its_garments_are_these(tmp_path):
    pairs = discover(draw_set(tmp_path / "pairs", garments=4)).samples
    composed_of(tmp_path / "set", pairs)
    path = tmp_path / "set" / "compose.json"
    record = json.loads(path.read_text())
    earlier = {name: value for name, value in record.items() if name != "sources"}
    path.write_text(json.dumps(earlier))
    with pytest.raises(DataError, match="choose another folder"):
        composed_of(tmp_path / "set", pairs[::-1])
    assert json.loads(path.read_text()) == earlier
    composed_of(tmp_path / "set", pairs)
    assert json.loads(path.read_text()) == record


@pytest.mark.parametrize("way", ["bare", "dressed", "cut", "turned"])
def test_pairs_without_a_mannequin_fit_no_way_of_one(way, tmp_path):
    flat = draw_set(tmp_path / "flat", garments=2)
    with pytest.raises(DataError, match=f"`ways={way}` needs .*; give other `data`, or leave this way out"):
        write(tmp_path / "set", flat, ways=(way,))
    assert not (tmp_path / "set").exists()


def test_a_cut_needs_skirts(tmp_path):
    dresses = draw_worn_set(tmp_path / "dresses", skirts=0)
    with pytest.raises(DataError, match="`ways=cut` needs dresses, and skirts on mannequins"):
        write(tmp_path / "set", dresses, ways=("cut",))


def test_what_was_composed_of_held_out_garments_is_not_trained_on(composed, worn):
    output, _ = composed
    samples, pairs = discover(output).samples, discover(worn).samples
    garments = {sample.group for sample in samples}
    assert garments <= {pair.group for pair in pairs}
    held_out = [pair for pair in pairs if pair.group == samples[0].group]
    left = apart_from(held_out, samples)
    assert samples[0] not in left
    assert {sample.group for sample in left} == garments - {samples[0].group}


def run(tell=ignore, **options):
    context = Context(Workspace(Path(options["output"]).parent), tell)
    return compose(ComposeOptions.of(workers=1, **options), context)


def test_photos_of_val_are_held_out(tmp_path):
    for side, garments in (("train", 2), ("val", 3)):
        draw_worn_set(tmp_path / "pairs" / side, dresses=garments, skirts=0)
    # val holds 000 and 001 as well, which are left out of train
    write_image(tmp_path / "pairs/train/images/other.png", draw_worn(5)[0])
    write_image(tmp_path / "pairs/train/cutouts/other.png", np.dstack(draw_worn(5)))
    notes = []
    run(notes.append, data=[tmp_path / "pairs"], output=tmp_path / "set", count=4, ways="turned")
    assert any(isinstance(note, Note) and "held out" in note.text for note in notes)
    record = json.loads((tmp_path / "set" / "origin.json").read_text())
    assert set(record["garments"].values()) == {"other"}


def test_further_data_lend_garments_to_placed_alone(worn, tmp_path):
    flat = draw_set(tmp_path / "flat", garments=2)
    options = {"data": [worn, flat], "output": tmp_path / "set", "count": 16, "ways": "placed"}
    assert len(run(**options).photos) == 16
    record = json.loads((tmp_path / "set" / "origin.json").read_text())
    groups = [{sample.group for sample in discover(folder).samples} for folder in (worn, flat)]
    assert all(group & set(record["garments"].values()) for group in groups)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"output": "inside"}, "outside of"),
        ({"backgrounds": "nowhere"}, "a folder of pictures or drawn"),
        ({"backgrounds": "empty"}, "found none"),
    ],
)
def test_options_that_do_not_fit_are_refused(worn, tmp_path, changes, reason):
    (tmp_path / "empty").mkdir()
    changes = {name: (worn if value == "inside" else tmp_path) / value for name, value in changes.items()}
    options = {"data": [worn], "output": tmp_path / "set", "ways": "placed"} | changes
    options["backgrounds"] = str(options.get("backgrounds", "drawn"))
    with pytest.raises((ConfigError, DataError), match=reason):
        run(**options)
    assert not (tmp_path / "set").exists()


def test_composed_pairs_are_not_composed_again(composed, tmp_path):
    output, _ = composed
    with pytest.raises(DataError, match="pairs that a person made"):
        run(data=[output], output=tmp_path / "set", ways="placed")
    assert not (tmp_path / "set").exists()


def test_a_record_of_other_garments_is_refused(composed, tmp_path):
    record = json.loads((composed[0] / "origin.json").read_text())
    for garments in ([], {"a": 1}):
        (tmp_path / "origin.json").write_text(json.dumps(record | {"garments": garments}))
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "cutouts").mkdir(exist_ok=True)
        with pytest.raises(DataError, match="expected garments"):
            discover(tmp_path)


def test_the_command_says_what_it_has_made(worn, tmp_path, capsys):
    make(
        "compose", "--home", tmp_path, "--data", worn, "--output", tmp_path / "set", "--count", 2,
        "--ways", "turned,placed", "--workers", 1,
    )  # fmt: skip
    assert f"2 photos in {tmp_path / 'set'}" in capsys.readouterr().out
