"""Results of earlier runs in and around folders of photos, which are never taken for photos."""

import json
from pathlib import Path

from segmentation.core.errors import DataError
from segmentation.core.file_kinds import MANIFEST, RESULT_FOLDERS
from segmentation.core.walking import real


def refuse_source(source: Path, exclude: Path | None, option: str = "input") -> None:
    """Raise DataError for a source that lies in the folder of results, or is one; see `find_photos`."""
    excluded = exclude and real(exclude)
    if excluded and real(source).is_relative_to(excluded):
        raise DataError(
            f"`{option}` {source}: expected photos outside of the folder of results, {exclude}, from which "
            "nothing is read; give another `output`"
        )
    refuse_results(source, option)


def refuse_results(source: Path, option: str = "input") -> None:
    """Raise DataError for a folder that an earlier run wrote, or one of its folders of results."""
    if results_around(source):
        raise DataError(
            f"`{option}` {source}: expected photos, received results of an earlier run; choose the folder of "
            "the photos"
        )


def results_around(source: Path) -> Path | None:
    """Return the folder of results that a file or a folder is or lies in, through links; None for others.

    Other files in such a folder do not belong to the results.
    """
    place = real(source)
    for folder in (place, *place.parents):
        if (folder / MANIFEST).is_file() and (
            RESULT_FOLDERS.issuperset(place.relative_to(folder).parts[:1]) or is_delivery(folder)
        ):
            return folder
    return None


def is_delivery(folder: Path) -> bool:
    """Return whether a folder of results holds shop files, which lie in no folder for their kind."""
    with (folder / MANIFEST).open("rb") as lines:
        for line in lines:
            try:
                outputs = json.loads(line)["outputs"].values()
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            if outputs:
                return not any(str(output).partition("/")[0] in RESULT_FOLDERS for output in outputs)
    return False
