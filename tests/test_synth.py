"""The drawn studio: pure and repeatable, the same scene at any size, cutouts that agree with their photos."""

import json

import cv2
import numpy as np
import pytest

from segmentation.config.jobs.synth import SynthOptions
from segmentation.config.values import names_from
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import discover
from segmentation.datasets.objects import objects_of
from segmentation.images.files import image_size, read_mask, read_photo
from segmentation.jobs.context import Context
from segmentation.jobs.synth import synth
from segmentation.synth import VIEWS, draw_photo, write_studio
from segmentation.synth.folder import write_empty_rooms
from segmentation.synth.studio import draw_empty_room, draw_group

SIZE = (96, 144)  # width, height


def mask_of(cutout: np.ndarray) -> np.ndarray:
    return cutout[..., 3] > 127


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    progress = []
    paths = write_studio(
        folder, 2, *SIZE, seed=7, workers=1, on_photo=lambda done, total: progress.append((done, total))
    )
    return folder, paths, progress


def test_same_arguments_give_the_same_pixels():
    first, again = draw_photo(3, 5, "Front", *SIZE), draw_photo(3, 5, "Front", *SIZE)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize("other", [(4, 5, "Front"), (3, 6, "Front"), (3, 5, "Back"), (3, 5, "FrontRight")])
def test_other_arguments_give_another_photo(other):
    photo, _ = draw_photo(3, 5, "Front", *SIZE)
    assert (photo != draw_photo(*other, *SIZE)[0]).mean() > 0.05


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("garment", range(4))
def test_photo_and_cutout_agree(garment, view):
    photo, cutout = draw_photo(11, garment, view, *SIZE)
    alpha = cutout[..., 3]
    assert photo.shape == (144, 96, 3)
    assert cutout.shape == (144, 96, 4)
    assert photo.dtype == cutout.dtype == np.uint8
    np.testing.assert_array_equal(cutout[..., :3][alpha > 0], photo[alpha > 0])
    assert not cutout[alpha == 0].any()
    assert (alpha == 255).any()


def test_edges_are_soft_and_about_a_pixel_wide():
    _, cutout = draw_photo(11, 1, "Front", 384, 576)
    alpha = cutout[..., 3]
    soft = (alpha > 0) & (alpha < 255)
    outline = cv2.morphologyEx(
        mask_of(cutout).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)
    )
    assert soft.any()
    assert soft.sum() < 1.5 * outline.sum()  # the gradient is two pixels wide
    assert outline[soft].mean() > 0.9


def test_garments_cover_a_plausible_part_of_the_frame():
    areas = [mask_of(draw_photo(1, garment, "Front", *SIZE)[1]).mean() for garment in range(24)]
    assert min(areas) > 0.01
    assert max(areas) < 0.22
    assert 0.06 < np.median(areas) < 0.11


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("garment", [4, 9])
def test_a_small_drawing_is_a_reduction_of_a_large_one(garment, view):
    small_photo, small = draw_photo(2, garment, view, 192, 288)
    large_photo, large = draw_photo(2, garment, view, 576, 864)
    reduced = cv2.resize(large, (192, 288), interpolation=cv2.INTER_AREA)
    one, other = mask_of(small), mask_of(reduced)
    assert 2 * (one & other).sum() / (one.sum() + other.sum()) > 0.97
    reduced_photo = cv2.resize(large_photo, (192, 288), interpolation=cv2.INTER_AREA)
    assert np.abs(small_photo.astype(float) - reduced_photo).mean() < 6


def test_views_of_a_garment_share_the_room():
    front, back = (draw_photo(5, 2, view, *SIZE)[0].astype(float) for view in ("Front", "Back"))
    assert np.abs(front[:10] - back[:10]).mean() < 8


def test_empty_rooms_show_by_turns_the_room_a_stand_and_a_bare_mannequin():
    rooms = [draw_empty_room(3, number, 96, 144) for number in range(6)]

    assert {(room.shape, room.dtype) for room in rooms} == {((144, 96, 3), np.dtype(np.uint8))}
    assert np.array_equal(rooms[2], draw_empty_room(3, 2, 96, 144))
    outlines = [cv2.Canny(room[:115, 24:72], 60, 120).mean() for room in rooms]  # above stand and turntable
    assert min(outlines[2], outlines[5]) > 2 * max(outlines[0], outlines[3])


def test_mannequins_beside_each_other_are_objects_from_left_to_right(tmp_path):
    options = SynthOptions.of(output=tmp_path, count=3, mannequins=2, size="96x96", workers=1)
    photos = synth(options, Context(Workspace(tmp_path)))

    dataset = discover(tmp_path, objects=True)
    assert not dataset.problems
    assert [sample.photo for sample in dataset.samples] == photos
    for sample in dataset.samples:
        first, second = objects_of(sample.truth).masks
        assert np.nonzero(first)[1].mean() + 20 < np.nonzero(second)[1].mean()
        assert all(0.02 < mask.mean() < 0.3 for mask in (first, second))
    everything = discover(tmp_path, classes="foreground").samples[0].truth.read() > 0
    np.testing.assert_array_equal(everything, draw_group(0, 0, 2, 96, 96)[1] > 0)
    assert synth(options, Context(Workspace(tmp_path))) == photos  # the same set is continued


