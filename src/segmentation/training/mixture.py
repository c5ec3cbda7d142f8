"""The samples of an epoch and their order: each once, or sources mixed by shares."""

from collections.abc import Sequence

import numpy as np


class Mixture:
    """The order of the samples in each epoch, decided by (seed, epoch) alone.

    `sources` is the number of each sample's source. Without `shares` an epoch holds every sample once. With
    `shares`, one for each source, adding up to 1, it holds every sample of the first source once and as many
    of the others as their shares ask for, at least one; no sample is repeated before all of its source were
    taken. Where there are `repeats`, "once" is so many times.
    """

    def __init__(self, sources: Sequence[int], shares: Sequence[float] | None, seed: int, repeats: int = 1):
        self._seed = seed
        if shares is None:
            self._members, self._counts = [np.arange(len(sources))], [repeats * len(sources)]
        else:
            self._members = [np.nonzero(np.equal(sources, number))[0] for number in range(len(shares))]
            first = repeats * len(self._members[0])
            whole = first / shares[0]
            self._counts = [first, *(max(1, round(whole * share)) for share in shares[1:])]

    def __len__(self) -> int:
        return sum(self._counts)

    def order(self, epoch: int) -> np.ndarray:
        """Return the indices of the samples of an epoch, counted from 0."""
        chosen = np.concatenate([self._take(number, epoch) for number in range(len(self._members))])
        return chosen[np.random.default_rng((self._seed, epoch)).permutation(len(chosen))]

    def _take(self, number: int, epoch: int) -> np.ndarray:
        members, count = self._members[number], self._counts[number]
        if count in (0, len(members)):
            return members[:count]
        first, last = epoch * count, (epoch + 1) * count
        rounds = range(first // len(members), -(-last // len(members)))
        stream = [np.random.default_rng((self._seed, number, lap)).permutation(members) for lap in rounds]
        start = first - rounds.start * len(members)
        return np.concatenate(stream)[start : start + count]
