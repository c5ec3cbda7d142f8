"""The place of a process among those that train one network together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Rank:
    """The place of this process, counted from 0, among the `processes` that train one network together."""

    index: int = 0
    processes: int = 1

    def part_of(self, batch: Sequence[Item]) -> Sequence[Item]:
        """Return the part of a batch that this process computes; the parts are equal, and in order.

        The number of photos in the batch is one that `processes` divides.
        """
        size = len(batch) // self.processes
        return batch[self.index * size : (self.index + 1) * size]

    def whole(self, size: int) -> int:
        """Return the smallest batch of at least `size` photos that has equal parts."""
        return -(-size // self.processes) * self.processes


ALONE = Rank()
"""A process that trains a network by itself."""
