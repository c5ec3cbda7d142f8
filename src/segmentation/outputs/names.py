"""Files of results by the names of their photos, however their letters are spelled in Unicode."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from segmentation.core.events import Warn, ignore
from segmentation.core.file_kinds import FILES
from segmentation.core.walking import files_below

RETOUCHED = frozenset({".psd", ".psb", ".tif", ".tiff", ".png", ".webp"})
"""Suffixes of files that may hold a corrected cutout."""

FLAT = frozenset({".jpg", ".jpeg"})
"""Suffixes of files that may show a cutout and hold none, since they have no transparency."""


def assign_files(
    paths: Iterable[Path], folder: Path, stems: Iterable[str]
) -> tuple[dict[str, tuple[Path, ...]], list[Path]]:
    """Return which of the files below a folder are named like each of `stems`, and those like none.

    A file that is called like a photo to the letter is its file. One that is spelled otherwise, as by another
    file system, is the file of the one photo that it can mean, unless that has the same file to the letter.
    """
    files = {path: path.relative_to(folder).with_suffix("").as_posix() for path in paths}
    found: dict[str, list[Path]] = {stem: [] for stem in stems}
    spellings: dict[str, list[str]] = defaultdict(list)
    for stem in found:
        spellings[plain_name(stem)].append(stem)
    strays = []
    for path, stem in sorted(files.items(), key=lambda item: item[1] not in found):  # to the letter first
        meant = [stem] if stem in found else spellings.get(plain_name(stem), [])
        if len(meant) == 1 and not any(_are_twins(path, other) for other in found[meant[0]]):
            found[meant[0]].append(path)
        else:
            strays.append(path)
    return {stem: tuple(paths) for stem, paths in found.items() if paths}, sorted(strays)


def retouched_files(folder: Path, warn: Warn = ignore) -> list[Path]:
    """Return the files below a folder that may hold a corrected cutout.

    Hidden files are left out. Links are followed; one that leads back is told to `warn`.
    """
    return [path for path in files_below(folder, warn) if path.suffix.lower() in RETOUCHED]


def plain_name(name: str) -> str:
    """Return a name in one spelling."""
    return unicodedata.normalize("NFC", name)  # file systems and archives disagree on how "é" is stored


def results_named(results: Path, stem: str) -> list[str]:
    """Return the masks and cutouts of a stem in a folder of results, relative to it, whoever made them."""
    found = []
    for kind in ("cutout", "mask"):
        folder = (results / FILES[kind].folder / stem).parent
        try:
            names = [path for path in folder.iterdir() if path.suffix.lower() in RETOUCHED]
        except OSError:
            continue
        like = plain_name(Path(stem).name)
        found += [path.relative_to(results).as_posix() for path in names if plain_name(path.stem) == like]
    return sorted(found)


def _are_twins(path: Path, other: Path) -> bool:
    return path != other and plain_name(str(path)) == plain_name(str(other))
