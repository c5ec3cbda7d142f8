"""The machines of a cluster in the place of Ray: a crew that is given them hires workers there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from segmentation.core.errors import MachineError


class RayError(Exception):
    """An error as Ray raises it for a worker that is lost."""


class RayTaskError(RayError):
    """An error as Ray raises it for one that a worker raised, its `cause`."""

    def __init__(self, cause: Exception):
        super().__init__(str(cause))
        self.cause = cause


@dataclasses.dataclass(frozen=True)
class Pinned:
    """The wish that a worker comes to one machine, and to no other unless it is `soft`."""

    node_id: str
    soft: bool


@dataclasses.dataclass(eq=False)
class Actor:
    """A worker that waits for free cores, of one machine or of any; each share has one result."""

    machines: Machines
    wanted: str | None
    cores: int
    machine: str | None = None
    lost: bool = False

    def __getattr__(self, name: str) -> Any:
        if name not in ("prepare", "take", "stop"):
            raise AttributeError(name)
        return SimpleNamespace(remote=lambda *given: Answer(self, name, given))


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """The answer of an actor to a method, which is awaited."""

    actor: Actor
    method: str
    given: tuple[Any, ...]


class Machines:
    """Machines by their names, each with so many cores; disks of some are `full`.

    A worker comes to the machine that it is pinned to, or to the first that has free cores.
    """

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
    util = SimpleNamespace(scheduling_strategies=SimpleNamespace(NodeAffinitySchedulingStrategy=Pinned))

    def __init__(self, **cores: int):
        self.cores = cores
        self.full: set[str] = set()
        self._actors: list[Actor] = []

    def workers(self) -> list[str]:
        """Return the machines of the workers that are somewhere."""
        return sorted(actor.machine for actor in self._actors if actor.machine)

    def crash(self, machine: str) -> None:
        """Lose the workers of a machine, and those that wait for it."""
        for actor in [actor for actor in self._actors if machine in (actor.machine, actor.wanted)]:
            self.kill(actor)

    def leave(self, machine: str) -> None:
        """Lose a machine."""
        del self.cores[machine]
        self.crash(machine)

    def nodes(self) -> list[dict[str, Any]]:
        there = [{"NodeID": name, "Alive": True, "Resources": {"CPU": n}} for name, n in self.cores.items()]
        return [*there, {"NodeID": "earlier", "Alive": False, "Resources": {}}]

    def put(self, value: object) -> object:
        return value

    def remote(self, num_cpus: int, **_options: Any) -> Callable[[type], SimpleNamespace]:
        def options(scheduling_strategy: Pinned | str = "DEFAULT") -> SimpleNamespace:
            wanted = scheduling_strategy.node_id if isinstance(scheduling_strategy, Pinned) else None
            return SimpleNamespace(remote=lambda: self._hire(wanted, num_cpus))

        return lambda _worker: SimpleNamespace(options=options, remote=options().remote)

    def wait(self, answers: list[Answer], timeout: float) -> tuple[list[Answer], list[Answer]]:  # noqa: ARG002
        for actor in self._actors:
            places = [actor.wanted] if actor.wanted else self.cores
            free = (name for name in places if self._used(name) + actor.cores <= self.cores[name])
            actor.machine = actor.machine or next(free, None)
        ready = [answer for answer in answers if answer.actor.machine or answer.actor.lost][:1]
        return ready, [answer for answer in answers if answer not in ready]

    def get(self, answer: Answer) -> tuple[list[str], list[str]]:
        machine = answer.actor.machine
        if answer.actor.lost:
            raise RayError("The actor died unexpectedly.")
        if answer.method == "take" and machine in self.full:
            raise RayTaskError(MachineError(f"{machine}: no space left on device"))
        return (["a result"] if answer.given else [], [])

    def kill(self, actor: Actor) -> None:
        actor.lost, actor.machine = True, None
        if actor in self._actors:
            self._actors.remove(actor)

    def _used(self, machine: str) -> int:
        return sum(actor.cores for actor in self._actors if actor.machine == machine)

    def _hire(self, wanted: str | None, cores: int) -> Actor:
        actor = Actor(self, wanted, cores)
        self._actors.append(actor)
        return actor
