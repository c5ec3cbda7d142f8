"""One process at a time writes into a folder; a killed one leaves nothing behind; errors name the file."""

import errno
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.drawing import draw_set
from support.holding import held_elsewhere
from support.places import ROOT
from support.program import make
from support.waiting import PATIENCE_S

from segmentation.core import lock
from segmentation.core.errors import DataError, ImageError
from segmentation.core.files import atomic_file, atomic_folder, temporary_folder, write_text
from segmentation.core.lock import locked, locked_file
from segmentation.outputs.manifest import Manifest

HOLDS = """
import sys
from pathlib import Path
from segmentation.core.files import atomic_file, atomic_folder, temporary_folder
from segmentation.core.lock import locked
kind, path = sys.argv[1], Path(sys.argv[2])
holder = {"lock": locked, "file": atomic_file, "folder": atomic_folder, "beside": temporary_folder}[kind]
with holder(path) as made:
    if kind == "folder":
        (made / "model").write_text("whole")
    print("held", flush=True)
    sys.stdin.read()
"""

DIES_BETWEEN_TWO_RENAMINGS = """
import os, signal, sys
from pathlib import Path
from segmentation.core.files import atomic_folder
with atomic_folder(Path(sys.argv[1])) as made:
    (made / "model").write_text("new")
    renamed = []
    def die(event, _arguments):
        if event == "os.rename":
            renamed.append(event)
            if len(renamed) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(die)
"""


def process(code, *arguments):
    """A Python process that runs `code`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


@pytest.fixture
def holding():
    """Start processes that hold something until they are killed: (kind, path) -> process."""
    started = []

    def hold(kind, path):
        holder = process(HOLDS, kind, path)
        started.append(holder)
        assert holder.stdout.readline() == "held\n"
        return holder

    yield hold
    for holder in started:
        holder.kill()
        holder.communicate()


def kill(holder):
    holder.send_signal(signal.SIGKILL)
    holder.communicate()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- one writer ------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_with_who_is_at_work_and_the_remedy(holding, tmp_path):
    holder = holding("lock", tmp_path / "results")

    said = (
        rf"results: another process is writing here \(process {holder.pid} on .+\); wait .+ another `output`"
    )
    with pytest.raises(DataError, match=said), locked(tmp_path / "results"):
        pass
    assert names(tmp_path / "results") == [".lock"]


def test_a_folder_is_free_again_when_its_writer_was_killed(holding, tmp_path):
    kill(holding("lock", tmp_path / "results"))

    with locked(tmp_path / "results"):
        write_text(tmp_path / "results" / "table.csv", "a")
    assert names(tmp_path / "results") == ["table.csv"]


def test_a_job_within_the_one_that_holds_a_folder_holds_it_too(tmp_path):
    with locked(tmp_path / "results"):
        with locked(tmp_path / "results"):
            pass
        assert names(tmp_path / "results") == [".lock"]


def test_a_folder_that_is_held_is_held_by_its_other_names_too(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "link").symlink_to("results", target_is_directory=True)
    folder, link = tmp_path / "results", tmp_path / "link"
    with locked(folder), locked(link), locked_file(link / "a.csv"), locked_file(folder / "a.csv"):
        assert names(folder) == [".a.csv.lock", ".lock"]
    assert names(folder) == []


def test_files_of_one_folder_have_writers_of_their_own(tmp_path):
    with locked_file(tmp_path / "a.csv"), locked_file(tmp_path / "b.csv"):
        assert names(tmp_path) == [".a.csv.lock", ".b.csv.lock"]
    assert names(tmp_path) == []


def test_a_job_that_fails_leaves_no_empty_folder(tmp_path):
    with pytest.raises(DataError), locked(tmp_path / "results" / "model" / "eval"):
        raise DataError("no pairs")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path):
    (tmp_path / "results").write_text("a file")

    said = "results/eval: expected a folder to write in, received: not a directory"
    with pytest.raises(DataError, match=said), locked(tmp_path / "results" / "eval"):
        pass


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / ".lock").symlink_to("mine.txt")

    with pytest.raises(DataError), locked(tmp_path):
        pass
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with pairs, and two copies of the model that comes with the program."""
    home = tmp_path_factory.mktemp("home")
    draw_set(home / "pairs", garments=4)
    for name in ("mine", "other"):
        shutil.copytree(ROOT / "models" / "default", home / "models" / name)
    return home


