"""The trimaps of a data set: a folder beside that of the photos, such as alphamatting's `trimap1`."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from segmentation.core.errors import DataError, printable
from segmentation.core.file_kinds import DRAWN
from segmentation.core.samples import Sample
from segmentation.datasets.matching import files_by_id
from segmentation.images.files import read_mask
from segmentation.images.trimaps import as_trimap, soft_trimap

DRAWN_WIDTH = 1 / 100
"""The width of the band of trimaps that are made of a true alpha, in heights of the photo: 17 px of 1728."""


def read_trimap(sample: Sample, name: str, alpha: np.ndarray) -> np.ndarray:
    """Return the trimap of a pair, uint8 [H, W]: that of the folder `name`, or DRAWN of its true `alpha`.

    Raises DataError where the folder has none for the photo, or one of another size.
    """
    if name == DRAWN:
        return soft_trimap(alpha, DRAWN_WIDTH, DRAWN_WIDTH)
    path = trimap_file(sample, name)
    found = as_trimap(read_mask(path))
    if found.shape != alpha.shape:
        raise DataError(
            f"{printable(str(path))}: expected the photo's size {alpha.shape[1]}x{alpha.shape[0]}, received "
            f"{found.shape[1]}x{found.shape[0]}; export the trimap again at full size"
        )
    return found


def trimap_or_drawn(sample: Sample, name: str, alpha: np.ndarray) -> np.ndarray:
    """Return the trimap of a pair as `read_trimap` does, and DRAWN where the folder has none for it."""
    return read_trimap(sample, name if has_trimap(sample, name) else DRAWN, alpha)


def has_trimap(sample: Sample, name: str) -> bool:
    """Return whether there is such a trimap for a pair."""
    return name == DRAWN or _find(sample, name) is not None


def trimap_file(sample: Sample, name: str) -> Path:
    """Return the file of a pair in the folder of trimaps. Raises DataError where there is none."""
    found = _find(sample, name)
    if found is None:
        folder = _folder(sample, name)
        raise DataError(
            f"{printable(str(folder / sample.id))}: expected the trimap of {printable(sample.photo.name)}, "
            f"found none; add it, or use `trimaps={DRAWN}`, which are made of the true alpha"
        )
    return found


def _find(sample: Sample, name: str) -> Path | None:
    folder = _folder(sample, name)
    return _files(folder, folder.stat().st_mtime_ns).get(sample.id) if folder.is_dir() else None


@lru_cache(maxsize=16)  # asked for every pair
def _files(folder: Path, _changed: int) -> Mapping[str, Path]:
    """Return the file of each id in a folder of trimaps, as it was at the time that it was `_changed`."""
    return {found: paths[0] for found, paths in files_by_id(folder, []).items()}


def _folder(sample: Sample, name: str) -> Path:
    """Return the folder beside that of the photos, below which a photo has the path that is its id."""
    return sample.photo.parents[len(Path(sample.id).parts)] / name
