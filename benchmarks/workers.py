"""Do two workers, or two nodes, cut out twice as many photos as one? Photos/s, and the parallel efficiency.

    python benchmarks/workers.py [--input DIR] [--photos N] [--rounds N] [--model NAME]

`predict --save` runs with one worker on one core and with two on two, and with `--on ray` on a local cluster
of one node and on one of two, each node a core; all of them by turns. A start is taken off: the time of the
same command over two photos. Parallel efficiency is half of the ratio of two to one.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from photos import gather
from program import by_turns, predict
from project import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # the tests start such clusters

START = 2  # photos of the command that is all but a start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", type=Path, help="folder of photos (default: drawn ones of 1152x1728)")
    parser.add_argument("--photos", type=int, default=40, help="of the folder (default: 40)")
    parser.add_argument("--rounds", type=int, default=3, help="that count (default: 3)")
    parser.add_argument("--model", default="default", help="name or path of a model (default: default)")
    options = parser.parse_args()
    ways: dict[str, Callable[..., float]] = {"worker": _workers}
    if find_spec("ray"):
        ways["node"] = _nodes
    else:
        print("nodes: skipped, they need ray: pip install '.[ray]'")
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("expected two cores or more, found one")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        few = gather(options.input, START, work / "few")
        many = gather(options.input, options.photos, work / "many")
        outputs = (work / f"results-{number}" for number in count())

        def rate(way: Callable[..., float], number: int) -> float:
            took = {
                photos: way(number, photos, next(outputs), "--model", options.model) for photos in (few, many)
            }
            return (options.photos - START) / (took[many] - took[few])

        turns = {f"{number} {name}": partial(rate, ways[name], number) for name in ways for number in (1, 2)}
        rates = by_turns(turns, options.rounds)
    for name in ways:
        one, two = rates[f"1 {name}"], rates[f"2 {name}"]
        print(f"one {name}   {one:6.2f} photos/s")
        print(
            f"two {name}s  {two:6.2f} photos/s, {two / one:.2f} times as many: efficiency {two / one / 2:.2f}"
        )


def _workers(number: int, photos: Path, output: Path, *options: str) -> float:
    """Return the seconds of `predict` by so many workers on as many cores."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(mine)[:number])  # which the command inherits
    try:
        return predict(photos, output, "--workers", number, *options).seconds
    finally:
        os.sched_setaffinity(0, mine)


def _nodes(number: int, photos: Path, output: Path, *options: str) -> float:
    """Return the seconds of `predict --on ray` on a cluster of so many nodes, which is there before it."""
    from support.ray_cluster import nodes

    with nodes(number):
        shard = -(-len(list(photos.iterdir())) // 4)  # two for each of two nodes
        command = ("--on", "ray", "--workers", 1, "--shard-photos", shard, *options)
        return predict(photos, f"file://{output}", *command).seconds


if __name__ == "__main__":
    main()
