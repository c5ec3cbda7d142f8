"""Files that a retoucher returns: the photo that each belongs to, and the cutout that it holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.core.counting import counted
from segmentation.core.errors import DataError, ImageError, printable
from segmentation.core.events import Warn, ignore
from segmentation.core.file_kinds import FILES
from segmentation.core.labels import HALF
from segmentation.core.walking import files_below
from segmentation.evaluation.corrections import alike
from segmentation.images.compositing import in_bits
from segmentation.images.files import has_alpha, read_mask, read_photo
from segmentation.images.psd_read import read_psd_alpha
from segmentation.outputs.file_record import DOCUMENTS
from segmentation.outputs.names import RETOUCHED, assign_files, retouched_files
from segmentation.outputs.naming import Photo

_DARK, _LIGHT = 32, 224  # grey values of a mask, except for its soft edges
_MOST_SOFT = 0.2  # the largest share of soft edges in a mask; a grey photo has more


@dataclass(frozen=True)
class Match:
    """A photo and the files that may hold its corrected cutout."""

    photo: Photo
    files: tuple[Path, ...]


def match(
    retouched: Path,
    photos: Iterable[Photo],
    exclude: Path,
    warn: Warn = ignore,
) -> tuple[list[Match], list[Path], list[Photo]]:
    """Match the files below `retouched` to photos by the names that `predict` gives results.

    Returns the matches, the files without a photo and the photos without a file. What lies in `exclude`,
    hidden files and the photos themselves are no corrected files. Links are followed; one that leads back is
    told to `warn`. Raises DataError when nothing matches.
    """
    photos = list(photos)
    originals = {photo.path.resolve() for photo in photos}
    excluded = exclude.resolve()
    resolved = [(path, path.resolve()) for path in retouched_files(retouched, warn)]
    files = [path for path, real in resolved if real not in originals and not real.is_relative_to(excluded)]
    found, strays = assign_files(files, retouched, (photo.stem for photo in photos))
    if not found:
        raise _nothing_matches(retouched, strays, originals)
    matches = [Match(photo, found[photo.stem]) for photo in photos if photo.stem in found]
    return matches, strays, [photo for photo in photos if photo.stem not in found]


def corrected_alpha(
    files: tuple[Path, ...], shape: tuple[int, int], predicted: np.ndarray | None, bits: int = 8
) -> tuple[Path, np.ndarray]:
    """Return the file of a match that holds the corrected cutout, and its alpha, [H, W] of `shape`.

    It is uint8 or uint16 by `bits`. Where files differ, it is the one that is not as it was `predicted`. The
    alpha is the layer mask of a Photoshop document (see `read_psd_alpha`), the transparency of other
    pictures, or a black and white mask. Raises DataError or ImageError for a file that cannot be read, holds
    no cutout or has another size, and for several that differ.
    """
    found: list[tuple[Path, np.ndarray]] = []
    for path in files:
        alpha = _read_alpha(path, shape, bits)
        if not any(alike(alpha, other) for _, other in found):
            found.append((path, alpha))
    if predicted is not None and found[1:]:
        changed = [(path, alpha) for path, alpha in found if not alike(alpha, predicted)]
        found = changed or found[:1]
    if found[1:]:
        names = " and ".join(printable(f"{path.parent.name}/{path.name}") for path, _ in found)
        raise DataError(
            f"{files[0].parent}: expected one corrected cutout a photo, received {names}, which differ; keep "
            "one of them"
        )
    path, alpha = found[0]
    garment = in_bits(alpha, 8) >= HALF
    if not garment.any() or garment.all():
        what = "nothing is cut out" if not garment.any() else "the whole photo is cut out"
        raise DataError(
            f"{printable(str(path))}: expected a garment, received a mask in which {what}; correct it, or "
            "remove the file"
        )
    return path, alpha


def _nothing_matches(retouched: Path, strays: list[Path], originals: set[Path]) -> DataError:
    cutouts = retouched / FILES["cutout"].folder
    if not strays and any(path.resolve() in originals for path in files_below(retouched)):
        received, remedy = "the photos themselves", "choose the folder of their corrected cutouts"
    elif not strays:
        received, remedy = "none", "check the path"
    elif cutouts.is_dir():
        received, remedy = "an output of predict", f"choose {cutouts}"
    else:
        received = f"{counted(len(strays), 'file')} such as {printable(strays[0].name)}"
        remedy = "name the folder of their photos with `photos`"
    suffixes = " ".join(sorted(RETOUCHED))
    return DataError(
        f"`input` {retouched}: expected files ({suffixes}) named like their photos, received {received}; "
        f"{remedy}"
    )


def _read_alpha(path: Path, shape: tuple[int, int], bits: int) -> np.ndarray:
    if path.suffix.lower() in DOCUMENTS:
        return read_psd_alpha(path, shape, bits)
    if not has_alpha(path) and not _is_mask(read_photo(path)):
        raise ImageError(
            f"{printable(str(path))}: expected a cutout with transparency, or a mask in black and white, "
            "received neither; save it with transparency"
        )
    alpha = read_mask(path, bits=bits)
    if alpha.shape != shape:
        raise DataError(
            f"{printable(str(path))}: expected the photo's size {shape[1]}x{shape[0]}, received "
            f"{alpha.shape[1]}x{alpha.shape[0]}, so that its place in the photo is unknown; cut out without "
            "`crop` and `canvas`, and leave its size as it is"
        )
    return alpha


def _is_mask(picture: np.ndarray) -> bool:
    grey = picture[..., 0]
    if not (np.array_equal(grey, picture[..., 1]) and np.array_equal(grey, picture[..., 2])):
        return False
    return bool(grey.max() <= 1 or np.mean((grey > _DARK) & (grey < _LIGHT)) <= _MOST_SOFT)
