"""A watched folder: photos are cut out once they are whole, whatever happens to folder and program."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.bundles import CONFIDENCE_MODEL
from support.drawing import draw_pair
from support.folder_job import (
    cut_folder,
    draw,
    errors,
    manifest_lines,
    pictures,
    red_score,
    scorer_knowing,
    scorer_of,
)
from support.holding import held_elsewhere
from support.places import ROOT
from support.program import start
from support.waiting import PATIENCE_S
from support.watching import arriving, watch_for

from segmentation.config.jobs.watch import WatchOptions
from segmentation.core.being_written import has_its_end, is_open_for_writing
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Caution
from segmentation.jobs.changes import POLL_S, Told, Untold, changes_of, is_remote
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.watch import WATCH_LOCK, Idle, Watching
from segmentation.outputs.arrivals import Arrivals
from segmentation.outputs.failed_list import FAILED
from segmentation.outputs.naming import Photo, photos_below

UNDECIDED = ("seconds", "key", "files")


def records(output):
    """Return the manifest's records of the photos, without durations and times of writing."""
    lines = manifest_lines(output)
    return {line["stem"]: {name: line[name] for name in line if name not in UNDECIDED} for line in lines}


def stems(day):
    return [result.stem for result in day.results]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "watched").mkdir()
    return tmp_path / "watched"


# --- the same as predict ---------------------------------------------------------------------------------


def test_what_arrives_is_cut_out_with_the_bytes_and_the_record_of_predict(source, tmp_path):
    happens = arriving(source, "new.png", "x/later.png", "y/folder.png")
    day = watch_for(60, source, tmp_path / "out", happens, overlay=True, format="png,webp")
    cut_folder(source, tmp_path / "predicted", overlay=True, format="png,webp")

    assert pictures(tmp_path / "out") == pictures(tmp_path / "predicted")
    assert records(tmp_path / "out") == records(tmp_path / "predicted")
    assert sorted(stems(day)) == sorted(records(tmp_path / "predicted"))


def test_a_watch_goes_on_from_what_predict_did_and_the_other_way_round(source, tmp_path):
    cut_folder(source, tmp_path / "out")
    day = watch_for(30, source, tmp_path / "out", arriving(source, "new.png"))
    assert [result.stem for result in day.results if not result.skipped] == ["new"]

    assert all(result.skipped for result in cut_folder(source, tmp_path / "out"))


def test_results_may_lie_in_the_folder_that_is_watched(source):
    before = len(list(source.rglob("*.png")))
    day = watch_for(60, source, source / "out")

    assert len(day.results) == before


def test_options_that_predict_refuses_are_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match="`crop`: expected without `canvas`"):
        watch_for(1, folder, tmp_path / "out", crop=5, canvas="100x100")
    with pytest.raises(DataError, match=r"`input` .*nowhere: expected a folder, found nothing"):
        watch_for(1, folder / "nowhere", tmp_path / "out")
    with pytest.raises(DataError, match="expected photos outside of the folder of results"):
        watch_for(1, folder, folder)


# --- photos that are not whole ---------------------------------------------------------------------------


def test_a_photo_is_left_while_it_grows_and_taken_once(folder, tmp_path):
    draw(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    third = len(content) // 3
    happens = {
        float(second): lambda size=size: (folder / "a.png").write_bytes(content[:size])
        for second, size in ((1, third), (2.5, 2 * third), (4, len(content)))
    }
    day = watch_for(40, folder, tmp_path / "out", happens)

    assert [result.error for result in day.results] == [None]


def test_a_copy_that_has_its_full_size_before_its_content_is_left_until_it_is_whole(folder, tmp_path):
    draw(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    begun = content[:500] + bytes(len(content) - 500)
    happens = {
        1.0: lambda: (folder / "a.jpg").write_bytes(begun),
        25.0: lambda: (folder / "a.jpg").write_bytes(content),
    }
    day = watch_for(60, folder, tmp_path / "out", happens)

    assert [(result.error, result.notes) for result in day.results] == [(None, ())]


def test_a_photo_that_is_damaged_for_good_is_taken_in_the_end(folder, tmp_path):
    draw(folder / "a.png")
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:-40])
    day = watch_for(60, folder, tmp_path / "out")

    assert stems(day) == ["a"]


