"""A person's work in the folder of results: files that were corrected there are never overwritten."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from support.folder_job import cut_folder, draw_folder, manifest_lines, pictures

from segmentation.core.file_kinds import FILES
from segmentation.outputs.manifest import MANIFEST


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
    corrected = [
        output / FILES[kind][0] / f"b{FILES[kind][1]}" for kind in FILES if kind not in ("labels", "review")
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
