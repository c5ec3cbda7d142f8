"""The job `predict` with results in an object store: a shard of the manifest at a time."""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.stores import SHARD_PHOTOS
from segmentation.core.digests import read_sha256
from segmentation.core.errors import DataError
from segmentation.core.events import Caution
from segmentation.core.files import temporary_folder
from segmentation.jobs.context import Context
from segmentation.outputs.folder_job import WritePhoto
from segmentation.outputs.label_writer import LabelWriter
from segmentation.outputs.naming import Photo
from segmentation.outputs.publishing import FileWriter
from segmentation.outputs.result import Result
from segmentation.outputs.shard_names import SHARDS
from segmentation.outputs.shard_store import ShardStore
from segmentation.outputs.shards import Shard, ShardManifest, Shards
from segmentation.outputs.shares import Share
from segmentation.outputs.store_claim import StoreClaim
from segmentation.outputs.store_publishing import BATCH, StorePublisher
from segmentation.outputs.stored_folder import StoredFolder
from segmentation.stores.address import Address
from segmentation.stores.downloads import scratch_folder
from segmentation.stores.patience import Patience
from segmentation.stores.store import Store

Predict = Callable[[Iterable[Photo], WritePhoto, ShardManifest], Generator[Result, None, None]]
"""Predicts photos and delivers them."""

Plan = Callable[[Iterable[Photo], StorePublisher, ShardManifest], Iterator[Result]]
"""Says what would become of photos."""

_THREADS = 32  # that write objects, most of the time waiting


@dataclass(frozen=True)
class StoreResults:
    """Results below an address, and how they are recorded; see `Manifest` and `Shards` for the fields."""

    folder: StoredFolder
    settings: dict[str, Any]
    asked: dict[str, Any] | None
    overwrite: bool
    lines: int = SHARD_PHOTOS
    source: Address | None = None

    @classmethod
    def at(
        cls,
        address: Address,
        patience: Patience,
        settings: dict[str, Any],
        asked: dict[str, Any] | None,
        overwrite: bool,
        lines: int = SHARD_PHOTOS,
        source: Address | None = None,
    ) -> "StoreResults":
        """Return those below an address. Raises DataError where the store cannot be reached."""
        folder = StoredFolder(Store(address, patience), address)
        return cls(folder, settings, asked, overwrite, lines, source)

    def predict(
        self, photos: Iterable[Photo], writer: FileWriter, predict: Predict, context: Context
    ) -> Iterator[Result]:
        """Predict photos and yield their results, once their files are in the store and recorded."""
        with self.claimed(writer) as (scratch, claim):
            for shard in self.shards(writer).over(photos, scratch, stop=context.stop):
                claim.refresh()
                for batch in self._published(shard, writer, predict, context, scratch, BATCH):
                    yield from batch
                    claim.refresh()

    def predict_share(
        self, share: Share, photos: Iterable[Photo], writer: FileWriter, predict: Predict, context: Context
    ) -> Iterator[list[Result]]:
        """Do the same for `photos`, those of a share, which another process gave out; yield batches."""
        shards = self.shards(writer, share.shards(self.folder.store, self.folder.address / SHARDS))
        batch = 1 if share.careful else BATCH
        with scratch_folder() as scratch, shards.opened(share.name, photos, scratch) as shard:
            yield from self._published(shard, writer, predict, context, scratch, batch)

    @contextmanager
    def claimed(self, writer: FileWriter) -> Iterator[tuple[Path, StoreClaim]]:
        """Return a context in which this process, or those that it tells to, writes here; with a folder."""
        with scratch_folder() as scratch, StoreClaim(self.folder.store, self.folder.address) as claim:
            self._describe(writer, scratch)
            yield scratch, claim

    def plan(
        self, photos: Iterable[Photo], writer: FileWriter, plan: Plan, context: Context
    ) -> Iterator[Result]:
        """Yield what `predict` would do, and change nothing in the store."""
        with scratch_folder() as scratch:
            for shard in self.shards(writer).over(photos, scratch, stop=context.stop, write=False):
                publisher = StorePublisher(self.folder, writer, shard, scratch, overwrite=self.overwrite)
                yield from plan(shard.photos, publisher, shard.manifest)

    def shards(self, writer: FileWriter, store: ShardStore | None = None) -> Shards:
        """Return the shards of the manifest, of a `store` that was looked into before."""
        store = store or ShardStore.at(self.folder.store, self.folder.address / SHARDS)
        kinds = writer.kinds
        return Shards(
            self.folder, store, self.settings, kinds, self.asked, self.overwrite, self.lines, self.source
        )

    def _published(
        self,
        shard: Shard,
        writer: FileWriter,
        predict: Predict,
        context: Context,
        scratch: Path,
        batch: int,
    ) -> Iterator[list[Result]]:
        """Predict the photos of an open shard, `batch` at a time."""
        if left := shard.manifest.left_out:
            context.tell(Caution(f"{left} damaged or foreign lines of {self.folder} are left out"))
        publisher = StorePublisher(self.folder, writer, shard, scratch, overwrite=self.overwrite)
        with (
            ThreadPoolExecutor(_THREADS, "publish") as pool,
            closing(predict(shard.photos, publisher, shard.manifest)) as results,
        ):
            while waiting := list(itertools.islice(results, batch)):
                yield list(publisher.publish(waiting, pool))

    def _describe(self, writer: FileWriter, scratch: Path) -> None:
        """Write what belongs to the folder as a whole: the names of the classes, beside label maps."""
        if not isinstance(writer, LabelWriter):
            return
        with temporary_folder(scratch) as folder:
            writer.describe(folder)
            for path in sorted(folder.iterdir()):
                place = self.folder / path.name
                if place.exists() and place.sha256() != read_sha256(path):
                    raise DataError(
                        f"{place.address}: expected that of this model's classes, received another; give "
                        "another `output`"
                    )
                self.folder.store.put(path, place.address)
