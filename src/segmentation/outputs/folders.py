"""The folders that results are written into, made ready before a night is spent on them."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.errors import DataError
from segmentation.core.file_kinds import FILES
from segmentation.core.files import UNFINISHED

_SUFFIXES = frozenset(suffix for _, suffix in FILES.values())


def prepare_folders(output: Path, kinds: Iterable[str]) -> None:
    """Make the folders of these kinds of files and remove what a killed process left half-written there.

    No other process may be at work on them. Raises DataError when nothing can be written there.
    """
    for folder in {output / FILES[kind][0]: None for kind in kinds}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(prefix=UNFINISHED, suffix=".png", dir=folder):
                pass
        except OSError as error:
            raise DataError(
                f"{folder}: expected a folder to write in, received: {os.strerror(error.errno).lower()}; "
                "check its permissions and its free space"
            ) from error
        for path in folder.rglob(f"{UNFINISHED}*"):
            if path.suffix in _SUFFIXES:
                path.unlink(missing_ok=True)
