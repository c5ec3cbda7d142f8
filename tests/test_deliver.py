"""The job `deliver`: results and corrections become the files of a shop."""

import errno
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from support.desk import draw_results
from support.drawing import draw_pair
from support.folder_job import cut_folder, draw, draw_folder, manifest_lines, pictures, red_score
from support.holding import held_elsewhere
from support.program import make

from segmentation.config.jobs.deliver import DeliverOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Caution
from segmentation.core.file_kinds import FILES, FORMATS, MANIFEST
from segmentation.images.decontamination import decontaminate
from segmentation.images.files import read_mask, read_photo, write_image
from segmentation.images.psd_read import read_psd_alpha
from segmentation.images.psd_write import write_psd
from segmentation.jobs.context import Context
from segmentation.jobs.deliver import deliver
from segmentation.outputs.cutout_style import with_alpha
from segmentation.outputs.naming import find_photos
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk
from segmentation.retouch.operations import Stroke
from segmentation.stores.address import Address

STEMS = ["a", "b", "c", "d", "x/a", "x/e"]


@pytest.fixture
def source(tmp_path):
    return draw_folder(tmp_path / "in")


@pytest.fixture
def results(source, tmp_path):
    cut_folder(source, tmp_path / "out", format="png,psd")
    return tmp_path / "out"


def run(results, **options):
    return deliver(DeliverOptions.of(results=results, **options), Context())


def delivered(results):
    return {name: content for name, content in pictures(results / "delivery").items() if name != MANIFEST}


