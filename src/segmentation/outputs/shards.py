"""A manifest in shards: one at a time is on this machine, however many photos there are.

Photos come in the order of their names, and so do shards.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.stores import SHARD_PHOTOS
from segmentation.core.file_kinds import MANIFEST
from segmentation.core.files import temporary_folder
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.naming import Photo
from segmentation.outputs.result import Result
from segmentation.outputs.shard_names import Name
from segmentation.outputs.shard_store import ShardStore, last_order, order_of
from segmentation.outputs.stored_folder import StoredFolder
from segmentation.stores.address import Address


class ShardManifest(Manifest):
    """A shard on this machine. What is done is recorded by `record`, once its files are in the store.

    `changed` is whether anything was. That files which are recorded are there is not asked of the store: it
    loses none.
    """

    changed = False

    def append(self, result: Result) -> None:
        """Leave the result to `record`."""

    def record(self, result: Result) -> None:
        """Write a result's line."""
        super().append(result)
        self.changed = True

    def knows(self, photo: Photo) -> bool:
        """Return whether an earlier run has a line of the photo."""
        return self._is_recorded(photo.stem)

    @property
    def count(self) -> int:
        """The photos of earlier runs."""
        return len(self._index.places)

    def _are_there(self, _photo: Photo) -> bool:
        return True


@dataclass
class Shard:
    """An open shard: its `manifest`, and the `photos` of this run that belong to it."""

    manifest: ShardManifest
    photos: Iterator[Photo]
    name: Name
    store: ShardStore
    shipped: int

    def ship(self) -> None:
        """Add the lines that were written since the last time to the store."""
        with self.manifest.path.open("rb") as lines:
            lines.seek(self.shipped)
            content = lines.read()
        if content:
            self.store.ship(self.name, content)
            self.shipped += len(content)


@dataclass(frozen=True)
class Shards:
    """The shards of a folder of `results`, of at most 2 x `lines` photos each.

    Where all photos at an address are gone through, `source`, failures of objects that are gone are dropped
    from the shards of the others. The other fields are as those of a Manifest.
    """

    results: StoredFolder
    store: ShardStore
    settings: dict[str, Any]
    kinds: Sequence[str]
    asked: Mapping[str, Any] | None = None
    overwrite: bool = False
    lines: int = SHARD_PHOTOS
    source: Address | None = None

    def over(
        self,
        photos: Iterable[Photo],
        scratch: Path,
        *,
        stop: Callable[[], bool] = lambda: False,
        write: bool = True,
        wait: Callable[[], None] | None = None,
    ) -> Iterator[Shard]:
        """Yield each shard that photos belong to, open. The photos of one are to be taken before the next.

        Shards lie in `scratch` while they are open. Without `write` the store stays as it is. Where others
        write the shards meanwhile, `wait` returns once they have done so. More photos than may be added to
        one at a time belong to it still, or to a piece of it: it is yielded again.
        """
        upcoming = _Upcoming(iter(photos))
        before: Name | None = None
        while upcoming.photo and not stop():
            name = self.store.after(before) or self.store.add()
            is_last = self.store.after(name) is None
            with self._fetched(name, scratch) as manifest:
                manifest.look()
                last = last_order(manifest.path)
                belonging = _Belonging(upcoming, manifest, last, is_last, self.lines)
                if belonging.has_next:
                    with manifest if write else nullcontext():
                        shard = Shard(manifest, iter(belonging), name, self.store, manifest.length)
                        yield shard
                        if write and self.source and not stop():
                            manifest.have_met(self.source)
                    if write and self._replaced(shard):
                        continue  # where it was split, those that follow may belong to a piece of it
            if belonging.is_crowded:
                if wait:
                    wait()
                    self.store.look()
                continue
            before = name

    @contextmanager
    def opened(self, name: Name, photos: Iterable[Photo], scratch: Path) -> Iterator[Shard]:
        """Open one shard for photos that belong to it."""
        with self._fetched(name, scratch) as manifest:
            with manifest:
                shard = Shard(manifest, iter(photos), name, self.store, manifest.length)
                yield shard
            self._replaced(shard)

    @contextmanager
    def _fetched(self, name: Name, scratch: Path) -> Iterator[ShardManifest]:
        with temporary_folder(scratch) as folder:
            self.store.fetch(name, folder / MANIFEST)
            yield self._manifest(folder)

    def _replaced(self, shard: Shard) -> bool:
        """Put a shard with other lines than before in the place of its parts; return whether it was split."""
        changed = shard.manifest.changed or shard.manifest.path.stat().st_size < shard.shipped
        return changed and self.store.replace(shard.name, shard.manifest.path, self.lines)

    def _manifest(self, folder: Path) -> ShardManifest:
        return ShardManifest(
            folder,
            self.settings,
            kinds=self.kinds,
            asked=self.asked,
            overwrite=self.overwrite,
            results=self.results,
        )


class _Upcoming:
    """Photos with a look at the next one."""

    def __init__(self, photos: Iterator[Photo]):
        self._photos = photos
        self.photo = next(photos, None)

    def take(self) -> Photo:
        """Return the next photo."""
        taken, self.photo = self.photo, next(self._photos, None)
        assert taken
        return taken


@dataclass
class _Belonging:
    """Those of the upcoming photos that belong to a shard.

    The last shard takes what comes after its `last_order` until it has as many photos as `lines`; all others
    take what comes before theirs, until they are twice as long, or longer by `lines` where they are already.
    """

    upcoming: _Upcoming
    manifest: ShardManifest
    last: str | None
    is_last: bool
    lines: int
    added: int = 0

    @property
    def has_next(self) -> bool:
        """Return whether the next photo belongs to it."""
        photo, count = self.upcoming.photo, self.manifest.count
        if photo is None:
            return False
        if self._is_among(photo):
            most = max(2 * self.lines, count + self.lines)
            return count + self.added < most or self.manifest.knows(photo)
        return self.is_last and count + self.added < self.lines

    @property
    def is_crowded(self) -> bool:
        """Return whether the next photo comes before its last one, but has no place in it."""
        photo = self.upcoming.photo
        return photo is not None and self._is_among(photo) and not self.has_next

    def _is_among(self, photo: Photo) -> bool:
        return self.last is not None and order_of(photo.name) <= self.last

    def __iter__(self) -> Iterator[Photo]:
        while self.has_next:
            photo = self.upcoming.take()
            self.added += not self.manifest.knows(photo)
            yield photo
