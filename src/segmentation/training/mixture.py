"""Which samples an epoch holds, and in which order: each once, or sources mixed by shares."""

from collections.abc import Sequence

import numpy as np


class Mixture:
    """The order of the samples in each epoch, decided by (seed, epoch) alone.

    `sources` is the number of each sample's source. Without `shares` an epoch holds every sample once. With
    them, one a source that add up to 1, it holds as many as let the first source appear whole; the others
    are gone through as often or as seldom as their shares ask for, none twice before all were seen.
    """

    def __init__(self, sources: Sequence[int], shares: Sequence[float] | None, seed: int):
        self._seed = seed
        if shares is None:
            self._members, self._counts = [np.arange(len(sources))], [len(sources)]
        else:
            self._members = [np.nonzero(np.equal(sources, number))[0] for number in range(len(shares))]
            whole = len(self._members[0]) / shares[0]
            self._counts = [len(self._members[0]), *(round(whole * share) for share in shares[1:])]

    def __len__(self) -> int:
        return sum(self._counts)

    def order(self, epoch: int) -> np.ndarray:
        """The indices of the samples of an epoch, counted from 0."""
        chosen = np.concatenate([self._take(number, epoch) for number in range(len(self._members))])
        return chosen[np.random.default_rng((self._seed, epoch)).permutation(len(chosen))]

    def _take(self, number: int, epoch: int) -> np.ndarray:
        members, count = self._members[number], self._counts[number]
        if count in (0, len(members)):
            return members[:count]
        first, last = epoch * count, (epoch + 1) * count
        rounds = range(first // len(members), -(-last // len(members)))
        stream = [np.random.default_rng((self._seed, number, one)).permutation(members) for one in rounds]
        start = first - rounds.start * len(members)
        return np.concatenate(stream)[start : start + count]
