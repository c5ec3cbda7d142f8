"""Atomic files and folders: what is written appears complete or not at all."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from segmentation.core.errors import DataError, printable

UNFINISHED = ".tmp-"  # prefix of files and folders that are not complete yet

_LONGEST_NAME_BYTES = 255  # of a file, on nearly every file system

_complete: ContextVar[list[tuple[Path, Path]] | None] = ContextVar("complete", default=None)
"""Within `all_or_none`: the files that are complete under a temporary path, and where they belong."""


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` when the block succeeds.

    Parents are created. The file has the rights of any new file. On any error the temporary file is removed
    and `path` stays as it was. Within `all_or_none` it is renamed when that succeeds.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, complete = _unused(path.parent, path.suffix), _complete.get()
    temporary.touch(exist_ok=False)  # tempfile's would be private, and a result is meant to be shared
    try:
        yield temporary
        if complete is None:
            temporary.replace(path)
        else:
            complete.append((temporary, path))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def all_or_none() -> Iterator[None]:
    """Put the files that the block writes with `atomic_file` in their places when all of it succeeds.

    They are renamed in the order in which they were written. When the block fails there is none of them, and
    what stood in their places is still there. The block must not read them; other threads are not affected.
    Raises DataError when a file cannot be renamed, and removes those that were.
    """
    files: list[tuple[Path, Path]] = []
    token = _complete.set(files)
    try:
        yield
        for done, (temporary, path) in enumerate(files):
            try:
                temporary.replace(path)
            except OSError as error:
                for _, renamed in files[:done]:
                    renamed.unlink(missing_ok=True)
                reason = (error.strerror or str(error)).lower()
                remedy = remedy_for(path, error)
                raise DataError(f"{printable(str(path))}: cannot be written ({reason}); {remedy}") from error
    finally:
        _complete.reset(token)
        for temporary, _ in files:
            temporary.unlink(missing_ok=True)


def remedy_for(path: Path, error: BaseException) -> str:
    """Return what to do where a file cannot be written because of an OSError."""
    if getattr(error, "errno", None) != errno.ENAMETOOLONG:
        return "check the folder and its free space"
    size = len(os.fsencode(path.name))
    if size > _LONGEST_NAME_BYTES:
        return f"it has {size} bytes, of at most {_LONGEST_NAME_BYTES}: give the photo a shorter name"
    return f"the whole path has {len(os.fsencode(path.absolute()))} bytes: give a shorter `output`"


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place when the block succeeds.

    An existing folder at `path` is replaced as a whole, and kept when the block fails.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unused(path.parent, f"-{path.name}")
    temporary.mkdir()
    retired = temporary.with_name(temporary.name + "-old")
    try:
        yield temporary
        if path.exists():
            path.rename(retired)
        temporary.rename(path)
    finally:
        if retired.exists() and not path.exists():
            retired.rename(path)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


def _unused(folder: Path, ending: str) -> Path:
    """Return a name that nothing in the folder has: 64 random bits do not come twice."""
    return folder / f"{UNFINISHED}{secrets.token_hex(8)}{ending}"
