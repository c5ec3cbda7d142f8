"""Shares of a folder of photos: those of one shard of the manifest, for a machine that does them alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from segmentation.outputs.naming import Photo
from segmentation.outputs.shard_names import Name, name_after
from segmentation.outputs.shard_store import ShardStore
from segmentation.outputs.shards import Shard
from segmentation.stores.address import Address
from segmentation.stores.downloads import Download
from segmentation.stores.store import Store
from segmentation.stores.stored_object import StoredObject


@dataclass(frozen=True)
class SentPhoto:
    """A photo as another machine can be told of it; see Photo for the fields, `stored` is its download's."""

    path: str
    stem: str
    problem: str | None
    stored: StoredObject | None

    @classmethod
    def of(cls, photo: Photo) -> "SentPhoto":
        """Return what is sent of a photo, with its whole path."""
        stored = photo.download.stored if photo.download else None
        path = photo.path if stored else photo.path.absolute()
        return cls(str(path), photo.stem, photo.problem, stored)

    def received(self, store: Store | None) -> Photo:
        """Return the photo, on the machine that has opened the `store` of the photos."""
        download = Download(store, self.stored) if store and self.stored else None
        return Photo(Path(self.path), self.stem, self.problem, download)


@dataclass(frozen=True)
class Share:
    """The photos of the shard `name`, whose `parts` are in the store; all new shards come before `following`.

    One that is `careful` is done a photo at a time.
    """

    name: Name
    parts: tuple[int, ...]
    following: Name
    photos: tuple[SentPhoto, ...]
    careful: bool = False

    @classmethod
    def of(cls, shard: Shard) -> "Share":
        """Return the share of a shard whose photos have not been taken yet."""
        photos = tuple(map(SentPhoto.of, shard.photos))
        following = shard.store.after(shard.name) or name_after(shard.name)
        return cls(shard.name, tuple(shard.store.parts.get(shard.name, ())), following, photos)

    def shards(self, store: Store, folder: Address) -> ShardStore:
        """Return the shards in a folder of a store as far as they matter to this share."""
        return ShardStore(store, folder, [self.name, self.following], {self.name: [*self.parts]})

    def left_out(self, place: int, why: str) -> "Share":
        """Return the same without one photo, which fails for a reason."""
        culprit = replace(self.photos[place], problem=why)
        return replace(self, photos=(*self.photos[:place], culprit, *self.photos[place + 1 :]))

    def received(self, store: Store | None) -> Iterator[Photo]:
        """Yield the photos; see SentPhoto."""
        return (photo.received(store) for photo in self.photos)
