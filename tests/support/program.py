"""The program as a user runs it, and within the process of a test that needs what it makes."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout

import main
from support.places import MAIN, ROOT
from support.waiting import PATIENCE_S

PROGRAM = str(MAIN)
TINY_OPTIONS = {"architecture": "simple", "filters": 8, "levels": 1, "input_size": "32x48", "batch_size": 4}
"""A network that is trained for the sake of having one, as options."""
NETWORK = ("--architecture", "simple", "--filters", "8", "--batch-size", "4")
"""Options that all commands that train have in common; SMALL and TINY are for those that take `--levels`."""
SMALL = (*NETWORK, "--levels", "1", "--input-size", "64x96")
"""A network that learns a drawn set in seconds."""
TINY = (*NETWORK, "--levels", "1", "--input-size", "32x48")
"""That of TINY_OPTIONS, as words of a command."""
DRAWN = ("--size", "96x144", "--workers", 1)
"""Options of `synth` for small photos, which are drawn sooner than another process starts."""

_SIGNALLED = """
import io, os, sys
import main
number, words, times, *sys.argv = sys.argv[1:]
class Watched(io.TextIOWrapper):
    said = ""
    def write(self, text):
        written = super().write(text)
        before, self.said = self.said.count(words), self.said + text
        if before < int(times) <= self.said.count(words):
            self.flush()
            os.kill(os.getpid(), int(number))
        return written
sys.stdout = Watched(sys.stdout.detach(), encoding="utf-8", line_buffering=True)
main.prepare_process()
main.end(main.main())
"""


_KILLED = """
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


def start(*arguments: object) -> subprocess.Popen:
    """Start main.py for a test that interrupts it; what it prints can be read line by line."""
    command = [sys.executable, "-u", PROGRAM, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def signalled(number: int, words: str, *arguments: object, times: int = 1) -> subprocess.CompletedProcess:
    """Run main.py with the arguments; it sends itself a signal once it has printed `words` so many times.

    A test that reads what it prints may come too late with a signal of its own.
    """
    options = map(str, (int(number), words, times, PROGRAM, *arguments))
    return subprocess.run(
        [sys.executable, "-c", _SIGNALLED, *options],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def killed_at(step: int, folder: object, *arguments: object) -> int:
    """Return the status of main.py that kills itself the nth time it touches a hidden file in a folder."""
    words = [sys.executable, "-c", _KILLED, *map(str, (folder, step, *arguments))]
    return subprocess.run(words, env=environment(), capture_output=True, check=False).returncode


def run(*arguments: object, check: int | None = 0) -> subprocess.CompletedProcess:
    """Run main.py with the arguments in this process, which saves seconds of imports; return what it printed.

    The exit status must be `check` unless it is None.
    """
    with redirect_stdout(io.StringIO()) as output, redirect_stderr(io.StringIO()) as errors:
        status = _status(arguments)
    return _checked(
        subprocess.CompletedProcess(arguments, status, output.getvalue(), errors.getvalue()), check
    )


def run_alone(*arguments: object, check: int | None = 0) -> subprocess.CompletedProcess:
    """Do the same in a process of its own, for a test of what a process does and of all that it prints."""
    command = [sys.executable, PROGRAM, *map(str, arguments)]
    return _checked(
        subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False), check
    )


def make(*arguments: object, check: int = 0) -> None:
    """Do the same in this process for what a command makes; what it prints counts as printed by the test."""
    status = _status(arguments)
    assert status == check, f"{arguments}: status {status}"


def _status(arguments: Sequence[object]) -> int:
    try:
        return main.main([*map(str, arguments)])
    except SystemExit as refused:  # by the parser of the options
        return int(refused.code or 0)


def _checked(done: subprocess.CompletedProcess, status: int | None) -> subprocess.CompletedProcess:
    if status is not None:
        assert done.returncode == status, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def environment() -> dict[str, str]:
    """Return the variables of a process that imports main and the library."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src")))}
