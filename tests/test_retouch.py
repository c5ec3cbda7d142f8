"""Masks are retouched: what an operation does, what the journal keeps, what is written in the end."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from support.desk import NAMES, SIZE, draw_results, read
from support.drawing import ellipse
from support.folder_job import cut_folder
from support.places import ROOT
from support.waiting import PATIENCE_S

from segmentation.cli.review import require_review
from segmentation.confidence.doubts import Region, find_regions
from segmentation.config.jobs.collect import CollectOptions
from segmentation.config.jobs.deliver import DeliverOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.file_kinds import FILES
from segmentation.core.file_kinds import REVIEW_JOURNAL as JOURNAL
from segmentation.core.lock import locked
from segmentation.jobs.collect import collect
from segmentation.jobs.context import Context
from segmentation.jobs.deliver import deliver
from segmentation.jobs.review import latest_results
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk, StaleError
from segmentation.retouch.edges import fit_to_colours
from segmentation.retouch.export import RECORD, export
from segmentation.retouch.journal import Journal
from segmentation.retouch.operations import Area, Hint, Refinement, Spot, Stroke, Whole, parse, plain
from segmentation.retouch.painting import painted
from segmentation.retouch.sheet import Sheet
from segmentation.retouch.state import PhotoState
from segmentation.retouch.summary import summarise, write_table

EMPTY = np.zeros((40, 50), np.uint8)
MIDDLE = SIZE[0] / 2, SIZE[1] / 2


def after(operation, alpha):
    sheet = Sheet(alpha, [operation])
    return sheet.alpha


# What operations do


def test_a_brush_of_one_pixel_paints_the_pixels_that_it_is_led_over_and_no_other():
    painted_pixels = after(Stroke(True, 1, 1.0, ((3.2, 5.9), (8.7, 5.1))), EMPTY)

    assert [tuple(place) for place in np.argwhere(painted_pixels == 255)] == [(5, x) for x in range(3, 9)]
    assert np.count_nonzero(painted_pixels) == 6


@pytest.mark.parametrize("size", [3, 8, 25.5])
def test_a_hard_brush_is_as_large_as_it_is_called(size):
    disc = after(Stroke(True, size, 1.0, ((25, 20),)), EMPTY)

    assert disc.sum() / 255 == pytest.approx(np.pi * size**2 / 4, rel=0.05)
    assert np.array_equal(disc, disc[::-1])
    assert np.array_equal(disc, disc[:, ::-1])


def test_a_soft_brush_falls_off_from_where_it_is_hard():
    row = after(Stroke(True, 30, 0.5, ((25.5, 20.5),)), EMPTY)[20].astype(int)

    assert (row[19:32] == 255).all()  # 15 pixels of radius, hard up to half of it
    assert (np.diff(row[26:42]) <= 0).all()
    assert len({*row[32:40]}) > 5
    assert row[41] == 0


def test_the_eraser_takes_out_what_the_brush_put_in():
    full = np.full_like(EMPTY, 255)
    line = ((5, 5), (40, 30))

    assert np.array_equal(
        after(Stroke(False, 9, 0.6, line), full), 255 - after(Stroke(True, 9, 0.6, line), EMPTY)
    )


def test_an_area_holds_the_pixels_whose_places_are_inside():
    alpha = after(Area(True, ((10, 10), (30, 10), (30, 20), (10, 20))), EMPTY)

    assert np.array_equal(alpha > 0, alpha == 255)
    assert np.count_nonzero(alpha) == 200
    assert alpha[10, 10] == alpha[19, 29] == 255
    half = after(Area(True, ((10.5, 10), (30, 10), (30, 20), (10.5, 20))), EMPTY)
    assert 100 < half[15, 10] < 155


def with_a_hole():
    alpha = np.zeros((60, 60), np.uint8)
    alpha[10:50, 10:40] = 255
    alpha[20:30, 20:30] = 0
    alpha[5:9, 50:56] = 255  # an island
    return alpha


def test_a_click_fills_the_hole_and_removes_the_island():
    alpha = after(Spot(True, ((25, 25),)), with_a_hole())
    assert (alpha[10:50, 10:40] == 255).all()
    assert (alpha[5:9, 50:56] == 255).all()

    alpha = after(Spot(False, ((52, 6),)), alpha)
    assert np.count_nonzero(alpha) == 40 * 30


@pytest.mark.parametrize(
    "operation", [Spot(True, ((2, 2),)), Spot(False, ((12, 12),)), Spot(True, ((-4, 700),))]
)
def test_neither_the_surroundings_nor_the_garment_itself_can_be_clicked_away(operation):
    assert painted(operation, with_a_hole()) is None


def test_a_region_goes_out_and_comes_in_with_its_edge():
    """A strap of doubtful pixels beside the garment, which the mask holds with a soft rim."""
    alpha = np.zeros((80, 80), np.uint8)
    alpha[20:60, 20:40] = 255
    alpha[30:45, 40:60] = 255
    alpha[30:45, 60] = 90  # softer than half: not of the region
    doubts = np.zeros_like(alpha)
    doubts[30:45, 40:60] = 8
    (region,) = find_regions(doubts, alpha > 127)

    out = after(Whole(False, region), alpha)
    assert not out[:, 44:].any()
    assert (out[20:60, 20:38] == 255).all()

    back = after(Whole(True, region), out)
    assert (back[32:43, 38:58] == 255).all()
    assert np.count_nonzero((back > 127) != (alpha > 127)) <= 4  # the corners


def test_an_edge_that_is_doubtful_all_along_is_no_region():
    garment = ellipse(200, 160)
    doubts = np.zeros(garment.shape, np.uint8)
    rim = garment ^ ellipse(200, 160, radii=(0.295, 0.245))
    doubts[rim] = 8

    assert find_regions(doubts, garment) == []


@given(st.integers(12, 60), st.integers(12, 60), st.floats(0.3, 0.8), st.integers(0, 2**32 - 1))
def test_every_part_beside_the_largest_is_a_region_with_just_its_pixels(height, width, share, seed):
    random = np.random.default_rng(seed)
    coarse = random.random((height // 4, width // 4)).astype(np.float32)
    mask = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR) < share
    labels, _count = ndimage.label(mask, np.ones((3, 3)))  # parts that meet over corners are one
    areas = np.bincount(labels.ravel())[1:]

    regions = find_regions(np.zeros(mask.shape, np.uint8), mask)

    found = np.zeros(mask.shape, int)
    for region in regions:
        assert region.inside
        assert len(np.unique(labels[region.slices][region.pixels])) == 1
        found[region.slices] += region.pixels
    assert found.max(initial=0) <= 1
    visible = areas >= 12  # what is smaller nobody would see
    assert len(regions) == max(0, np.count_nonzero(visible) - 1)
    assert found.sum() == areas[visible].sum() - areas.max(initial=0) * bool(visible.any())


def test_an_edge_is_fitted_to_the_photo_along_a_stroke_and_nowhere_else():
    """A mask whose edge runs 3 pixels beside that of the garment."""
    photo = np.full((80, 100, 3), 210, np.uint8)
    photo[:, 53:] = (120, 30, 50)
    mask = np.zeros((80, 100), np.uint8)
    mask[:, 50:] = 255
    stroke = Refinement(16, ((51, 20), (51, 60)))

    fitted = Sheet(mask, [stroke], photo).alpha

    assert fitted[40, 50:53].mean() < 40
    assert (fitted[40, 54:] > 200).all()
    assert np.array_equal(fitted[:10], mask[:10])
    assert np.array_equal(Sheet(mask, [parse(plain(stroke))], photo).alpha, fitted)


def test_a_brush_of_any_size_fits_an_edge_between_two_colours_alike():
    """With a large one, colours are found on a smaller photo, since it would take minutes otherwise."""
    photo = np.full((430, 610, 3), 210, np.uint8)
    photo[:, 303:] = (120, 30, 50)
    mask = np.zeros((430, 610), np.uint8)
    mask[:, 300:] = 255
    band = slice(100, 300), slice(292, 312)

    fine, *coarse = (fit_to_colours(photo, mask, reach) for reach in (12, 16, 37.5, 150))

    assert fine[0][band].min() < 1
    assert fine[0][band].max() > 254
    for fitted, share in coarse:
        assert np.abs(fitted[band] - fine[0][band]).max() < 1
        assert np.array_equal(share[band], fine[1][band])


@given(
    st.booleans(),
    st.floats(1, 60),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(-30, 90), st.floats(-30, 90)), min_size=1, max_size=6),
)
def test_a_stroke_is_the_same_after_it_was_written_down(add, size, hardness, points):
    stroke = Stroke(add, size, hardness, tuple(points))
    read_again = parse(json.loads(json.dumps(plain(stroke))))

    grey = np.full((60, 50), 100, np.uint8)
    assert read_again == stroke
    assert np.array_equal(after(read_again, grey), after(stroke, grey))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "stroke", "add": True},
        {"kind": "stroke", "add": True, "size": 5, "hardness": 1, "points": []},
        {"kind": "stroke", "add": True, "size": 1e9, "hardness": 1, "points": [[1, 1]]},
        {"kind": "stroke", "add": True, "size": 5, "hardness": 1, "points": [[float("nan"), 1]]},
        {"kind": "stroke", "add": True, "size": 5, "hardness": 1, "points": [[1, 2, 3]]},
        {"kind": "stroke", "add": 1, "size": 5, "hardness": 1, "points": [[1, 2]]},
        {"kind": "area", "add": True, "points": [[1, 1], [2, 2]]},
        {"kind": "region", "add": True, "box": [0, 0, 2, 2], "runs": "9 9"},
        {"kind": "region", "add": True, "box": [0, 0, 10**6, 10**6], "runs": ""},
        {"kind": "refinement", "size": 0, "points": [[1, 1]]},
        {"kind": "other", "add": True, "points": [[1, 1]]},
    ],
)
def test_what_is_no_operation_is_refused(fields):
    with pytest.raises(DataError):
        parse(fields)


def test_undo_and_redo_lead_over_the_same_masks():
    start = with_a_hole()
    operations = [
        Stroke(True, 12, 0.4, ((5, 5), (30, 50))),
        Spot(True, ((25, 25),)),
        Area(False, ((8, 8), (30, 12), (20, 40))),
        Stroke(False, 5, 1.0, ((50, 0), (50, 59))),
    ]
    masks = [Sheet(start, operations[:count]).alpha for count in range(5)]
    sheet = Sheet(start, operations)

    for mask in reversed(masks[:-1]):
        sheet.undo()
        assert np.array_equal(sheet.alpha, mask)
    for operation, mask in zip(operations, masks[1:], strict=True):
        sheet.do(operation)
        assert np.array_equal(sheet.alpha, mask)


# The journal


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw_results(tmp_path_factory.mktemp("drawn"), format="png,psd", overlay=True)


@pytest.fixture
def results(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "results")


def stroke(number):
    return Stroke(number % 3 != 0, 4 + number, 0.5, ((10 + 5 * number, 10), (40, 20 + 9 * number)))


def photo_called(desk, name):
    return next(photo for photo in desk.photos() if photo.stem == name)


def do_a_lot(desk):
    """Strokes, undos, decisions and a region on two photos."""
    one, other = photo_called(desk, "a_Front"), photo_called(desk, "b_Front")
    for number in range(4):
        desk.edit(one, desk.state_of(one.stem).revision, stroke(number))
    desk.undo(one, 4)
    desk.undo(one, 5)
    desk.redo(one, 6)
    desk.toggle(other, 0, 0)
    desk.decide(other, 1, "accepted")
    desk.edit(one, 7, stroke(9))
    desk.decide(one, 8, "redo")
    desk.note_activity(one, 12.5, 3)


def state_after(content, tmp_path):
    path = tmp_path / "prefix.jsonl"
    path.write_bytes(content)
    states = {}
    with Journal(path) as journal:
        for line in journal.earlier():
            assert states.setdefault(line["photo"], PhotoState()).take(line)
        assert journal.left_out == 0
    return states


def test_every_prefix_of_a_journal_is_a_journal(results, tmp_path):
    with Desk(results) as desk:
        do_a_lot(desk)
        expected = {stem: desk.state_of(stem).revision for stem in ("a_Front", "b_Front")}
    content = (results / JOURNAL).read_bytes()
    whole = [place + 1 for place, byte in enumerate(content) if byte == 10]
    cuts = sorted({*range(0, len(content), 41), *whole, *(place - 1 for place in whole), len(content)})

    before = 0
    for cut in cuts:
        states = state_after(content[:cut], tmp_path)
        revisions = sum(state.revision for state in states.values())
        assert revisions >= before  # nothing that was on the disk is lost again
        assert all(0 <= state.position <= len(state.operations) for state in states.values())
        before = revisions
    assert {stem: state.revision for stem, state in states.items()} == expected


def test_a_line_that_was_torn_is_cut_off_and_the_review_goes_on(results):
    with Desk(results) as desk:
        do_a_lot(desk)
        photo = photo_called(desk, "a_Front")
        alpha = desk.alpha(photo).alpha
    with (results / JOURNAL).open("ab") as journal:
        journal.write(b'{"photo":"a_Front","did":"edit","oper')

    with Desk(results) as desk:
        photo = photo_called(desk, "a_Front")
        state = desk.state_of(photo.stem)
        assert np.array_equal(desk.alpha(photo).alpha, alpha)
        assert (state.decision, state.effort.seconds, state.effort.clicks) == ("redo", 12.5, 3)
        desk.undo(photo, state.revision)

    lines = [json.loads(line) for line in (results / JOURNAL).read_text().splitlines()]
    assert lines[-1]["did"] == "undo"


@given(st.binary(max_size=60))
def test_damage_within_a_journal_costs_one_line(tmp_path_factory, damage):
    path = tmp_path_factory.mktemp("damaged") / JOURNAL
    good = b'{"photo":"a","did":"decide","decision":"redo"}\n'
    path.write_bytes(good + damage.replace(b"\n", b"").replace(b"\r", b"") + b"\n" + good)

    state = PhotoState()
    with Journal(path) as journal:
        taken = [state.take(line) for line in journal.earlier() if line["photo"] == "a"]

    assert sum(taken) == 2
    assert state.decision == "redo"


def test_two_tabs_cannot_overwrite_each_other(results):
    with Desk(results) as desk:
        photo = photo_called(desk, "a_Front")
        desk.edit(photo, 0, stroke(1))
        mask = desk.alpha(photo).alpha

        for change in (
            lambda: desk.edit(photo, 0, stroke(2)),
            lambda: desk.undo(photo, 0),
            lambda: desk.decide(photo, 0, "accepted"),
            lambda: desk.toggle(photo, 0, 0),
        ):
            with pytest.raises(StaleError, match="changed elsewhere"):
                change()

        assert np.array_equal(desk.alpha(photo).alpha, mask)
        assert desk.state_of("a_Front").decision is None


def test_a_second_review_of_a_folder_is_told_of_the_first(results):
    def second():
        with Desk(results):
            pass

    with Desk(results), ThreadPoolExecutor() as elsewhere:
        found = elsewhere.submit(second).exception()

    assert isinstance(found, DataError)
    assert "another process is writing here" in str(found)


# Regions


def test_a_click_takes_a_doubtful_region_out_and_another_puts_it_back(results):
    with Desk(results) as desk:
        photo = photo_called(desk, "b_Front")
        region = desk.regions(photo)[0]
        before = desk.alpha(photo).alpha > 127
        assert before[region.slices][region.pixels].all()

        change = desk.toggle(photo, 0, 0)
        after_click = desk.alpha(photo).alpha > 127
        assert after_click[region.slices][region.pixels].mean() < 0.05  # its edge is smoothed
        assert np.array_equal(desk.alpha(photo).alpha[change.box.slices], change.alpha)

        desk.toggle(photo, 1, 0)
        assert (desk.alpha(photo).alpha > 127)[region.slices][region.pixels].mean() > 0.95


def test_a_region_that_a_photo_does_not_have_changes_nothing(results):
    with Desk(results) as desk:
        photo = photo_called(desk, "b_Front")

        with pytest.raises(DataError, match="received number 7"):
            desk.toggle(photo, 0, 7)
        assert desk.state_of("b_Front").revision == 0
    assert not (results / "predicted").exists()


# Accepted photos


def accept(desk, name, *operations):
    photo = photo_called(desk, name)
    for operation in operations:
        desk.edit(photo, desk.state_of(name).revision, operation)
    desk.decide(photo, desk.state_of(name).revision, "accepted")
    desk.writing.write(photo)
    assert desk.writing.problem_of(name) == ""
    assert not desk.state_of(name).is_pending
    return desk.alpha(photo).alpha


def files_of(results, name):
    return {kind: results / folder / f"{name}{suffix}" for kind, (folder, suffix) in FILES.items()}


def test_an_accepted_photo_is_written_as_it_was_seen_in_all_that_predict_was_asked_for(results):
    files = files_of(results, "a_Front")
    kinds = ("mask", "cutout", "cutout-psd", "overlay")
    before = {kind: files[kind].read_bytes() for kind in kinds}

    with Desk(results) as desk:
        alpha = accept(desk, "a_Front", stroke(1), stroke(4), Refinement(20, ((30, 20), (30, 80))))

    assert np.array_equal(read(files["mask"]), alpha)
    assert np.array_equal(read(files["cutout"])[..., 3], alpha)
    assert all(files[kind].read_bytes() != before[kind] for kind in kinds)
    assert (results / "predicted" / "a_Front.png").read_bytes() == before["mask"]


def test_a_photo_that_is_accepted_as_it_is_keeps_its_files(results):
    files = {path: path.read_bytes() for path in results.rglob("a_Front.*")}

    with Desk(results) as desk:
        accept(desk, "a_Front")

    assert {path: path.read_bytes() for path in results.rglob("a_Front.*")} == files


def test_what_is_undone_after_it_was_accepted_comes_back_as_it_was_predicted(results):
    files = {path: path.read_bytes() for path in results.rglob("a_Front.*")}

    with Desk(results) as desk:
        accept(desk, "a_Front", stroke(2))
        photo = photo_called(desk, "a_Front")
        desk.undo(photo, desk.state_of("a_Front").revision)
        state = desk.state_of("a_Front")
        assert (state.decision, state.changed_px) == (None, None)  # they were about another mask
        accept(desk, "a_Front")

    assert {path: path.read_bytes() for path in files} == files


def test_hard_edges_stay_hard(tmp_path):
    results = draw_results(tmp_path, names=("a",), binary=True)

    with Desk(results) as desk:
        accept(desk, "a", Stroke(True, 20, 0.0, ((10, 10), (60, 20))))

    assert {*np.unique(read(results / "masks" / "a.png"))} == {0, 255}


def test_16_bits_stay_where_nothing_was_changed(tmp_path):
    results = draw_results(tmp_path, names=("a",), bits=16)
    before = read(results / "masks" / "a.png")

    with Desk(results) as desk:
        accept(desk, "a", Stroke(True, 6, 1.0, ((5, 5),)))

    now = read(results / "masks" / "a.png")
    assert now.dtype == before.dtype
    assert np.array_equal(now[12:], before[12:])
    assert now[4, 4] == 65535


def test_the_background_that_was_asked_for_is_used_again(tmp_path):
    results = draw_results(tmp_path, names=("a",), background="#102030", format="png")

    with Desk(results) as desk:
        accept(desk, "a", Stroke(False, 400, 1.0, ((0, 0),)))

    assert {tuple(pixel) for pixel in read(results / "cutouts" / "a.png").reshape(-1, 3)} == {(16, 32, 48)}


def test_a_file_that_was_changed_by_hand_elsewhere_is_saved(results):
    cutout = results / "cutouts" / "a_Front.png"
    cutout.write_bytes(b"retouched elsewhere")

    with Desk(results) as desk:
        accept(desk, "a_Front", stroke(1))
        accept(desk, "a_Front", stroke(2))

    saved = [path for path in cutout.parent.iterdir() if ".before" in path.name]
    assert [path.read_bytes() for path in saved] == [b"retouched elsewhere"]


def test_a_killed_review_writes_what_was_accepted_when_it_is_opened_again(results):
    with Desk(results) as desk:
        photo = photo_called(desk, "a_Front")
        desk.edit(photo, 0, stroke(3))
        desk.decide(photo, 1, "accepted")
        alpha = desk.alpha(photo).alpha

    with Desk(results) as desk, Clerk(desk) as clerk:
        clerk.wake()
        assert clerk.wait(PATIENCE_S)

    assert np.array_equal(read(results / "masks" / "a_Front.png"), alpha)
    assert "a_Front,redo," in (results / "review.csv").read_text()


@pytest.mark.parametrize("step", [3, 9, 14, 18, 22, 26, 30])
def test_a_review_that_is_killed_while_it_writes_loses_nothing(results, step):
    """The process is killed at its nth access to the folder; what is there then is whole, old or new."""
    before = read(results / "masks" / "a_Front.png")
    killed = subprocess.run(
        [sys.executable, "-m", "support.accepting", results, str(step)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests")))},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    now = read(results / "masks" / "a_Front.png")

    with Desk(results) as desk, Clerk(desk) as clerk:
        alpha = desk.alpha(photo_called(desk, "a_Front")).alpha
        assert any(np.array_equal(now, mask) for mask in (before, alpha))
        clerk.wake()
        assert clerk.wait(PATIENCE_S)

    assert np.array_equal(read(results / "masks" / "a_Front.png"), alpha)
    assert np.array_equal(read(results / "cutouts" / "a_Front.png")[..., 3], alpha)
    assert np.array_equal(read(results / "predicted" / "a_Front.png"), before)
    assert not [path for path in results.rglob("*") if ".before" in path.name]


def test_what_is_accepted_while_predict_is_writing_is_written_when_it_has_ended(results):
    with Desk(results) as desk:
        photo = photo_called(desk, "a_Front")
        desk.edit(photo, 0, stroke(1))
        desk.decide(photo, 1, "accepted")
        before = (results / "masks" / "a_Front.png").read_bytes()
        with locked(results), ThreadPoolExecutor() as elsewhere:
            elsewhere.submit(desk.writing.write, photo).result()
            assert "another process is writing here" in desk.writing.problem_of("a_Front")
            assert (results / "masks" / "a_Front.png").read_bytes() == before

        desk.writing.write(photo)

        assert desk.writing.problem_of("a_Front") == ""
        assert np.array_equal(read(results / "masks" / "a_Front.png"), desk.alpha(photo).alpha)


def test_predict_that_runs_again_keeps_what_was_accepted_and_what_is_in_hand(tmp_path):
    results = draw_results(tmp_path, names=("a", "b", "c"))
    with Desk(results) as desk:
        accepted = accept(desk, "a", stroke(1))
        photo = photo_called(desk, "b")
        desk.edit(photo, 0, stroke(2))
        in_hand = desk.alpha(photo).alpha

        cut_folder(tmp_path / "photos", results, threshold=0.8)
        desk.refresh()

        assert np.array_equal(read(results / "masks" / "a.png"), accepted)
        for name, mask in (("a", accepted), ("b", in_hand)):
            assert np.array_equal(desk.alpha(photo_called(desk, name)).alpha, mask)
        photo = photo_called(desk, "b")
        assert desk.is_outdated(photo)  # so that the page can say so
        assert not desk.is_outdated(photo_called(desk, "c"))
        desk.restart(photo, 1)
        assert not desk.is_outdated(photo)
        assert np.array_equal(desk.alpha(photo).alpha, read(results / "masks" / "b.png"))
        assert not np.array_equal(desk.alpha(photo).alpha, in_hand)


def test_a_photo_that_became_another_is_not_retouched(results, drawn):
    source = drawn.parent / "photos" / "c_Front.png"
    content = source.read_bytes()
    try:
        source.write_bytes((drawn.parent / "photos" / "a_Front.png").read_bytes())
        with Desk(results) as desk, pytest.raises(DataError, match="run predict again"):
            desk.alpha(photo_called(desk, "c_Front"))
    finally:
        source.write_bytes(content)


def test_corrections_of_a_review_become_pairs_and_are_measured(results, drawn, tmp_path):
    with Desk(results) as desk:
        alpha = accept(desk, "a_Front", stroke(1), stroke(4))
        accept(desk, "b_Front")

    for number, folder in enumerate(("cutouts", "masks")):
        options = CollectOptions.of(
            input=results / folder, photos=drawn.parent / "photos", output=tmp_path / f"pairs{number}"
        )
        found = collect(options, Context())
        taken = [collected for collected in found.collected if collected.taken]
        assert [collected.id for collected in taken] == ["a_Front"]
        assert taken[0].correction.changed_px == np.count_nonzero(
            (alpha > 127) != (read(results / "predicted" / "a_Front.png") > 127)
        )


def test_shop_files_are_made_of_the_mask_that_was_accepted(tmp_path):
    """The options of predict do not matter: trimmed cutouts without transparency tell nothing of the mask."""
    results = draw_results(tmp_path, names=("a", "b"), background="white", crop=5)
    with Desk(results) as desk:
        accepted = accept(desk, "a", Area(True, ((5, 5), (90, 5), (90, 120), (5, 120))))

    done = deliver(DeliverOptions.of(results=results, format="png"), Context())

    assert done.errors == []
    assert (done.corrected, done.predicted.total()) == (1, 1)
    assert np.array_equal(read(results / "delivery" / "a.png")[..., 3], accepted)


def test_accepted_photos_are_exported_and_nothing_else(results):
    with Desk(results) as desk:
        accept(desk, "a_Front", stroke(1))
        photos = [photo_called(desk, "a_Front")]
        folder = export(results, photos, "folder")
        packed = export(results, photos, "zip")
        with pytest.raises(DataError, match="found none"):
            export(results, [], "zip")

    names = {path.relative_to(folder).as_posix() for path in folder.rglob("[!.]*") if path.is_file()}
    assert names == {
        "masks/a_Front.png",
        "cutouts/a_Front.png",
        "cutouts/a_Front.psd",
        "overlays/a_Front.jpg",
    }
    shutil.unpack_archive(packed, results / "unpacked")
    assert all((results / "unpacked" / name).read_bytes() == (results / name).read_bytes() for name in names)


def test_a_folder_of_the_users_own_is_not_replaced_by_an_export(results):
    (results / "accepted").mkdir()
    (results / "accepted" / "notes.txt").write_text("mine")

    with Desk(results) as desk:
        accept(desk, "a_Front")
        with pytest.raises(DataError, match=r"notes\.txt: expected a file as an earlier"):
            export(results, [photo_called(desk, "a_Front")], "folder")

    assert (results / "accepted" / "notes.txt").read_text() == "mine"


def test_what_was_retouched_or_added_in_an_export_is_not_lost_by_the_next_one(results):
    with Desk(results) as desk:
        photos = [photo_called(desk, name) for name in NAMES[:2]]
        folder = export(results, photos[:1], "folder")
        document, added = folder / "cutouts" / "a_Front.psd", folder / "cutouts" / "a_Front_detail.psd"
        written = document.read_bytes()
        for path in (document, added):
            path.write_bytes(b"an hour of retouching")
            with pytest.raises(DataError, match=f"{path.name}: .*move it"):
                export(results, photos, "folder")
            assert path.read_bytes() == b"an hour of retouching"
            path.unlink()
            document.write_bytes(written)  # at another time, as a copy of it is

        (folder / ".DS_Store").touch()  # of a window of the folder
        export(results, photos, "folder")

    assert {path.name for path in (folder / "masks").iterdir()} == {"a_Front.png", "a_Back.png"}


@pytest.mark.parametrize("record", [None, "[]", '{"masks/a_Front.png": 1}', "{"])
def test_an_export_of_an_earlier_version_is_replaced_though_windows_left_files_in_it(results, record):
    with Desk(results) as desk:
        photos = [photo_called(desk, name) for name in NAMES[:2]]
        folder = export(results, photos[:1], "folder")
        (folder / RECORD).unlink()  # earlier versions wrote none
        if record is not None:
            (folder / RECORD).write_text(record)
        (folder / "cutouts" / "Thumbs.db").write_bytes(b"small pictures")
        (folder / "desktop.ini").write_bytes(b"")
        export(results, photos, "folder")

    assert {path.name for path in (folder / "masks").iterdir()} == {"a_Front.png", "a_Back.png"}


def test_the_summary_tells_photos_an_hour_and_what_was_saved(results):
    with Desk(results) as desk:
        for name in NAMES[:3]:
            accept(desk, name, *([stroke(1)] if name == "b_Front" else []))
            desk.note_activity(photo_called(desk, name), 20.0, 2)
        summary = summarise(((photo, desk.state_of(photo.stem)) for photo in desk.photos()), 4.0)

    assert (summary.photos, summary.accepted, summary.changed, summary.seconds) == (6, 3, 1, 60.0)
    assert summary.an_hour == pytest.approx(180)
    assert summary.saved_minutes == pytest.approx(3 * 4 - 1)
    assert sum(summary.spent.values()) == pytest.approx(1)


def test_the_table_and_the_summary_count_the_steps_with_each_tool(results):
    x, y = MIDDLE
    around = ((x, y), (x + 30, y), (x + 30, y + 30))
    hole = Region(int(x), int(y), np.ones((4, 4), bool), True)
    hint = Hint(False, 9.0, ((x, y),), hole, np.zeros(16, np.uint8))
    fill = Spot(True, ((x + 1, y + 1),))
    steps = hint, fill, Area(False, around), Refinement(9.0, around), stroke(1), stroke(2)
    with Desk(results) as desk:
        photo, other = photo_called(desk, "a_Front"), photo_called(desk, "b_Front")
        for revision, step in enumerate(steps):
            desk.edit(photo, revision, step)
        desk.undo(photo, len(steps))
        desk.toggle(other, 0, 0)
        reviewed = [(photo, desk.state_of(photo.stem)) for photo in desk.photos()]
        summary = summarise(reviewed, 4.0)
        with write_table(results, reviewed).open() as table:
            rows = {row["photo"]: row for row in csv.DictReader(table)}

    drawn = {"smart_strokes": 1, "holes_and_islands": 1, "areas": 1, "fitted_edges": 1, "brush_strokes": 2}
    assert {name: int(rows["a_Front"][name]) for name in drawn} == drawn
    assert (rows["a_Front"]["doubtful_regions"], rows["a_Front"]["undone"]) == ("0", "1")
    assert (rows["b_Front"]["doubtful_regions"], rows["b_Front"]["brush_strokes"]) == ("1", "0")
    assert summary.plain()["steps"] == drawn | {"doubtful_regions": 1}
    assert summary.lines()[-1] == (
        "Steps: 1 doubtful region, 1 smart stroke, 1 hole or island, 1 area, 1 fitted edge, 2 brush strokes; "
        "1 undone"
    )


def test_results_of_several_classes_are_refused(tmp_path):
    (tmp_path / "predictions.jsonl").write_text(
        json.dumps(
            {"stem": "a", "input": "/a.jpg", "key": {}, "error": None, "outputs": {"labels": "labels/a.png"}}
        )
        + "\n"
    )

    with pytest.raises(DataError, match="masks of cutouts"):
        Desk(tmp_path)


def test_a_review_after_predict_needs_files_to_review(tmp_path):
    options = PredictOptions.of(input=tmp_path, review=True)

    with pytest.raises(ConfigError, match="`review`: expected with `save`"):
        require_review(options)


def test_the_results_that_were_written_last_are_reviewed(tmp_path):
    with pytest.raises(DataError, match="found nothing"):
        latest_results(tmp_path)
    for number, name in enumerate(("one", "two", "three")):
        manifest = tmp_path / name / "predict" / "predictions.jsonl"
        manifest.parent.mkdir(parents=True)
        manifest.touch()
        os.utime(manifest, (number % 2, number % 2))

    assert latest_results(tmp_path) == tmp_path / "two" / "predict"
