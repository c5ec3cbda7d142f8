"""A person's work in the folder of results: files that were corrected there are never overwritten.

Nor are they taken for corrections of another photo than they were made from.
"""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from support.folder_job import cut_folder, draw, draw_folder, errors, made, manifest_lines, pictures
from support.program import make

from segmentation.cli.changed_files import changed_lines
from segmentation.config.jobs.collect import CollectOptions
from segmentation.config.jobs.deliver import DeliverOptions
from segmentation.core.events import Caution
from segmentation.core.file_kinds import FILES
from segmentation.images.files import read_mask
from segmentation.images.psd_read import read_psd_alpha
from segmentation.jobs.collect import collect
from segmentation.jobs.context import Context
from segmentation.jobs.deliver import deliver
from segmentation.outputs.collect import LEFT_OUT
from segmentation.outputs.manifest import MANIFEST
from segmentation.retouch.photos import find_cut_photos


@pytest.fixture
def source(tmp_path):
    return draw_folder(tmp_path / "in")


def paint(path):
    """Correct a file as a person does: other pixels, in whatever way their program writes them."""
    if path.suffix == ".psd":
        path.write_bytes(path.read_bytes() + b"\0")
        return
    with Image.open(path) as picture:
        painted = np.array(picture)
    painted[:5] = 200
    Image.fromarray(painted).save(path)


