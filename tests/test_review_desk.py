"""A review at work: several requests at once, writes that fail, and a predict that runs meanwhile."""

import json
import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image
from support.desk import draw_results, read
from support.folder_job import cut_folder

from segmentation.core.errors import DataError, SegmentationError
from segmentation.core.lock import locked
from segmentation.images.picture import Picture
from segmentation.images.psd_read import read_psd_alpha
from segmentation.outputs.file_record import record_of
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk, StaleError
from segmentation.retouch.export import export
from segmentation.retouch.operations import Stroke
from segmentation.retouch.shown import ShownPhoto
from segmentation.retouch.state import Effort, PhotoState
from segmentation.retouch.summary import summarise
from segmentation.web.wire import overview

STROKE = Stroke(True, 30, 0.5, ((10, 10), (60, 70)))


def photo_called(desk, name):
    return next(photo for photo in desk.photos() if photo.stem == name)


def accept(desk, name, *operations):
    photo = photo_called(desk, name)
    for operation in operations:
        desk.edit(photo, desk.state_of(name).revision, operation)
    desk.decide(photo, desk.state_of(name).revision, "accepted")
    return photo


def test_tiles_that_are_asked_for_at_once_are_each_of_their_size():
    """A browser asks for six at a time."""
    pixels = np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), np.uint8)
    for _ in range(3):
        shown = ShownPhoto(Picture(pixels))
        with ThreadPoolExecutor(6) as browser:
            tiles = [browser.submit(shown.tile, level, 0, 0) for level in (1, 1, 2, 2, 3, 3)]
        assert tiles[0].result() == tiles[1].result()
        assert [shown.tile(level, 1, 0) is None for level in (1, 2, 3)] == [False, True, True]


def test_corrections_of_a_photo_are_not_written_for_another_one_of_its_name(tmp_path):
    """The photo was accepted, and before its files were written, predict cut another photo out."""
    results = draw_results(tmp_path, names=("a", "b"))
    with Desk(results) as desk:
        accept(desk, "a", STROKE)
    shutil.copyfile(tmp_path / "photos" / "b.png", tmp_path / "photos" / "a.png")
    cut_folder(tmp_path / "photos", results)
    predicted = read(results / "masks" / "a.png")

    with Desk(results) as desk, Clerk(desk) as clerk:
        clerk.finish()
        assert desk.state_of("a").decision is None  # it was about another photo
        assert np.array_equal(desk.alpha(photo_called(desk, "a")).alpha, predicted)

    assert np.array_equal(read(results / "masks" / "a.png"), predicted)


def test_a_mask_that_predict_replaces_is_not_changed_by_a_page_that_shows_the_one_before(tmp_path):
    results = draw_results(tmp_path, names=("a", "b"))
    with Desk(results) as desk:
        photo = photo_called(desk, "a")
        shown = desk.alpha(photo)
        cut_folder(tmp_path / "photos", results, threshold=0.8)
        desk.refresh()

        with pytest.raises(StaleError):
            desk.edit(photo_called(desk, "a"), shown.revision, STROKE)

        now = desk.alpha(photo_called(desk, "a"))
        assert np.array_equal(now.alpha, read(results / "masks" / "a.png"))
        desk.edit(photo_called(desk, "a"), now.revision, STROKE)
        assert desk.state_of("b").revision == 0  # which nobody has looked at


@pytest.mark.parametrize("open_meanwhile", [True, False])
def test_another_mask_is_not_accepted_because_the_one_before_was(tmp_path, open_meanwhile):
    """Predict ran again with another model: nobody has seen its mask yet, whatever a page still shows."""
    results = draw_results(tmp_path, names=("a", "b"))
    with ExitStack() as reviews:
        desk = reviews.enter_context(Desk(results))
        shown = [desk.alpha(photo_called(desk, name)).revision for name in ("a", "b")]
        desk.decide(photo_called(desk, "a"), shown[0], "accepted")
        if not open_meanwhile:
            reviews.close()
        cut_folder(tmp_path / "photos", results, threshold=0.8)
        if open_meanwhile:
            desk.refresh()
        else:
            desk = reviews.enter_context(Desk(results))

        assert desk.state_of("a").decision is None
        assert desk.writing.pending() == []
        with pytest.raises(StaleError):
            desk.edit(photo_called(desk, "b"), shown[1], STROKE)
        accept(desk, "a")
        assert desk.state_of("a").decision == "accepted"


