"""The program as a user runs it, and within the process of a test that needs what it makes."""

import os
import subprocess
import sys

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
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def killed_at(step: int, folder: object, *arguments: object) -> int:
    """Return the status of main.py that kills itself the nth time it touches a hidden file in a folder."""
    words = [sys.executable, "-c", _KILLED, *map(str, (folder, step, *arguments))]
    return subprocess.run(words, env=_environment(), capture_output=True, check=False).returncode


def run(*arguments: object, check: int | None = 0) -> subprocess.CompletedProcess:
    """Run main.py with the arguments; the exit status must be `check` unless it is None."""
    command = [sys.executable, PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if check is not None:
        assert done.returncode == check, (
            f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
    return done


def make(*arguments: object, check: int = 0) -> None:
    """Run a command in this process, which saves seconds of imports; its status must be `check`."""
    try:
        status = main.main([*map(str, arguments)])
    except SystemExit as refused:  # by the parser of the options
        status = refused.code
    assert status == check, f"{arguments}: status {status}"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src")))}
