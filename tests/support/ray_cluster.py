"""A Ray cluster of two nodes on this machine, and the processes of its workers."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before ray is imported


@contextlib.contextmanager
def two_nodes() -> Iterator[object]:
    """A cluster of two nodes with one core each; RAY_ADDRESS names it while the block lasts."""
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**small, "include_dashboard": False})
    try:
        cluster.add_node(**small)
        os.environ["RAY_ADDRESS"] = cluster.address
        yield cluster
    finally:
        os.environ.pop("RAY_ADDRESS", None)
        cluster.shutdown()


def workers() -> list[int]:
    """The processes of the workers that this process, or one that it started, has on a cluster."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and (folder / "cmdline").read_text().startswith("ray::Worker"):
                found.append(int(folder.name))
    return sorted(number for number in found if os.getpid() in _ancestors(number))


def _ancestors(process: int) -> Iterator[int]:
    while process > 1:
        yield process
        status = (Path("/proc") / str(process) / "stat").read_text()
        process = int(status.rpartition(")")[2].split()[1])
