"""Records of the files that the program wrote, by which those that a person changed are recognised."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segmentation.core.digests import read_sha256
from segmentation.core.file_kinds import FILES
from segmentation.outputs.stored_folder import FileStatus, StoredFile

FileRecord = Mapping[str, Any]
"""`bytes`, the size; `mtime_ns`, the time of the last change; `sha256` of the content.

In a manifest also what the file was made from, see `origin_of`; a file that a person put there has that
alone.
"""

DOCUMENTS = frozenset({".psd", ".psb"})
"""Suffixes of files with layers, which hold the whole photo: only flat cutouts are placed on a canvas."""

_WHOLE = {folder for folder, _suffix in FILES.values()} - {FILES["cutout"][0]}  # as large as the photo


def record_of(path: Path) -> FileRecord:
    """Return the record of a file."""
    status = path.stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": read_sha256(path)}


def origin_of(key: Mapping[str, Any] | None, output: str) -> dict[str, Any]:
    """Return what an output, by its path in the folder of results, is made from by the key of its photo.

    `photo` is the SHA-256 of the photo; `canvas`, on which the garment was placed and with which margins, is
    there for outputs that have one. It is empty where the key is not known.
    """
    if not key:
        return {}
    origin = {"photo": key.get("sha256")}
    is_whole = output.partition("/")[0] in _WHOLE or Path(output).suffix.lower() in DOCUMENTS
    return origin | {"canvas": key["canvas"]} if key.get("canvas") and not is_whole else origin


def is_as_recorded(
    path: Path | StoredFile, status: os.stat_result | FileStatus, records: Iterable[FileRecord]
) -> bool:
    """Return whether a file has the content of one of the records.

    It is read only where its size is as recorded and the time of its change is not, as of a copy.
    """
    alike = [record for record in records if record.get("bytes") == status.st_size]
    if any(record.get("mtime_ns") == status.st_mtime_ns for record in alike):
        return True
    if not alike:
        return False
    sha256 = path.sha256() if isinstance(path, StoredFile) else read_sha256(path)
    return sha256 in {record.get("sha256") for record in alike}
