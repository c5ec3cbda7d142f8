"""The workers on a Ray cluster: each machine has its own, and one whose disk is full gets no other."""

import pytest
from support.machines import Machines

from segmentation.config.jobs.predict import PredictOptions
from segmentation.core.errors import DataError, MachineError
from segmentation.jobs.cluster_setup import Setup
from segmentation.jobs.ray_crew import RayCrew


def crew_on(machines, **options):
    return RayCrew(machines, Setup(PredictOptions.of(input="in", **options), {}, {}), lambda _event: None)


def all_ready(crew, machines, workers):
    """Let the crew hire until so many are ready; return the numbers of the idle ones."""
    crew.idle()
    for _ in range(10):
        if len(machines.workers()) == workers == len(crew.idle()):
            break
        assert not [heard for heard in crew.hear() if heard.lost]
    return crew.idle()


def lost_one(crew):
    """Hear until a worker is lost."""
    for _ in range(10):
        for heard in crew.hear():
            if heard.lost:
                return heard
    raise AssertionError("nobody was lost")


def work_on(crew, machines, name):
    """Give a share to the worker of a machine, who is lost by it; return what is heard of that."""
    everybody = all_ready(crew, machines, len(machines.cores))
    crew.give(everybody[[*machines.cores].index(name)], "a share")
    return lost_one(crew)


def begin_and_crash(crew, machines, name):
    crew.idle()
    machines.crash(name)
    return crew.hear()


def test_each_machine_has_as_many_workers_as_its_cores_allow():
    machines = Machines(a=4, b=2, c=0)
    all_ready(crew_on(machines), machines, 3)

    assert machines.workers() == ["a", "a", "b"]


def test_a_worker_that_is_lost_beside_a_machine_that_is_full_is_replaced_on_its_own():
    machines = Machines(a=1, b=1)
    machines.full = {"a"}
    crew = crew_on(machines)
    assert work_on(crew, machines, "a").of_machine
    machines.crash("b")
    crew.give(crew.idle()[0], "a share")
    assert not lost_one(crew).of_machine
    (worker,) = all_ready(crew, machines, 1)
    crew.give(worker, "a share")

    assert machines.workers() == ["b"]
    assert [heard.results for heard in crew.hear()] == [("a result",)]


def test_a_machine_that_comes_for_one_that_was_full_is_used():
    machines = Machines(a=1, b=1)
    machines.full = {"a"}
    crew = crew_on(machines)
    work_on(crew, machines, "a")
    machines.leave("a")
    machines.cores["c"] = 1
    all_ready(crew, machines, 2)

    assert machines.workers() == ["b", "c"]


def test_the_work_ends_where_every_machine_is_full():
    machines = Machines(a=1)
    machines.full = {"a"}
    with pytest.raises(MachineError, match="a: no space left"):
        work_on(crew_on(machines), machines, "a")


def test_a_machine_that_goes_before_its_workers_could_begin_ends_nothing():
    machines = Machines(a=1, b=4)
    crew = crew_on(machines)
    crew.idle()
    machines.leave("b")
    for _ in range(4):
        assert lost_one(crew).lost
    all_ready(crew, machines, 1)

    assert machines.workers() == ["a"]


def test_workers_that_never_begin_end_the_work():
    machines = Machines(a=1)
    crew = crew_on(machines)
    for _ in range(2):
        assert begin_and_crash(crew, machines, "a")
    with pytest.raises(DataError, match="3 workers ended before they could begin"):
        begin_and_crash(crew, machines, "a")


def test_a_worker_waits_for_a_machine_that_is_large_enough():
    machines = Machines(a=2)
    crew = crew_on(machines, workers=4)
    assert all_ready(crew, machines, 0) == []
    machines.cores["b"] = 4
    crew.hear()

    assert len(crew.idle()) == 1
    assert machines.workers() == ["b"]
