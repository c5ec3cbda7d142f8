"""Ctrl-C and SIGTERM: whatever a command is doing, it ends in good order with the status of the signal."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from support.drawing import draw_set
from support.places import MAIN
from support.program import NETWORK, SMALL, make
from support.waiting import PATIENCE_S, wait_until

from segmentation.cli import patience
from segmentation.cli.recipe import RecipeDisplay
from segmentation.cli.training_display import TrainingDisplay
from segmentation.core.signals import Interruption, unheard_by_children


@contextmanager
def replaced(number, handler):
    """Have a handler receive a signal meanwhile."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


STATUSES = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    draw_set(home / "data" / "ccp", garments=4)
    return home


COMMANDS = {
    "train": ("--data", "{home}/data/ccp", "--name", "mine", *SMALL),
    "audit": ("--data", "{home}/data/ccp", "--folds", "2", *NETWORK, "--input-size", "64x96"),
    "recipe": ("default", "--data", "{home}/data"),
}


@pytest.mark.parametrize(("number", "status"), STATUSES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_training_ends_with_the_status_of_the_signal(home, command, number, status, monkeypatch):
    shown = (RecipeDisplay, "_command") if command == "recipe" else (TrainingDisplay, "_start")
    monkeypatch.setattr(*shown, lambda *_started: signal.raise_signal(number))
    monkeypatch.setattr(patience, "_SECONDS", 1e6)  # after which the process of the tests would end
    words = [word.format(home=home) for word in COMMANDS[command]]

    make(command, *words, "--home", home, check=status)
    assert not [path for path in home.rglob(".*") if path.name.startswith((".tmp-", ".lock"))]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_within_another_is_one_of_both(number):
    with Interruption() as outer:
        with Interruption() as inner:
            signal.raise_signal(number)
        assert inner.requested
        assert outer.requested


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_until_processes_are_started_whichever_thread_hears_of_it(number):
    begun, done = threading.Event(), []
    library = threading.Thread(target=lambda: begun.wait() and signal.raise_signal(number))
    library.start()  # libraries have threads that block no signal

    def start_processes():
        with unheard_by_children():
            begun.set()
            library.join()
            done.append("started")
        done.append("went on")

    with replaced(number, signal.default_int_handler), pytest.raises(KeyboardInterrupt):
        start_processes()
    assert done == ["started"]


@pytest.mark.parametrize(("number", "status"), STATUSES)
def test_a_terminal_that_interrupts_all_processes_of_a_command_sees_one_line(tmp_path, number, status):
    words = f"synth --output {tmp_path}/drawn --count 500 --workers 2".split()
    drawing = subprocess.Popen(
        [sys.executable, str(MAIN), *words], start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    begun = tmp_path / "drawn" / "synth.json"  # its workers are about to start
    wait_until(lambda: begun.exists() or drawing.poll() is not None, "the first file")
    os.killpg(drawing.pid, number)
    _, said = drawing.communicate(timeout=PATIENCE_S)

    assert (said, drawing.returncode) == ("interrupted; no half-written file was left\n", status)
