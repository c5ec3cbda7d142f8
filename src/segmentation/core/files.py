"""Atomic files and folders: what is written appears complete or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segmentation.core.lock import LOCK
from segmentation.core.unfinished import RETIRED, errors_renamed, is_unfinished, unfinished


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` when the block succeeds.

    Parents are created. The file has the rights of any new file. On any error the temporary file is removed,
    `path` stays as it was, and the error names `path`.
    """
    path = Path(path)
    with (
        unfinished(path.parent, path.suffix, is_folder=False) as temporary,
        errors_renamed(temporary.name, path.name, of=path),
    ):
        yield temporary
        temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, atomically; names that are not UTF-8 as `encodable` has them."""
    with atomic_file(path) as temporary:
        temporary.write_text(encodable(text), encoding="utf-8")


def encodable(text: str) -> str:
    r"""Return `text` as UTF-8 can hold it: bytes of file names that are not UTF-8 as escapes, such as \udcfc.

    `printable` shows them in the same way. Compare names in this form with those that were read from a file.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write `content` to `path`, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def move(path: Path, target: Path) -> None:
    """Move a file into the place of another, also onto another disk; there it appears whole or not at all."""
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        status = path.stat()
        with atomic_file(target) as temporary:
            shutil.copyfile(path, temporary)
            with suppress(OSError):  # some network shares keep their own time
                os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
        path.unlink()


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder's files into the folder `target`, which is made, with the rights of any new file.

    Locks and unfinished files, of a job that is at work on it, are left out. `shutil.copytree` would set the
    rights of the originals, which network shares refuse although files can be written.
    """
    target.mkdir(exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.name == LOCK or is_unfinished(path):
            continue
        if path.is_dir():
            copy_folder(path, target / path.name)
        else:
            shutil.copyfile(path, target / path.name)


def put_together(made: Path, folder: Path, main: str) -> None:
    """Move the files of the folder `made`, which belong together, in the place of others into `folder`.

    `main` is the name of the one without which the others are of no use. It goes first and comes last, so
    that a process that is killed never leaves it with files of another set.
    """
    target = folder / main
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    for path in sorted(made.iterdir(), key=lambda path: path.name == main):
        path.replace(folder / path.name)


@contextmanager
def atomic_folder(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place when the block succeeds.

    An existing folder at `path` is replaced as a whole; it is kept when the block fails, and where `replace`
    is False. Errors name `path`.
    """
    path = Path(path)
    with unfinished(path.parent, f"-{path.name}", is_folder=True) as temporary:
        retired = temporary.with_name(temporary.name.removesuffix(f"-{path.name}") + RETIRED + path.name)
        with errors_renamed(temporary.name, path.name):
            try:
                yield temporary
                if replace or not path.exists():
                    if path.exists():
                        path.rename(retired)
                    temporary.rename(path)
            finally:
                if retired.exists() and not path.exists():
                    retired.rename(path)
                shutil.rmtree(retired, ignore_errors=True)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield an empty folder in `parent`, which is made if it is absent, and remove it afterwards.

    Errors name what lies in it as if it lay in `parent`.
    """
    with (
        unfinished(parent, "", is_folder=True) as temporary,
        errors_renamed(f"{temporary.name}{os.sep}", ""),
    ):
        yield temporary
