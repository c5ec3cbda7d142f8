"""A Ray cluster on this machine, and the processes of its workers."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from support.ports import free_port
from support.processes import started_by

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before ray is imported


@dataclass(frozen=True)
class Nodes:
    """Ray's own `cluster`, and the `address` at which the client of another machine would reach it."""

    cluster: Any
    address: str


@contextlib.contextmanager
def nodes(number: int) -> Iterator[Nodes]:
    """A cluster of so many nodes with one core each; RAY_ADDRESS names it while the block lasts."""
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    port = free_port()
    head = {**small, "include_dashboard": False, "ray_client_server_port": port}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(number - 1):
            cluster.add_node(**small)
        os.environ["RAY_ADDRESS"] = cluster.address
        yield Nodes(cluster, f"ray://127.0.0.1:{port}")
    finally:
        os.environ.pop("RAY_ADDRESS", None)
        cluster.shutdown()


def workers() -> list[int]:
    """The processes of the workers that this process, or one that it started, has on a cluster."""
    return started_by(os.getpid(), "ray::Worker")
