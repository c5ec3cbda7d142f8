"""The folders of results, prepared and tested before hours are spent on them."""

from collections.abc import Iterable
from pathlib import Path

from segmentation.core.file_kinds import FILES, MANIFEST
from segmentation.core.lock import LOCK
from segmentation.core.unfinished import unfinished
from segmentation.core.writable import check_replaceable, check_writable, not_writable


def prepare_folders(output: Path, kinds: Iterable[str]) -> None:
    """Make the folders for these kinds of files. Raises DataError when nothing can be written there."""
    for folder in {output / FILES[kind].folder: None for kind in kinds}:
        try:
            with unfinished(folder, "", is_folder=False):
                pass
        except OSError as error:
            raise not_writable(folder, error) from error


def check_folders(output: Path, kinds: Iterable[str]) -> None:
    """Raise the error of a run that cannot write files of these kinds there, without writing anything."""
    check_writable(output)
    for name in (LOCK, MANIFEST):
        check_replaceable(output / name)
    for kind in kinds:
        check_writable(output / FILES[kind].folder)
