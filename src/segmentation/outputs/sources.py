"""The photos of several folders, files and lists of them, as one folder."""

import codecs
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from heapq import merge
from operator import itemgetter
from pathlib import Path

from segmentation.config.scoring import STREAM
from segmentation.core.errors import DataError, printable, system_reason
from segmentation.core.events import Warn, ignore
from segmentation.core.walking import Folder, real
from segmentation.outputs.naming import (
    Photo,
    PhotoFolder,
    Wanted,
    find_photos,
    name_photos,
    walk_photos,
    what_is_at,
)
from segmentation.outputs.results_around import refuse_results
from segmentation.outputs.shard_store import order_of

_LONGEST_PATH_BYTES = 4096


def read_list(listed: Path) -> tuple[Path, ...]:
    """Read the paths in a file, a line each, or in the standard input, which is called `-`.

    Where the file has NUL characters, as `find -print0` writes them, paths end with those. Empty lines are
    left out; names that are not UTF-8 are kept as they are, and UTF-16 is known by its mark. Raises DataError
    for a file that cannot be read, for one without paths and for one that is not a list.
    """
    try:
        content = sys.stdin.buffer.read() if listed == STREAM else listed.read_bytes()
    except OSError as error:
        reason = system_reason(error)
        raise DataError(f"`files_from` {listed}: expected a list of paths, received: {reason}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", errors="replace").encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    ends = b"\0" if b"\0" in content else b"\n"
    lines = [line.removesuffix(b"\r") for line in content.split(ends)]
    if max(map(len, lines)) > _LONGEST_PATH_BYTES:
        raise DataError(f"`files_from` {listed}: expected a path on each line, received other contents")
    paths = tuple(Path(os.fsdecode(line)) for line in lines if line.strip())
    if not paths:
        raise DataError(f"`files_from` {listed}: expected a path on each line, received none")
    return paths


def find_all_photos(
    sources: Sequence[Path],
    *,
    exclude: Path | None = None,
    warn: Warn = ignore,
    option: str = "input",
) -> Iterator[Photo]:
    """Find the photos of one source, see `find_photos`, or of several folders and files as if they were one.

    The names of several lead from the current folder, if all lie below it, else from the lowest folder that
    holds them all, so that equal names of different folders stay apart. They come in the order of their
    paths, whatever that of the sources: a record in shards is gone through once. A file that is named twice,
    by itself and by a folder that holds it, is found once. A path that leads nowhere is a Photo with its
    problem. Messages call the sources by the name of their `option`.
    """
    if len(sources) == 1:
        return find_photos(sources[0], exclude=exclude, warn=warn, option=option)
    for source in sources:
        refuse_results(source, option)
    base = _base([_absolute(source) for source in sources])
    once = list({real(source): source for source in reversed(sources)}.values())
    photos = _found(once, base, exclude and real(exclude), warn)
    first = next(photos, None)
    if first is None:
        raise DataError(
            f"`{option}`: expected photos, found none in {len(once)} folders or below; check the paths"
        )
    return itertools.chain([first], photos)


def _found(sources: Sequence[Path], base: Path, excluded: Path | None, warn: Warn) -> Iterator[Photo]:
    folders = [
        PhotoFolder(Folder.start(source), f"{_relative(source, base)}/")
        for source in sources
        if source.is_dir()
    ]
    tops = [one for one in folders if not any(_holds(other, one.folder.real) for other in folders)]
    photos: list[Photo] = []
    files: dict[str, list[tuple[str, PhotoFolder]]] = {}
    for source in sources:
        place, relative = real(source), _relative(source, base)
        if source.is_dir() or any(_holds(top, place) for top in tops):
            continue
        if excluded and place.is_relative_to(excluded):
            continue
        if not source.is_file():
            name, found = printable(str(source)), what_is_at(source)
            problem = f"{name}: expected a photo or a folder, found {found}; check the path"
            photos.append(Photo(source, relative, problem))
            continue
        prefix, slash, _name = relative.rpartition("/")
        folder = PhotoFolder(Folder.start(source.parent), prefix + slash)
        files.setdefault(prefix.casefold(), []).append((source.name, folder))
    beside = {top.prefix.rstrip("/").casefold() for top in tops}
    for place_of_files, listed in files.items():
        names = {path.rpartition("/")[2] for path in beside if path.rpartition("/")[0] == place_of_files}
        photos += [photo for _name, photo in name_photos(listed, names)]
    walks = [_in_turn(wanted.folder.path, walk_photos(wanted, excluded, warn)) for wanted in _wanted(tops)]
    listed_alone = sorted(((order_of(photo.name), photo) for photo in photos), key=itemgetter(0))
    for _order, photo in merge(listed_alone, *walks, key=itemgetter(0)):
        if photo:
            yield photo


def _in_turn(folder: Path, photos: Iterator[Photo]) -> Iterator[tuple[str, Photo | None]]:
    """Yield photos with their order, and the folder's own before it is looked into: that is its turn."""
    yield order_of(str(folder)), None
    for photo in photos:
        yield order_of(photo.name), photo


def _wanted(folders: Sequence[PhotoFolder]) -> Iterator[Wanted]:
    """Yield folders with those whose results lie in one with theirs: their names differ by case alone."""
    levels: dict[str, list[PhotoFolder]] = {}
    for folder in folders:
        levels.setdefault(folder.prefix.casefold(), []).append(folder)
    return (Wanted(folder, level) for level in levels.values() for folder in level)


def _holds(folder: PhotoFolder, place: Path) -> bool:
    return folder.folder.real != place and place.is_relative_to(folder.folder.real)


def _base(absolute: Sequence[Path]) -> Path:
    current = Path.cwd()
    if all(path.is_relative_to(current) and path != current for path in absolute):
        return current
    return Path(os.path.commonpath([path.parent for path in absolute]))


def _relative(source: Path, base: Path) -> str:
    return _absolute(source).relative_to(base).as_posix()


def _absolute(source: Path) -> Path:
    """Return the path from the root without "..", through links as they are called."""
    return Path(os.path.normpath(source.absolute()))
