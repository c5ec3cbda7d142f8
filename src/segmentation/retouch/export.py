"""The accepted photos of a review together: their files as a folder or as a zip."""

import json
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from segmentation.core.errors import DataError, printable, unwritable
from segmentation.core.files import atomic_file, atomic_folder
from segmentation.outputs.file_record import FileRecord, is_as_recorded, record_of
from segmentation.retouch.photos import CutPhoto

ACCEPTED = "accepted"
"""The name of the folder in the folder of results, and of the zip without its suffix."""

RECORD = ".export.json"
"""The record of what an export wrote, in its folder."""

_BY_SYSTEM = ("thumbs.db", "desktop.ini")  # which Windows puts into a folder that is looked at


def export(results: Path, photos: Iterable[CutPhoto], form: Literal["zip", "folder"]) -> Path:
    """Write the files of photos into a folder or a zip in that of the results, in place of an earlier one.

    Returns its path. It appears complete or not at all. Raises DataError where there is nothing to write,
    where a file of a photo is missing, where the folder holds a file that no export wrote or that was changed
    since and is nowhere else, and where it cannot be written.
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
    try:
        if form == "folder":
            _check_earlier(path, results)
            with atomic_folder(path) as folder:
                for output in files:
                    (folder / output).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(results / output, folder / output)
                records = {output: record_of(folder / output) for output in files}
                (folder / RECORD).write_text(json.dumps(records))
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


def _check_earlier(folder: Path, results: Path) -> None:
    """Raise DataError where a file would be lost.

    That is one that is not as an export recorded it or, where no record tells of it, as of an earlier
    version, not as it is in the folder of results. Hidden files, and those of the system, are not counted.
    """
    known = _recorded(folder)
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if not path.is_file() or _is_of_system(parts):
            continue
        output = "/".join(parts)
        own = results / output
        record = known.get(output) or (record_of(own) if own.is_file() else None)
        if not record or not is_as_recorded(path, path.stat(), [record]):
            raise DataError(
                f"{printable(str(path))}: expected a file as an earlier export wrote it, received another, "
                "which would be replaced; move it, or the whole folder, away"
            )


def _is_of_system(parts: Sequence[str]) -> bool:
    return any(part.startswith(".") for part in parts) or parts[-1].lower() in _BY_SYSTEM


def _recorded(folder: Path) -> dict[str, FileRecord]:
    """Return the records of an earlier export; none where its file is damaged or of an earlier version."""
    try:
        records = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(records, dict):
        return {}
    return {output: record for output, record in records.items() if isinstance(record, dict)}
