"""The files that a review wrote into a folder of results, by its journal."""

import json
from pathlib import Path

from segmentation.core.file_kinds import REVIEW_JOURNAL
from segmentation.outputs.file_record import FileRecord, is_as_recorded


def reviewed_files(results: Path) -> dict[str, list[FileRecord]]:
    """Return the records of the files that reviews wrote, by their paths in the folder."""
    found: dict[str, list[FileRecord]] = {}
    try:
        lines = (results / REVIEW_JOURNAL).read_bytes().splitlines()
    except OSError:
        return found
    for line in lines:
        if b'"writing"' not in line:
            continue
        try:
            for output, record in json.loads(line)["files"].items():
                found.setdefault(output, []).append(dict(record))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # torn or damaged
    return found


def is_as_reviewed(path: Path, records: list[FileRecord]) -> bool:
    """Return whether a file is as a review wrote it."""
    return bool(records) and is_as_recorded(path, path.stat(), records)