def test_a_photo_that_a_program_has_open_to_write_is_left(folder, tmp_path):
    draw(folder / "a.png")
    writing = (folder / "a.png").open("ab")
    if not is_open_for_writing(folder / "a.png"):
        pytest.skip("the system does not tell here")
    day = watch_for(120, folder, tmp_path / "out", {100.0: writing.close})

    assert stems(day) == ["a"]
    idle = [event for event in day.events if isinstance(event, Idle)]
    assert [event.unsettled for event in idle] == [1]
    assert not is_open_for_writing(folder / "a.png")
    assert not is_open_for_writing(folder / "absent.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_files_of_every_format_have_their_end(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(draw_pair(0, 64, 48)[0]).save(path)
    content = path.read_bytes()
    assert has_its_end(path)

    path.write_bytes(content[: len(content) // 2])
    assert has_its_end(path) == (suffix == "tif")
    path.write_bytes(b"")
    assert not has_its_end(path)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12),
    st.lists(st.floats(0.1, 3.0), min_size=1, max_size=12),
)
def test_no_photo_is_taken_within_the_time_to_settle_of_its_last_change(tmp_path_factory, changes, waits):
    folder = tmp_path_factory.mktemp("photos")
    now, changed, taken = 0.0, {}, []
    arrivals = Arrivals(lambda: photos_below(folder, None), 2.0, lambda: now)
    for number, wait in enumerate(waits):
        for name, there in changes[number :: len(waits)]:
            path = folder / f"{name}.tif"
            if there:
                path.write_bytes(bytes(path.stat().st_size + 1 if path.exists() else 1))
                changed[name] = now
            else:
                path.unlink(missing_ok=True)
                changed.pop(name, None)
        for photo in arrivals.look():
            assert now - changed[photo.stem] >= 2.0
            taken.append(photo.stem)
        now += wait

    assert len(taken) == len(set(taken))  # they are in hand


# --- what happens in a folder ----------------------------------------------------------------------------


def test_renamed_photos_and_folders_that_are_moved_in_are_seen(source, folder, tmp_path):
    draw(folder / "old.png", 9)
    happens = {
        20.0: lambda: (folder / "old.png").rename(folder / "new.png"),
        21.0: lambda: shutil.move(source, folder / "moved"),
    }
    day = watch_for(60, folder, tmp_path / "out", happens)

    assert stems(day)[:2] == ["old", "new"]
    assert {*stems(day)[2:]} == {f"moved/{name}" for name in ("a", "b", "c", "d", "x/a", "x/e")}


def test_a_photo_that_is_replaced_is_cut_out_anew(folder, tmp_path):
    draw(folder / "a.png", 1)
    day = watch_for(60, folder, tmp_path / "out", {20.0: lambda: draw(folder / "a.png", 2, 80, 60)})
    cut_folder(folder, tmp_path / "predicted")

    assert stems(day) == ["a", "a"]
    assert pictures(tmp_path / "out") == pictures(tmp_path / "predicted")


def test_failures_are_listed_with_reasons_until_the_photo_changes(folder, tmp_path):
    listed = []

    def look():
        listed.append((tmp_path / "out" / FAILED).read_text().splitlines())

    (folder / "a.png").write_bytes(b"\x89PNG but no picture IEND")
    draw(folder / "b.png", 2)
    day = watch_for(60, folder, tmp_path / "out", {20.0: look, 21.0: lambda: draw(folder / "a.png", 1)})

    assert [stem for stem in stems(day) if stem == "a"] == ["a", "a"]  # not again and again
    (heading, row) = listed[0]
    assert heading == "photo,reason"
    assert str(folder / "a.png") in row
    assert "cannot be read" in row or "expected" in row
    assert not (tmp_path / "out" / FAILED).exists()
    assert errors(tmp_path / "out") == {}


def test_a_failure_that_is_taken_away_leaves_the_list(folder, tmp_path):
    (folder / "a.png").write_bytes(b"\x89PNG but no picture IEND")
    watch_for(60, folder, tmp_path / "out", {20.0: (folder / "a.png").unlink})

    assert not (tmp_path / "out" / FAILED).exists()


def test_a_folder_that_is_away_for_a_while_is_waited_for(source, tmp_path):
    away = tmp_path / "away"
    happens = {
        20.0: lambda: source.rename(away),
        200.0: lambda: away.rename(source),
        201.0: lambda: draw(source / "new.png", 7),
    }
    day = watch_for(300, source, tmp_path / "out", happens)

    assert len(stems(day)) == 7
    assert len([text for text in day.cautions if "cannot be reached" in text]) == 1


def test_a_drive_that_is_away_for_seconds_costs_no_photo(source, tmp_path):
    """It goes while six photos are ready and the first is in work."""
    scored, away = [], tmp_path / "away"

    def score(photo):
        scored.append(photo)
        if len(scored) == 1:
            source.rename(away)
        return red_score(photo)

    happens = {60.0: lambda: away.rename(source)}
    day = watch_for(400, source, tmp_path / "out", happens, scorer_of(score), workers=1)
    cut_folder(source, tmp_path / "predicted")

    assert pictures(tmp_path / "out") == pictures(tmp_path / "predicted")
    assert errors(tmp_path / "out") == {}
    assert len([text for text in day.cautions if "cannot be reached" in text]) == 1


def test_a_photo_that_a_drive_fails_to_read_is_tried_again_though_nothing_changes(folder, tmp_path):
    listed, faults = [], [errno.EIO, errno.ESTALE]

    def score(photo):
        if len(photo) == 65 and faults:
            number = faults.pop(0)
            raise OSError(number, os.strerror(number))
        return red_score(photo)

    draw(folder / "a.png", 1, height=65)
    draw(folder / "b.png", 2)
    happens = {20.0: lambda: listed.append((tmp_path / "out" / FAILED).read_text())}
    day = watch_for(300, folder, tmp_path / "out", happens, scorer_of(score))

    assert sorted(stems(day)) == ["a", "a", "a", "b"]
    assert os.strerror(errno.EIO) in listed[0]
    assert errors(tmp_path / "out") == {}
    assert not (tmp_path / "out" / FAILED).exists()


def test_a_drive_whose_host_is_down_is_waited_for_and_told_each_time(source, tmp_path, monkeypatch):
    down, stat = [], os.stat

    def answer(path, *arguments, **options):
        if down and str(path).startswith(str(source)):
            raise OSError(errno.EHOSTDOWN, os.strerror(errno.EHOSTDOWN), str(path))
        return stat(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", answer)
    happens = {
        20.0: lambda: down.append(True),
        100.0: down.clear,
        101.0: lambda: draw(source / "new.png", 7),
        150.0: lambda: down.append(True),
        250.0: down.clear,
    }
    day = watch_for(300, source, tmp_path / "out", happens)

    assert len(stems(day)) == 7
    assert len([text for text in day.cautions if "cannot be reached" in text]) == 2


def test_what_cannot_be_written_beside_the_cutouts_is_written_later(folder, tmp_path):
    draw(folder / "a.png")
    (folder / "b.png").write_bytes(b"\x89PNG but no picture IEND")
    taken = [tmp_path / "out" / name for name in ("review.html", FAILED)]
    for path in taken:
        path.mkdir(parents=True)
    happens = {70.0: taken[0].rmdir, 71.0: taken[1].rmdir}
    day = watch_for(150, folder, tmp_path / "out", happens, scorer_knowing(CONFIDENCE_MODEL))

    assert stems(day) == ["a", "b"]
    assert any("review.html: is a directory" in text and "tried again" in text for text in day.cautions)
    assert all(path.is_file() for path in taken)


def test_a_line_is_told_each_minute_without_a_photo(folder, tmp_path):
    day = watch_for(200, folder, tmp_path / "out", arriving(folder, "a.png"))

    assert isinstance(day.events[0], Watching)
    idle = [event for event in day.events if isinstance(event, Idle)]
    assert len(idle) == 3
    assert (idle[0].tally.made, idle[0].failing, idle[0].unsettled) == (1, 0, 0)


# --- other processes -------------------------------------------------------------------------------------


def test_a_second_watcher_is_refused(folder, tmp_path):
    (tmp_path / "out").mkdir()
    refused = pytest.raises(DataError, match="another process is writing here")
    with held_elsewhere(tmp_path / "out" / WATCH_LOCK), refused:
        watch_for(10, folder, tmp_path / "out")
    watch_for(10, folder, tmp_path / "out")


def test_results_that_another_job_is_writing_are_waited_for(folder, tmp_path):
    draw(folder / "a.png")
    (tmp_path / "out").mkdir()
    held = held_elsewhere(tmp_path / "out")
    held.__enter__()
    day = watch_for(90, folder, tmp_path / "out", {40.0: lambda: held.__exit__(None, None, None)})

    assert stems(day) == ["a"]
    assert "another process is writing here" in day.cautions[0]
    assert "tried again" in day.cautions[0]


@pytest.mark.slow
@pytest.mark.parametrize("step", [5, 12, 19, 33, 47, 60])
def test_a_watch_that_is_killed_at_any_moment_goes_on_where_it_was(source, tmp_path, step):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests")))}
    output = tmp_path / "out"

    def watch(die_at):
        words = json.dumps([str(source), str(output), die_at])
        done = subprocess.run([sys.executable, "-m", "support.watching", words], env=environment, check=False)
        return done.returncode

    assert watch(step) == -signal.SIGKILL
    assert watch(0) == 0
    cut_folder(source, tmp_path / "predicted")

    assert pictures(output) == pictures(tmp_path / "predicted")
    assert records(output) == records(tmp_path / "predicted")


def test_the_command_cuts_out_what_is_copied_in_and_ends_in_good_order(folder, tmp_path):
    draw(tmp_path / "photo.png", 3, 160, 120)
    with start("watch", "--input", folder, "--output", tmp_path / "out", "--quality", "fast") as watching:
        assert watching.stdout.readline().startswith(f"watching {folder}")
        shutil.copy(tmp_path / "photo.png", folder / "a.png")
        row = watching.stdout.readline()
        watching.send_signal(signal.SIGTERM)
        said, errors_said = watching.communicate(timeout=PATIENCE_S)

    assert "a.png" in row
    assert "1 photo cut out, 0 failed" in said
    assert watching.returncode == 0, errors_said
    assert [line["stem"] for line in manifest_lines(tmp_path / "out")] == ["a"]
    assert (tmp_path / "out" / "review.html").is_file()
    assert not list((tmp_path / "out").glob(".*"))


# --- drift -----------------------------------------------------------------------------------------------


def draw_in_light(path, seed, grey):
    """A photo of about the lightness of a grey, with as much garment as the model knows."""
    image = np.full((64, 48, 3), grey, np.uint8)
    image[27:37, 19:28] = (grey, grey - 100, grey - 100)
    image[0, 0] = seed
    Image.fromarray(image).save(path)


def test_photos_unlike_those_that_the_model_knows_are_told_after_the_number_that_was_set(folder, tmp_path):
    usual = {float(n): lambda n=n: draw_in_light(folder / f"a{n}.png", n, 175) for n in range(1, 9)}
    darker = {30.0 + n: lambda n=n: draw_in_light(folder / f"b{n}.png", n, 110) for n in range(12)}
    day = watch_for(
        120, folder, tmp_path / "out", usual | darker, scorer_knowing(CONFIDENCE_MODEL), drift_photos=4
    )

    (alarm,) = day.cautions
    assert "the latest photos are unlike those that model knows: darker" in alarm
    told = next(number for number, event in enumerate(day.events) if isinstance(event, Caution))
    dark = [event for event in day.events[told:] if isinstance(event, PhotoDone)]
    assert 12 - 4 <= len(dark) < 12


def test_no_drift_is_told_where_it_is_turned_off(folder, tmp_path):
    darker = {1.0 + n: lambda n=n: draw_in_light(folder / f"b{n}.png", n, 110) for n in range(6)}
    day = watch_for(60, folder, tmp_path / "out", darker, scorer_knowing(CONFIDENCE_MODEL), drift_photos=0)

    assert day.cautions == []


# --- how changes are noticed -----------------------------------------------------------------------------


def test_the_system_tells_of_a_photo_that_is_moved_in(folder, tmp_path):
    draw(tmp_path / "a.png")
    told = changes_of(folder, None, lambda _event: None)
    if isinstance(told, Untold):
        pytest.skip("the system does not tell here")
    assert isinstance(told, Told)
    threading.Timer(0.1, lambda: (tmp_path / "a.png").rename(folder / "a.png")).start()

    assert told.wait(PATIENCE_S)


def test_a_name_that_is_not_utf_8_has_the_folder_looked_into_now_and_then(folder):
    said = []
    told = changes_of(folder, None, said.append)
    if isinstance(told, Untold):
        pytest.skip("the system does not tell here")
    try:
        (folder / os.fsdecode(b"Stra\xdfe.png")).touch()
    except OSError:
        pytest.skip("the file system takes no such name")

    while told.wait(PATIENCE_S) and not said:
        pass
    assert "the system tells of no changes" in said[0].text
    assert told.every_s == POLL_S
    assert not told.wait(0)
    assert len(said) == 1


def test_network_drives_are_known_by_their_file_system(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        "40 22 0:40 / /mnt/my\\040studio rw,relatime shared:1 - cifs //nas/studio rw\n"
        "41 22 0:41 / /mnt/nfs rw - nfs4 nas:/x rw\n"
        "42 22 0:42 / /mnt/Büro rw - nfs4 nas:/y rw\n",
        encoding="utf-8",
    )
    assert is_remote(Path("/mnt/Büro/photos"), mounts)
    assert is_remote(Path("/mnt/my studio/photos"), mounts)
    assert is_remote(Path("/mnt/nfs"), mounts)
    assert not is_remote(Path("/mnt/nfs2/photos"), mounts)
    assert not is_remote(Path("/home"), mounts)
    assert not is_remote(Path("/home"), tmp_path / "absent")


def test_a_watch_has_the_options_of_predict(folder):
    options = WatchOptions.of(input=folder, model="a", format="png,jpg", tta="flip", workers=3, settle=1)

    assert options.prediction.save
    assert options.prediction.photos.input == (folder,)
    assert options.prediction.given == {"input", "model", "format", "tta", "workers", "save"}


def test_a_photo_that_cannot_be_reached_is_ready_once(folder):
    now = 0.0
    photo = Photo(folder / "gone", "gone/", "a link that leads nowhere")
    arrivals = Arrivals(lambda: [photo], 2.0, lambda: now)
    assert arrivals.look() == []
    now = 3.0

    assert arrivals.look() == [photo]
    assert arrivals.look() == []
