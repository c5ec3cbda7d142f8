"""Locks: one process at a time writes into a folder; whoever else wants to is told at once.

They are the system's own, which end with the process that holds them, however it ends. Only POSIX systems
have them, as they have folders that can be opened and locked.
"""

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from segmentation.core.errors import DataError, printable, unwritable
from segmentation.core.writable import not_writable

try:
    import fcntl
except ImportError as error:
    raise ImportError(
        "this program needs the file locks of a POSIX system such as Linux; on Windows, run it in WSL"
    ) from error

LOCK = ".lock"
"""The hidden file in a folder that is being written; one that is left by a killed process locks nothing."""

_LONGEST_HOLDER = 200  # bytes of a lock file that are shown: anyone may have written it

_held: set[tuple[int, Path]] = set()  # by threads of this process


@contextlib.contextmanager
def locked(folder: Path, remedy: str = "give another `output`", *, name: str = LOCK) -> Iterator[None]:
    """Hold a folder as the one process that writes into it; make the folder where there is none.

    A job that runs within the one that holds it may hold it too. Where the file system refuses locks, nothing
    is held. On leaving, the lock file is removed, and a folder that was made and is still empty. `name` is
    that of the lock file.

    Raises DataError, which ends with the `remedy`, where another process holds the folder, and where nothing
    can be written there.
    """
    path = folder.resolve() / name  # the same by whichever link it is reached
    holder = threading.get_ident(), path
    if holder in _held:
        yield
        return
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        file = _open_and_lock(path, folder, remedy)
    except OSError as error:
        _remove_if_empty(missing)
        if error.errno == errno.ENAMETOOLONG:
            made = folder if name == LOCK else folder / name.removeprefix(".").removesuffix(LOCK)
            raise DataError(unwritable(error, made)) from error
        raise not_writable(folder, error) from error
    _held.add(holder)
    try:
        yield
    finally:
        _held.discard(holder)
        with file, contextlib.suppress(OSError):  # the folder may be gone, or another one in its place
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                path.unlink()
        _remove_if_empty(missing)


def locked_file(path: Path) -> contextlib.AbstractContextManager[None]:
    """Hold a single file as the one process that writes it, in a folder that others write into as well.

    Raises DataError as `locked` does.
    """
    return locked(path.parent, name=f".{path.name}{LOCK}")


def remove_locks() -> None:
    """Remove the lock files of this process, before it ends at once and with it all that it holds."""
    for _thread, path in list(_held):
        path.unlink(missing_ok=True)


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file or folder until it is closed, and return whether that succeeded.

    False means that another process holds it, None that this file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else None
    return True


def _open_and_lock(path: Path, folder: Path, remedy: str) -> BinaryIO:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:
                continue  # the process that had made the folder has removed it
            file: BinaryIO = stack.enter_context(os.fdopen(descriptor, "r+b", buffering=0))
            if try_lock(descriptor) is False:
                holder = printable(file.read(_LONGEST_HOLDER).decode(errors="replace"))
                who = f" ({holder})" if holder else ""
                wait = f"wait for its end, or {remedy}" if remedy else "wait for its end"
                raise DataError(f"{folder}: another process is writing here{who}; {wait}")
            if os.fstat(descriptor).st_nlink:
                file.truncate(0)
                file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
                os.fsync(descriptor)  # a full disk may be noticed no earlier
                stack.pop_all()
                return file
        # between our opening and locking it, the process that held it has removed it


def _remove_if_empty(folders: list[Path]) -> None:
    for folder in folders:  # the innermost first
        with contextlib.suppress(OSError):
            folder.rmdir()
