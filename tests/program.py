"""The program as a user runs it, and within the process of a test that needs what it makes."""

import subprocess
import sys
from pathlib import Path

import main

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments: object, check: int | None = 0) -> subprocess.CompletedProcess:
    """Run main.py with the arguments; the exit status must be `check` unless it is None."""
    command = [sys.executable, str(ROOT / "main.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if check is not None:
        assert done.returncode == check, (
            f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
    return done


def make(*arguments: object, check: int = 0) -> None:
    """Run a command in this process, which saves seconds of imports; its status must be `check`."""
    assert main.main([*map(str, arguments)]) == check, f"{arguments}: expected status {check}"
