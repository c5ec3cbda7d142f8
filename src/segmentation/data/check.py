"""Is this photo and its ground truth fit to learn from? Each fault is a `Problem` with its remedy."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.data.labels import LABELS_FILE, Classes, mask_of
from segmentation.errors import ImageError, printable
from segmentation.imageio import has_alpha, image_size, read_labels, read_mask, read_photo

_HALF = 128  # alpha from which a pixel counts as garment


@dataclass(frozen=True)
class Problem:
    """A file that cannot be used, why, and what to do about it."""

    path: Path
    reason: str
    remedy: str


def check_headers(photo_path: Path, mask_path: Path, *, cutout: bool) -> Problem | None:
    """Compare what the two files' headers say: sizes, and for a `cutout` that it has an alpha channel."""
    photo_size, mask_size = _attempt(image_size, photo_path), _attempt(image_size, mask_path)
    for size in (photo_size, mask_size):
        if isinstance(size, Problem):
            return size
    if cutout and not has_alpha(mask_path):
        return Problem(
            mask_path,
            "has no alpha channel, so it does not say what is garment",
            "save the cutout as PNG with transparency; black and white masks belong in a folder named masks",
        )
    return _compare_sizes(mask_path, photo_size, mask_size)


def check_pixels(photo_path: Path, mask_path: Path, classes: Classes | None = None) -> Problem | str:
    """Decode both files; give the problem, or a digest of the photo's pixels, equal for equal pictures.

    With `classes` the mask is a label map of them.
    """
    photo = _attempt(read_photo, photo_path)
    mask = _garment_in(mask_path, classes) if classes else _attempt(read_mask, mask_path)
    for picture in (photo, mask):
        if isinstance(picture, Problem):
            return picture
    digest = hashlib.sha256(str(photo.shape).encode())
    digest.update(np.ascontiguousarray(photo))
    problem = _compare_sizes(mask_path, photo.shape[:2], mask.shape) or _check_mask(mask_path, mask)
    return problem or digest.hexdigest()


def _garment_in(path: Path, classes: Classes) -> np.ndarray | Problem:
    labels = _attempt(read_labels, path)
    if isinstance(labels, Problem):
        return labels
    unnamed = sorted(set(np.unique(labels).tolist()) - classes.names.keys())
    if unnamed:
        return Problem(
            path,
            f"holds the value {unnamed[0]}, which {LABELS_FILE} does not name",
            f"name it in {LABELS_FILE}, or save the map as PNG with the values of the classes",
        )
    return mask_of(labels, classes.garment)


def _check_mask(path: Path, mask: np.ndarray) -> Problem | None:
    lowest, highest = int(mask.min()), int(mask.max())
    if highest == 0:
        return Problem(
            path, "is empty: nothing is marked as garment", "cut the garment out, or remove the pair"
        )
    if highest < _HALF:
        return Problem(
            path,
            f"marks nothing as garment: its highest value is {highest}",
            "store the background as 0 and the garment as 255",
        )
    if lowest >= _HALF:
        return Problem(
            path, "covers the whole photo: nothing is cut out", "cut the garment out, or remove the pair"
        )
    return None


def _compare_sizes(
    mask_path: Path, photo_size: tuple[int, int], mask_size: tuple[int, int]
) -> Problem | None:
    if mask_size == photo_size:
        return None
    (height, width), (photo_height, photo_width) = mask_size, photo_size
    return Problem(
        mask_path,
        f"is {width}x{height}, its photo is {photo_width}x{photo_height}",
        "export both at the same size, without trimming or turning",
    )


def _attempt(read: Callable[[Path], Any], path: Path) -> Any:
    try:
        return read(path)
    except ImageError as error:  # "PATH: cannot be ... (why); what to do"
        reason, _, remedy = str(error).removeprefix(f"{printable(str(path))}: ").rpartition("; ")
        return Problem(path, reason, remedy)
