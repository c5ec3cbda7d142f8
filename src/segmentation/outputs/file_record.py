"""Records of the files that the program wrote, by which those that a person changed are recognised."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segmentation.core.digests import read_sha256
from segmentation.core.file_kinds import FILES, RESULT_FOLDERS
from segmentation.outputs.stored_folder import FileStatus, StoredFile

FileRecord = Mapping[str, Any]
"""`bytes`, the size; `mtime_ns`, the time of the last change; `sha256` of the content.

In a manifest also what the file was made from, see `origin_of`; a file that a person put there has that
alone.
"""

DOCUMENTS = frozenset({".psd", ".psb"})
"""Suffixes of files with layers, which hold the whole photo: only flat cutouts are placed on a canvas."""

_CLOCKS_NS = 2_000_000_000  # by which times of two file systems may differ

_WHOLE = RESULT_FOLDERS - {FILES["cutout"].folder}  # as large as the photo


def record_of(path: Path) -> FileRecord:
    """Return the record of a file."""
    status = path.stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": read_sha256(path)}


def untouched(status: os.stat_result, line: Mapping[str, Any]) -> FileRecord | None:
    """Return the record of a photo by the `line` of an earlier run, where it need not be read again.

    Its size and the time of its change are those of the line. So that nobody set that time back, the system's
    own time of the last change is from before the photo was read for that line: before its results were
    written, by as long as it took. None for any other photo.
    """
    known = line.get("key") or {}
    written = [record.get("mtime_ns", 0) for record in (line.get("files") or {}).values()]
    if not written or "sha256" not in known:
        return None
    read_ns = min(written) - round(1e9 * (line.get("seconds") or 0)) - _CLOCKS_NS
    alike = (status.st_size, status.st_mtime_ns) == (known.get("bytes"), known.get("mtime_ns"))
    if not alike or status.st_ctime_ns >= read_ns:
        return None
    return {name: known[name] for name in ("bytes", "mtime_ns", "sha256")}


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