WRITERS = {
    "eval": ("results/mine/eval", "eval --model mine --split all"),
    "compare": ("results/compare/mine-other", "compare mine other"),
    "audit": ("results/audit/pairs", "audit --fold-model mine"),
    "calibrate": ("models/mine", "calibrate --model mine"),
    "calibrate a copy": ("models/.new.lock", "calibrate --model mine --name new"),
    "submit": (
        ".submission.csv.gz.lock",
        "submit --model mine --input {pairs}/images --output {home}/submission.csv.gz",
    ),
    "collect": ("out", "collect --input {pairs}/cutouts --photos {pairs}/images --output {home}/out"),
    "pseudo": ("out", "pseudo --model mine --input {pairs}/images --output {home}/out"),
    "predict": ("out", "predict --model mine --save --input {pairs}/images --output {home}/out"),
    "recipe": ("logs/my-default", "recipe default"),
    "synth": ("out", "synth --count 1 --output {home}/out"),
    "data": ("results/data/pairs/.contact-sheet.png.lock", "data"),
    "export of options": (
        "results/mine/export/.mine.toml.lock",
        "export --model mine --format config --output {home}/results/mine/export/mine.toml",
    ),
    "submit with masks": (
        "out/masks",
        "submit --model mine --save --input {pairs}/images --output {home}/out/submission.csv.gz",
    ),
    "train": ("logs/mine", "train --name mine"),
}


@pytest.mark.parametrize("job", WRITERS)
def test_every_job_that_writes_refuses_before_it_works(home, job, capsys):
    held, command = WRITERS[job]
    words = command.format(home=home, pairs=home / "pairs").split()
    data = [] if "{" in command else ["--data", home / "pairs"]
    with held_elsewhere(home / held):
        make(*words, "--home", home, *data, check=2)
    assert "another process is writing here" in capsys.readouterr().err


# --- what killed processes leave -------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def new_process(monkeypatch):
    """Forget which folders this process has swept, as a new one does not know any."""
    monkeypatch.setattr("segmentation.core.unfinished._swept", set())


@pytest.mark.parametrize("kind", ["file", "folder", "beside"])
def test_what_a_killed_process_left_unfinished_goes_with_the_next_write(holding, tmp_path, kind):
    kill(holding(kind, tmp_path if kind == "beside" else tmp_path / "mine.csv"))
    assert len(names(tmp_path)) == 1

    write_text(tmp_path / "other.csv", "a")
    assert names(tmp_path) == ["other.csv"]


def test_a_job_sweeps_what_killed_ones_left_in_the_folders_below(holding, tmp_path):
    killed, living = (tmp_path / "masks" / name / "a.png" for name in ("killed", "living"))
    kill(holding("file", killed))
    holding("file", living)

    with Manifest(tmp_path, {}):
        assert names(killed.parent) == []
        assert len(names(living.parent)) == 1


@pytest.mark.parametrize("kind", ["file", "folder", "beside"])
def test_what_a_living_process_is_writing_stays(holding, tmp_path, kind):
    holding(kind, tmp_path if kind == "beside" else tmp_path / "mine.csv")
    before = names(tmp_path)

    write_text(tmp_path / "other.csv", "a")
    assert names(tmp_path) == sorted([*before, "other.csv"])


