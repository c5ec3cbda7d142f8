"""Which photos a folder holds, and what the results of each are called."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segmentation.errors import DataError
from segmentation.imageio import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Photo:
    """A photo to work on; `stem` is the relative path of its results without their suffix."""

    path: Path
    stem: str


def find_photos(source: Path, *, exclude: Path | None = None) -> list[Photo]:
    """The photos of a folder and its subfolders, or the one file; in the order of their paths.

    Hidden files and everything below `exclude` (the output folder) are left out. Photos whose results
    would have one name (`a.jpg`, `a.png`) keep their suffix in it: `a.jpg.png`, `a.png.png`. Raises
    DataError when `source` does not exist or holds no photo.
    """
    if exclude and source.resolve().is_relative_to(exclude.resolve()):
        raise DataError(
            f"--input {source}: expected photos, received the folder of results; give another --output"
        )
    if source.is_file():
        return [Photo(source, source.stem)]
    if not source.is_dir():
        raise DataError(
            f"--input {source}: expected a folder of photos or a photo, found nothing; check the path"
        )
    paths = [path for path in sorted(source.rglob("*")) if _is_photo(path, source, exclude)]
    if not paths:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(
            f"--input {source}: expected photos ({suffixes}), found none in it or below; check the path"
        )
    return _named(paths, source)


def _named(paths: Sequence[Path], source: Path) -> list[Photo]:
    full = [path.relative_to(source).as_posix() for path in paths]
    short = [path.relative_to(source).with_suffix("").as_posix() for path in paths]
    # `a.jpg.png` may not take the name that `a.jpg` has when it keeps its suffix;
    # file systems that ignore case would let A.jpg and a.png collide too
    taken = Counter(name.casefold() for name in (*short, *full))
    stems = [name if taken[name.casefold()] == 1 else whole for name, whole in zip(short, full, strict=True)]
    return [Photo(path, stem) for path, stem in zip(paths, stems, strict=True)]


def _is_photo(path: Path, source: Path, exclude: Path | None) -> bool:
    if path.suffix.lower() not in IMAGE_SUFFIXES or path.is_dir():
        return False
    if any(part.startswith(".") for part in path.relative_to(source).parts):
        return False
    return exclude is None or not path.resolve().is_relative_to(exclude.resolve())
