"""By what a file that the program wrote is known again, so that what a person changed is told from it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segmentation.core.digests import read_sha256

FileRecord = Mapping[str, Any]
"""`bytes`, the size; `mtime_ns`, the time of the last change; `sha256` of the content."""


def record_of(path: Path) -> FileRecord:
    """Return the record of a file."""
    status = path.stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": read_sha256(path)}


def is_as_recorded(path: Path, status: os.stat_result, records: Iterable[FileRecord]) -> bool:
    """Return whether a file has the content of one of the records.

    It is read only where its size is as recorded and the time of its change is not, as of a copy.
    """
    alike = [record for record in records if record.get("bytes") == status.st_size]
    if any(record.get("mtime_ns") == status.st_mtime_ns for record in alike):
        return True
    return bool(alike) and read_sha256(path) in {record.get("sha256") for record in alike}
