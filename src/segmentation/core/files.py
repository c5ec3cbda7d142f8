"""Atomic files and folders: what is written appears complete or not at all."""

import errno
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segmentation.core.errors import SegmentationError

UNFINISHED = ".tmp-"  # prefix of files and folders that are not complete yet


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` when the block succeeds.

    Parents are created. The file has the rights of any new file. On any error the temporary file is removed
    and `path` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unused(path.parent, path.suffix)
    temporary.touch(exist_ok=False)  # tempfile's would be private, and a result is meant to be shared
    try:
        with _told_as(path, temporary):
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_regular(path: Path) -> Path:
    """Return the path of a regular file.

    Raises OSError where there is none: a pipe would be waited for for ever, and a device need not end.
    """
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "a pipe or a device"
        raise OSError(errno.EINVAL, f"{what}, not a file", str(path))
    return path


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, atomically; names that are not UTF-8 as `encodable` has them."""
    with atomic_file(path) as temporary:
        temporary.write_text(encodable(text), encoding="utf-8")


def encodable(text: str) -> str:
    r"""Return `text` as UTF-8 can hold it: bytes of file names that are not UTF-8 as escapes, such as \udcfc.

    So has `printable` them. Compare names in this form with those that were read from a file.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder's files into the new folder `target`, with the rights of any new file.

    `shutil.copytree` sets those of the originals, which network shares refuse although files can be written.
    """
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.is_dir():
            copy_folder(path, target / path.name)
        else:
            shutil.copyfile(path, target / path.name)


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
        with _told_as(path, temporary):
            yield temporary
            if path.exists():
                path.rename(retired)
            temporary.rename(path)
    finally:
        if retired.exists() and not path.exists():
            retired.rename(path)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


@contextmanager
def _told_as(path: Path, temporary: Path) -> Iterator[None]:
    """Name what is being written, and not its temporary name, in the message of an error."""
    try:
        yield
    except SegmentationError as error:
        error.args = tuple(
            argument.replace(temporary.name, path.name) if isinstance(argument, str) else argument
            for argument in error.args
        )
        raise
    except OSError as error:
        for name in ("filename", "filename2"):
            if isinstance(given := getattr(error, name), str):
                setattr(error, name, given.replace(temporary.name, path.name))
        raise


def _unused(folder: Path, ending: str) -> Path:
    """Return a name that nothing in the folder has: 64 random bits do not come twice."""
    return folder / f"{UNFINISHED}{secrets.token_hex(8)}{ending}"
