"""Check that a photo and its ground truth can be trained on; each fault is a `Problem` with its remedy."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.core.errors import SegmentationError, printable
from segmentation.core.labels import HALF, IGNORED, LabelMap
from segmentation.core.samples import GroundTruth, Sample
from segmentation.datasets.ground_truth import ForegroundMask, FromTable, MaskFile, truth_of
from segmentation.datasets.mask_doubts import doubt, doubt_colours, remedy_for_dark
from segmentation.images.files import has_alpha, image_size, kind_of_pixels, read_photo


@dataclass(frozen=True)
class Problem:
    """A file that cannot be used, why, and what to do about it."""

    path: Path
    reason: str
    remedy: str


def check_headers(sample: Sample, *, cutout: bool) -> Problem | None:
    """Return what is wrong by the headers: sizes that differ, or a `cutout` without an alpha channel."""
    photo_size = attempt(lambda: image_size(sample.photo), sample.photo)
    truth = truth_of(sample)
    truth_size = attempt(truth.size, truth.path)
    for size in (photo_size, truth_size):
        if isinstance(size, Problem):
            return size
    if cutout and not has_alpha(truth.path):
        return Problem(
            truth.path,
            "has no alpha channel, so nothing marks the garment",
            "save the cutout as PNG with transparency; black and white masks belong in a folder named masks",
        )
    return _compare_sizes(sample.photo, truth, photo_size, truth_size)


def check_pixels(sample: Sample, labels: LabelMap, *, cutout: bool, objects: bool = False) -> Problem | str:
    """Decode both files and return what is wrong, or else a digest of the photo's pixels.

    The ground truth is a `cutout`, a mask, or a label map. One of `objects` may hold none: what is found
    there is an error, from which a network learns.
    """
    photo = attempt(lambda: read_photo(sample.photo), sample.photo)
    truth = truth_of(sample)
    targets = attempt(truth.read, truth.path)
    for picture in (photo, targets):
        if isinstance(picture, Problem):
            return picture
    digest = hashlib.sha256(str(photo.shape).encode())
    digest.update(np.ascontiguousarray(photo).data)
    problem = _compare_sizes(sample.photo, truth, photo.shape[:2], targets.shape)
    if objects and not targets.any():
        return problem or digest.hexdigest()
    found = _check_mask(truth, targets, cutout=cutout) if labels.binary else _check_classes(truth, targets)
    return problem or found or digest.hexdigest()


def _check_mask(truth: GroundTruth, mask: np.ndarray, *, cutout: bool) -> Problem | None:
    path, lowest, highest = truth.path, int(mask.min()), int(mask.max())
    grey = isinstance(truth, MaskFile) and not isinstance(truth, ForegroundMask) and not cutout
    if grey and (found := _check_colours(path, opaque=lowest >= HALF)):
        return found
    if highest == 0:
        return Problem(
            path, "is empty: nothing is marked as garment", "cut the garment out, or remove the pair"
        )
    if highest < HALF:
        return Problem(
            path,
            f"marks nothing as garment: its highest value is {highest}",
            remedy_for_dark(highest),
        )
    if lowest >= HALF:
        return Problem(
            path, "covers the whole photo: nothing is cut out", "cut the garment out, or remove the pair"
        )
    doubted = doubt(mask, cutout=cutout) if isinstance(truth, MaskFile) else None
    return Problem(path, *doubted) if doubted else None


def _check_colours(path: Path, *, opaque: bool) -> Problem | None:
    """Look at the colours of a mask; a channel of transparency stands for them, unless it is `opaque`."""
    if kind_of_pixels(path) == "values" or (has_alpha(path) and not opaque):
        return None
    found = doubt_colours(read_photo(path))
    return Problem(path, *found) if found else None


def _check_classes(truth: GroundTruth, targets: np.ndarray) -> Problem | None:
    """Return the problem of a label map without a class; a background of several names counts as one."""
    several = truth.coding is not None and truth.coding.targets.count(0) > 1
    if np.isin(targets, [IGNORED] if several else [0, IGNORED]).all():
        return Problem(
            truth.path,
            "is empty: it holds no class but the background",
            "label the photo, or remove the pair",
        )
    return None


def _compare_sizes(
    photo: Path, truth: GroundTruth, photo_size: tuple[int, int], truth_size: tuple[int, int]
) -> Problem | None:
    if truth_size == photo_size:
        return None
    (height, width), (photo_height, photo_width) = truth_size, photo_size
    if isinstance(truth, FromTable):
        return Problem(
            photo,
            f"is {photo_width}x{photo_height}, {truth.table.name} gives {width}x{height}",
            "take the photo that the table was made for",
        )
    return Problem(
        truth.path,
        f"is {width}x{height}, its photo is {photo_width}x{photo_height}",
        "export both at the same size, without trimming or turning",
    )


def attempt(read: Callable[[], Any], path: Path) -> Any:
    """Return what `read` returns, or as a `Problem` of the file why it cannot be read."""
    try:
        return read()
    except SegmentationError as error:  # "PATH: cannot be ... (why); what to do"
        reason, _, remedy = str(error).removeprefix(f"{printable(str(path))}: ").rpartition("; ")
        return Problem(path, reason, remedy)
