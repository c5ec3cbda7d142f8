"""Folders that another process is writing into, and what one leaves there that is killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segmentation.core.unfinished import unfinished
from support.places import ROOT

_HOLDS = """
import sys
from pathlib import Path
from segmentation.core.lock import locked
path = Path(sys.argv[1])
with locked(path.parent, name=path.name) if path.suffix == ".lock" else locked(path):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[None]:
    """Have another process hold a folder, or a lock file by its path, as a job does that writes there."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", _HOLDS, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate()


def leave_half_written(path: Path) -> None:
    """Leave beside `path` what a process leaves that is killed while it writes it."""
    with unfinished(path.parent, path.suffix, is_folder=False) as temporary:
        pass
    temporary.write_bytes(b"half")