def test_sides_of_several_mannequins_are_not_chosen(tmp_path):
    options = SynthOptions.of(output=tmp_path, mannequins=2, views="Back")
    with pytest.raises(ConfigError, match=r"`views`: expected without `mannequins=2`"):
        synth(options, Context(Workspace(tmp_path)))


def test_a_set_holds_every_view_with_its_cutout(studio):
    folder, paths, progress = studio
    assert [path.stem for path in paths] == [
        f"synth-0007-{garment:06d}_{view}" for garment in range(2) for view in VIEWS
    ]
    assert progress == [(done, 6) for done in range(1, 7)]
    for path in paths:
        cutout_path = folder / "cutouts" / f"{path.stem}.png"
        assert path.parent == folder / "images"
        assert image_size(path) == image_size(cutout_path) == (SIZE[1], SIZE[0])
    record = json.loads((folder / "synth.json").read_text())
    assert record == {"generator": record["generator"], "seed": 7, "count": 2, "width": 96, "height": 144}


def test_garments_are_drawn_from_the_views_that_were_asked_for(studio, tmp_path):
    folder, paths, _ = studio
    drawn = write_studio(tmp_path / "set", 2, *SIZE, seed=7, workers=1, views=("Front",))
    assert [path.name for path in drawn] == [path.name for path in paths if path.stem.endswith("_Front")]
    assert drawn[1].read_bytes() == (folder / "images" / drawn[1].name).read_bytes()
    with pytest.raises(DataError, match="another folder"):
        write_studio(tmp_path / "set", 2, *SIZE, seed=7, workers=1)


@pytest.mark.parametrize(
    ("text", "views"),
    [("Front", ("Front",)), (" back, FRONT", ("Front", "Back")), ("Front,Front", ("Front",))],
)
def test_views_are_names_with_commas_between_them_in_any_case(text, views):
    assert names_from(VIEWS)(text) == views


@pytest.mark.parametrize("text", ["", "Left", "Front;Back", "Front,"])
def test_an_unknown_view_to_draw_names_the_known_ones(text):
    with pytest.raises(ValueError, match="Front, FrontRight, Back"):
        names_from(VIEWS)(text)


def test_files_hold_what_was_drawn(studio):
    folder, paths, _ = studio
    photo, cutout = draw_photo(7, 0, "Front", *SIZE)
    np.testing.assert_array_equal(read_mask(folder / "cutouts" / f"{paths[0].stem}.png"), cutout[..., 3])
    assert np.abs(read_photo(paths[0]).astype(float) - photo).mean() < 4  # JPEG


def test_the_pixels_do_not_depend_on_the_workers(studio, tmp_path):
    folder, paths, _ = studio
    parallel = write_studio(tmp_path / "set", 2, *SIZE, seed=7, workers=2)
    for one, other in zip(paths, parallel, strict=True):
        assert one.read_bytes() == other.read_bytes()
        name = f"{one.stem}.png"
        assert (folder / "cutouts" / name).read_bytes() == (tmp_path / "set" / "cutouts" / name).read_bytes()


def test_the_same_set_is_completed_and_another_refused(tmp_path):
    (lost, *_) = write_studio(tmp_path, 1, 64, 96, seed=1, workers=1)
    before = lost.read_bytes()
    lost.unlink()
    write_studio(tmp_path, 1, 64, 96, seed=1, workers=1)
    assert lost.read_bytes() == before
    with pytest.raises(DataError, match="another folder"):
        write_studio(tmp_path, 1, 64, 96, seed=2, workers=1)
    assert lost.read_bytes() == before


def test_the_same_empty_rooms_are_completed_and_those_of_another_size_refused(tmp_path):
    write_empty_rooms(tmp_path, 1, 64, 96, seed=1)
    (room,) = (tmp_path / "images").iterdir()
    before = room.read_bytes()
    room.unlink()
    write_empty_rooms(tmp_path, 1, 64, 96, seed=1)
    assert room.read_bytes() == before
    with pytest.raises(DataError, match="another folder"):
        write_empty_rooms(tmp_path, 1, 128, 192, seed=1)
    assert room.read_bytes() == before


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="empty folder"):
        write_studio(tmp_path, 1, 64, 96, seed=1, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"count": 0}, "1 garment or more"),
        ({"width": 63}, "at least 64x96"),
        ({"height": 95}, "at least 64x96"),
        ({"seed": -1}, "0 or more"),
        ({"workers": 0}, "1 worker"),
        ({"views": ()}, "1 view or more"),
        ({"views": ("Left",)}, "Front, FrontRight, Back"),
    ],
)
def test_arguments_that_cannot_be_drawn_are_refused(tmp_path, change, reason):
    arguments = {"count": 1, "width": 64, "height": 96, "seed": 1, "workers": 1} | change
    with pytest.raises(DataError, match=reason):
        write_studio(tmp_path / "set", **arguments)
    assert not (tmp_path / "set").exists()


def test_an_unknown_view_names_the_known_ones():
    with pytest.raises(DataError, match="Front, FrontRight, Back"):
        draw_photo(1, 0, "Left", *SIZE)