def test_the_same_mask_again_leaves_the_decisions(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        desk.alpha(photo_called(desk, "a"))
        accept(desk, "a")
    cut_folder(tmp_path / "photos", results, overwrite=True)

    with Desk(results) as desk:
        assert desk.state_of("a").decision == "accepted"


def change_elsewhere(results, name):
    """Save another mask, as from Photoshop; return it."""
    mask = np.zeros_like(read(results / "masks" / name))
    mask[20:60, 30:50] = 255
    Image.fromarray(mask).save(results / "masks" / name)
    return mask


@pytest.mark.parametrize("operations", [(), (STROKE,)])
def test_a_mask_that_was_saved_elsewhere_while_it_was_shown_is_not_changed_or_accepted_unseen(
    tmp_path, operations
):
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        photo = photo_called(desk, "a")
        desk.alpha(photo)
        saved = change_elsewhere(results, "a.png")

        with pytest.raises(StaleError, match="a was changed elsewhere"):
            accept(desk, "a", *operations)

        assert np.array_equal(desk.alpha(photo).alpha, saved)  # as the page shows it then
        accept(desk, "a", *operations)
        desk.writing.write(photo)
        assert np.array_equal(read(results / "masks" / "a.png"), desk.alpha(photo).alpha)


def test_the_cutout_of_a_mask_that_was_changed_elsewhere_and_then_accepted_is_of_that_mask(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    saved = change_elsewhere(results, "a.png")
    before = (results / "masks" / "a.png").read_bytes()
    with Desk(results) as desk:
        desk.writing.write(accept(desk, "a"))
        assert desk.writing.unwritten() == ""

    assert np.array_equal(read(results / "cutouts" / "a.png")[..., 3], saved)
    assert (results / "masks" / "a.png").read_bytes() == before
    assert [path.name for path in (results / "masks").iterdir()] == ["a.png"]


def test_what_predict_writes_while_a_review_begins_is_noticed(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    desk = Desk(results)
    draw_results(tmp_path / "more", names=("b",))
    shutil.copyfile(tmp_path / "more" / "photos" / "b.png", tmp_path / "photos" / "b.png")
    cut_folder(tmp_path / "photos", results)

    with desk:
        desk.refresh()
        assert [photo.stem for photo in desk.photos()] == ["a", "b"]


def test_a_review_of_a_folder_whose_record_is_gone_says_so(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        (results / "predictions.jsonl").unlink()
        with pytest.raises(DataError, match="found no predictions"):
            desk.refresh()


def test_files_of_an_earlier_acceptance_are_no_persons_after_a_write_that_failed(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    cutout = results / "cutouts" / "a.png"
    with Desk(results) as desk:
        desk.writing.write(accept(desk, "a", STROKE))
        before = {path.name for path in (results / "masks").iterdir()}
        cutout.unlink()
        cutout.mkdir()  # nothing can take its place

        photo = accept(desk, "a", Stroke(False, 12, 1.0, ((20, 20),)))
        desk.writing.write(photo)
        assert "cannot be written" in desk.writing.problem_of("a")
        assert "1 accepted photo not written yet" in desk.writing.unwritten()
        cutout.rmdir()
        desk.writing.write(photo)

        assert desk.writing.unwritten() == ""
        assert {path.name for path in (results / "masks").iterdir()} == before  # nothing was put aside
        assert np.array_equal(read(cutout)[..., 3], desk.alpha(photo).alpha)


def test_beginning_again_leaves_the_mask_of_predict_also_where_the_one_before_cannot_be_put_aside(tmp_path):
    name = "n" * 248  # with another suffix it is longer than a file system takes
    results = draw_results(tmp_path, names=(name,))
    with Desk(results) as desk:
        photo = photo_called(desk, name)
        predicted = desk.alpha(photo).alpha
        desk.edit(photo, 0, STROKE)

        with pytest.raises(DataError, match="cannot be written"):
            desk.restart(photo, 1)

        assert np.array_equal(desk.alpha(photo).alpha, predicted)


def test_a_zip_holds_files_that_have_lost_their_date(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        desk.writing.write(accept(desk, "a"))
        os.utime(results / "masks" / "a.png", (0, 0))
        packed = export(results, desk.photos(), "zip")
        (results / "masks" / "a.png").unlink()
        with pytest.raises(DataError, match="expected the file of an accepted photo, found none"):
            export(results, desk.photos(), "zip")

    assert "masks/a.png" in zipfile.ZipFile(packed).namelist()


def replace_and_record(results, output, by):
    """Copy a file in the place of another, as if predict had written it."""
    shutil.copyfile(results / by, results / output)
    manifest = results / "predictions.jsonl"
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for line in lines:
        if output in line["files"]:
            line["files"][output] |= record_of(results / output)
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_files_that_predict_was_asked_for_after_a_photo_was_accepted_are_of_the_mask_that_was(tmp_path):
    """In a review that was begun before, and after one that ended without writing what was accepted."""
    results = draw_results(tmp_path, names=("a", "b"))
    with Desk(results) as desk, Clerk(desk) as clerk:
        accept(desk, "a", STROKE)
        clerk.finish()
    corrected = read(results / "masks" / "a.png")
    cut_folder(tmp_path / "photos", results, format="png,psd,jpg", trimap=True)
    replace_and_record(results, "cutouts/a.psd", by="cutouts/b.psd")  # as an earlier version left it

    with Desk(results) as desk:
        assert [photo.stem for photo in desk.writing.pending()] == ["a"]
        assert "1 accepted photo not written yet" in desk.writing.unwritten()
        with Clerk(desk) as clerk:
            clerk.finish()
        assert desk.writing.pending() == []
        folder = export(results, [photo_called(desk, "a")], "folder")

    assert np.array_equal(read(folder / "masks" / "a.png"), corrected)
    assert np.array_equal(read(folder / "cutouts" / "a.png")[..., 3], corrected)
    assert np.array_equal(read_psd_alpha(folder / "cutouts" / "a.psd", corrected.shape), corrected)
    assert (read(folder / "trimaps" / "a.png")[corrected == 255] > 0).all()
    assert sorted(path.name for path in (folder / "cutouts").iterdir()) == ["a.jpg", "a.png", "a.psd"]


@pytest.mark.parametrize("name", ["masks/a.png", "cutouts/a.png"])
def test_opening_a_review_replaces_nothing_that_was_corrected_elsewhere_since(tmp_path, name):
    """A mask in GIMP or a cutout in Photoshop, after a photo was accepted; then predict makes a PSD.

    Neither does one that is opened after the first could not write that.
    """
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        desk.writing.write(accept(desk, "a", STROKE))
    later = read(results / name)
    later[100:120, 60:90] = 255
    Image.fromarray(later).save(results / name)
    cut_folder(tmp_path / "photos", results, format="png,psd")
    psd, aside = results / "cutouts" / "a.psd", tmp_path / "a.psd"
    psd.rename(aside)
    psd.mkdir()  # nothing can take its place

    with Desk(results) as desk:
        lacking = desk.writing.pending()
        for photo in lacking:
            desk.writing.write(photo)
        assert desk.writing.pending() == lacking
    psd.rmdir()
    aside.rename(psd)
    with Desk(results) as desk, Clerk(desk) as clerk:  # and nobody presses anything
        clerk.finish()
        assert desk.writing.saved == []

    assert np.array_equal(read(results / name), later)
    mask = read(results / "masks" / "a.png")
    assert np.array_equal(read_psd_alpha(results / "cutouts" / "a.psd", mask.shape), mask)
    assert [path.name for path in (results / "masks").iterdir()] == ["a.png"]


def test_what_accepting_a_photo_again_puts_aside_is_told(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        photo = accept(desk, "a", STROKE)
        desk.writing.write(photo)
        saved = [change_elsewhere(results, "a.png")]
        desk.writing.write(accept(desk, "a"))
        saved.append(change_elsewhere(results, "a.png"))
        desk.writing.write(accept(desk, "a"))

        told = overview(desk, summarise((), 4.0))["saved"]

    names = ["a.png.before", "a.png.before2"]
    assert told == [f"masks/a.png was changed elsewhere; it is now {name}" for name in names]
    assert all(
        np.array_equal(read(results / "masks" / name), mask) for name, mask in zip(names, saved, strict=True)
    )


def test_a_mask_that_predict_made_while_an_acceptance_waited_is_not_taken_for_the_accepted_one(
    tmp_path,
):
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        photo = accept(desk, "a")
        cut_folder(tmp_path / "photos", results, threshold=0.8)
        predicted = {path: path.read_bytes() for path in results.rglob("*/a.*")}

        desk.writing.write(photo)

        assert desk.writing.saved == []
        assert desk.state_of("a").decision is None
        assert {path: path.read_bytes() for path in results.rglob("*/a.*")} == predicted


def test_a_photo_that_waits_for_predict_is_not_read_until_that_has_ended(tmp_path):
    results = draw_results(tmp_path, names=("a",))
    with Desk(results) as desk:
        photo = accept(desk, "a", STROKE)
        photo.photo.unlink()  # reading it would fail
        with locked(results), ThreadPoolExecutor() as elsewhere:
            elsewhere.submit(desk.writing.write, photo).result()

        assert "another process is writing here" in desk.writing.problem_of("a")


@pytest.mark.parametrize("broken", ["photos/a.png", "results/masks/a.png"])
def test_a_photo_that_cannot_be_shown_can_be_redone_but_not_accepted(tmp_path, broken):
    results = draw_results(tmp_path, names=("a", "b"))
    (tmp_path / broken).unlink()
    with Desk(results) as desk:
        with pytest.raises(SegmentationError, match=broken.rpartition("/")[0]):
            accept(desk, "a")
        assert desk.state_of("a").decision is None

        desk.decide(photo_called(desk, "a"), desk.state_of("a").revision, "redo")
        assert desk.state_of("a").decision == "redo"
        desk.decide(photo_called(desk, "a"), desk.state_of("a").revision, None)
        assert desk.state_of("a").decision is None


def test_the_time_that_is_left_is_told_by_the_photos_decided_last(tmp_path):
    results = draw_results(tmp_path, ["a"])
    with Desk(results) as desk:
        photo = photo_called(desk, "a")
        seconds = [600.0] * 12 + [5.0] * 10  # the worst come first
        states = [
            PhotoState(decision="accepted", decided_at=at, effort=Effort(s)) for at, s in enumerate(seconds)
        ]
        looked_at = PhotoState(effort=Effort(900.0))

        def pace(*reviewed):
            return summarise([(photo, state) for state in reviewed], 4.0).seconds_a_photo

        assert pace(*reversed(states), looked_at) == 5.0
        assert pace(*states[:2]) is None
