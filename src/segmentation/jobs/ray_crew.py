"""Workers on a Ray cluster: an actor for every so many cores, however many machines there are.

Plain actors in the place of Ray Data: each writes a shard of the manifest from its begin to its end, and goes
on where a lost one was, for which blocks of a data set have no place.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError, MachineError, SegmentationError, printable
from segmentation.core.events import Caution, Tell
from segmentation.core.imports import require
from segmentation.jobs.cluster import Heard
from segmentation.jobs.cluster_setup import Setup
from segmentation.jobs.cluster_worker import Worker
from segmentation.outputs.shares import Share

_LOOK_EVERY_S = 5.0  # for machines that came
_HEAR_FOR_S = 1.0
_STILLBORN = 3  # workers that were lost, one after the other, before any was ready
_ALONE_S = 60.0  # without a worker, after which a person wants to know

_PACKAGE = Path(__file__).parents[1]
"""This package, which is sent to the machines of a cluster; they need what it imports."""


@contextmanager
def ray_crew(cluster: str, setup: Setup, tell: Tell) -> Iterator["RayCrew"]:
    """Connect to a cluster, "ray" or "ray://HOST:PORT", and leave it at the end.

    Raises MissingExtraError without Ray, ConfigError where the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    ray = require("ray", "ray")
    if ray.is_initialized():
        yield from _with_crew(ray, setup, tell)
        return
    try:
        with _own_signals():
            ray.init(
                address=None if cluster == "ray" else cluster,
                include_dashboard=False if cluster == "ray" else None,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                runtime_env={"py_modules": [str(_PACKAGE)]},
            )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise ConfigError(
            f"`on={cluster}`: cannot be reached ({printable(str(error).strip().splitlines()[0])}); check the "
            "address and RAY_ADDRESS"
        ) from error
    try:
        yield from _with_crew(ray, setup, tell)
    finally:
        ray.shutdown()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what this process does on signals, which Ray would replace."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _with_crew(ray: Any, setup: Setup, tell: Tell) -> Iterator["RayCrew"]:
    crew = RayCrew(ray, setup, tell)
    try:
        yield crew
    finally:
        crew.dismiss()


class RayCrew:
    """The workers of a job on a cluster, as many as its cores allow; they come and go as machines do.

    Each is hired on a machine by name, so that none comes to one whose disk is full.
    """

    def __init__(self, ray: Any, setup: Setup, tell: Tell):
        self._ray = ray
        self._tell = tell
        fewest = min(map(int, self._cores_of_nodes().values()), default=1)
        self._cores = setup.options.work.workers or fewest
        # a second thread of the actor, which takes the order to stop
        self._worker = ray.remote(num_cpus=self._cores, max_restarts=0, max_concurrency=2)(Worker)
        self._setup = ray.put(setup)
        self._actors: dict[int, Any] = {}
        self._nodes: dict[int, str | None] = {}  # of the actors; None is any
        self._unfit: set[str | None] = set()
        self._asked: dict[Any, int] = {}  # whose answer is awaited
        self._idle: list[int] = []
        self._looked_s = -_LOOK_EVERY_S
        self._hired = self._stillborn = 0
        self._alone_since_s = time.monotonic()

    def idle(self) -> list[int]:
        if time.monotonic() - self._looked_s > _LOOK_EVERY_S:
            self._looked_s = time.monotonic()
            for node, room in self._rooms().items():
                for _ in range(room - [*self._nodes.values()].count(node)):
                    self._hire(node)
            if not self._actors:
                self._hire(None)  # who waits for a machine that comes
        return [*self._idle]

    def give(self, worker: int, share: Share) -> None:
        self._idle.remove(worker)
        self._asked[self._actors[worker].take.remote(share)] = worker

    def hear(self) -> list[Heard]:
        self._warn_alone()
        if not self._asked:
            time.sleep(_HEAR_FOR_S)
            return []
        answered, _others = self._ray.wait([*self._asked], timeout=_HEAR_FOR_S)
        return [heard for answer in answered if (heard := self._heard(answer, self._asked.pop(answer)))]

    def stop(self) -> None:
        for actor in self._actors.values():
            actor.stop.remote()

    def dismiss(self) -> None:
        """Let all of them go."""
        for actor in self._actors.values():
            self._ray.kill(actor)

    def _hire(self, node: str | None) -> None:
        pinned = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        place = "DEFAULT" if node is None else pinned(node, soft=False)
        self._hired += 1
        actor = self._worker.options(scheduling_strategy=place).remote()
        self._actors[self._hired], self._nodes[self._hired] = actor, node
        self._asked[actor.prepare.remote(self._setup, self._cores)] = -self._hired

    def _heard(self, answer: Any, number: int) -> Heard | None:
        worker = abs(number)
        try:
            found = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            if not isinstance(error.cause, MachineError):
                raise self._cause(error) from error
            self._unfit.add(self._nodes[worker])
            lost = self._lost(worker, str(error.cause), was_ready=True)
            if not self._actors and not self._rooms():
                raise self._cause(error) from error
            return replace(lost, of_machine=True)
        except self._ray.exceptions.RayError as error:
            return self._lost(worker, str(error), was_ready=number > 0)
        if number < 0:
            self._stillborn = 0
            self._idle.append(worker)
            return None
        results, warnings = found
        if results:
            self._asked[self._actors[worker].take.remote()] = worker
        else:
            self._idle.append(worker)
        return Heard(worker, tuple(results), tuple(warnings))

    def _lost(self, worker: int, reason: str, *, was_ready: bool) -> Heard:
        lines = [line.strip() for line in reason.strip().splitlines() if line.strip()]
        told = printable(lines[0] if was_ready else lines[-1])
        node = self._nodes.pop(worker)
        self._ray.kill(self._actors.pop(worker))
        self._looked_s = -_LOOK_EVERY_S
        left = node is not None and node not in self._cores_of_nodes()
        self._stillborn += not was_ready and not left
        if self._stillborn >= _STILLBORN:
            raise DataError(
                f"`on`: {self._stillborn} workers ended before they could begin ({told}); check that every "
                "machine of the cluster has garment-cutout with the extra ray"
            )
        return Heard(worker, lost=told)

    def _warn_alone(self) -> None:
        waiting = len(self._asked) == sum(number < 0 for number in self._asked.values()) and not self._idle
        if not waiting:
            self._alone_since_s = time.monotonic()
        elif time.monotonic() - self._alone_since_s > _ALONE_S:
            self._alone_since_s = time.monotonic()
            self._tell(Caution(f"no worker is ready yet; each needs {counted(self._cores, 'free core')}"))

    def _rooms(self) -> dict[str, int]:
        """Return for how many workers each machine has cores, without those that are unfit."""
        rooms = {node: int(cores) // self._cores for node, cores in self._cores_of_nodes().items()}
        return {node: room for node, room in rooms.items() if room and node not in self._unfit}

    def _cores_of_nodes(self) -> dict[str, float]:
        cores = {
            node["NodeID"]: node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"]
        }
        return {node: count for node, count in cores.items() if count >= 1}

    def _cause(self, error: Any) -> Exception:
        """Return what a worker raised, where that is an error of a user; else what Ray says."""
        return error.cause if isinstance(error.cause, SegmentationError) else error
