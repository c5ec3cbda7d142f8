"""Photos of a folder of results as they come onto the desk: read, with all earlier operations redone."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from segmentation.confidence.doubts import Region, find_regions, region_of_end, with_likely_faults
from segmentation.core.digests import read_sha256
from segmentation.core.errors import DataError, printable
from segmentation.core.labels import HALF
from segmentation.images.files import Picture, read_labels, read_mask
from segmentation.retouch.acceptance import predicted_path
from segmentation.retouch.operations import Operation
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.sheet import Sheet
from segmentation.retouch.shelf import Loaded
from segmentation.retouch.shown import ShownPhoto
from segmentation.retouch.state import PhotoState


def first_mask(results: Path, photo: CutPhoto, state: PhotoState) -> Path:
    """Return the file of the mask that the operations on a photo begin with, as it was predicted."""
    kept = predicted_path(results, photo.stem)
    return kept if state.kept and kept.is_file() else results / photo.outputs["mask"]


def digest_of(mask: Path) -> str:
    """Return the SHA-256 of the file of a mask; empty where it cannot be read, as `sheet_of` then says."""
    try:
        return read_sha256(mask)
    except OSError:
        return ""


def sheet_of(
    photo: CutPhoto, mask: Path, done: Iterable[Operation], picture: Picture, max_pixels: int | None = None
) -> Sheet:
    """Return the sheet of a photo, `picture`, on which operations on the `mask` of a file are done.

    Raises ImageError, and DataError for a mask of another size than the photo.
    """
    base = read_mask(mask, max_pixels=max_pixels)
    if base.shape != picture.pixels.shape[:2]:
        raise DataError(
            f"{printable(str(photo.photo))}: expected a mask of its size, received one of "
            f"{base.shape[1]}x{base.shape[0]}; run predict again"
        )
    return Sheet(base, done, picture.seen, binary=bool(photo.key.get("binary", False)))


def load(
    results: Path, photo: CutPhoto, state: PhotoState, picture: Picture, max_pixels: int | None = None
) -> Loaded:
    """Return a photo that was read, `picture`, with its mask as it is now. Raises like `sheet_of`."""
    mask = first_mask(results, photo, state)
    digest = digest_of(mask)
    sheet = sheet_of(photo, mask, state.done, picture, max_pixels)
    regions = _doubtful_regions(results, photo, sheet.base, picture.seen)
    return Loaded(digest, sheet, ShownPhoto(picture), regions)


def _doubtful_regions(results: Path, photo: CutPhoto, base: np.ndarray, seen: np.ndarray) -> list[Region]:
    doubts = np.zeros(base.shape, np.uint8)
    path = results / photo.outputs.get("doubts", "")
    if path.is_file():
        read = read_labels(path)
        doubts = read if read.shape == base.shape else doubts
    mask = base >= HALF
    regions = with_likely_faults(find_regions(doubts, mask), photo.likely_faults)
    if photo.odd_end:
        regions += region_of_end(photo.odd_end, mask, seen)
    return sorted(regions, key=lambda region: -np.count_nonzero(region.pixels))
