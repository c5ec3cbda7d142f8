"""The photos of an object store, and the names of their results."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from segmentation.core.errors import DataError, printable
from segmentation.core.events import Warn, ignore
from segmentation.core.file_kinds import MANIFEST, RESULT_FOLDERS
from segmentation.core.suffixes import stem_of, suffix_of
from segmentation.images.formats import IMAGE_SUFFIXES, OTHER_SUFFIXES, describe_unread
from segmentation.outputs.naming import Photo
from segmentation.outputs.shard_names import SHARDS, file_name
from segmentation.stores.address import Address, Place
from segmentation.stores.downloads import Download
from segmentation.stores.store import Store
from segmentation.stores.stored_object import StoredObject

_MOST_ALIKE = 1000  # names that are held at most to learn whether a photo is alone under its name


def find_stored_photos(
    source: Address,
    store: Store,
    *,
    exclude: Place | None = None,
    warn: Warn = ignore,
    option: str = "input",
) -> Iterator[Photo]:
    """Find the photos below an address, or the one object, in the order of the names of objects.

    They are listed as they are taken, so that memory does not grow with them. What `find_photos` leaves out
    of a folder is left out here as well: hidden names, formats that are not read, results, and everything
    below `exclude`. Photos that are named alike but for their suffix keep it in the name of their results, as
    there; so does one beside more than a thousand objects whose names begin with its own and a dot.

    Raises DataError at once where the store cannot be reached and where there is no photo.
    """
    if isinstance(exclude, Address) and exclude.holds(source):
        raise DataError(
            f"`{option}` {source}: expected photos outside of the results, {exclude}, from which nothing is "
            "read; give another `output`"
        )
    if _is_photo(source.name) and (alone := store.look(source)):
        return iter([Photo(Path(str(source)), stem_of(source.name), download=Download(store, alone))])
    objects = _without_results(store.objects(source), source, store, exclude, warn)
    photos = name_objects(_photos_among(objects, source, warn), source, store)
    first = next(photos, None)
    if first is None:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(
            f"`{option}` {source}: expected photos ({suffixes}), found none below it; check the address"
        )
    return itertools.chain([first], photos)


def name_objects(objects: Iterable[StoredObject], source: Address, store: Store) -> Iterator[Photo]:
    """Name photos that come in the order of their names, `source` left out.

    Only those are held that another one may be named like.
    """
    remaining = iter(objects)
    behind: list[str] = []  # earlier names whose stem and a dot this one begins with
    ahead: deque[StoredObject] = deque()

    def fill() -> bool:
        following = next(remaining, None)
        if following:
            ahead.append(following)
        return following is not None

    while ahead or fill():
        photo = ahead.popleft()
        name = _below(photo, source)
        stem = stem_of(name)
        while behind and not name.startswith(f"{stem_of(behind[-1])}."):
            behind.pop()

        def may_be_alike(other: StoredObject, start: str = f"{stem}.") -> bool:
            return _below(other, source).startswith(start)

        while (not ahead or may_be_alike(ahead[-1])) and len(ahead) < _MOST_ALIKE and fill():
            pass
        following = [_below(other, source) for other in itertools.takewhile(may_be_alike, ahead)]
        others = (*behind, *following)
        alone = len(following) < _MOST_ALIKE and not any(stem in (other, stem_of(other)) for other in others)
        behind.append(name)
        problem = None
        if "" in name.split("/"):
            problem = f"{printable(str(photo.address))}: a folder without a name; give the object another"
        yield Photo(Path(str(photo.address)), stem if alone else name, problem, Download(store, photo))


def _photos_among(objects: Iterable[StoredObject], source: Address, warn: Warn) -> Iterator[StoredObject]:
    told: set[str] = set()
    for found in objects:
        name = _below(found, source)
        suffix = found.address.suffix.lower()
        if any(part.startswith(".") for part in name.split("/")):
            continue
        if suffix in OTHER_SUFFIXES and suffix not in told:
            told.add(suffix)
            which, remedy = describe_unread([found.address.name])
            warn(f"{printable(str(found.address))}: left out {which} and whatever ends alike; {remedy}")
        if _is_photo(name):
            yield found


def _without_results(
    objects: Iterable[StoredObject],
    source: Address,
    store: Store,
    exclude: Place | None,
    warn: Warn,
) -> Iterator[StoredObject]:
    """Leave out results, which lie beside their manifest; each folder of that kind is checked once."""
    last: tuple[Address, bool] | None = None
    for found in objects:
        if isinstance(exclude, Address) and exclude.holds(found.address):
            continue
        folders = _below(found, source).split("/")[:-1]
        depth = next((depth for depth, part in enumerate(folders) if part in RESULT_FOLDERS), None)
        if depth is not None:
            beside = source / "/".join(folders[:depth]) if depth else source
            if last is None or last[0] != beside:
                last = beside, _has_manifest(beside, store)
                if last[1]:
                    warn(f"{printable(str(beside))}: results of an earlier run left out")
            if last[1]:
                continue
        yield found


def _has_manifest(folder: Address, store: Store) -> bool:
    first = folder / SHARDS / file_name((0,))
    part = folder / SHARDS / file_name((0,), 0)  # of a run that was killed
    return any(store.look(manifest) is not None for manifest in (folder / MANIFEST, first, part))


def _below(stored: StoredObject, source: Address) -> str:
    """Return the name of an object from its source on."""
    return stored.address.path.removeprefix(f"{source.path}/")


def _is_photo(name: str) -> bool:
    return suffix_of(name).lower() in IMAGE_SUFFIXES
