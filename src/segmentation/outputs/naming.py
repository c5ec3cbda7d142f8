"""The photos of a folder, and the names of their results."""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from segmentation.core.errors import DataError, printable
from segmentation.core.file_kinds import FILES
from segmentation.images.formats import IMAGE_SUFFIXES, OTHER_SUFFIXES, describe_unread

_SUFFIXES = tuple(dict.fromkeys(suffix for _, suffix in FILES.values()))


@dataclass(frozen=True)
class Photo:
    """A photo to work on, or a place that may hold some and cannot be reached: `problem` then says why.

    `stem` is the relative path of its results without their suffix; that of a place ends in "/".
    """

    path: Path
    stem: str
    problem: str | None = None

    @property
    def outputs(self) -> dict[str, str]:
        """The path of each kind of result, relative to the output folder."""
        return {kind: f"{folder}/{self.stem}{suffix}" for kind, (folder, suffix) in FILES.items()}


def find_photos(
    source: Path,
    *,
    exclude: Path | None = None,
    warn: Callable[[str], None] = lambda _message: None,
    option: str = "input",
) -> Iterator[Photo]:
    """Find the photos of a folder and its subfolders, or the one file, in the order of their paths.

    They are looked for as they are taken: only one folder's names are held for each level. Hidden files
    and everything that lies in `exclude` (the output folder) are left out. Links are followed; one that
    leads back to a folder which holds it is left out and told to `warn`, and so are photos of formats
    that are not read. A folder that cannot be listed
    and a link to nothing come as a Photo with its problem.

    No two photos share the name of their results, on file systems that ignore case neither: `a.jpg` and
    `a.png` keep their suffix in it (`a.jpg.png`, `a.png.png`), and so does `a.jpg` beside a folder `a.png` or
    with another suffix that results have.

    Raises DataError at once when `source`, which messages call by the name of its `option`, does not exist,
    lies in `exclude` or holds no photo.
    """
    excluded = exclude and _real(exclude)
    if excluded and _real(source).is_relative_to(excluded):
        raise DataError(
            f"`{option}` {source}: expected photos outside of the folder of results, {exclude}, from which "
            "nothing is read; give another `output`"
        )
    if source.is_file():
        return iter([Photo(source, source.stem)])
    if not source.is_dir():
        raise DataError(
            f"`{option}` {source}: expected a folder of photos or a photo, found nothing; check the path"
        )
    photos = _walk(_Folder(source, "", _real(source)), excluded, warn)
    first = next(photos, None)
    if first is None:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(
            f"`{option}` {source}: expected photos ({suffixes}), found none in it or below; check the path"
        )
    return itertools.chain([first], photos)


@dataclass(frozen=True)
class _Folder:
    """`path` as the user sees it, `prefix` for the stems of its photos, `real` without links."""

    path: Path
    prefix: str
    real: Path
    parent: "_Folder | None" = None

    def within(self, real: Path) -> bool:
        folder: _Folder | None = self
        while folder and folder.real != real:
            folder = folder.parent
        return folder is not None


_Level = list[_Folder]
"""The folders whose results lie in one folder; several if their names differ by case alone."""


def _walk(source: _Folder, excluded: Path | None, warn: Callable[[str], None]) -> Iterator[Photo]:
    waiting: list[Iterator[Photo | _Level]] = [iter(([source],))]  # a stack: paths may be very deep
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
        elif isinstance(found, Photo):
            yield found
        else:
            waiting.append(iter(_list(found, excluded, warn)))


def _list(level: _Level, excluded: Path | None, warn: Callable[[str], None]) -> list[Photo | _Level]:
    """Return what lies in a level, in the order of the names."""
    found: list[tuple[str, Photo | _Level]] = []
    files: list[tuple[Path, _Folder]] = []
    subfolders: dict[str, _Level] = {}
    for folder in level:
        try:
            with os.scandir(folder.path) as listing:
                entries = [entry for entry in listing if not entry.name.startswith(".")]
        except OSError as error:
            reason = f"cannot be listed ({(error.strerror or str(error)).lower()}); check its permissions"
            found.append(("", _unreachable(folder.path, folder.prefix or "/", reason)))
            continue
        _tell_unread(folder.path, entries, warn)
        for entry in sorted(entries, key=lambda entry: entry.name):
            name, path, link = entry.name, folder.path / entry.name, entry.is_symlink()
            real = _real(path) if link else folder.real / name
            if excluded and real.is_relative_to(excluded):
                continue
            if _is_folder(entry):
                if folder.within(real):
                    warn(f"{printable(str(path))}: leads back to {printable(str(real))}, not followed")
                else:
                    subfolder = _Folder(path, f"{folder.prefix}{name}/", real, folder)
                    subfolders.setdefault(name.casefold(), []).append(subfolder)
            elif _suffix(name) in IMAGE_SUFFIXES:
                files.append((path, folder))
            elif link and not path.exists():  # it may have led to a folder of photos
                reason = "a link that leads nowhere; mend or remove it"
                found.append((name, _unreachable(path, f"{folder.prefix}{name}/", reason)))
    found += _named(files, subfolders.keys())
    found += [(same[0].path.name, same) for same in subfolders.values()]
    return [item for _, item in sorted(found, key=itemgetter(0))]


def _named(files: Sequence[tuple[Path, _Folder]], folders: Container[str]) -> Iterator[tuple[str, Photo]]:
    # `a.jpg.png` may not take the name that `a.jpg` has when it keeps its suffix
    taken = Counter(stem.casefold() for path, _ in files for stem in (path.stem, path.name))
    for path, folder in files:
        short = taken[path.stem.casefold()] == 1 and not _clash(path.stem, folders)
        stem = path.stem if short else path.name
        if clash := _clash(stem, folders):
            reason = f"a folder is called {clash} as its results would be; rename the photo"
            yield path.name, _unreachable(path, folder.prefix + stem, reason)
        else:
            yield path.name, Photo(path, folder.prefix + stem)


def _clash(stem: str, folders: Container[str]) -> str | None:
    """Return the name of a result that a folder already has, ignoring case."""
    names = (stem + suffix for suffix in _SUFFIXES)
    return next((name for name in names if name.casefold() in folders), None)


def _unreachable(path: Path, stem: str, reason: str) -> Photo:
    return Photo(path, stem, f"{printable(str(path))}: {printable(reason)}")


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or through a folder that is closed to us
        return False


def _tell_unread(folder: Path, entries: Sequence[os.DirEntry], warn: Callable[[str], None]) -> None:
    unread = [entry.name for entry in entries if _suffix(entry.name) in OTHER_SUFFIXES]
    if unread:
        which, remedy = describe_unread(unread)
        warn(f"{printable(str(folder))}: left out {which}; {remedy}")


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # resolve() raises where links lead in a circle
