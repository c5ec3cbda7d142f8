"""The program as a user starts it, what a command takes, and ways to do the same by turns."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from project import ROOT

PROGRAM = (sys.executable, str(ROOT / "main.py"))


class Taken(NamedTuple):
    """Seconds on the clock and of CPU time, and the peak memory in megabytes."""

    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def run(*command: object) -> Taken:
    """Run a command from an empty shell to its end; one that fails ends the benchmark."""
    words = list(map(str, command))
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{Path(words[0]).name} failed with status {process.returncode}: {words}")
    return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def predict(photos: object, output: object, *options: object) -> Taken:
    """Run `predict --save` over photos."""
    return run(*PROGRAM, *predicting(photos, output), *options)


def predicting(photos: object, output: object) -> list[str]:
    """Return the arguments of `predict --save`."""
    return ["predict", "--input", str(photos), "--output", str(output), "--save", "--quiet"]


def by_turns(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median figure of each way, all of them once a round, so that a busy machine slows all."""
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            figures[name].append(way())
    return {name: statistics.median(found) for name, found in figures.items()}
