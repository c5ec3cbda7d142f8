"""The photos of a folder, and the names of their results."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from segmentation.core.errors import DataError, printable
from segmentation.core.events import Warn, ignore
from segmentation.core.file_kinds import FILES, MANIFEST
from segmentation.core.suffixes import stem_of, suffix_of
from segmentation.core.walking import Entry, Folder, cannot_be_listed, real
from segmentation.images.formats import IMAGE_SUFFIXES, OTHER_SUFFIXES, describe_unread
from segmentation.outputs.results_around import refuse_source, results_around
from segmentation.outputs.stems import mark_of
from segmentation.stores.downloads import Download

_SUFFIXES = tuple(dict.fromkeys(kind.suffix for kind in FILES.values()))


@dataclass(frozen=True)
class Photo:
    """A photo to work on, or a place that may hold some and cannot be reached: `problem` then says why.

    `stem` is the relative path of its results without their suffix; that of a place ends in "/". A photo of
    an object store has a `download`; its `path` is only for show.
    """

    path: Path
    stem: str
    problem: str | None = None
    download: Download | None = None

    @property
    def name(self) -> str:
        """The path or the address, as the user knows it."""
        return str(self.download.stored.address if self.download else self.path)

    @property
    def outputs(self) -> dict[str, str]:
        """The path of each kind of result, relative to the output folder."""
        return {kind: f"{folder}/{self.stem}{suffix}" for kind, (folder, suffix) in FILES.items()}


def what_is_at(source: Path) -> str:
    """Return in words what a path that is neither a folder nor a file leads to."""
    return "a pipe or a device" if source.exists() else "nothing"


def find_photos(
    source: Path,
    *,
    exclude: Path | None = None,
    warn: Warn = ignore,
    option: str = "input",
) -> Iterator[Photo]:
    """Find the photos of a folder and its subfolders, or the one file, in the order of their paths.

    They are looked for as they are taken: only one folder's names are held for each level. Hidden files
    and everything that lies in `exclude` (the output folder) are left out. Links are followed; one that
    leads back to a folder which holds it is left out and told to `warn`, and so are photos of formats that
    are not read, and folders of results, which hold a manifest. A folder that cannot be listed and a link to
    nothing come as a Photo with its problem.

    No two photos share the name of their results, on file systems that ignore case neither: `a.jpg` and
    `a.png` keep their suffix in it (`a.jpg.png`, `a.png.png`), and so does `a.jpg` beside a folder `a.png` or
    with another suffix that results have. Of names that differ by case alone each gets a mark of its own.

    Raises DataError at once when `source`, which messages call by the name of its `option`, does not exist,
    lies in `exclude`, is a folder of results or holds no photo.
    """
    refuse_source(source, exclude, option)
    if source.is_file():
        return iter([Photo(source, source.stem)])
    if not source.is_dir():
        raise DataError(
            f"`{option}` {source}: expected a folder of photos or a photo, found {what_is_at(source)}; "
            "check the path"
        )
    photos = photos_below(source, exclude, warn)
    first = next(photos, None)
    if first is None:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(
            f"`{option}` {source}: expected photos ({suffixes}), found none in it or below; check the path"
        )
    return itertools.chain([first], photos)


def photos_below(folder: Path, exclude: Path | None, warn: Warn = ignore) -> Iterator[Photo]:
    """Find the photos of a folder that may have none, see `find_photos`."""
    start = PhotoFolder(Folder.start(folder), "")
    return walk_photos(Wanted(start, [start]), exclude and real(exclude), warn)


@dataclass(frozen=True)
class PhotoFolder:
    """A folder, and the `prefix` for the stems of its photos."""

    folder: Folder
    prefix: str

    @property
    def path(self) -> Path:
        return self.folder.path


class Wanted(NamedTuple):
    """A folder whose photos are wanted, and the `level` of folders whose results lie in one with its own.

    These are several, itself among them, where their names differ by case alone: their photos are named
    together.
    """

    folder: PhotoFolder
    level: Sequence[PhotoFolder]


def walk_photos(wanted: Wanted, excluded: Path | None, warn: Warn) -> Iterator[Photo]:
    """Find the photos below a folder in the order of their paths; see `find_photos`."""
    waiting: list[Iterator[Photo | Wanted]] = [iter((wanted,))]  # a stack: paths may be very deep
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
        elif isinstance(found, Photo):
            yield found
        else:
            waiting.append(_list(found, excluded, warn))


def _list(wanted: Wanted, excluded: Path | None, warn: Warn) -> Iterator[Photo | Wanted]:
    """Return what lies in a folder, in the order of the names; photos are named as they are taken."""
    closed: list[tuple[str, Photo]] = []
    files: list[tuple[str, PhotoFolder]] = []
    subfolders: dict[str, list[PhotoFolder]] = {}
    for folder in wanted.level:
        # the others of its level are told, and their photos found, in their own turn
        is_wanted = folder is wanted.folder
        tell = warn if is_wanted else ignore
        try:
            entries = folder.folder.entries()
        except OSError as error:
            if is_wanted:
                reason = cannot_be_listed(error)
                closed.append(("", _unreachable(folder.path, folder.prefix or "/", reason)))
            continue
        if folder.folder.parent and any(entry.name == MANIFEST for entry in entries):
            tell(f"{printable(str(folder.path))}: results of an earlier run left out")
            continue
        read = _without_linked_results(entries, tell)
        _tell_unread(folder.path, read, tell)
        for entry in _outside(excluded, folder.folder, read):
            name = entry.name
            if entry.kind == "loop":
                tell(str(entry))
            elif entry.kind == "folder":
                subfolder = PhotoFolder(folder.folder.below(entry), f"{folder.prefix}{name}/")
                subfolders.setdefault(name.casefold(), []).append(subfolder)
            elif suffix_of(name).lower() in IMAGE_SUFFIXES:
                files.append((name, folder))
            elif entry.kind == "nowhere" and is_wanted:  # it may have led to a folder of photos
                closed.append((name, _unreachable(entry.path, f"{folder.prefix}{name}/", entry.reason)))
    by_name = itemgetter(0)
    files.sort(key=by_name)
    named = name_photos(files, subfolders.keys())
    below = [
        (subfolder.path.name, Wanted(subfolder, level))
        for level in subfolders.values()
        for subfolder in level
        if subfolder.folder.parent is wanted.folder.folder
    ]
    found: tuple[Iterable[tuple[str, Photo | Wanted]], ...] = (
        sorted(closed, key=by_name),
        (photo for (_, folder), photo in zip(files, named, strict=True) if folder is wanted.folder),
        sorted(below, key=by_name),
    )
    return (item for _name, item in merge(*found, key=by_name))


def _outside(excluded: Path | None, folder: Folder, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries of a folder that do not lie in the one that is excluded."""
    within = excluded is not None and folder.real.is_relative_to(excluded)
    for entry in entries:
        lies_within = within
        if excluded and (entry.target or entry.name == excluded.name):
            lies_within = entry.real.is_relative_to(excluded)
        if not lies_within:
            yield entry


