"""Folders of pictures that are made from arguments: a record of these claims the folder for one set."""

import json
from pathlib import Path
from typing import Any

from segmentation.core.errors import DataError
from segmentation.core.files import write_text


def claim(path: Path, record: dict[str, Any], earlier: dict[str, Any] | None = None) -> None:
    """Write the record of a set to `path` in its folder, so that the set can be continued.

    `earlier` is the record that an earlier version wrote of this set. Hidden files do not count. Raises
    DataError where the folder holds anything but this very set.
    """
    folder = path.parent
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(
                f"{path}: expected a JSON record, received {error}; choose another folder"
            ) from error
        if found not in (record, earlier):
            raise DataError(
                f"{folder}: expected an empty folder or the set {record}, received the set {found}; "
                "choose another folder or remove this one"
            )
    elif folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: expected a folder, received a file; choose another path")
    elif folder.is_dir() and any(not found.name.startswith(".") for found in folder.iterdir()):
        raise DataError(
            f"{folder}: expected an empty folder, received one with other files; choose another folder"
        )
    write_text(path, json.dumps(record, indent=2) + "\n")
