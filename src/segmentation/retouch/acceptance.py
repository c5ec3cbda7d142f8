"""The files of an accepted photo: those that predict was asked for, made of the mask as it is now."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.core.file_kinds import PREDICTED
from segmentation.core.files import temporary_folder, write_bytes
from segmentation.images.files import Picture, open_photo, read_mask
from segmentation.outputs.cutout_writer import CutoutWriter
from segmentation.outputs.file_record import FileRecord, is_as_recorded, record_of
from segmentation.outputs.publishing import not_written, put_in_place
from segmentation.outputs.same_photo import digest_of_photo, refuse_another
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.sheet import Sheet


def predicted_path(results: Path, stem: str) -> Path:
    """Return where the mask of a photo is kept as it was predicted."""
    return results / PREDICTED / f"{stem}.png"


def keep_predicted(results: Path, photo: CutPhoto) -> dict[str, Any]:
    """Keep the file of a photo's mask as it is before anything is changed.

    Returns its origin: the digests of the photo, and of the mask as predict wrote it. Raises DataError where
    it cannot be read or written.
    """
    mask, kept = results / photo.outputs["mask"], predicted_path(results, photo.stem)
    try:
        write_bytes(kept, mask.read_bytes())
    except OSError as error:
        raise not_written(kept, error) from error
    return {"of": photo.sha256, "mask": photo.mask_digest}


def check_photo(photo: CutPhoto) -> None:
    """Raise DataError where the photo is gone, or is no longer the one that was cut out."""
    refuse_another(photo.photo, digest_of_photo(photo.photo), photo.sha256)


def open_accepted(photo: CutPhoto, max_pixels: int | None = None) -> Picture:
    """Return a photo as its files are made of it. Raises ConfigError and ImageError."""
    options = photo.options()
    return open_photo(photo.photo, max_pixels=max_pixels, bits=options.bits, keep_gps=options.keep_gps)


def write_accepted(
    results: Path,
    photo: CutPhoto,
    picture: Picture,
    sheet: Sheet,
    base: Path,
    outputs: Mapping[str, str],
    ours: Mapping[str, Sequence[FileRecord]],
    begin: Callable[[Mapping[str, FileRecord]], None],
) -> dict[str, Path]:
    """Write files, `outputs` by kind, of a photo that was accepted; return what was changed elsewhere.

    The caller holds the folder. `picture` is the photo, see `open_accepted`, `base` is the file of the mask
    that the sheet began with, `ours` the records of all that a review wrote before, and `begin` is told the
    records of the new files before these take their places. A file that neither predict nor a review wrote
    is saved under another name, which is returned by the path of its own. Where nothing was changed, here or
    elsewhere, and nothing written before, all stays as predict wrote it. Raises SegmentationError; then all
    files are as they were.
    """
    mask = photo.outputs["mask"]
    if np.array_equal(sheet.alpha, sheet.base):
        elsewhere = mask in photo.files and is_changed_elsewhere(results, mask, photo, ours)
        if not ours and not elsewhere:
            return {}
        if base == results / mask:  # which is what was accepted
            outputs = {kind: output for kind, output in outputs.items() if output != mask}
    options = photo.options()
    writer = CutoutWriter.from_options(results, _no_enlargement, options, lines=photo.edge_lines)
    alpha = sheet.alpha
    if options.bits == 16:
        alpha = sheet.deep(read_mask(base, max_pixels=alpha.size, bits=16))
    alpha = picture.within(alpha)
    with temporary_folder(results) as scratch:
        paths = {kind: scratch / output for kind, output in outputs.items()}
        writer.write_alpha(paths, picture, alpha)
        new = {output: paths[kind] for kind, output in outputs.items()}
        foreign = [output for output in new if is_changed_elsewhere(results, output, photo, ours)]
        begin({output: record_of(path) for output, path in new.items()})
        return put_in_place(results, new, foreign)


def is_changed_elsewhere(
    results: Path, output: str, photo: CutPhoto, ours: Mapping[str, Sequence[FileRecord]]
) -> bool:
    """Return whether a file of a photo is there as neither predict nor a review, `ours`, wrote it."""
    predicted = [photo.files[output]] if output in photo.files else []
    path = results / output
    try:
        return path.is_file() and not is_as_recorded(path, path.stat(), [*predicted, *ours.get(output, ())])
    except OSError:
        return False


def _no_enlargement(_scores: np.ndarray) -> float:
    return 1.0
