"""`predict` for scripts: streams, lists, lines of JSON, and a run that writes nothing."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.drawing import draw_pair
from support.folder_job import cut_folder, draw_folder, pictures, scorer_of
from support.places import ROOT
from support.program import make, run

from segmentation.cli.watch import WatchDisplay
from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import ConfigError
from segmentation.jobs.context import Context
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.predict import FolderPrediction
from segmentation.jobs.predict_stream import check_stream
from segmentation.jobs.watch import Idle
from segmentation.outputs.result import Result


def plan(source, output, threshold=0.5, **options):
    chosen = PredictOptions.of(input=source, output=output, save=True, dry_run=True, **options)
    return list(FolderPrediction(chosen, Context(), scorer_of(threshold=threshold)))


@pytest.fixture
def source(tmp_path):
    return draw_folder(tmp_path / "in")


@pytest.fixture(scope="module")
def photo():
    content = io.BytesIO()
    Image.fromarray(draw_pair(3, 96, 64)[0]).save(content, "JPEG", quality=95)
    return content.getvalue()


def pipe(content, *words):
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "predict", "--input", "-", "--output", "-", *words],
        input=content,
        capture_output=True,
    )


def test_a_cutout_goes_from_stream_to_stream_as_predict_writes_it(photo, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(photo)
    options = ("--format", "webp", "--crop")
    run("predict", "--input", tmp_path / "in", "--save", "--output", tmp_path / "out", *options)

    done = pipe(photo, *options)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (tmp_path / "out" / "cutouts" / "a.webp").read_bytes()


def test_what_is_no_photo_is_named_by_where_it_came_from():
    done = pipe(b"no photo")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: standard input: cannot be read as an image")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input": ("-", "a.jpg"), "output": "-"}, "`input=-`: expected one photo, received others too"),
        ({"input": "-", "output": "out"}, "`input=-`: expected `output=-`"),
        ({"input": "-", "output": "-", "json": True}, "and neither `dry_run` nor `json`"),
        ({"input": "-", "output": "-", "overlay": True}, "`overlay`: expected a folder as `output`"),
        ({"input": "-", "output": "-", "promise": 0.05}, "`promise`: expected a folder as `output`"),
        ({"input": "-", "output": "-", "format": "png,psd"}, "`output=-`: expected one `format`"),
    ],
)
def test_streams_are_for_one_photo_and_one_cutout(options, said):
    with pytest.raises(ConfigError, match=said):
        check_stream(PredictOptions.of(**options))


def test_json_is_all_that_is_on_the_standard_output(photo, tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(photo)
    (tmp_path / "b.jpg").write_bytes(photo[:100])
    make("predict", "--input", tmp_path, "--json", check=1)
    shown = capsys.readouterr()

    whole, broken = map(json.loads, shown.out.splitlines())
    assert (Path(whole["input"]).name, whole["error"]) == ("a.jpg", None)
    assert 0 < whole["area"] < 1
    assert {"confidence", "decision", "reasons", "notes", "outputs", "skipped"} <= whole.keys()
    assert "cannot be read as an image" in broken["error"]
    assert "2 photos, 1 failed" in shown.err


PIPE_BYTES = 4096  # the least that Linux gives: a command that prints more cannot end before somebody reads


def read_one_line(*words):
    """Return the first line of a command before nobody reads on, its status, and its last words."""
    command = [sys.executable, str(ROOT / "main.py"), *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, pipesize=PIPE_BYTES
    ) as process:
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
        return first, process.wait(), said


def test_a_run_that_saves_goes_on_when_nobody_reads_its_lines_any_more(source, tmp_path):
    words = ("predict", "--input", source, "--no-triage", "--json", "--workers", 1)
    first, status, said = read_one_line(*words, "--save", "--output", tmp_path / "out")

    assert json.loads(first)["error"] is None
    assert (status, len(list((tmp_path / "out" / "masks").rglob("*.png")))) == (0, 6)
    assert "6 masks and cutouts" in said

    for number in range(30):  # whose lines are more than the pipe holds
        (source / f"{number}.png").hardlink_to(source / "a.png")
    first, status, said = read_one_line(*words)
    assert json.loads(first)["error"] is None
    assert (status, said) == (141, "stopped, since nobody reads the output any more\n")


@pytest.mark.parametrize("json", [True, False])
def test_a_watch_goes_on_when_nobody_reads_its_lines_any_more(tmp_path, monkeypatch, json):
    """The error comes once the standard output is gone."""
    reading, writing = os.pipe()
    os.close(reading)
    result = Result(str(tmp_path / "a.png"), "a", area=0.5, seconds=1.0)
    with open(writing, "w") as nobody_reads:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", nobody_reads)
        display = WatchDisplay(quiet=False, json=json)
        for _ in range(2):
            display(PhotoDone(result))
            display(Idle(display.tally, 0, 0))
    assert display.tally.made == 2


def test_a_dry_run_says_what_a_run_would_do_and_writes_nothing(source, tmp_path):
    output = tmp_path / "out"
    assert [(result.stem, sorted(result.outputs)) for result in plan(source, output)] == [
        (stem, ["cutout", "mask"]) for stem in ("a", "b", "c", "d", "x/a", "x/e")
    ]
    assert not output.exists()

    cut_folder(source, output)
    before = pictures(output)
    assert all(result.skipped for result in plan(source, output))
    assert not any(result.skipped for result in plan(source, output, threshold=0.4))
    assert pictures(output) == before


def test_a_dry_run_names_what_overwrite_would_replace(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output)
    with (output / "cutouts" / "b.png").open("ab") as file:
        file.write(b"painted")

    kept = [result.kept for result in plan(source, output, threshold=0.4) if result.kept]
    replaced = [result.replaced for result in plan(source, output, overwrite=True) if result.replaced]
    assert kept == replaced == [("cutouts/b.png",)]


def test_a_dry_run_names_what_cannot_be_done(source, tmp_path):
    (source / "gone").symlink_to(tmp_path / "nowhere")

    assert [result.stem for result in plan(source, tmp_path / "out") if result.error] == ["gone/"]


def test_a_dry_run_knows_a_copy_of_photos_that_are_done(source, tmp_path):
    cut_folder(source, tmp_path / "out")
    shutil.copytree(source, tmp_path / "copy")

    planned = plan(tmp_path / "copy", tmp_path / "out")

    assert [result.error for result in planned] == [None] * 6
    assert planned == cut_folder(tmp_path / "copy", tmp_path / "out")


def test_photos_are_listed_by_another_program(photo, tmp_path):
    for day in ("day1", "day2"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "a.jpg").write_bytes(photo)
    (tmp_path / "list").write_text(f"{tmp_path}/day2/a.jpg\n{tmp_path}/day1/a.jpg\n")
    options = ("--files-from", tmp_path / "list", "--save", "--output", tmp_path / "out", "--no-triage")
    run("predict", *options)

    masks = [np.asarray(Image.open(tmp_path / "out" / "masks" / day / "a.png")) for day in ("day1", "day2")]
    np.testing.assert_array_equal(*masks)


def test_streams_that_the_caller_closed_are_no_mistake(tmp_path):
    command = f"'{sys.executable}' '{ROOT / 'main.py'}' data --data '{tmp_path}' <&- >&- 2>&-"

    assert subprocess.run(["sh", "-c", command]).returncode == 2  # since it holds no pairs


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_standard_output_is_named_as_such():
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), "--version"], stdout=full, stderr=subprocess.PIPE
        )
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith("error: standard output: no space left on device; ")
