"""Several processes train as one would, and the loss of one of them is a clear end."""

import dataclasses
import importlib.util
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from support.drawing import draw_set, samples_of
from support.places import ROOT
from support.processes import is_alive, started_by
from support.program import TINY, start
from support.waiting import PATIENCE_S

from segmentation.config.jobs.train import TrainOptions
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError, ImageError, MissingExtraError
from segmentation.jobs.graphics_cards import card_of
from segmentation.jobs.training_checks import check_parts, check_processes
from segmentation.jobs.training_processes import fit_in_processes
from segmentation.models.registry import complete
from segmentation.training.rank import Rank
from segmentation.training.request import TrainingRequest
from segmentation.training.run_state import read_run

has_jax = importlib.util.find_spec("jax") is not None
needs_jax = pytest.mark.skipif(not has_jax, reason="needs JAX: pip install 'garment-cutout[jax]'")

OPTIONS = {
    "architecture": "simple",
    "filters": 2,
    "levels": 1,
    "norm": "batch",
    "input_size": "16x16",
    "epochs": 3,
    "batch_size": 2,
    "learning_rate": 0.01,
    "schedule": "cosine",
    "optimizer": "adamw",
    "precision": "float32",
}
CONFIG = complete(RunConfig().replace(**OPTIONS))

ALONE = """
import json, sys
from pathlib import Path
from support.drawing import samples_of
from support.training import train
from segmentation.config.run import RunConfig
from segmentation.models.registry import complete
pairs, folder, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
train(samples_of(pairs)[:7], folder, complete(RunConfig().replace(**options)))
"""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"find_rate": True}, "`find_rate`: expected without `processes`"),
        ({"preset": "auto"}, "`preset=auto`: expected without `processes`"),
    ],
)
def test_what_tries_one_process_is_refused_with_several(options, said):
    check_processes(TrainOptions.of(**options))
    with pytest.raises(ConfigError, match=said):
        check_processes(TrainOptions.of(processes=2, **options))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 3}, "`batch_size`: expected a multiple of `processes=2`, received 3"),
        ({"batch_size": "auto"}, "`batch_size`: expected a multiple of `processes=2`, received auto"),
        ({"average": 0.9}, "`average`: expected without `processes`"),
        ({"adversarial": 1.0}, "`adversarial`: expected without `processes`"),
        ({"architecture": "mask-rcnn"}, "`architecture=mask-rcnn`: expected without `processes`"),
    ],
)
def test_a_training_that_has_no_equal_parts_is_refused_with_several(options, said):
    config = complete(RunConfig().replace(**options))
    check_parts(1, config)
    with pytest.raises(ConfigError, match=said):
        check_parts(2, config)


@pytest.mark.parametrize(
    ("visible", "cards"),
    [
        (None, ["0", "1"]),
        ("", ["", ""]),
        ("-1", ["-1", "-1"]),
        ("3, 5", ["3", "5"]),
        ("GPU-a,GPU-b,1", ["GPU-a", "GPU-b"]),
        ("2,3,-1,4", ["2", "3"]),
    ],
)
def test_processes_compute_on_the_cards_that_a_person_lets_them_have_and_on_no_others(
    monkeypatch, visible, cards
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert [card_of(Rank(index, processes=2)) for index in range(2)] == cards


@pytest.mark.parametrize("visible", ["2", "2,-1", "2,-1,3", "2,,3"])
def test_fewer_cards_than_processes_are_refused_before_anything_is_read(monkeypatch, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    check_processes(TrainOptions.of())
    with pytest.raises(
        ConfigError,
        match=f"expected at most the 1 graphics card of CUDA_VISIBLE_DEVICES={visible}, received 2",
    ):
        check_processes(TrainOptions.of(processes=2))


def test_without_jax_its_extra_is_named_before_anything_is_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    check_processes(TrainOptions.of())
    with pytest.raises(MissingExtraError, match=r"garment-cutout\[jax\]"):
        check_processes(TrainOptions.of(processes=2))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return draw_set(tmp_path_factory.mktemp("processes") / "pairs", garments=4)


def train_alone(pairs, folder, **more):
    """Train by one process on JAX, and return the history."""
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT / "src"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
        ),
    }
    words = [sys.executable, "-c", ALONE, str(pairs), str(folder), json.dumps({**OPTIONS, **more})]
    subprocess.run(words, env=environment, check=True)
    return read_run(folder / "logs").history


