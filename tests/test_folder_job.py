"""A studio's needs overnight: a killed job goes on, and nothing is lost or half done."""

import itertools
import json
import os
import shutil
import signal
import threading
from pathlib import Path

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
    red_score,
    scorer_of,
    start,
)
from support.holding import leave_half_written
from support.waiting import PATIENCE_S

from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.folder_job import run_folder
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo, find_photos
from segmentation.outputs.photo_result import PhotoOutputs
from segmentation.outputs.publishing import Publisher


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A folder of 60 photos that take a while, and what an uninterrupted job makes of it."""
    folder = tmp_path_factory.mktemp("night")
    for number in range(60):
        draw(folder / "in" / f"{number % 4}" / f"{number:02d}.png", number, 480, 320)
    cut_folder(folder / "in", folder / "whole")
    return folder / "in", pictures(folder / "whole")


def times(output):
    return {name: (output / name).stat().st_mtime_ns for name in pictures(output)}


def wait_for_word(process, word):
    assert any(word in line for line in process.stderr), f"the process ended without a word of {word}"


# --- stopping and going on -------------------------------------------------------------------------------


def test_a_job_that_is_killed_again_and_again_gives_what_an_uninterrupted_one_gives(night, tmp_path):
    source, whole = night
    output = tmp_path / "out"
    for count in (1, 2, 7, 11, 13, 15):
        process = start(source, output, number=signal.SIGKILL, after=count)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    results = cut_folder(source, output)

    assert pictures(output) == whole  # with no temporary file among them
    assert 0 < len(made(results)) < 60
    assert sorted(line["stem"] for line in manifest_lines(output)) == sorted(
        result.stem for result in results
    )
    assert errors(output) == {}


@pytest.mark.slow
def test_a_job_killed_at_any_step_of_a_change_of_settings_leaves_nothing_that_passes_for_done(
    source, tmp_path
):
    """Settings are changed, the job is killed, and the settings are changed back."""
    output = tmp_path / "out"
    cut_folder(source, output)
    expected = pictures(output)
    for step in range(1, 70, 3):
        process = start(source, output, threshold=0.9, die_at=step, workers=1)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        cut_folder(source, output)
        assert pictures(output) == expected
        assert len(manifest_lines(output)) == 6


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_what_is_in_hand_and_the_same_command_goes_on(night, tmp_path, number, status):
    source, whole = night
    output = tmp_path / "out"
    process = start(source, output, number=number, after=5)
    _, said = process.communicate(timeout=PATIENCE_S)
    stopped = pictures(output)

    assert process.returncode == status, said
    assert "finishing" in said
    assert 5 <= len(manifest_lines(output)) < 60
    for line in manifest_lines(output):
        assert line["error"] is None
        assert set(line["outputs"].values()) <= stopped.keys()
    assert len(stopped) == 2 * len(manifest_lines(output))  # nothing half done, nothing done in vain

    results = cut_folder(source, output)
    assert sum(result.skipped for result in results) == len(stopped) // 2
    assert pictures(output) == whole


def test_a_second_signal_stops_a_job_that_hangs(source, tmp_path):
    process = start(source, tmp_path / "out", hang=True)
    wait_for_word(process, "hanging")
    process.send_signal(signal.SIGINT)
    wait_for_word(process, "finishing")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)

    assert process.returncode == -signal.SIGINT


def test_temporary_files_of_a_killed_job_are_swept_and_others_are_not(source, tmp_path):
    output = tmp_path / "out"
    for name in ("masks/1.png", "cutouts/x/2.png", "3.jsonl"):
        leave_half_written(output / name)
    for name in ("masks/old.png", ".tmp-mine"):
        (output / name).touch()
    cut_folder(source, output)

    kept = {name for name in pictures(output) if ".tmp-" in name or "old" in name}
    assert kept == {"masks/old.png", ".tmp-mine"}


def test_a_caller_who_breaks_off_loses_nothing_that_was_begun(source, tmp_path):
    output = tmp_path / "out"
    writer = CutoutWriter(output, ENLARGEMENT)
    begun = []

    def score(photo):
        begun.append(1)
        return red_score(photo)

    with Manifest(output, {}) as manifest:
        job = run_folder(
            scorer_of(score),
            find_photos(source),
            Publisher(output, writer, manifest),
            workers=2,
            manifest=manifest,
        )
        next(job)
        job.close()

    assert len(manifest_lines(output)) == len(begun) < 6
    assert len(pictures(output)) == 2 * len(begun)


def test_a_stop_lets_no_other_photo_begin(source, tmp_path):
    asked = threading.Event()

    def score(photo):
        asked.set()
        return red_score(photo)

    results = cut_folder(source, tmp_path / "out", score=score, stop=asked.is_set, workers=1)

    assert [result.stem for result in results] == ["a"]


# --- what counts as done ---------------------------------------------------------------------------------


def test_what_is_done_is_not_touched_again(source, tmp_path):
    first = cut_folder(source, tmp_path / "out")
    before, lines = times(tmp_path / "out"), (tmp_path / "out" / "predictions.jsonl").read_bytes()
    second = cut_folder(source, tmp_path / "out")

    assert made(first) == [result.stem for result in second]
    assert made(second) == []
    assert times(tmp_path / "out") == before
    assert (tmp_path / "out" / "predictions.jsonl").read_bytes() == lines


def change_the_photo(source, _output):
    status = (source / "b.png").stat()
    content = bytearray((source / "b.png").read_bytes())
    draw(source / "b.png", 99)
    changed = (source / "b.png").read_bytes()
    (source / "b.png").write_bytes(changed.ljust(len(content), b"\0"))
    os.utime(source / "b.png", ns=(status.st_atime_ns, status.st_mtime_ns))  # it does not look changed


def date_the_photo_anew(source, _output):
    os.utime(source / "b.png", ns=(1, 1))


@pytest.mark.parametrize(
    "change",
    [
        change_the_photo,
        date_the_photo_anew,
        lambda _source, output: (output / "masks" / "b.png").unlink(),
        lambda _source, output: (output / "cutouts" / "b.png").unlink(),
        lambda _source, output: (output / "cutouts" / "b.png").write_bytes(b""),
    ],
    ids=["photo", "date", "no mask", "no cutout", "empty cutout"],
)
def test_only_what_changed_is_done_again(source, tmp_path, change):
    cut_folder(source, tmp_path / "out")
    change(source, tmp_path / "out")
    results = cut_folder(source, tmp_path / "out")
    cut_folder(source, tmp_path / "fresh")

    assert made(results) == ["b"]
    assert pictures(tmp_path / "out") == pictures(tmp_path / "fresh")
    assert sorted(line["stem"] for line in manifest_lines(tmp_path / "out")) == [
        "a", "b", "c", "d", "x/a", "x/e",
    ]  # fmt: skip


def written_later(output, seconds):
    """Let results look as if they had been written later than they were."""
    lines = manifest_lines(output)
    for record, name in ((line["files"][name], name) for line in lines for name in line["files"]):
        record["mtime_ns"] += seconds * 10**9
        os.utime(output / name, ns=(record["mtime_ns"], record["mtime_ns"]))
    (output / "predictions.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.mark.parametrize(("seconds", "again"), [(1, ["b"]), (3600, [])], ids=["about as old", "older"])
def test_a_photo_whose_last_change_is_older_than_its_results_is_not_read_again(
    source, tmp_path, seconds, again
):
    cut_folder(source, tmp_path / "out")
    written_later(tmp_path / "out", seconds)
    change_the_photo(source, tmp_path / "out")

    assert made(cut_folder(source, tmp_path / "out")) == again


@pytest.mark.parametrize("options", [{"threshold": 0.9}, {"binary": True}, {"overwrite": True}])
def test_other_settings_and_overwriting_do_everything_again(source, tmp_path, options):
    cut_folder(source, tmp_path / "out")
    results = cut_folder(source, tmp_path / "out", **options)
    cut_folder(source, tmp_path / "fresh", **options)

    assert len(made(results)) == 6
    assert pictures(tmp_path / "out") == pictures(tmp_path / "fresh")
    assert len(manifest_lines(tmp_path / "out")) == 6


def test_photos_that_were_moved_with_their_dates_are_still_done(source, tmp_path):
    cut_folder(source, tmp_path / "out")
    shutil.copytree(source, tmp_path / "moved", copy_function=shutil.copy2)

    assert made(cut_folder(tmp_path / "moved", tmp_path / "out")) == []


def test_another_folder_with_the_same_names_does_not_replace_results_unless_it_is_asked_to(source, tmp_path):
    for name in ("a.png", "b.png", "new.png"):
        draw(tmp_path / "other" / name, 50)
    cut_folder(source, tmp_path / "out")
    before, lines = pictures(tmp_path / "out"), manifest_lines(tmp_path / "out")
    results = cut_folder(tmp_path / "other", tmp_path / "out")

    assert [result.error is not None for result in results] == [True, True, False]
    assert str(source / "a.png") in results[0].error
    assert str(tmp_path / "other" / "a.png") in results[0].error
    assert pictures(tmp_path / "out").items() > before.items()
    assert made(cut_folder(source, tmp_path / "out")) == []
    assert manifest_lines(tmp_path / "out")[: len(lines)] == lines

    cut_folder(tmp_path / "other", tmp_path / "out", overwrite=True)
    shutil.rmtree(tmp_path / "other")  # whose results nobody could make again from it
    assert made(cut_folder(source, tmp_path / "out")) == ["a", "b"]
    assert pictures(tmp_path / "out").items() >= before.items()


def test_a_photo_that_changed_and_cannot_be_cut_out_has_no_cutout_of_what_it_was(source, tmp_path):
    cut_folder(source, tmp_path / "out")
    before = pictures(tmp_path / "out")
    (source / "a.png").write_bytes(b"no picture")
    (source / "b.png").unlink()
    (source / "b.png").mkdir()  # the photo cannot be reached; it may be what it was
    cut_folder(source, tmp_path / "out")

    assert before.keys() - pictures(tmp_path / "out").keys() == {"masks/a.png", "cutouts/a.png"}
    assert errors(tmp_path / "out").keys() == {"a.png"}


def test_the_manifest_says_where_a_photo_lies_wherever_it_was_called_from(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cut_folder(Path("in"), tmp_path / "out")

    assert [line["input"] for line in manifest_lines(tmp_path / "out")] == [
        str(photo.path) for photo in find_photos(source)
    ]


def test_failed_photos_are_tried_again_and_their_failure_is_forgotten(source, tmp_path):
    whole = (source / "b.png").read_bytes()
    (source / "b.png").write_bytes(whole[:100])
    cut_folder(source, tmp_path / "out")
    assert errors(tmp_path / "out").keys() == {"b.png"}
    assert str(source / "b.png") in errors(tmp_path / "out")["b.png"]

    assert made(cut_folder(source, tmp_path / "out")) == ["b"]
    assert len(manifest_lines(tmp_path / "out")) == 6
    (source / "b.png").write_bytes(whole)
    assert made(cut_folder(source, tmp_path / "out")) == ["b"]
    assert errors(tmp_path / "out") == {}
    assert len(manifest_lines(tmp_path / "out")) == 6


def test_the_failure_of_a_photo_that_was_removed_is_forgotten(source, tmp_path):
    (source / "b.png").write_bytes(b"no picture")
    cut_folder(source, tmp_path / "out")
    (source / "b.png").unlink()
    cut_folder(source, tmp_path / "out")

    assert errors(tmp_path / "out") == {}
    assert len(manifest_lines(tmp_path / "out")) == 5


# --- the manifest ----------------------------------------------------------------------------------------


def test_the_manifest_has_a_line_a_photo_in_the_order_of_the_photos(source, tmp_path):
    (source / "b.png").write_bytes(b"no picture")
    results = cut_folder(source, tmp_path / "out", workers=3)
    lines = manifest_lines(tmp_path / "out")

    assert [line["input"] for line in lines] == [str(photo.path) for photo in find_photos(source)]
    assert [line["error"] for line in lines] == [result.error for result in results]
    assert "b.png" in lines[1]["error"]
    for line in lines:
        assert set(line["outputs"].values()) <= pictures(tmp_path / "out").keys()


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_line_that_was_torn_costs_one_photo(source, tmp_path, kept):
    cut_folder(source, tmp_path / "out")
    path = tmp_path / "out" / "predictions.jsonl"
    *whole, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole) + last[:kept])

    assert made(cut_folder(source, tmp_path / "out")) == ["x/e"]
    assert len(manifest_lines(tmp_path / "out")) == 6


@pytest.mark.parametrize("damage", [b"\0\0\0", b"[1]", b"{}", b"\xff{", b"[" * 100_000, b'{"stem": 3}', b""])
def test_damaged_lines_cost_their_photos_and_are_counted(source, tmp_path, damage):
    cut_folder(source, tmp_path / "out")
    path = tmp_path / "out" / "predictions.jsonl"
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([damage, *lines[1:], b""]))

    with Manifest(tmp_path / "out", {}) as manifest:
        assert manifest.left_out == 1
    assert made(cut_folder(source, tmp_path / "out")) == ["a"]
    assert len(manifest_lines(tmp_path / "out")) == 6


def test_only_one_job_works_on_an_output_folder(source, tmp_path):
    cut_folder(source, tmp_path / "out")
    before = times(tmp_path / "out")
    with Manifest(tmp_path / "out", {}):
        process = start(source, tmp_path / "out", overwrite=True)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1
        assert f"{tmp_path / 'out'}: another process is writing here (process {os.getpid()} on" in said
        assert before.items() <= times(tmp_path / "out").items()

    assert made(cut_folder(source, tmp_path / "out")) == []


# --- many photos at a time -------------------------------------------------------------------------------


def test_workers_score_at_the_same_time_and_results_keep_their_order(source, tmp_path):
    meeting, lock, peak, inside = threading.Barrier(3, timeout=PATIENCE_S), threading.Lock(), [], []

    def score(photo):
        with lock:
            inside.append(1)
            peak.append(len(inside))
        meeting.wait()  # none goes on before three are here
        with lock:
            inside.pop()
        return red_score(photo)

    results = cut_folder(source, tmp_path / "out", score=score, workers=3)

    assert [result.stem for result in results] == [photo.stem for photo in find_photos(source)]
    assert max(peak) == 3


def test_an_endless_folder_starts_at_once_and_is_read_no_further_than_needed(source):
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield Photo(source / "a.png", str(number))

    job = run_folder(scorer_of(), endless(), lambda *_prediction: PhotoOutputs({}), workers=3)
    results = list(itertools.islice(job, 50))
    job.close()

    assert [result.stem for result in results] == [str(number) for number in range(50)]
    assert len(taken) <= 50 + 2 * 3


def test_an_unforeseen_failure_of_one_photo_does_not_stop_the_others(source, tmp_path):
    broken = np.asarray(Image.open(source / "c.png"))

    def score(photo):
        if np.array_equal(photo, broken):
            raise RuntimeError("an engine\nin two lines")
        return red_score(photo)

    results = cut_folder(source, tmp_path / "out", score=score)

    assert [bool(result.error) for result in results] == [False, False, True, False, False, False]
    assert "c.png" in results[2].error
    assert "RuntimeError" in results[2].error
    assert "\n" not in results[2].error
