"""The folders of results, prepared and tested before hours are spent on them."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.file_kinds import FILES, MANIFEST
from segmentation.core.lock import LOCK
from segmentation.core.unfinished import UNFINISHED
from segmentation.core.writable import check_replaceable, check_writable, not_writable

_SUFFIXES = frozenset(suffix for _, suffix in FILES.values())


def prepare_folders(output: Path, kinds: Iterable[str]) -> None:
    """Make the folders of these kinds of files and remove unfinished files of a killed process.

    No other process may be writing there. Raises DataError when nothing can be written there.
    """
    for folder in {output / FILES[kind][0]: None for kind in kinds}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(prefix=UNFINISHED, suffix=".png", dir=folder):
                pass
        except OSError as error:
            raise not_writable(folder, error) from error
        for path in folder.rglob(f"{UNFINISHED}*"):
            if path.suffix in _SUFFIXES:
                path.unlink(missing_ok=True)
    for path in output.glob(f"{UNFINISHED}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def check_folders(output: Path, kinds: Iterable[str]) -> None:
    """Raise what a run would raise that cannot write files of these kinds there, without writing anything."""
    check_writable(output)
    for name in (LOCK, MANIFEST):
        check_replaceable(output / name)
    for kind in kinds:
        check_writable(output / FILES[kind][0])
