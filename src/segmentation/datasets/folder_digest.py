"""A digest of the pairs in some folders, by which it is known whether a model was trained on others."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from segmentation.core.digests import sha256_of
from segmentation.core.errors import DataError
from segmentation.core.file_kinds import DRAWN
from segmentation.core.parallel import map_in_threads
from segmentation.core.samples import Sample
from segmentation.datasets.groups import DUPLICATES_FILE
from segmentation.datasets.labels import LABELS_FILE
from segmentation.datasets.layouts import find_parts
from segmentation.datasets.matching import match
from segmentation.datasets.origin import GARMENTS, MADE_OF, RECORD, read_origin
from segmentation.datasets.trimaps import has_trimap, trimap_file

_BESIDE = (DUPLICATES_FILE, LABELS_FILE)


def folders_digest(folders: Iterable[Path], trimaps: Sequence[str] = (), *, with_origins: bool = True) -> str:
    """Return the sha256 of the pairs in folders: names, sides, photos, ground truth, groups and origins.

    `trimaps` are folders beside the photos, or `drawn`, whose files count as well. Earlier versions
    overlooked those and the origins. Neither the place of the folders nor the classes that are made of label
    maps matter. What cannot be read counts as such. Raises DataError as `find_parts` and `match` do.
    """
    found: list[tuple[str, Path]] = []
    origins: list[tuple[str, str]] = []
    for number, folder in enumerate(folders):
        for part in find_parts(folder):
            for pair in match(part, [], Counter(), []):
                truth = pair.mask if isinstance(pair.mask, Path) else part.masks  # of a table, all of it
                sample = Sample(pair.id, pair.photo)
                given = [trimap_file(sample, name) for name in trimaps if _is_given(sample, name)]
                found += [(f"{number} {part.side} {pair.id}", path) for path in (pair.photo, truth, *given)]
            for place in {folder, part.folder}:
                for path in (place / name for name in _BESIDE):
                    found += [(f"{number} {path.relative_to(folder)}", path)] * path.is_file()
                record = place / RECORD
                if with_origins and record.is_file():
                    origins.append((f"{number} {record.relative_to(folder)}", _origin(place)))
    return digest_of_files(found, origins)


def digest_of_files(files: Sequence[tuple[str, Path]], facts: Iterable[tuple[str, str]] = ()) -> str:
    """Return the sha256 of files and facts by their names, in whichever order they come."""
    digests = map_in_threads(digest_of_file, [path for _name, path in files])
    named = [(name, digest) for (name, _path), digest in zip(files, digests, strict=True)]
    return hashlib.sha256("\n".join(sorted(map(repr, [*named, *facts]))).encode()).hexdigest()


def digest_of_file(path: Path) -> str:
    """Return the sha256 of a file; that of one which cannot be read is "unread"."""
    try:
        return sha256_of(path)
    except OSError:  # of a pair that is left out of a training
        return "unread"


def _is_given(sample: Sample, name: str) -> bool:
    return name != DRAWN and has_trimap(sample, name)


def _origin(folder: Path) -> str:
    """Return what a record says of the pairs, without when and where they were made."""
    try:
        record = read_origin(folder)
    except DataError:
        return "unread"
    return repr([record["origin"], *(sorted(record.get(key, {}).items()) for key in (GARMENTS, MADE_OF))])
