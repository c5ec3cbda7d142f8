"""A check whether a folder can be written in, made without writing."""

import errno
import os
from pathlib import Path

from segmentation.core.errors import DataError, system_reason


def not_writable(folder: Path, error: OSError) -> DataError:
    """Return the error of a folder in which nothing can be written, for the system's reason."""
    return DataError(
        f"{folder}: expected a folder to write in, received: {system_reason(error)}; "
        "check its permissions and its free space"
    )


def check_writable(folder: Path) -> None:
    """Raise DataError where a folder, or the one in which it would have to be made, cannot be written in.

    Nothing is written, so that limits which only show in writing, such as a quota, are not found.
    """
    try:
        _look(folder.absolute())
    except OSError as error:
        raise not_writable(folder, error) from error


def check_replaceable(path: Path) -> None:
    """Raise OSError where a file is there that cannot be written."""
    if os.path.lexists(path) and not _allows(path, os.W_OK):
        raise _error(errno.EACCES, path)


def _look(folder: Path) -> None:
    try:
        folder.lstat()
    except FileNotFoundError:
        if folder.parent != folder:
            _look(folder.parent)
        return
    if not folder.is_dir():
        raise _error(errno.ENOTDIR, folder)
    if hasattr(os, "statvfs"):
        disk = os.statvfs(folder)
        if disk.f_flag & os.ST_RDONLY:
            raise _error(errno.EROFS, folder)
        if (disk.f_blocks and not disk.f_bavail) or (disk.f_files and not disk.f_favail):
            raise _error(errno.ENOSPC, folder)
    if not _allows(folder, os.W_OK | os.X_OK):
        raise _error(errno.EACCES, folder)


def _allows(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
