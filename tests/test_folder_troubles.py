"""A studio's needs in trouble: disks are full, folders are closed, and files have odd names."""

import contextlib
import errno
import json
import os
import resource
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from support.folder_job import (
    ENLARGEMENT,
    cut_folder,
    draw,
    errors,
    made,
    manifest_lines,
    pictures,
    scorer_of,
)
from support.program import make

from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import DataError, ImageError, remedy_for
from segmentation.jobs.context import Context
from segmentation.jobs.predict import FolderPrediction
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.folder_job import run_folder
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import find_photos
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.publishing import Publisher


@contextlib.contextmanager
def file_limit(size):
    """No file may grow beyond `size` bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_results_that_do_not_fit_leave_nothing_half_written(tmp_path):
    source = tmp_path / "in"
    for number in range(6):
        draw(source / f"{number}.png", number, 160, 120)
    cut_folder(source, tmp_path / "fresh")
    with file_limit(4000):  # enough for the masks and the manifest
        results = cut_folder(source, tmp_path / "out")

    assert all("file too large" in result.error for result in results)
    assert all(len(content) <= 4000 for content in pictures(tmp_path / "out").values())
    assert not [name for name in pictures(tmp_path / "out") if ".tmp-" in name]
    assert len(made(cut_folder(source, tmp_path / "out"))) == 6
    assert pictures(tmp_path / "out") == pictures(tmp_path / "fresh")


def test_a_manifest_that_cannot_grow_stops_the_job_and_stays_whole(source, tmp_path):
    (tmp_path / "out").mkdir()
    with file_limit(1000), pytest.raises(DataError, match=r"predictions\.jsonl.*file too large"):
        cut_folder(source, tmp_path / "out")
    recorded = manifest_lines(tmp_path / "out")

    assert 0 < len(recorded) < 6
    cut_folder(source, tmp_path / "out")
    assert len(manifest_lines(tmp_path / "out")) == 6


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_takes_nothing_more_stops_the_job_at_once(source, tmp_path, number):
    written = []

    def deliver(photo, _picture, _prediction):
        if photo.stem == "c":
            raise ImageError("c: cannot be written") from OSError(number, os.strerror(number))
        written.append(photo.stem)
        return PhotoOutputs({})

    with Manifest(tmp_path / "out", {}) as manifest, pytest.raises(DataError, match="run the same command"):
        list(run_folder(scorer_of(), find_photos(source), deliver, manifest=manifest))

    assert written == ["a", "b"]
    assert [line["stem"] for line in manifest_lines(tmp_path / "out")] == ["a", "b"]


def another_disk(path):
    """A folder on another file system."""
    folder = Path("/dev/shm")
    if not folder.is_dir() or folder.stat().st_dev == path.stat().st_dev:
        pytest.skip("there is no other file system to write to")
    return folder


@pytest.fixture
def as_nobody():
    """A context in which permissions hold, and a folder that is open in it: they do not hold for root."""

    @contextlib.contextmanager
    def dropped():
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder, dropped
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o777)


def test_a_folder_that_cannot_be_listed_is_named_and_the_others_go_on(as_nobody):
    folder, nobody = as_nobody
    for name in ("a.png", "closed/b.png", "z/c.png"):
        draw(folder / "in" / name)
    (folder / "in" / "closed").chmod(0)
    cut_folder(folder / "in" / "z", folder / "warm")  # what is imported late is imported
    with nobody():
        results = cut_folder(folder / "in", folder / "out")

    assert [bool(result.error) for result in results] == [False, True, False]
    assert "closed: cannot be listed (permission denied)" in results[1].error
    (folder / "in" / "closed").chmod(0o755)
    shutil.rmtree(folder / "warm")
    with nobody():
        results = cut_folder(folder / "in", folder / "out")
    assert made(results) == ["closed/b"]
    assert errors(folder / "out") == {}


def test_a_photo_that_may_not_be_read_is_named(as_nobody):
    folder, nobody = as_nobody
    for name in ("a.png", "b.png"):
        draw(folder / "in" / name)
    (folder / "in" / "a.png").chmod(0)
    cut_folder(folder / "in", folder / "warm")
    with nobody():
        results = cut_folder(folder / "in", folder / "out")

    assert "permission denied" in results[0].error
    assert results[1].error is None


@pytest.mark.parametrize("closed", [".", "masks", "cutouts"])
def test_an_output_that_is_closed_to_writing_is_refused_before_any_work(as_nobody, closed):
    folder, nobody = as_nobody
    draw(folder / "in" / "a.png")
    (folder / "out" / closed).mkdir(parents=True, exist_ok=True)
    (folder / "out").chmod(0o777)
    (folder / "out" / closed).chmod(0o555)

    def score(_photo):
        pytest.fail("a photo was scored")

    with nobody(), pytest.raises((DataError, PermissionError)):
        cut_folder(folder / "in", folder / "out", score=score)


def planned(source, output):
    chosen = PredictOptions.of(input=source, output=output, save=True, dry_run=True)
    return list(FolderPrediction(chosen, Context(), scorer_of()))


@pytest.mark.parametrize(
    "closed", [".", "masks", "cutouts", "predictions.jsonl", ".lock"], ids=["output", "m", "c", "p", "l"]
)
def test_a_dry_run_tells_that_the_output_is_closed_to_writing(as_nobody, closed):
    folder, nobody = as_nobody
    draw(folder / "in" / "a.png")
    place = folder / "out" / closed
    if closed in (".", "masks", "cutouts"):
        place.mkdir(parents=True)
    else:
        place.parent.mkdir()
        place.write_text(
            json.dumps({"stem": "z", "input": "z", "error": None, "key": None, "files": {}}) + "\n"
        )
    (folder / "out").chmod(0o777)
    place.chmod(0o555)
    before = sorted(folder.rglob("*"))
    planned(folder / "in", folder / "warm")  # what is imported late is imported
    for output in (folder / "out", folder / "out" / "new" / "one")[: 2 if closed == "." else 1]:
        with nobody(), pytest.raises((DataError, PermissionError), match=r"(?i)permission denied"):
            planned(folder / "in", output)
        assert sorted(folder.rglob("*")) == before
        with nobody(), pytest.raises((DataError, PermissionError), match=r"(?i)permission denied"):
            cut_folder(folder / "in", output)


@pytest.mark.parametrize("place", ["file", "file/new", "gone"])
def test_a_dry_run_tells_that_the_output_is_no_folder(source, tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "gone").symlink_to("nowhere")
    for attempt in (planned, cut_folder):
        with pytest.raises(DataError, match=r"expected a folder to write in, received: .*; check"):
            attempt(source, tmp_path / place)


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"f_flag": os.ST_RDONLY}, "read-only file system"),
        ({"f_bavail": 0}, "no space left on device"),
        ({"f_favail": 0}, "no space left on device"),
    ],
)
def test_a_dry_run_tells_that_the_disk_takes_nothing(source, tmp_path, monkeypatch, about, reason):
    disk = {"f_flag": 0, "f_blocks": 9, "f_bavail": 9, "f_files": 9, "f_favail": 9} | about
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(**disk))
    with pytest.raises(DataError, match=f"received: {reason}"):
        planned(source, tmp_path / "out" / "new")


def test_a_photo_that_vanishes_before_it_is_read_is_named(source, tmp_path):
    photos = list(find_photos(source))
    (source / "b.png").unlink()
    writer = CutoutWriter(tmp_path / "out", ENLARGEMENT)
    with Manifest(tmp_path / "out", {}) as manifest:
        results = list(
            run_folder(
                scorer_of(),
                photos,
                Publisher(tmp_path / "out", writer, manifest),
                manifest=manifest,
            )
        )

    assert [result.stem for result in results if result.error] == ["b"]
    assert "no such file" in errors(tmp_path / "out")["b.png"]


def test_a_pipe_with_the_name_of_a_photo_does_not_stop_the_night(source, tmp_path):
    os.mkfifo(source / "aa.png")
    results = cut_folder(source, tmp_path / "out")

    assert [result.stem for result in results if result.error] == ["aa"]


# --- names -----------------------------------------------------------------------------------------------


def test_photos_of_any_name_are_cut_out_and_known_again(tmp_path):
    names = [
        "with space.png",
        "quote'\".png",
        "line\nbreak.png",
        "\N{DRESS}\N{ZERO WIDTH JOINER}.png",
        "comma,;$(x) `y`.png",
        "-option.png",
        "%s{0}[bold].png",
        "ä/ö\\ü.png",
        "a" * 251 + ".png",
        os.fsdecode(b"not\xffutf8.png"),
    ]
    for number, name in enumerate(names):
        draw(tmp_path / "in" / name, number)
    results = cut_folder(tmp_path / "in", tmp_path / "out")

    assert [result.error for result in results] == [None] * len(names)
    assert pictures(tmp_path / "out").keys() == {
        f"{kind}/{name}" for kind in ("masks", "cutouts") for name in names
    }
    assert made(cut_folder(tmp_path / "in", tmp_path / "out")) == []


def test_a_name_too_long_for_its_result_is_named(tmp_path):
    for suffix in (".jpg", ".png"):
        draw(tmp_path / "in" / ("a" * 251 + suffix))
    results = cut_folder(tmp_path / "in", tmp_path / "out")

    assert ["file name too long" in result.error for result in results] == [True, True]
    assert all("it has 259 bytes, of at most 255: give the photo a shorter name" in r.error for r in results)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("predict --input in --save --output", "{}"),
        ("predict --input in --save --output", "below/{}/more"),
        ("submit --input in --output", "{}.csv"),
        ("submit --input in --output", "below/{}/a.csv"),
        ("collect --input in --photos in --output", "{}"),
        ("synth --output", "below/{}"),
        ("deliver", "{}"),
        ("predict --input", "in/{}/more"),
    ],
)
def test_a_name_too_long_in_an_option_is_the_one_that_is_named(tmp_path, monkeypatch, capsys, command, name):
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "in" / "a.png")
    too_long = name.format("o" * 300)
    make(*command.split(), too_long, check=2)

    (line,) = capsys.readouterr().err.splitlines()
    place = next(path for path in (Path(too_long), Path(too_long).parent) if len(path.name) >= 300)
    expected = (
        f"{place}: file name too long ({len(place.name)} bytes, of at most 255); give it a shorter name"
    )
    assert line.removeprefix("error: ").removeprefix(f"{tmp_path}/") == expected


def test_a_photo_in_a_folder_whose_name_is_too_long_is_told_which(tmp_path):
    error = OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    path = tmp_path / ("o" * 260) / "a.png"

    assert remedy_for(path, error) == (
        f"its folder {'o' * 260} has 260 bytes, of at most 255: give that a shorter name"
    )


def test_a_name_too_long_for_one_of_the_formats_leaves_no_file(tmp_path):
    draw(tmp_path / "in" / ("a" * 251 + ".jpg"))
    (result,) = cut_folder(tmp_path / "in", tmp_path / "out", format=("png", "webp"), overlay=True)

    problem = ".webp: cannot be written (file name too long)"
    remedy = "it has 256 bytes, of at most 255: give the photo a shorter name"
    assert result.error.endswith(f"{problem}; {remedy}")
    assert pictures(tmp_path / "out").keys() <= {"review.html", "review.csv"}


@pytest.mark.parametrize("refused", ["webp", "psd"])
def test_a_photo_that_one_format_does_not_hold_leaves_no_file_in_any(tmp_path, refused):
    width = {"webp": 16384, "psd": 30001}[refused]  # more than the format has
    draw(tmp_path / "in" / "a.png")
    Image.fromarray(np.full((2, width, 3), (200, 0, 0), np.uint8)).save(tmp_path / "in" / "wide.png")
    options = {"format": ("png", refused), "overlay": True, "trimap": True}
    results = cut_folder(tmp_path / "in", tmp_path / "out", **options)

    assert [bool(result.error) for result in results] == [False, True]
    assert not [name for name in pictures(tmp_path / "out") if "wide" in name or ".tmp-" in name]


def test_a_photo_that_fails_leaves_what_stands_in_the_places_of_its_results(source, tmp_path):
    corrected = tmp_path / "out" / "cutouts" / "a.png"
    (tmp_path / "out" / "overlays" / "a.jpg").mkdir(parents=True)
    corrected.parent.mkdir()
    corrected.write_bytes(b"corrected")
    results = cut_folder(source, tmp_path / "out", overlay=True)

    assert [result.stem for result in results if result.error] == ["a"]
    assert corrected.read_bytes() == b"corrected"
    assert not (tmp_path / "out" / "masks" / "a.png").exists()


def test_a_folder_of_results_may_lie_on_another_disk(source, tmp_path):
    output = tmp_path / "out"
    with tempfile.TemporaryDirectory(dir=another_disk(tmp_path)) as elsewhere:
        output.mkdir()
        (output / "cutouts").symlink_to(elsewhere)
        assert [result.error for result in cut_folder(source, output)] == [None] * 6
        assert made(cut_folder(source, output)) == []  # its files are known again
        before = (output / "masks" / "a.png").read_bytes()
        Image.new("L", (48, 64), 255).save(output / "cutouts" / "b.png")
        (output / "cutouts" / "a.png").unlink()
        (output / "cutouts" / "a.png").mkdir()  # in whose place no file can be put

        results = {result.stem: result for result in cut_folder(source, output, threshold=0.4)}

        assert [stem for stem, result in results.items() if result.error] == ["a"]
        assert results["b"].kept == ("cutouts/b.png",)
        cut_folder(source, tmp_path / "whole", threshold=0.4)
        for name in ("cutouts/c.png", "masks/c.png"):
            assert (output / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
        assert (output / "masks" / "a.png").read_bytes() == before
        assert not list(Path(elsewhere).rglob(".tmp-*"))


def test_the_results_of_a_folder_and_of_a_photo_with_its_name_do_not_meet(tmp_path):
    for number, name in enumerate(["x.jpg", "x.png/a.png", "x.png/b.png"]):
        draw(tmp_path / "in" / name, number)
    results = cut_folder(tmp_path / "in", tmp_path / "out", workers=3)

    assert [result.error for result in results] == [None] * 3
    assert [result.outputs["mask"] for result in results] == [
        "masks/x.jpg.png", "masks/x.png/a.png", "masks/x.png/b.png",
    ]  # fmt: skip


def test_an_output_folder_inside_the_input_is_never_read(source):
    cut_folder(source, source / "out")
    results = cut_folder(source, source / "out")

    assert len(results) == 6
    assert made(results) == []


def test_results_of_a_photo_that_did_not_change_survive_a_run_that_cannot_write(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    before = pictures(output)
    (output / "cutouts" / "b.psd").mkdir()

    for _twice in range(2):
        results = cut_folder(source, output, format="png,psd", threshold=0.4)
        assert [result.stem for result in results if result.error] == ["b"]
        assert pictures(output)["masks/b.png"] == before["masks/b.png"]
