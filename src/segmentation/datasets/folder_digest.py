"""A digest of the pairs in some folders, by which it is known whether a model was trained on others."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.digests import sha256_of
from segmentation.core.parallel import map_in_threads
from segmentation.datasets.groups import DUPLICATES_FILE
from segmentation.datasets.labels import LABELS_FILE
from segmentation.datasets.layouts import find_parts
from segmentation.datasets.matching import match

_BESIDE = (DUPLICATES_FILE, LABELS_FILE)


def folders_digest(folders: Iterable[Path]) -> str:
    """Return the sha256 of the pairs in folders: names, sides, photos, ground truth and groups.

    Neither the place of the folders nor the classes that are made of label maps matter. What
    cannot be read counts as such. Raises DataError as `find_parts` and `match` do.
    """
    found: list[tuple[str, Path]] = []
    for number, folder in enumerate(folders):
        for part in find_parts(folder):
            for pair in match(part, [], Counter(), []):
                truth = pair.mask if isinstance(pair.mask, Path) else part.masks  # of a table, all of it
                found += [(f"{number} {part.side} {pair.id}", path) for path in (pair.photo, truth)]
            for path in (place / name for place in {folder, part.folder} for name in _BESIDE):
                found += [(f"{number} {path.relative_to(folder)}", path)] * path.is_file()
    digests = map_in_threads(_digest, [path for _name, path in found])
    lines = sorted(repr((name, digest)) for (name, _path), digest in zip(found, digests, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:  # of a pair that is left out of a training
        return "unread"
