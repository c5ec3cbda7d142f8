"""Workers of a cluster in this process, which are lost when a test says so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from segmentation.core.errors import MachineError
from segmentation.inference.scorer import Scorer
from segmentation.jobs.cluster import Heard
from segmentation.jobs.cluster_setup import Setup
from segmentation.jobs.cluster_worker import Worker
from segmentation.outputs.shares import Share


class Crash(BaseException):
    """An end of a worker as by a kill, when a score function raises it."""


@dataclass
class LocalCrew:
    """So many workers, who speak in turn; with `lose(n)` the one that would speak as the nth is lost."""

    scorer: Scorer
    size: int = 2
    lose: Callable[[int], bool] = lambda _number: False
    threads: int = 2
    shares: list[Share] = field(default_factory=list)
    _spoken: int = 0
    _hired: int = 0
    _workers: dict[int, Worker] = field(default_factory=dict)
    _given: dict[int, Share | None] = field(default_factory=dict)
    _gone: list[Worker] = field(default_factory=list)  # whose files stay, as after a kill

    @contextlib.contextmanager
    def __call__(self, _cluster: str, setup: Setup, _tell: object) -> Iterator[LocalCrew]:
        self._setup = setup
        self._workers, self._given = {}, {}
        yield self

    def idle(self) -> list[int]:
        while len(self._workers) < self.size:
            self._hired += 1
            worker = self._workers[self._hired] = Worker()
            worker.prepare(self._setup, self.threads, self.scorer)
        return [number for number in self._workers if number not in self._given]

    def give(self, worker: int, share: Share) -> None:
        self.shares.append(share)
        self._given[worker] = share

    def hear(self) -> list[Heard]:
        if not self._given:
            return []
        worker = min(self._given, key=lambda number: (number + self._spoken) % (self._hired + 1))
        self._spoken += 1
        try:
            if self.lose(self._spoken):
                raise Crash
            results, warnings = self._workers[worker].take(self._given[worker])
        except Crash:
            self._gone.append(self._workers.pop(worker))
            del self._given[worker]
            return [Heard(worker, lost="it crashed")]
        except MachineError as error:
            self._gone.append(self._workers.pop(worker))
            del self._given[worker]
            return [Heard(worker, lost=str(error), of_machine=True)]
        self._given[worker] = None
        if not results:
            del self._given[worker]
        return [Heard(worker, tuple(results), tuple(warnings))]

    def stop(self) -> None:
        for worker in self._workers.values():
            worker.stop()
