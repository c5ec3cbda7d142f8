"""A folder of pairs that a job writes for training: photos copied byte for byte, and grey masks.

`images/STEM.*` and `masks/STEM.png` make a pair; the mask comes last and goes first, so that a process that
is killed leaves no photo with the mask of another.
"""

import shutil
from collections.abc import Container
from itertools import product
from pathlib import Path

import numpy as np

from segmentation.core.errors import DataError, printable
from segmentation.core.files import atomic_file
from segmentation.core.unfinished import sweep
from segmentation.datasets.origin import REAL, RECORD, read_origin
from segmentation.images.files import write_image
from segmentation.images.formats import IMAGE_SUFFIXES
from segmentation.outputs.naming import Photo
from segmentation.outputs.publishing import not_written

IMAGES, MASKS = "images", "masks"

_SPELLED = [  # .jpg, .Jpg, .jPg, ...: trying them all is quicker than listing a large folder for each pair
    "".join(letters)
    for suffix in sorted(IMAGE_SUFFIXES)
    for letters in product(*({letter, letter.upper()} for letter in suffix))
]


def check_ours(folder: Path, origin: str, *, besides: Container[str] = ()) -> dict:
    """Return the record of an earlier set of this origin in a folder, `{}` for an empty or absent folder.

    Hidden files and the names in `besides` do not count. Raises DataError when it holds anything else: pairs
    of different origins could not be distinguished in one folder.
    """
    expected = f"{folder}: expected an empty folder or an earlier set of {origin} pairs, received"
    remedy = "give another `output`"
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{expected} a file; {remedy}")
    if not folder.is_dir():
        return {}
    record = read_origin(folder)
    if record["origin"] == origin:
        return record
    if record["origin"] != REAL:
        raise DataError(f"{expected} a set of {record['origin']} pairs; {remedy}")
    names = sorted(path.name for path in folder.iterdir())
    foreign = [name for name in names if not name.startswith(".") and name not in besides]
    if foreign:
        more = f" and {len(foreign) - 1} more" if foreign[1:] else ""
        raise DataError(f"{expected} {printable(foreign[0])}{more} without {RECORD}; {remedy}")
    return {}


def refuse_pairs(folder: Path) -> None:
    """Raise DataError for a folder of pairs, whose masks the results of predict would replace."""
    if (folder / RECORD).exists():
        raise DataError(
            f"{folder}: expected a folder for results, received a set of pairs ({RECORD}); "
            "give another `output`"
        )


def prepare(folder: Path) -> None:
    """Make the two folders; remove what killed processes left, and masks whose photo is gone.

    No other process may be writing there.
    """
    images, masks = folder / IMAGES, folder / MASKS
    sweep(folder)
    for part in (images, masks):
        part.mkdir(parents=True, exist_ok=True)
    photos = {path.relative_to(images).with_suffix("") for path in images.rglob("*")}
    for path in list(masks.rglob("*.png")):
        if path.relative_to(masks).with_suffix("") not in photos:
            path.unlink()


def write_pair(folder: Path, photo: Photo, mask: np.ndarray, dpi: tuple[float, float] | None = None) -> str:
    """Copy a photo and write its mask, uint8 [H, W]; return the mask's path relative to the folder.

    Whatever the folder held of this stem is replaced. Raises DataError or ImageError when it cannot be
    written.
    """
    remove_pair(folder, photo.stem)
    image = folder / IMAGES / (photo.stem + photo.path.suffix)
    try:
        with atomic_file(image) as temporary:
            shutil.copyfile(photo.path, temporary)
    except OSError as error:
        raise not_written(image, error) from error
    path = mask_path(folder, photo.stem)
    write_image(path, mask, mostly_empty=True, dpi=dpi)
    return path.relative_to(folder).as_posix()


def remove_pair(folder: Path, stem: str) -> None:
    """Remove the pair of a stem, if there is one."""
    mask_path(folder, stem).unlink(missing_ok=True)
    for suffix in _SPELLED:
        (folder / IMAGES / (stem + suffix)).unlink(missing_ok=True)


def mask_path(folder: Path, stem: str) -> Path:
    """Return the path of the mask of a pair."""
    return folder / MASKS / f"{stem}.png"


def count_pairs(folder: Path) -> int:
    """Return how many masks a folder of pairs holds."""
    return sum(not path.name.startswith(".") for path in (folder / MASKS).rglob("*.png"))
