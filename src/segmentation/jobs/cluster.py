"""The job `predict` on a cluster: this process hands out shares of the photos, and workers do them.

Each share is that of one shard of the manifest. A worker writes the files and the lines of its share itself,
so that only results come back. One that is lost costs nothing but time: what it recorded is done, and another
goes on from there.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from typing import Protocol

from segmentation.core.events import Caution
from segmentation.jobs.cluster_setup import Setup
from segmentation.jobs.context import Context
from segmentation.jobs.predict_store import StoreResults
from segmentation.outputs.naming import Photo
from segmentation.outputs.publishing import FileWriter
from segmentation.outputs.result import Result
from segmentation.outputs.shards import Shards
from segmentation.outputs.shares import Share
from segmentation.outputs.store_claim import StoreClaim

_CAREFUL_AFTER = 2
_LEFT_OUT_AFTER = 4
"""The workers that are lost at one photo before it is done a photo at a time, and before it is left out."""


@dataclass(frozen=True)
class Heard:
    """News of a worker: the next results of its share, none at its end; or why it is lost.

    Where that is `of_machine`, no photo is to blame.
    """

    worker: int
    results: tuple[Result, ...] = ()
    warnings: tuple[str, ...] = ()
    lost: str | None = None
    of_machine: bool = False


class Crew(Protocol):
    """Workers, who come and go."""

    def idle(self) -> list[int]:
        """Return the workers that have no share, by their numbers; new ones may have come."""
        ...

    def give(self, worker: int, share: Share) -> None:
        """Give one of them a share."""
        ...

    def hear(self) -> list[Heard]:
        """Return what came, or nothing after a while."""
        ...

    def stop(self) -> None:
        """Tell all of them to begin no other photo."""
        ...


def predict_on(
    cluster: str,
    setup: Setup,
    results: StoreResults,
    photos: Iterable[Photo],
    writer: FileWriter,
    context: Context,
) -> Iterator[Result]:
    """Predict photos on a cluster and yield their results, once their files are in the store and recorded.

    Raises ConfigError where there is no cluster, and what workers raise that would end a run on one machine.
    """
    from segmentation.jobs.ray_crew import ray_crew  # it imports the job of which this is a part

    yield from predict_with(ray_crew(cluster, setup, context.tell), results, photos, writer, context)


def predict_with(
    crew: AbstractContextManager[Crew],
    results: StoreResults,
    photos: Iterable[Photo],
    writer: FileWriter,
    context: Context,
) -> Iterator[Result]:
    """Do the same with a crew."""
    with results.claimed(writer) as (scratch, claim), crew as workers:
        work = _Work(workers, results.shards(writer), context, claim)
        shards = work.shards.over(photos, scratch, stop=context.stop, write=False, wait=work.wait)
        with closing(Share.of(shard) for shard in shards) as shares:
            yield from work.results(shares)


@dataclass
class _Hand:
    """A share in the hands of a worker: how many results have come, and the workers that were lost since."""

    share: Share
    come: int = 0  # of this worker
    known: int = 0  # of all workers
    losses: int = 0


@dataclass
class _Work:
    crew: Crew
    shards: Shards
    context: Context
    claim: StoreClaim
    hands: dict[int, _Hand] = field(default_factory=dict)
    waiting: deque[_Hand] = field(default_factory=deque)  # whose workers were lost
    done: deque[Result] = field(default_factory=deque)
    stopped: bool = False

    def results(self, shares: Iterator[Share]) -> Iterator[Result]:
        """Yield the results of all shares, as they come."""
        more = True
        while more or self.hands or self.waiting:
            more = self._give(shares) and more
            self._hear()
            while self.done:
                yield self.done.popleft()
            if self.stopped and not self.hands:
                return

    def wait(self) -> None:
        """Return once no share is in anybody's hands."""
        while (self.hands or self.waiting) and not self.stopped:
            self._give(iter(()))
            self._hear()

    def _give(self, shares: Iterator[Share]) -> bool:
        """Give shares to those who have none; return whether there may be more."""
        for worker in self.crew.idle():
            if self.stopped:
                return False
            if self.waiting:
                hand = self.waiting.popleft()
            elif share := next(shares, None):
                hand = _Hand(share)
            else:
                return False
            self.hands[worker] = hand
            self.crew.give(worker, hand.share)
        return True

    def _hear(self) -> None:
        if self.context.stop() and not self.stopped:
            self.stopped = True
            self.crew.stop()
        for heard in self.crew.hear():
            self.claim.refresh()
            for warning in heard.warnings:
                self.context.tell(Caution(warning))
            if heard.lost is not None:
                self._lost(heard)
            elif heard.results:
                self._come(self.hands[heard.worker], heard.results)
            else:
                self.hands.pop(heard.worker)
        self.claim.refresh()

    def _come(self, hand: _Hand, results: tuple[Result, ...]) -> None:
        """Take the results that no earlier worker told."""
        self.done.extend(results[max(0, hand.known - hand.come) :])
        hand.come += len(results)
        if hand.come > hand.known:
            hand.known, hand.losses = hand.come, 0

    def _lost(self, heard: Heard) -> None:
        self.context.tell(Caution(f"a worker of the cluster was lost: {heard.lost}"))
        hand = self.hands.pop(heard.worker, None)
        if not hand:
            return
        hand.come, hand.losses = 0, hand.losses + (not heard.of_machine)
        share = hand.share
        if hand.losses >= _LEFT_OUT_AFTER and hand.known < len(share.photos):
            photo = share.photos[hand.known]
            name = str(photo.stored.address) if photo.stored else photo.path
            share = share.left_out(
                hand.known,
                f"{name}: {hand.losses} workers were lost while they worked on it ({heard.lost}); "
                "run it by itself",
            )
            hand.losses = 0
        self.shards.store.look()  # for the parts that were added
        parts = tuple(self.shards.store.parts.get(share.name, ()))
        hand.share = replace(share, parts=parts, careful=hand.losses >= _CAREFUL_AFTER)
        self.waiting.append(hand)
