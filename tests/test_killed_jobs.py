"""Jobs that are killed at any moment: nothing whole is lost, and the same command goes on."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.bundles import write_bundle
from support.drawing import draw_set
from support.places import ROOT
from support.program import killed_at, make, start
from support.waiting import PATIENCE_S, wait_until

from segmentation.bundle.bundle import ENGINE_FILES, load_bundle
from segmentation.bundle.finding import find_bundle
from segmentation.bundle.saving import save_description


def unfinished(home):
    """Return what is still being written below a folder, which another process may change meanwhile."""
    names = (Path(folder) / name for folder, folders, files in os.walk(home) for name in (*folders, *files))
    return [path for path in names if path.name.startswith(".tmp-")]


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


REPLACES = """
import itertools, os, shutil, signal, sys
from pathlib import Path
from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.saving import put_export, save_description
from segmentation.core.files import atomic_folder, put_together, temporary_folder
what, folder = sys.argv[1], Path(sys.argv[2])

def replace(path):
    if what == "model":
        with atomic_folder(path) as made:
            for file in (folder / "new").iterdir():
                shutil.copyfile(file, made / file.name)
        return
    with temporary_folder(path) as made:
        for file in (folder / "exported").iterdir():
            shutil.copyfile(file, made / file.name)
        if what == "exported file":
            put_together(made, path, main="model.xml")
        else:
            bundle = load_bundle(path)
            put_export(bundle, made)
            save_description(bundle)

def die_at(last):
    steps = iter(range(last))
    def count(event, _arguments):
        if event in ("open", "os.rename", "os.remove", "os.rmdir") and next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)

for step in itertools.count():
    path = folder / "killed" / f"{step:04}" / "models" / "mine"
    shutil.copytree(folder / "old", path)
    if not (child := os.fork()):
        try:
            die_at(step)
            replace(path)
            os._exit(0)
        finally:
            os._exit(1)
    if (status := os.waitpid(child, 0)[1]) != signal.SIGKILL:
        sys.exit(status)
"""


@pytest.fixture
def killed_at_every_step(tmp_path):
    """Replace something of the model `old` in copies of it: what -> working folders of processes.

    They die a step later each; the last comes through.
    """
    old = write_bundle(tmp_path / "old", threshold=0.25)
    write_bundle(tmp_path / "new", threshold=0.75)
    (tmp_path / "exported").mkdir()
    for name in ENGINE_FILES:
        (tmp_path / "old" / name).write_bytes(b"old")
        (tmp_path / "exported" / name).write_bytes(b"new")
    save_description(old)

    def replace(what):
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        subprocess.run([sys.executable, "-c", REPLACES, what, str(tmp_path)], env=environment, check=True)
        homes = sorted((tmp_path / "killed").iterdir())
        assert len(homes) > 3
        return homes

    return replace


def exported(model):
    """Return the exported network of a model; b"" if it cannot be used."""
    content = {(model / name).read_bytes() for name in ENGINE_FILES}
    assert len(content) == 1, "a graph that would score with the weights of another"
    return content.pop()


def test_a_model_whose_export_is_killed_never_mixes_two_networks(killed_at_every_step):
    for home in killed_at_every_step("network"):
        model = home / "models" / "mine"
        last = load_bundle(model).openvino and exported(model)
        assert last in (b"old", b"new", None)
        again = save_description(load_bundle(model))  # as calibrate does
        assert not again.openvino or exported(model)
    assert last == b"new"


def test_an_exported_file_that_is_replaced_never_lies_beside_the_weights_of_another(killed_at_every_step):
    for home in killed_at_every_step("exported file"):
        model = home / "models" / "mine"
        assert not (model / "model.xml").exists() or exported(model)
    assert exported(model) == b"new"


def test_a_model_that_is_replaced_is_the_old_one_or_the_new_one(killed_at_every_step):
    found = [find_bundle("mine", home / "models").threshold for home in killed_at_every_step("model")]
    assert found == sorted(found)
    assert {*found} == {0.25, 0.75}


def wait_until_unfinished(process, home, known=()):
    """Wait until a command is in the middle of something that another one has not left; return what it is."""
    seen = set()

    def is_writing():
        seen.update({*unfinished(home)} - {*known})
        return seen or process.poll() is not None

    wait_until(is_writing, "something unfinished")
    return seen


@pytest.mark.slow
def test_a_recipe_that_is_killed_goes_on_with_the_same_command(tmp_path):
    draw_set(tmp_path / "data" / "ccp", garments=4)
    command = ("recipe", "default", "--home", tmp_path, "--data", tmp_path / "data", "--name", "mine")
    process = start(*command)
    assert wait_until_unfinished(process, tmp_path)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    left = unfinished(tmp_path)
    process = start(*command)
    assert wait_until_unfinished(process, tmp_path, left)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, errors
    assert "step 1 of" in said
    assert not unfinished(tmp_path)