def _without_linked_results(entries: Sequence[Entry], warn: Warn) -> Sequence[Entry]:
    """Leave out links to results, or to folders of them: these are known by where they lie."""
    around: dict[Path, bool] = {}  # by the folder of what a link leads to, as many lead to one
    results = []
    for entry in entries:
        if entry.kind not in ("file", "folder") or not entry.target:
            continue
        place = entry.target if entry.kind == "folder" else entry.target.parent
        if place not in around:
            around[place] = results_around(entry.target) is not None
        if around[place]:
            results.append(entry)
    if not results:
        return entries
    more = f" and {len(results) - 1} more" if results[1:] else ""
    warn(f"{printable(str(results[0].path))}{more}: results of an earlier run left out")
    left_out = {entry.name for entry in results}
    return [entry for entry in entries if entry.name not in left_out]


def name_photos(
    files: Sequence[tuple[str, PhotoFolder]], folders: Collection[str]
) -> Iterator[tuple[str, Photo]]:
    """Name the photos of one level, each with the name of its file; `folders` are casefolded names beside."""
    # `a.jpg.png` may not take the name that `a.jpg` has when it keeps its suffix
    taken = Counter(stem.casefold() for name, _ in files for stem in (stem_of(name), name))
    names = Counter(name.casefold() for name, _ in files)
    for name, folder in files:
        path, short = folder.path / name, stem_of(name)
        stem = short if taken[short.casefold()] == 1 and not _clash(short, folders) else name
        if names[name.casefold()] > 1:
            stem += mark_of(folder.prefix + name)
        if clash := _clash(stem, folders):
            reason = f"a folder is called {clash} as its results would be; rename the photo"
            yield name, _unreachable(path, folder.prefix + stem, reason)
        else:
            yield name, Photo(path, folder.prefix + stem)


def _clash(stem: str, folders: Collection[str]) -> str | None:
    """Return the name of a result that a folder already has, ignoring case."""
    names = (stem + suffix for suffix in _SUFFIXES) if folders else ()
    return next((name for name in names if name.casefold() in folders), None)


def _unreachable(path: Path, stem: str, reason: str) -> Photo:
    return Photo(path, stem, f"{printable(str(path))}: {printable(reason)}")


def _tell_unread(folder: Path, entries: Sequence[Entry], warn: Warn) -> None:
    unread = [entry.name for entry in entries if suffix_of(entry.name).lower() in OTHER_SUFFIXES]
    if unread:
        which, remedy = describe_unread(unread)
        warn(f"{printable(str(folder))}: left out {which}; {remedy}")