@pytest.mark.slow
@needs_jax
def test_two_processes_train_as_one_does_on_the_same_batches(pairs, tmp_path):
    samples, folder = samples_of(pairs)[:7], tmp_path / "model"
    folder.mkdir()
    request = TrainingRequest(CONFIG, samples[:4], samples[4:], "one")
    bundle, history = fit_in_processes(2, request, folder, logs=tmp_path / "logs")
    expected = train_alone(pairs, tmp_path / "alone")

    assert bundle.provenance["backend"] == "jax"
    assert history.keys() == expected.keys()
    for name, values in expected.items():  # those of three held-out photos in batches of two as well
        np.testing.assert_allclose(history[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
@needs_jax
def test_one_process_averages_its_weights_on_jax_too(pairs, tmp_path):
    plain, averaged = (train_alone(pairs, tmp_path / str(share), average=share) for share in (0, 0.6))

    assert plain["loss"] == averaged["loss"]
    assert plain["val_loss"][-1] != averaged["val_loss"][-1]


@pytest.mark.slow
@needs_jax
def test_a_photo_that_breaks_in_one_process_is_named_as_by_one(pairs, tmp_path):
    samples = samples_of(pairs)
    broken = tmp_path / "broken.png"
    broken.write_bytes(samples[1].photo.read_bytes()[:200])
    samples[1] = dataclasses.replace(samples[1], photo=broken)
    config = complete(CONFIG.replace(normalisation="unit"))
    request = TrainingRequest(config, samples[:4], samples[4:], "one")
    (tmp_path / "model").mkdir()

    with pytest.raises(ImageError, match=r"broken\.png"):
        fit_in_processes(2, request, tmp_path / "model", logs=tmp_path / "logs")
    assert not started_by(os.getpid(), "spawn_main")


@pytest.mark.slow
@needs_jax
def test_a_lost_process_is_a_clear_end_from_which_the_training_goes_on(pairs, tmp_path):
    command = ("train", "--home", tmp_path, "--data", pairs, "--name", "mine", *TINY)
    training = start(*command, "--processes", 2, "--epochs", 1000)
    wait_for_epoch(training, 2)
    first, second = started_by(training.pid, "spawn_main")
    os.kill(second, signal.SIGKILL)
    _out, error = training.communicate(timeout=PATIENCE_S)

    assert training.returncode == 2
    assert error.splitlines() == [error.strip()], error
    assert "process 2 of 2 was lost (SIGKILL)" in error
    assert "--resume goes on from the finished epochs" in error
    assert not is_alive(first)
    before = read_run(tmp_path / "logs" / "mine").history

    resumed = start("train", "--home", tmp_path, "--name", "mine", "--resume")
    epoch = wait_for_epoch(resumed, len(before["loss"]) + 1)
    resumed.send_signal(signal.SIGINT)
    out, _error = resumed.communicate(timeout=PATIENCE_S)
    after = read_run(tmp_path / "logs" / "mine").history

    assert epoch == len(before["loss"]) + 1
    assert resumed.returncode == 130
    assert len(after["loss"]) >= epoch
    assert after["loss"][: len(before["loss"])] == before["loss"]
    assert (tmp_path / "models" / "mine" / "bundle.json").exists()
    assert "`--resume` continues from the last one" in out
    assert not [path for path in tmp_path.rglob(".*") if path.name.startswith((".tmp-", ".lock"))]


def wait_for_epoch(training, number):
    """Read what a training prints until an epoch of at least this number has ended; return its number."""
    for line in training.stdout:
        words = line.split()
        if words[:1] == ["epoch"] and (found := int(words[1].partition("/")[0])) >= number:
            return found
    raise AssertionError(training.stderr.read())
