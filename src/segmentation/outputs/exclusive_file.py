"""A file that one process at a time has open, locked where the system can lock files."""

import contextlib
import errno
import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from segmentation.core.errors import DataError

_fcntl: ModuleType | None = None
if importlib.util.find_spec("fcntl"):  # not on Windows, where two jobs can write into one folder
    _fcntl = importlib.import_module("fcntl")


def open_exclusively(path: Path) -> BinaryIO:
    """Open a file to append to it, unbuffered, and lock it until it is closed; make its folder.

    Raises DataError when another process has it open, OSError when it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with contextlib.ExitStack() as stack:
            file: BinaryIO = stack.enter_context(path.open("ab", buffering=0))
            _lock(file, path)
            if os.fstat(file.fileno()).st_nlink:
                stack.pop_all()
                return file
        # between our opening and locking it, its last user put a tidied one in its place


def _lock(file: BinaryIO, path: Path) -> None:
    if _fcntl is None:
        return
    try:
        _fcntl.flock(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise DataError(
                f"{path.parent}: expected no other predict at work on this folder, found one; wait for its "
                "end or give another `output`"
            ) from error
        # a network file system without locks is still one to work on
