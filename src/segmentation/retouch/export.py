"""The accepted photos of a review together: their files as a folder or as a zip."""

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from segmentation.core.errors import DataError, printable, unwritable
from segmentation.core.file_kinds import FILES
from segmentation.core.files import atomic_file, atomic_folder
from segmentation.retouch.photos import CutPhoto

ACCEPTED = "accepted"
"""The name of the folder in the folder of results, and of the zip without its suffix."""


def export(results: Path, photos: Iterable[CutPhoto], form: Literal["zip", "folder"]) -> Path:
    """Write the files of photos into a folder or a zip in that of the results, in place of an earlier one.

    Returns its path. It appears complete or not at all. Raises DataError where there is nothing to write,
    where a file of a photo is missing, and where it cannot be written.
    """
    files = [output for photo in photos for output in photo.delivered.values()]
    if not files:
        raise DataError("expected accepted photos to export, found none; accept some first")
    if missing := [output for output in files if not (results / output).is_file()]:
        name = printable(str(results / missing[0]))
        raise DataError(
            f"{name}: expected the file of an accepted photo, found none; bring it back, or run predict again"
        )
    path = results / (ACCEPTED if form == "folder" else f"{ACCEPTED}.zip")
    kinds = {folder for folder, _suffix in FILES.values()}
    if path.is_dir() and any(found.name not in kinds for found in path.iterdir()):
        raise DataError(f"{path}: expected an earlier export, received other files; move them away")
    try:
        if form == "folder":
            with atomic_folder(path) as folder:
                for output in files:
                    (folder / output).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(results / output, folder / output)
        else:
            # without strict times, since a copy may have lost its date, and a zip begins with 1980
            with (
                atomic_file(path) as temporary,
                zipfile.ZipFile(temporary, "w", strict_timestamps=False) as packed,
            ):
                for output in files:
                    packed.write(results / output, output.encode("utf-8", "replace").decode())
    except OSError as error:
        raise DataError(unwritable(error)) from error
    return path