EVERY_KIND = {"format": "png,psd,tiff,webp,jpg", "overlay": True, "trimap": True}
CHANGES = {
    "another threshold": lambda: {"threshold": 0.4},
    "another crop": lambda: {"crop": 10},
    "another background": lambda: {"background": "#112233"},
    "hard edges": lambda: {"binary": True},
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_corrected_file_of_any_kind_is_overwritten_by_another_run(source, tmp_path, change):
    output = tmp_path / "out"
    cut_folder(source, output, **EVERY_KIND)
    shown = ("labels", "review", "doubts")
    corrected = [
        output / FILES[kind].folder / f"b{FILES[kind].suffix}" for kind in FILES if kind not in shown
    ]
    for path in corrected:
        paint(path)
    painted = {path: path.read_bytes() for path in corrected}

    results = cut_folder(source, output, **EVERY_KIND, **CHANGES[change]())

    assert {path: path.read_bytes() for path in corrected} == painted
    kept = {result.stem: set(result.kept) for result in results if result.kept}
    assert kept == {"b": {path.relative_to(output).as_posix() for path in corrected}}
    fresh = cut_folder(source, tmp_path / "fresh", **EVERY_KIND, **CHANGES[change]())
    assert len(fresh) == 6
    others = [name for name in pictures(output) if output / name not in corrected]
    assert {name: pictures(output)[name] for name in others} == {
        name: pictures(tmp_path / "fresh")[name] for name in others
    }


def correct_mask(path):
    """Give a mask to the left half of the photo, as a person may; return it."""
    mask = np.zeros_like(read_mask(path))
    mask[:, : mask.shape[1] // 2] = 255
    Image.fromarray(mask).save(path)
    return mask


@pytest.mark.parametrize("bits", [8, 16])
def test_files_that_are_asked_for_later_are_made_of_the_corrected_mask(source, tmp_path, bits):
    output = tmp_path / "out"
    cut_folder(source, output)
    mask = correct_mask(output / "masks" / "b.png")

    results = cut_folder(source, output, format="png,psd", trimap=True, bits=bits)

    assert np.array_equal(read_mask(output / "cutouts" / "b.png"), mask)
    assert np.array_equal(read_psd_alpha(output / "cutouts" / "b.psd", mask.shape), mask)
    assert (read_mask(output / "trimaps" / "b.png")[mask == 255] > 0).all()
    notes = {result.stem: result.notes for result in results if result.kept}
    assert notes == {
        "b": (
            "cutouts/b.png, cutouts/b.psd, trimaps/b.png are made of masks/b.png",
            "masks/b.png was changed since it was written and is kept",
        )
    }
    assert not made(cut_folder(source, output, format="png,psd", trimap=True, bits=bits))


def test_a_corrected_mask_that_fits_no_more_is_kept_and_said_to_be_beside_predicted_files(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    Image.new("L", (7, 9), 255).save(output / "masks" / "b.png")

    (result,) = [result for result in cut_folder(source, output, format="psd") if result.kept]

    assert result.notes[0] == "cutouts/b.psd is of the predicted mask, not of masks/b.png"


def test_a_corrected_file_stays_a_persons_however_often_the_options_change(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    paint(output / "cutouts" / "b.png")
    painted = (output / "cutouts" / "b.png").read_bytes()

    for threshold in (0.3, 0.4, 0.6):
        results = cut_folder(source, output, threshold=threshold)
        assert [result.kept for result in results if result.kept] == [("cutouts/b.png",)]
    assert (output / "cutouts" / "b.png").read_bytes() == painted


def test_overwrite_replaces_what_was_corrected_and_saves_it(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    saved = []
    for turn in range(3):
        paint(output / "cutouts" / "b.png")
        with Image.open(output / "cutouts" / "b.png") as picture:
            Image.fromarray(np.array(picture) // (turn + 1)).save(output / "cutouts" / "b.png")
        saved.append((output / "cutouts" / "b.png").read_bytes())
        results = cut_folder(source, output, overwrite=True)
        assert [result.replaced for result in results if result.replaced] == [("cutouts/b.png",)]

    names = ["b.png.before", "b.png.before2", "b.png.before3"]
    assert [(output / "cutouts" / name).read_bytes() for name in names] == saved
    cut_folder(source, tmp_path / "fresh")
    fresh = (tmp_path / "fresh" / "cutouts" / "b.png").read_bytes()
    assert (output / "cutouts" / "b.png").read_bytes() == fresh


def test_a_corrected_mask_keeps_its_name_where_the_files_that_were_to_replace_it_cannot_be_written(
    source, tmp_path
):
    output = tmp_path / "out"
    cut_folder(source, output)
    paint(output / "masks" / "b.png")
    painted = (output / "masks" / "b.png").read_bytes()
    (output / "cutouts" / "b.png").unlink()
    (output / "cutouts" / "b.png").mkdir()  # in the way of the second file
    cut_folder(source, output, overwrite=True)

    assert "cannot be written" in errors(output)["b.png"]
    assert (output / "masks" / "b.png").read_bytes() == painted
    assert not list(output.rglob("*.before"))


def test_results_that_were_copied_elsewhere_are_still_the_programs(source, tmp_path):
    cut_folder(source, tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "copy", copy_function=shutil.copyfile)
    for path in (tmp_path / "copy").rglob("*.png"):
        os.utime(path, (1_000_000_000, 1_000_000_000))

    results = cut_folder(source, tmp_path / "copy", threshold=0.4)

    assert not any(result.kept for result in results)


def test_a_corrected_file_survives_a_photo_that_is_broken_now(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    paint(output / "cutouts" / "b.png")
    (source / "b.png").write_bytes(b"no longer a photo")

    cut_folder(source, output)

    assert (output / "cutouts" / "b.png").is_file()
    assert not (output / "masks" / "b.png").exists()


def test_a_file_that_nothing_says_was_written_here_is_kept(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    before = pictures(output)
    (output / MANIFEST).unlink()

    results = cut_folder(source, output, threshold=0.4)

    assert pictures(output) == before
    assert all(len(result.kept) == 2 for result in results)


def test_results_of_a_version_that_recorded_no_files_are_made_again_unless_changed_since(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    lines = [{key: value for key, value in line.items() if key != "files"} for line in manifest_lines(output)]
    (output / MANIFEST).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    later = (output / MANIFEST).stat().st_mtime + 10
    paint(output / "cutouts" / "b.png")
    os.utime(output / "cutouts" / "b.png", (later, later))

    results = cut_folder(source, output, threshold=0.4)

    assert [result.kept for result in results if result.kept] == [("cutouts/b.png",)]


def test_a_result_is_known_again_after_a_run_that_failed(source, tmp_path):
    """A photo that cannot be reached for a while leaves its results, which stay the program's."""
    output = tmp_path / "out"
    cut_folder(source, output)
    away = source.with_name("away")
    (source / "b.png").rename(away)
    (source / "b.png").symlink_to(tmp_path / "nowhere")
    cut_folder(source, output)
    (source / "b.png").unlink()
    away.rename(source / "b.png")

    results = cut_folder(source, output, threshold=0.4)

    assert not any(result.kept for result in results)


def test_a_file_of_a_format_that_a_later_run_left_out_is_still_the_programs(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output, format="png,tiff")
    cut_folder(source, output, threshold=0.4)

    again = cut_folder(source, output, format="png,tiff", threshold=0.3)

    assert not any(result.kept for result in again)


def test_an_upgrade_that_was_interrupted_goes_on(source, tmp_path):
    """Photos that the first run after an upgrade did not meet are the program's in the second."""
    output = tmp_path / "out"
    cut_folder(source, output)
    lines = [{key: value for key, value in line.items() if key != "files"} for line in manifest_lines(output)]
    (output / MANIFEST).write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    cut_folder(source / "x", tmp_path / "elsewhere")
    cut_folder(source / "a.png", output, threshold=0.4)
    results = cut_folder(source, output, threshold=0.4)

    assert not any(result.kept for result in results)


# --- photos that another one took the place of -------------------------------------------------------------


def erase(path, to=None):
    """Erase the lower half of a cutout or a mask, as a retoucher would."""
    with Image.open(path) as picture:
        painted = np.array(picture)
    painted[len(painted) // 2 :] = 0
    Image.fromarray(painted).save(to or path)


def exchange(source, name="b.png", seed=50):
    """Put another photo of the same size in the place of one."""
    draw(source / name, seed)


def delivered(output):
    return deliver(DeliverOptions.of(results=output), Context())


def collected(output, source, *, retouched="cutouts", **options):
    chosen = CollectOptions.of(
        input=output / retouched, photos=source, output=output.with_name("set"), **options
    )
    return {one.id: one for one in collect(chosen, Context()).collected}


@pytest.mark.parametrize("name", ["cutouts/b.png", "cutouts/b.tif", "masks/b.png"])
def test_what_was_corrected_of_an_earlier_photo_is_kept_said_and_refused(source, tmp_path, name):
    output = tmp_path / "out"
    cut_folder(source, output)
    erase(output / name if "tif" not in name else output / "cutouts/b.png", output / name)
    if "tif" in name:  # what a person saves beside the cutouts, which themselves stay as they are
        cut_folder(source, tmp_path / "again")
        shutil.copy(tmp_path / "again/cutouts/b.png", output / "cutouts/b.png")
    exchange(source)

    said = {result.stem: result.outdated for result in cut_folder(source, output) if result.outdated}

    assert said == {"b": (name,)}
    (line,) = (line for line in manifest_lines(output) if line["stem"] == "b")
    assert f"{name} is kept, and was made from an earlier photo of this name" in line["notes"]
    for _again in range(2):
        done = delivered(output)
        (error,) = done.errors
        assert f"{name}: expected a correction of {source / 'b.png'} as it is now, received one" in error
        assert error.endswith(" of an earlier photo of this name; move it away and run predict again")
        assert len(done.results) == 6
        erase(output / "cutouts/a.png")
        found = collected(output, source, retouched=name.partition("/")[0])
        assert "received one of an earlier photo of this name" in found["b"].error
        assert found["a"].error is None
        assert not (tmp_path / "set/masks/b.png").exists()
        cut_folder(source, output, threshold=0.4)  # and it stays so


def test_a_correction_counts_again_when_it_was_moved_away_and_made_anew(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    for name in ("b.png", "b.tif"):
        erase(output / "cutouts/b.png", output / "cutouts" / name)
    exchange(source)
    cut_folder(source, output)
    for name in ("b.png", "b.tif"):
        (output / "cutouts" / name).rename(tmp_path / name)

    again = cut_folder(source, output)

    assert [(result.stem, result.outdated) for result in again if not result.skipped] == [("b", ())]
    erase(output / "cutouts/b.png", output / "cutouts/b.tif")
    done = delivered(output)
    assert (done.corrected, done.errors) == (1, [])
    assert collected(output, source)["b"].taken


def test_a_photo_that_was_exchanged_since_it_was_cut_out_is_refused_by_collect(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    erase(output / "cutouts/a.png")
    erase(output / "cutouts/b.png")
    shutil.copytree(output / "cutouts", tmp_path / "back")
    exchange(source)

    for found in (
        collected(output, source),
        collected(tmp_path, source, retouched="back", predictions=output),
    ):
        assert found["b"].error == (
            f"{source / 'b.png'}: expected the photo that was cut out, received another; run predict again"
        )
        assert found["a"].error is None


def test_a_photo_that_was_only_moved_is_still_the_one_that_was_corrected(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    erase(output / "cutouts/b.png")
    shutil.copytree(source, tmp_path / "elsewhere", copy_function=shutil.copyfile)

    assert collected(output, tmp_path / "elsewhere")["b"].taken


@pytest.mark.parametrize("beside", ["b.jpg", "B.png"])
def test_a_photo_whose_results_have_another_name_since_counts_once(source, tmp_path, beside):
    """A photo that is named alike came to lie beside it."""
    output, told = tmp_path / "out", []
    cut_folder(source, output)
    paint(output / "masks" / "b.png")
    draw(source / beside, 7)
    results = cut_folder(source, output)
    (later,) = [result.stem for result in results if Path(result.input).name == "b.png"]
    assert later != "b"

    done = deliver(DeliverOptions.of(results=output), Context(tell=told.append))

    assert (done.corrected, len(done.results)) == (0, 7)
    assert sorted(result.stem for result in done.results) == sorted(result.stem for result in results)
    assert [caution.text for caution in told if isinstance(caution, Caution)] == [
        "left out: masks/b.png, changed while the results of b.png had that name; they are called "
        f"{later} now, so give it that name if it is to count"
    ]
    assert len(find_cut_photos(output)) == 7
    (output / "masks" / "b.png").replace(output / "masks" / f"{later}.png")
    assert deliver(DeliverOptions.of(results=output), Context()).corrected == 1


def test_no_file_of_an_earlier_photo_stays_in_formats_that_are_not_asked_for_any_more(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output, format="png,psd,tiff", overlay=True, trimap=True)
    paint(output / "cutouts" / "b.tif")
    for name in ("b.png", "c.png"):
        draw(source / name, 9)

    results = {result.stem: result for result in cut_folder(source, output)}

    left = [name for name in pictures(output) if Path(name).stem in ("b", "c")]
    assert sorted(left) == ["cutouts/b.png", "cutouts/b.tif", "cutouts/c.png", "masks/b.png", "masks/c.png"]
    assert results["b"].outdated == ("cutouts/b.tif",)
    assert (output / "cutouts" / "a.psd").is_file()  # of a photo that is as it was


def test_an_earlier_photo_is_told_after_a_run_that_failed_and_one_of_other_formats(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output, format="png,tiff")
    erase(output / "cutouts/b.tif")
    (source / "b.png").write_bytes(b"no longer a photo")
    cut_folder(source, output)
    exchange(source)

    results = cut_folder(source, output)

    assert [result.outdated for result in results if result.outdated] == [("cutouts/b.tif",)]
    assert "received one of an earlier photo" in delivered(output).errors[0]


def test_overwrite_makes_the_cutout_of_the_present_photo(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    erase(output / "cutouts/b.png")
    exchange(source)
    cut_folder(source, output)

    cut_folder(source, output, overwrite=True)

    assert (output / "cutouts/b.png.before").is_file()
    assert delivered(output).errors == []


def test_a_summary_names_what_was_kept_of_earlier_photos():
    assert changed_lines(["cutouts/a.png"], [], ["cutouts/a.png"]) == [
        "kept 1 file that was made from an earlier photo of the same name, which deliver and collect refuse: "
        "cutouts/a.png; move it away and run predict again"
    ]
    first, second = changed_lines(["a", "b"], [], ["b", "c.tif"])
    assert "kept 2 files that were made from an earlier photo" in first
    assert "b, c.tif; move them away" in first
    assert second.startswith("kept a, changed since written")


def test_the_commands_say_what_is_of_an_earlier_photo(source, tmp_path, capsys):
    output = tmp_path / "out"
    cut_folder(source, output)
    erase(output / "cutouts/b.png")
    exchange(source)
    cut_folder(source, output)

    make("deliver", output, check=1)
    said = capsys.readouterr()
    assert "error: " in said.err
    assert "cutouts/b.png: expected a correction of" in said.err
    assert said.out.endswith(": 5 as predicted (5 not triaged), 1 failed\n")


# --- cutouts on a canvas -----------------------------------------------------------------------------------


@pytest.mark.parametrize("canvas", ["48x64", "90x120"])
def test_a_corrected_cutout_on_a_canvas_is_never_paired_with_the_photo(source, tmp_path, canvas):
    """The garment lies elsewhere on the canvas than in the photo, even if both have the same size."""
    output = tmp_path / "out"
    cut_folder(source, output, canvas=canvas)
    erase(output / "cutouts/b.png", output / "cutouts/b.tif")
    erase(output / "cutouts/b.png")
    erase(output / "masks/d.png")
    (tmp_path / "back").mkdir()
    shutil.copy(output / "cutouts/b.png", tmp_path / "back")

    refused = f"b.png: expected a cutout that lies as its photo, received one on a canvas of {canvas}"
    for _again in range(2):
        found = collected(output, source)
        assert refused in found["b"].error
        assert {one.change for name, one in found.items() if name != "b"} == {LEFT_OUT}
        done = delivered(output)
        assert [refused in error for error in done.errors] == [True]
        assert done.corrected == 1  # the mask is as large as the photo
        elsewhere = collected(tmp_path, source, retouched="back", predictions=output)
        assert refused in elsewhere["b"].error
        cut_folder(source, output)  # without a canvas, which the corrected cutout keeps


def test_a_document_holds_the_whole_photo_whatever_the_canvas(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output, canvas="48x64", format="png,psd")
    document = PSDImage.open(output / "cutouts/b.psd")
    layer = next(one for one in document if one.name == "photo")
    alpha = np.array(layer.mask.topil())
    alpha[40:] = 0
    layer.update_mask(Image.fromarray(alpha))
    document.save(output / "cutouts/b.psd")

    found = collected(output, source)

    assert found["b"].file.name == "b.psd"
    np.testing.assert_array_equal(read_mask(tmp_path / "set/masks/b.png"), alpha)
    assert delivered(output).corrected == 1
