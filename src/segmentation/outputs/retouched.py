"""Files that a retoucher returns: the photo that each belongs to, and the cutout that it holds."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.core.counting import counted
from segmentation.core.errors import DataError, ImageError, printable
from segmentation.core.file_kinds import FILES
from segmentation.core.walking import files_below
from segmentation.evaluation.corrections import alike
from segmentation.images.files import has_alpha, read_mask, read_photo
from segmentation.images.psd_read import read_psd_alpha
from segmentation.outputs.naming import Photo

_DOCUMENTS = frozenset({".psd", ".psb"})
_RETOUCHED = _DOCUMENTS | {".tif", ".tiff", ".png", ".webp"}
_HALF = 128  # alpha from which a pixel is garment
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
    warn: Callable[[str], None] = lambda _message: None,
) -> tuple[list[Match], list[Path], list[Photo]]:
    """Match the files below `retouched` to photos by the names that `predict` gives results.

    Returns the matches, the files without a photo and the photos without a file. What lies in `exclude`,
    hidden files and the photos themselves are no corrected files. Links are followed; one that leads back is
    told to `warn`. Raises DataError when nothing matches.
    """
    photos = list(photos)
    originals = {photo.path.resolve() for photo in photos}
    excluded = exclude.resolve()
    files = {}
    for stem, paths in files_by_stem(retouched, warn).items():
        resolved = [(path, path.resolve()) for path in paths]
        kept = [
            path for path, real in resolved if real not in originals and not real.is_relative_to(excluded)
        ]
        if kept:
            files[stem] = kept
    matches = [
        Match(photo, tuple(files.pop(plain_name(photo.stem))))
        for photo in photos
        if plain_name(photo.stem) in files
    ]
    strays = [path for paths in files.values() for path in paths]
    if not matches:
        raise _nothing_matches(retouched, strays, originals)
    found = {matched.photo.stem for matched in matches}
    return matches, strays, [photo for photo in photos if photo.stem not in found]


def files_by_stem(
    folder: Path, warn: Callable[[str], None] = lambda _message: None
) -> dict[str, tuple[Path, ...]]:
    """Return the files below a folder that may hold a corrected cutout, by the `plain_name` of their stem.

    Hidden files are left out. Links are followed; one that leads back is told to `warn`.
    """
    files: dict[str, list[Path]] = {}
    for path in files_below(folder, warn):
        if path.suffix.lower() in _RETOUCHED:
            stem = path.relative_to(folder).with_suffix("").as_posix()
            files.setdefault(plain_name(stem), []).append(path)
    return {stem: tuple(paths) for stem, paths in files.items()}


def corrected_alpha(
    files: tuple[Path, ...], shape: tuple[int, int], predicted: np.ndarray | None
) -> tuple[Path, np.ndarray]:
    """Return the file of a match that holds the corrected cutout, and its alpha, uint8 [H, W] of `shape`.

    Where files differ, it is the one that is not as it was `predicted`. The alpha is the layer mask of a
    Photoshop document (see `read_psd_alpha`), the transparency of other pictures, or a black and white mask.
    Raises DataError or ImageError for a file that cannot be read, holds no cutout or has another size, and
    for several that differ.
    """
    found: list[tuple[Path, np.ndarray]] = []
    for path in files:
        alpha = _read_alpha(path, shape)
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
    if alpha.max() < _HALF or alpha.min() >= _HALF:
        what = "nothing is cut out" if alpha.max() < _HALF else "the whole photo is cut out"
        raise DataError(
            f"{printable(str(path))}: expected a garment, received a mask in which {what}; correct it, or "
            "remove the file"
        )
    return path, alpha


def _nothing_matches(retouched: Path, strays: list[Path], originals: set[Path]) -> DataError:
    cutouts = retouched / FILES["cutout"][0]
    if not strays and any(path.resolve() in originals for path in files_below(retouched)):
        received, remedy = "the photos themselves", "choose the folder of their corrected cutouts"
    elif not strays:
        received, remedy = "none", "check the path"
    elif cutouts.is_dir():
        received, remedy = "an output of predict", f"choose {cutouts}"
    else:
        received = f"{counted(len(strays), 'file')} such as {printable(strays[0].name)}"
        remedy = "name the folder of their photos with `photos`"
    suffixes = " ".join(sorted(_RETOUCHED))
    return DataError(
        f"`input` {retouched}: expected files ({suffixes}) named like their photos, received {received}; "
        f"{remedy}"
    )


def plain_name(name: str) -> str:
    """Return a name in one spelling."""
    return unicodedata.normalize("NFC", name)  # file systems and archives disagree on how "é" is stored


def _read_alpha(path: Path, shape: tuple[int, int]) -> np.ndarray:
    if path.suffix.lower() in _DOCUMENTS:
        return read_psd_alpha(path, shape)
    if not has_alpha(path) and not _is_mask(read_photo(path)):
        raise ImageError(
            f"{printable(str(path))}: expected a cutout with transparency, or a mask in black and white, "
            "received neither; save it with transparency"
        )
    alpha = read_mask(path)
    if alpha.shape != shape:
        raise DataError(
            f"{printable(str(path))}: expected the photo's size {shape[1]}x{shape[0]}, received "
            f"{alpha.shape[1]}x{alpha.shape[0]}, so that its place in the photo is unknown; cut out without "
            "`crop`, and leave the canvas as it is"
        )
    return alpha


def _is_mask(picture: np.ndarray) -> bool:
    grey = picture[..., 0]
    if not (np.array_equal(grey, picture[..., 1]) and np.array_equal(grey, picture[..., 2])):
        return False
    return bool(grey.max() <= 1 or np.mean((grey > _DARK) & (grey < _LIGHT)) <= _MOST_SOFT)
