"""The folders of results, prepared and tested before hours are spent on them."""

from collections.abc import Iterable
from pathlib import Path

from segmentation.core.errors import DataError, system_reason
from segmentation.core.file_kinds import FILES
from segmentation.core.unfinished import unfinished


def prepare_folders(output: Path, kinds: Iterable[str]) -> None:
    """Make the folders of these kinds of files. Raises DataError when nothing can be written there."""
    for folder in {output / FILES[kind][0]: None for kind in kinds}:
        try:
            with unfinished(folder, "", is_folder=False):
                pass
        except OSError as error:
            reason = system_reason(error)
            raise DataError(
                f"{folder}: expected a folder to write in, received: {reason}; "
                "check its permissions and its free space"
            ) from error
