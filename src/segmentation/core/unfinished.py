"""Files and folders that are not complete yet: locked while their process lives, swept when it does not."""

import os
import re
import secrets
import shutil
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segmentation.core.errors import SegmentationError
from segmentation.core.lock import try_lock

UNFINISHED = ".tmp-"
"""The prefix of files and folders that are not complete yet."""

RETIRED = ".old-"
"""The mark before a folder's own name, while another one takes its place."""

_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
_NAME = re.compile(
    rf"{re.escape(UNFINISHED)}(?:(?P<host>[0-9a-f]{{8}})-)?[0-9a-f]{{16}}"
    rf"(?:{re.escape(RETIRED)}(?P<retired>.+)|[.-].+)?"
)
_WEEK_S = 7 * 24 * 3600  # after which a file of another machine, whose locks may not show here, is dead

_in_progress: set[Path] = set()
_swept: set[Path] = set()


def is_unfinished(path: Path) -> bool:
    """Return whether a file or folder has a name that this program gives to what is not complete yet."""
    return _NAME.fullmatch(path.name) is not None


def sweep(folder: Path) -> None:
    """Remove what killed processes left in a folder and in those below it; what a living one writes stays.

    A folder that was complete, and about to take the place of another, takes it.
    """
    for place, below, files in os.walk(folder):
        _sweep(Path(place), [name for name in (*below, *files) if name.startswith(UNFINISHED)])
        # each goes or stays as a whole
        below[:] = [name for name in below if not name.startswith(UNFINISHED)]


def remove_unfinished() -> None:
    """Remove whatever this process has begun and not finished, before it ends at once."""
    for path in list(_in_progress):
        _remove(path)


@contextmanager
def unfinished(parent: Path, ending: str, *, is_folder: bool) -> Iterator[Path]:
    """Yield a new file or folder in `parent`, locked until the block ends; then it is removed."""
    parent.mkdir(parents=True, exist_ok=True)
    if (place := parent.absolute()) not in _swept:  # once a process: a folder may be large
        _swept.add(place)
        with suppress(OSError), os.scandir(parent) as listing:
            _sweep(parent, [entry.name for entry in listing if entry.name.startswith(UNFINISHED)])
    try:
        temporary, descriptor = _create(parent, ending, is_folder=is_folder)
    except OSError as error:
        error.filename = str(parent)  # nobody knows the temporary name
        raise
    _in_progress.add(temporary)
    try:
        yield temporary
    finally:
        _remove(temporary)
        _in_progress.discard(temporary)
        os.close(descriptor)


def _create(parent: Path, ending: str, *, is_folder: bool) -> tuple[Path, int]:
    """Make a file or folder under a new name, and lock it as a sign that its process lives."""
    while True:
        path = parent / f"{UNFINISHED}{_HOST}-{secrets.token_hex(8)}{ending}"
        if is_folder:
            path.mkdir()
        else:
            path.touch(exist_ok=False)  # tempfile's would be private, and a result is meant to be shared
        with suppress(FileNotFoundError):  # swept between making and locking it
            descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
            if try_lock(descriptor) is not False and path.exists():
                return path, descriptor
            os.close(descriptor)


@contextmanager
def errors_renamed(temporary: str, name: str, *, of: Path | None = None) -> Iterator[None]:
    """Give errors of the block the final name in place of the temporary one, or the path that it lacks."""
    try:
        yield
    except (OSError, SegmentationError) as error:
        error.args = tuple(_renamed(part, temporary, name) for part in error.args)
        if isinstance(error, OSError):
            if error.filename is None and of:
                error.filename = str(of)
            error.filename = _renamed(error.filename, temporary, name)
            error.filename2 = None  # of a renaming from the temporary name
        raise


def _renamed(text: object, temporary: str, name: str) -> object:
    return str(text).replace(temporary, name) if isinstance(text, str | os.PathLike) else text


def _sweep(folder: Path, names: Iterable[str]) -> None:
    found = [match for match in map(_NAME.fullmatch, names) if match]
    for match in sorted(found, key=lambda match: match["retired"] is None):  # the retired first
        with suppress(OSError):
            _sweep_one(folder / match.string, match)


def _sweep_one(path: Path, match: re.Match[str]) -> None:
    if match["host"] != _HOST and time.time() - path.stat().st_mtime < _WEEK_S:
        return
    complete = path.with_name(path.name.replace(RETIRED, "-", 1)) if match["retired"] else path
    if not complete.exists():
        place = path.with_name(match["retired"]) if match["retired"] else path
        if match["retired"] and not place.exists():
            path.rename(place)  # the other one is lost
        else:
            _remove(path)  # the other one has taken its place
        return
    descriptor = os.open(complete, os.O_RDONLY)
    try:
        if not try_lock(descriptor):
            return
        if match["retired"] and not path.with_name(match["retired"]).exists():
            complete.rename(path.with_name(match["retired"]))
        _remove(path)  # while it is locked, so that its maker cannot take it for its own
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
