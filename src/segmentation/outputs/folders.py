"""The folders of results, prepared and tested before hours are spent on them."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.errors import DataError, system_reason
from segmentation.core.file_kinds import FILES
from segmentation.core.unfinished import UNFINISHED

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
            reason = system_reason(error)
            raise DataError(
                f"{folder}: expected a folder to write in, received: {reason}; "
                "check its permissions and its free space"
            ) from error
        for path in folder.rglob(f"{UNFINISHED}*"):
            if path.suffix in _SUFFIXES:
                path.unlink(missing_ok=True)
    for path in output.glob(f"{UNFINISHED}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
