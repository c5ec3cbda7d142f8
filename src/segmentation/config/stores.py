"""Options of jobs that read and write object stores."""

from dataclasses import dataclass

from segmentation.config.options import option
from segmentation.stores.patience import Patience

SHARD_PHOTOS = 10_000
"""Photos of a shard of the manifest; one with twice as many is split."""

SHARE_PHOTOS = 1000
"""The same on a cluster, where a worker is given a shard at a time."""


@dataclass(frozen=True, kw_only=True)
class StoreOptions:
    """The way in which an object store is read and written."""

    read_ahead: int = option(
        16,
        "photos of an object store that are fetched ahead of those in hand",
        minimum=1,
        maximum=1000,
        common=False,
    )
    store_attempts: int = option(
        Patience.attempts,
        "most attempts of a call to an object store, with longer and longer pauses between them",
        minimum=1,
        maximum=100,
        common=False,
    )
    store_timeout: float = option(
        Patience.timeout_s,
        "seconds without an answer after which a call to S3 has failed",
        minimum=0.1,
        common=False,
    )
    shard_photos: int | None = option(
        None,
        "photos of a shard of the manifest in a store; on a cluster a worker is given so many at a time",
        minimum=1,
        maximum=100_000,
        shown=f"{SHARD_PHOTOS}, on a cluster {SHARE_PHOTOS}",
        metavar="N",
        common=False,
    )

    def lines(self, *, on_cluster: bool) -> int:
        """Return the photos of a shard."""
        return self.shard_photos or (SHARE_PHOTOS if on_cluster else SHARD_PHOTOS)

    @property
    def patience(self) -> Patience:
        """Return the limits of calls that the options set."""
        return Patience(self.store_attempts, self.store_timeout)