def test_so_does_what_another_machine_may_be_writing_until_it_is_a_week_old(tmp_path):
    recent, old = (tmp_path / f".tmp-ffffffff-{number:016x}-model" for number in range(2))
    recent.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))

    write_text(tmp_path / "other.csv", "a")
    assert names(tmp_path) == [recent.name, "other.csv"]


def test_files_with_names_that_the_program_does_not_give_stay(tmp_path):
    for name in (".tmp-mine", ".tmp-0123", ".tmp-notes.txt"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    write_text(tmp_path / "other.csv", "a")
    assert names(tmp_path) == [".tmp-0123", ".tmp-mine", ".tmp-notes.txt", "other.csv"]


def test_a_folder_that_is_killed_while_it_takes_the_place_of_another_takes_it_next_time(
    tmp_path,
):
    (tmp_path / "shoes-old").mkdir()
    (tmp_path / "shoes-old" / "model").write_text("old")
    killed = process(DIES_BETWEEN_TWO_RENAMINGS, tmp_path / "shoes-old")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "shoes-old").exists()

    write_text(tmp_path / "other.csv", "a")
    assert names(tmp_path) == ["other.csv", "shoes-old"]
    assert (tmp_path / "shoes-old" / "model").read_text() == "new"


# --- errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_an_error_of_the_disk_names_the_file_that_was_to_be(tmp_path, number):
    with pytest.raises(OSError) as raised, atomic_file(tmp_path / "table.csv"):  # noqa: PT011
        raise OSError(number, os.strerror(number))
    assert raised.value.filename == str(tmp_path / "table.csv")


def test_errors_name_final_files_and_folders_alone(tmp_path):
    with (
        pytest.raises(ImageError) as raised,
        atomic_folder(tmp_path / "mine") as folder,
        atomic_file(folder / "mask.png") as file,
    ):
        raise ImageError(f"{file}: cannot be written")
    assert str(raised.value) == f"{tmp_path / 'mine' / 'mask.png'}: cannot be written"

    with pytest.raises(FileNotFoundError) as missing, temporary_folder(tmp_path) as folder:
        (folder / "model.onnx").read_bytes()
    assert missing.value.filename == str(tmp_path / "model.onnx")


def test_a_file_that_grows_too_large_leaves_the_one_before(tmp_path):
    (tmp_path / "table.csv").write_text("before")
    code = (
        "import json, resource, sys; from pathlib import Path\n"
        "from segmentation.core.files import write_text\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_text(Path(sys.argv[1]), 'a' * 5000)\n"
        "except OSError as error: print(json.dumps([error.errno, error.filename]))"
    )
    said, _ = process(code, tmp_path / "table.csv").communicate()

    assert json.loads(said) == [errno.EFBIG, str(tmp_path / "table.csv")]
    assert names(tmp_path) == ["table.csv"]
    assert Path(tmp_path / "table.csv").read_text() == "before"


# --- Ctrl-C in the middle of a library's work ------------------------------------------------------------

IS_DEAF = """
import sys, threading
from pathlib import Path
from segmentation.core.files import atomic_folder
from segmentation.core.deadline import Deadline
from segmentation.core.signals import Interruption
with Interruption(), Deadline(0.2, "ended"), atomic_folder(Path(sys.argv[1])) as folder:
    (folder / "model").write_text("half")
    print("held", flush=True)
    stuck = threading.Lock()
    stuck.acquire()
    while True:
        stuck.acquire(timeout=0.05)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_goes_on_in_spite_of_a_signal_is_ended_with_its_status(tmp_path, number):
    deaf = process(IS_DEAF, tmp_path / "models" / "mine")
    assert deaf.stdout.readline() == "held\n"
    deaf.send_signal(number)
    deaf.communicate(timeout=PATIENCE_S)

    assert deaf.returncode == 128 + number
    assert names(tmp_path / "models") == []


def test_a_system_without_locks_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    with pytest.raises(ImportError, match=r"needs the file locks of a POSIX system.*run it in WSL"):
        runpy.run_path(lock.__file__)