def rgba(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGBA"))


def correct(path):
    """Erase the lower half of what a file shows, as a retoucher would; return the alpha that is left."""
    painted = rgba(path).copy() if path.parent.name != "masks" else np.asarray(Image.open(path)).copy()
    painted[len(painted) // 2 :] = 0
    Image.fromarray(painted).save(path)
    return painted[..., 3] if painted.ndim == 3 else painted


def retouch_flat(path):
    Image.fromarray(255 - np.asarray(Image.open(path))).save(path)


def cautions(results, **options):
    told = []
    deliver(DeliverOptions.of(results=results, **options), Context(tell=told.append))
    return [event.text for event in told if isinstance(event, Caution)]


@pytest.mark.parametrize("options", [{}, {"crop": 5}, {"background": "white"}, {"canvas": "90x120"}])
def test_what_nobody_corrected_is_delivered_as_predict_would_write_it(source, results, tmp_path, options):
    every = {"format": tuple(FORMATS), **options}
    cut_folder(source, tmp_path / "direct", **every)
    done = run(results, **every)

    files = {f"{stem}{FILES[kind].suffix}" for stem in STEMS for kind in FORMATS.values()}
    assert delivered(results).keys() == files
    for name, content in delivered(results).items():
        assert content == (tmp_path / "direct" / "cutouts" / name).read_bytes(), name
    assert (done.corrected, done.errors) == (0, [])


@pytest.mark.parametrize("name", ["cutouts/b.png", "masks/b.png"])
def test_a_corrected_mask_is_delivered_with_the_colours_of_the_photo(source, results, name):
    alpha = correct(results / name)
    done = run(results)

    assert done.corrected == 1
    photo = read_photo(source / "b.png")
    np.testing.assert_array_equal(
        rgba(results / "delivery" / "b.png"), with_alpha(decontaminate(photo, alpha), alpha)
    )
    assert (results / "delivery" / "a.png").read_bytes() == (results / "cutouts" / "a.png").read_bytes()


def test_what_is_transparent_in_a_photo_stays_so_whatever_mask_is_painted(tmp_path):
    photo = np.dstack([draw_pair(0)[0], np.full((64, 48), 255, np.uint8)])
    photo[:, :24, 3] = 0
    (tmp_path / "in").mkdir()
    Image.fromarray(photo).save(tmp_path / "in" / "a.png")
    cut_folder(tmp_path / "in", tmp_path / "out")
    write_image(tmp_path / "out" / "masks" / "a.png", np.full(photo.shape[:2], 255, np.uint8))

    assert run(tmp_path / "out").corrected == 1
    alpha = rgba(tmp_path / "out" / "delivery" / "a.png")[..., 3]
    np.testing.assert_array_equal(alpha, photo[..., 3])


@pytest.mark.parametrize("also", [(), ("masks/b.png",)])
def test_a_jpeg_that_was_retouched_is_told_to_be_no_correction(source, tmp_path, also):
    results = tmp_path / "out"
    cut_folder(source, results, format="jpg")
    retouch_flat(results / "cutouts" / "b.jpg")
    for name in also:
        correct(results / name)

    assert [text.split()[2] for text in cautions(results)] == [str(results / "cutouts" / "b.jpg")]


def test_a_jpeg_that_was_retouched_elsewhere_is_told_and_one_that_was_copied_is_not(source, tmp_path):
    results, back = tmp_path / "out", tmp_path / "back"
    cut_folder(source, results, format="png,jpg")
    shutil.copytree(results / "cutouts", back)
    retouch_flat(back / "b.jpg")
    (back / "b.jpg").rename(back / "b.JPEG")
    retouch_flat(back / "c.jpg")
    correct(back / "c.png")
    shutil.copyfile(source / "d.png", back / "d.png")

    told = cautions(results, corrected=back)
    assert [text.split()[2] for text in told] == [str(back / "b.JPEG"), str(back / "c.jpg")]
    assert all("JPEG has no transparency" in text for text in told)
    assert run(results, corrected=back).corrected == 1


def test_a_file_that_was_saved_beside_the_predicted_ones_is_delivered(results):
    painted = rgba(results / "cutouts" / "c.png").copy()
    painted[: len(painted) // 2] = 0
    Image.fromarray(painted).save(results / "cutouts" / "c.tif")

    assert run(results).corrected == 1
    np.testing.assert_array_equal(rgba(results / "delivery" / "c.png")[..., 3], painted[..., 3])


def test_the_layer_mask_of_a_photoshop_file_is_delivered(results):
    path = results / "cutouts" / "c.psd"
    predicted = np.asarray(PSDImage.open(path)[0].mask.topil())
    painted = predicted.copy()
    painted[: len(painted) // 2] = 0
    image = rgba(results / "cutouts" / "c.png")[..., :3]
    write_psd(path, image, painted, np.dstack([image, painted]), trimap=painted)

    assert run(results).corrected == 1
    np.testing.assert_array_equal(rgba(results / "delivery" / "c.png")[..., 3], painted)


def test_corrections_may_lie_elsewhere(results, tmp_path):
    (tmp_path / "back" / "x").mkdir(parents=True)
    (tmp_path / "back" / "x" / "e.png").write_bytes((results / "cutouts" / "x" / "e.png").read_bytes())
    alpha = correct(tmp_path / "back" / "x" / "e.png")

    assert run(results, corrected=tmp_path / "back").corrected == 1
    np.testing.assert_array_equal(rgba(results / "delivery" / "x" / "e.png")[..., 3], alpha)


def test_a_later_correction_is_delivered_and_nothing_else_is_done_again(results):
    run(results)
    before = {path: path.stat().st_mtime_ns for path in (results / "delivery").rglob("*.png")}
    correct(results / "cutouts" / "d.png")
    run(results)

    after = {path: path.stat().st_mtime_ns for path in (results / "delivery").rglob("*.png")}
    assert [path.name for path in before if before[path] != after[path]] == ["d.png"]


def test_a_delivered_file_that_was_changed_is_kept(results):
    run(results)
    correct(results / "delivery" / "a.png")
    changed = (results / "delivery" / "a.png").read_bytes()

    done = run(results, background="white")

    assert [result.kept for result in done.results if result.kept] == [("a.png",)]
    assert (results / "delivery" / "a.png").read_bytes() == changed


def test_predicted_cutouts_are_taken_by_their_decision_and_corrected_ones_always(results):
    correct(results / "cutouts" / "b.png")

    assert run(results).predicted.total() == 5
    only = run(results, decisions="auto", output=results / "auto")
    assert (only.corrected, only.predicted.total()) == (1, 0)  # nothing was triaged
    done = run(results, decisions="redo", output=results / "other")
    assert (done.corrected, done.predicted.total(), done.left_out) == (1, 0, 5)
    (results / "nothing").mkdir()
    with pytest.raises(DataError, match="expected cutouts to deliver, found none of 6"):
        run(results, decisions="redo", corrected=results / "nothing")
    with pytest.raises(DataError, match=r"`corrected` .*nobody: expected a folder, found none"):
        run(results, corrected=results / "nobody")


def test_a_photo_that_is_gone_or_another_now_is_named_and_stops_no_other(source, results):
    (source / "a.png").unlink()
    draw(source / "b.png", 99)
    done = run(results)

    gone, another = sorted(done.errors)
    assert "a.png: cannot be read (no such file or directory); bring the photo back" in gone
    assert "b.png: expected the photo that was cut out, received another; run predict again" in another
    assert delivered(results).keys() == {f"{stem}.png" for stem in STEMS[2:]}


def test_a_cutout_of_another_size_is_refused_by_name(results):
    Image.fromarray(rgba(results / "cutouts" / "b.png")[5:]).save(results / "cutouts" / "b.png")

    (error,) = run(results).errors
    assert "b.png: expected the photo's size 48x64, received 48x59" in error


def test_a_folder_that_predict_did_not_write_is_refused(source):
    with pytest.raises(DataError, match=r"expected what predict wrote, found no predictions\.jsonl"):
        run(source)


def test_a_crop_and_a_canvas_exclude_each_other(results):
    with pytest.raises(ConfigError, match="`crop`: expected without `canvas`"):
        run(results, crop=5, canvas="90x120")


def test_the_command_says_what_was_delivered(results, capsys):
    correct(results / "cutouts" / "b.png")
    make("deliver", results, "--format", "jpg,webp", "--background", "white", "--canvas", "90x120")

    assert capsys.readouterr().out == (
        f"6 cutouts in {results / 'delivery'}: 1 corrected, 5 as predicted (5 not triaged)\n"
    )
    assert {path.suffix for path in (results / "delivery").rglob("?.*")} == {".jpg", ".webp"}


def test_nothing_is_delivered_while_another_process_writes_the_results(results):
    with held_elsewhere(results), pytest.raises(DataError, match="another process is writing here"):
        run(results)
    assert not (results / "delivery").exists()


def test_the_folder_of_results_and_that_of_the_photos_are_no_place_for_shop_files(source, results):
    for output in (results, results / "cutouts", source, source.parent):
        with pytest.raises(DataError, match=r"`output` .*: expected a folder for shop files alone"):
            run(results, output=output)
    assert run(results).errors == []


def test_a_corrected_file_without_a_photo_is_named(results, tmp_path):
    (tmp_path / "back").mkdir()
    Image.fromarray(rgba(results / "cutouts" / "a.png")).save(tmp_path / "back" / "a_final.png")
    told = []
    options = DeliverOptions.of(results=results, corrected=tmp_path / "back")
    deliver(options, Context(tell=lambda event: told.append(getattr(event, "text", ""))))

    assert any("a_final.png has no photo in" in text for text in told)


def test_a_mask_that_is_gone_stops_no_other(results):
    (results / "masks" / "b.png").unlink()

    done = run(results)

    (error,) = done.errors
    assert "b.png: cannot be read (no such file or directory); run predict again" in error
    assert len(delivered(results)) == len(STEMS) - 1
    assert done.predicted.total() == len(STEMS) - 1


def test_a_delivery_is_no_folder_of_photos(results):
    run(results)

    for chosen in ("delivery", "delivery/x", "delivery/a.png"):
        with pytest.raises(DataError, match="expected photos, received results of an earlier run"):
            find_photos(results / chosen)


def test_a_later_correction_in_another_file_of_the_photo_is_not_overlooked(results):
    correct(results / "masks" / "b.png")
    run(results)
    (results / "masks" / "b.png").write_bytes((results / "masks" / "a.png").read_bytes())
    (results / "masks" / "b.png").unlink()
    alpha = correct(results / "cutouts" / "b.png")
    run(results)

    np.testing.assert_array_equal(rgba(results / "delivery" / "b.png")[..., 3], alpha)


def test_a_photo_that_failed_in_the_last_run_is_named(source, results):
    (source / "b.png").write_bytes(b"no longer a photo")
    cut_folder(source, results)

    (error,) = run(results).errors
    assert "b.png: was not cut out in the last run; run predict again" in error


def test_files_of_another_shoot_are_not_replaced_by_photos_of_the_same_names(results, tmp_path):
    draw(tmp_path / "other" / "a.png", 77)
    cut_folder(tmp_path / "other", tmp_path / "theirs")
    run(results, output=tmp_path / "shop")
    before = (tmp_path / "shop" / "a.png").read_bytes()

    (error,) = run(tmp_path / "theirs", output=tmp_path / "shop").errors
    assert "its results would replace those of" in error
    assert (tmp_path / "shop" / "a.png").read_bytes() == before


# --- sixteen bits ------------------------------------------------------------------------------------------


def test_sixteen_bits_that_nobody_corrected_are_delivered_as_predict_would_write_them(source, tmp_path):
    every = {"format": ("png", "psd", "tiff"), "bits": 16}
    cut_folder(source, tmp_path / "out", **every)
    assert len(np.unique(read_mask(tmp_path / "out/masks/b.png", bits=16) % 257)) > 1

    run(tmp_path / "out", **every)

    for name, content in delivered(tmp_path / "out").items():
        assert content == (tmp_path / "out" / "cutouts" / name).read_bytes(), name


@pytest.mark.parametrize("suffix", [".png", ".tif", ".psd"])
def test_a_correction_in_sixteen_bits_keeps_them(source, tmp_path, suffix):
    results = tmp_path / "out"
    cut_folder(source, results, bits=16)
    alpha = read_mask(results / "masks" / "b.png", bits=16)
    alpha[len(alpha) // 2 :] //= 3  # values that 8 bits do not have
    image = np.full((*alpha.shape, 3), 900, np.uint16)
    path = results / "cutouts" / f"b{suffix}"
    if suffix == ".psd":
        write_psd(path, image, alpha, np.dstack([image, alpha]), trimap=alpha)
    else:
        write_image(path, np.dstack([image, alpha]))

    assert run(results, bits=16, format=("png", "tiff", "psd")).corrected == 1

    for delivered_suffix in (".png", ".tif"):
        written = read_mask(results / "delivery" / f"b{delivered_suffix}", bits=16)
        np.testing.assert_array_equal(written, alpha)
    np.testing.assert_array_equal(read_psd_alpha(results / "delivery/b.psd", alpha.shape, 16), alpha)


def test_a_correction_in_eight_bits_fills_sixteen(results):
    alpha = correct(results / "cutouts" / "b.png")
    run(results, bits=16)

    written = read_mask(results / "delivery" / "b.png", bits=16)
    np.testing.assert_array_equal(written, alpha * np.uint16(257))


# --- names that are spelled in two ways --------------------------------------------------------------------

COMPOSED, DECOMPOSED = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"


def test_a_correction_whose_name_another_system_spelled_is_not_overlooked(source, tmp_path):
    draw(source / f"{COMPOSED}.png", 7)
    results = tmp_path / "out"
    cut_folder(source, results)
    alpha = correct(results / "cutouts" / f"{COMPOSED}.png")
    (results / "cutouts" / f"{COMPOSED}.png").rename(results / "cutouts" / f"{DECOMPOSED}.png")

    assert run(results).corrected == 1
    np.testing.assert_array_equal(rgba(results / "delivery" / f"{COMPOSED}.png")[..., 3], alpha)


def test_twins_of_two_spellings_have_a_correction_each(source, tmp_path):
    alphas, results = {}, tmp_path / "out"
    for seed, name in enumerate((COMPOSED, DECOMPOSED)):
        draw(source / f"{name}.png", 20 + seed)
    cut_folder(source, results)
    (tmp_path / "back").mkdir()
    for name in (COMPOSED, DECOMPOSED):
        alphas[name] = correct(results / "cutouts" / f"{name}.png")
        (results / "cutouts" / f"{name}.png").rename(tmp_path / "back" / f"{name}.png")

    assert run(results, corrected=tmp_path / "back").corrected == 2
    for name, alpha in alphas.items():
        np.testing.assert_array_equal(rgba(results / "delivery" / f"{name}.png")[..., 3], alpha)


def test_copies_of_what_predict_wrote_are_no_corrections(results, tmp_path):
    shutil.copytree(results / "cutouts", tmp_path / "back", copy_function=shutil.copyfile)
    alpha = correct(tmp_path / "back" / "b.png")

    done = run(results, corrected=tmp_path / "back", decisions="auto,review,redo")

    assert (done.corrected, done.predicted.total()) == (1, 5)
    np.testing.assert_array_equal(rgba(results / "delivery" / "b.png")[..., 3], alpha)


def test_what_fails_now_is_not_delivered_as_it_was_before(source, results):
    run(results)
    (results / "masks" / "a.png").unlink()  # and so nothing says what its cutout is
    (source / "b.png").unlink()  # on a drive that is not there today, perhaps
    done = run(results)

    assert len(done.errors) == 2
    assert done.removed == 1
    assert sorted(delivered(results)) == ["b.png", "c.png", "d.png", "x/a.png", "x/e.png"]
    assert sorted(line["stem"] for line in manifest_lines(results / "delivery")) == sorted(STEMS[1:])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_fault_of_the_disk_costs_nothing_of_an_earlier_delivery(results, number):
    def fail(path, _content):
        raise OSError(number, os.strerror(number), str(path))

    run(results)
    before = delivered(results)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segmentation.images.files.write_bytes", fail)
        if number == errno.ENOSPC:
            with pytest.raises(DataError, match="nothing more can be written"):
                run(results, background="white")
        else:
            done = run(results, background="white")
            assert (len(done.errors), done.removed) == (6, 0)

    assert delivered(results) == before
    assert run(results, background="white").errors == []


@pytest.mark.parametrize("decisions", ["auto,review,redo", "auto"])
def test_what_the_last_run_could_not_read_stays_as_it_was_delivered(source, tmp_path, decisions):
    """On a drive that stutters nothing says that another cutout is right."""

    def breaking(photo):
        if len(photo) == 65:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return red_score(photo)

    results = tmp_path / "out"
    draw(source / "b.png", 1, height=65)
    cut_folder(source, results)
    correct(results / "masks" / "c.png")
    run(results)
    cut_folder(source, results, threshold=0.6, score=breaking)
    run(results, decisions=decisions)

    assert "b.png" in delivered(results)


def test_results_of_photos_of_a_store_are_delivered_from_a_copy(source, tmp_path):
    cut_folder(Address.parse(f"file://{source}"), tmp_path / "cut")

    for job in (lambda: run(tmp_path / "cut"), lambda: Desk(tmp_path / "cut")):
        with pytest.raises(
            DataError, match=r"received those of file://.*a\.png.*copy the photos into a folder"
        ):
            job()


# --- what a person decided in a review -------------------------------------------------------------------


@pytest.fixture
def reviewed(tmp_path):
    """Results: a was accepted as it is, b after a stroke, c given back, and d after it was accepted."""
    results = draw_results(tmp_path, names=("a", "b", "c", "d", "e"))
    with Desk(results) as desk, Clerk(desk) as clerk:
        for photo in desk.photos():
            if photo.stem in "bd":
                desk.edit(photo, 0, Stroke(True, 30, 0.5, ((10, 10), (60, 70))))
            if photo.stem != "e":
                decision = "redo" if photo.stem == "c" else "accepted"
                desk.decide(photo, desk.state_of(photo.stem).revision, decision)
        clerk.finish()
        given_back = next(photo for photo in desk.photos() if photo.stem == "d")
        desk.decide(given_back, desk.state_of("d").revision, "redo")
    return results


@pytest.mark.parametrize(("decisions", "more"), [("auto", []), ("auto,review,redo", ["e"])])
def test_what_was_accepted_is_delivered_and_what_was_given_back_is_not(reviewed, capsys, decisions, more):
    assert "auto" not in [line["decision"] for line in manifest_lines(reviewed)]
    done = run(reviewed, decisions=decisions)

    assert sorted(result.stem for result in done.results) == ["a", "b", *more]
    assert (done.corrected, done.predicted["accepted"], done.by_hand) == (1, 1, 2)
    assert np.array_equal(
        rgba(reviewed / "delivery" / "b.png")[..., 3], read_mask(reviewed / "masks" / "b.png")
    )

    make("deliver", reviewed, "--overwrite")
    assert "1 corrected, 2 as predicted (1 accepted, 1 " in (said := capsys.readouterr().out)
    assert "2 left out, to be redone by hand" in said


def test_what_is_given_back_after_a_delivery_is_taken_out_of_it(reviewed, capsys):
    everything = {"decisions": "auto,review,redo"}
    run(reviewed, **everything)
    with Desk(reviewed) as desk:
        for photo in desk.photos():
            if photo.stem in "ab":
                desk.decide(photo, desk.state_of(photo.stem).revision, "redo")
    correct(reviewed / "delivery" / "b.png")  # a person's work, even now

    make("deliver", reviewed)
    assert "4 left out, to be redone by hand, 2 of an earlier delivery removed" in capsys.readouterr().out
    assert sorted(delivered(reviewed)) == ["b.png", "e.png"]
    assert [line["stem"] for line in manifest_lines(reviewed / "delivery")] == ["e"]
    assert run(reviewed, **everything).removed == 0


def test_a_delivery_holds_what_was_asked_for_last(results, tmp_path):
    run(results)
    alpha = correct(results / "masks" / "c.png")
    with pytest.raises(DataError, match="an earlier delivery stays as it is"):
        run(results, decisions="auto", corrected=tmp_path)
    assert len(delivered(results)) == 6

    assert run(results, decisions="auto").removed == 5
    assert [*delivered(results)] == ["c.png"]
    np.testing.assert_array_equal(rgba(results / "delivery" / "c.png")[..., 3], alpha)


def test_files_of_another_shoot_stay_in_a_delivery_that_both_share(results, tmp_path):
    """Photos of the same name are distinguished by where they lie."""
    other = draw_folder(tmp_path / "other" / "in")
    cut_folder(other, tmp_path / "other" / "out")
    run(results, output=tmp_path / "shop")
    correct(tmp_path / "other" / "out" / "masks" / "c.png")

    done = run(tmp_path / "other" / "out", output=tmp_path / "shop", decisions="auto")

    assert (len(done.errors), done.removed) == (1, 0)
    assert len(pictures(tmp_path / "shop")) == 6


def test_what_was_given_back_and_then_changed_elsewhere_is_delivered_as_it_was_changed(reviewed):
    for name in ("c", "d"):
        alpha = correct(reviewed / "cutouts" / f"{name}.png")
        done = run(reviewed, overwrite=True)
        assert np.array_equal(rgba(reviewed / "delivery" / f"{name}.png")[..., 3], alpha)
    assert done.by_hand == 0


def test_a_decision_about_a_mask_that_predict_has_replaced_decides_nothing(reviewed, tmp_path):
    cut_folder(tmp_path / "photos", reviewed, threshold=0.8)
    done = run(reviewed)

    assert {result.stem for result in done.results} >= {"a", "c"}
    assert done.predicted["accepted"] == 0


def test_an_accepted_photo_whose_files_could_not_be_written_is_not_delivered_as_it_was_before(tmp_path):
    results = draw_results(tmp_path, names=("a", "b"))
    with Desk(results) as desk:
        (photo, _other) = desk.photos()
        desk.edit(photo, 0, Stroke(True, 30, 0.5, ((10, 10), (60, 70))))
        desk.decide(photo, desk.state_of("a").revision, "accepted")
    done = run(results)

    assert ["its files are not written yet" in error for error in done.errors] == [True]
    assert not (results / "delivery" / "a.png").exists()
    assert (results / "delivery" / "b.png").exists()
