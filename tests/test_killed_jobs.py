"""Jobs that are killed at any moment: nothing whole is lost, and the same command goes on."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from support.drawing import draw_set
from support.places import ROOT
from support.program import make, start

from segmentation.bundle.bundle import load_bundle

DIES = """
import os, signal, sys
folder, step, *words = sys.argv[1:]
touched = []
def count(event, arguments):
    hidden = [one for one in map(str, arguments[:2]) if folder in one and (".tmp-" in one or ".lock" in one)]
    if hidden:
        touched.append(event)
        if len(touched) == int(step):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
import main
sys.exit(main.main(words))
"""


def killed_at(step, folder, *command):
    """Run a command that dies the nth time that it touches a hidden file in a folder; return its status."""
    words = [sys.executable, "-c", DIES, folder, step, *command]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src")))}
    done = subprocess.run([*map(str, words)], env=environment, capture_output=True, check=False)
    return done.returncode


def unfinished(home):
    return [path for path in home.rglob("*") if path.name.startswith(".tmp-")]


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 3, 5, 6])
def test_a_calibration_that_is_killed_leaves_a_whole_model(tmp_path, step):
    pairs = draw_set(tmp_path / "pairs", garments=7)
    model = shutil.copytree(ROOT / "models" / "default", tmp_path / "models" / "mine")
    command = ("calibrate", "--home", tmp_path, "--model", "mine", "--data", pairs)

    assert killed_at(step, model, *command) == -signal.SIGKILL
    assert load_bundle(model).confidence_model
    make(*command)
    assert load_bundle(model).provenance["calibrated"]
    assert not unfinished(tmp_path)
    assert not (model / ".lock").exists()


def wait_until_unfinished(process, home, known=()):
    """Wait until a command is in the middle of something that another one has not left."""
    while process.poll() is None and not {*unfinished(home)} - {*known}:
        pass
    return unfinished(home)


@pytest.mark.slow
def test_a_recipe_that_is_killed_goes_on_with_the_same_command(tmp_path):
    draw_set(tmp_path / "data" / "ccp", garments=4)
    command = ("recipe", "default", "--home", tmp_path, "--data", tmp_path / "data", "--name", "mine")
    process = start(*command)
    left = wait_until_unfinished(process, tmp_path)
    process.kill()
    process.communicate()
    assert left
    assert process.returncode == -signal.SIGKILL

    process = start(*command)
    wait_until_unfinished(process, tmp_path, left)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "step 1 of" in said
    assert not unfinished(tmp_path)
