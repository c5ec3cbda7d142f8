"""Digests of the folders and files that options name: with other contents it is another result."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from segmentation.config.options import JobOptions, options_of
from segmentation.core.errors import DataError
from segmentation.core.file_kinds import DRAWN
from segmentation.datasets.exclusion import exclusion_table
from segmentation.datasets.folder_digest import digest_of_file, digest_of_files, folders_digest
from segmentation.outputs.naming import photos_below

FILE_OPTIONS = ("exclude", "classes", "backbone_weights", "files_from")
"""Options that may name a file of the user's."""

_PAIRS, _TRIMAPS = "data", "trimaps"
_PICTURES = ("foregrounds", "backgrounds", "input")


def contents(options: JobOptions) -> dict[str, str]:
    """Return digests of what lies in the folders and files that options name, by the names of the options.

    What is not there has none: the job itself reports it best.
    """
    values = {one.name: one.value_in(options) for one in options_of(type(options))}
    found = {name: digest_of_option(name, values[name]) for name in FILE_OPTIONS if name in values}
    trimaps = str(values.get(_TRIMAPS, "")).split(",")
    found[_PAIRS] = pairs_digest(options, trimaps)
    for name in _PICTURES:
        folders = [path for path in _paths(values.get(name)) if str(path) != DRAWN and path.exists()]
        found[name] = _pictures_digest(folders, values.get("output")) if folders else None
    return {name: digest for name, digest in found.items() if digest}


def digest_of_option(name: str, value: Any) -> str | None:
    """Return the digest of the file that an option of `FILE_OPTIONS` names; None where it names none."""
    if value is None:
        return None
    path = Path(str(value))
    path = exclusion_table(path) if name == "exclude" else path
    return digest_of_file(path) if path.is_file() else None


def pairs_digest(
    options: JobOptions, trimaps: Iterable[str] = (), *, with_origins: bool = True
) -> str | None:
    """Return the `folders_digest` of the folders of pairs; None where options name none or they are gone."""
    folders = list(_paths(getattr(options, _PAIRS, None)))
    try:
        return folders_digest(folders, [*trimaps], with_origins=with_origins) if folders else None
    except DataError:
        return None


def _pictures_digest(places: Iterable[Path], output: Any) -> str:
    found: list[tuple[str, Path]] = []
    for number, place in enumerate(places):
        own = output if isinstance(output, Path) else None
        files = [photo.path for photo in photos_below(place, own)] if place.is_dir() else [place]
        found += [(f"{number} {path.relative_to(place)}", path) for path in files]
    return digest_of_files(found)


def _paths(value: Any) -> Iterable[Path]:
    values = value if isinstance(value, tuple) else (value,)
    return (Path(one) for one in values if isinstance(one, Path | str))
