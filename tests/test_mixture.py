"""Sources are mixed by their shares, and no photo comes twice before the others of its source have come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.training.mixture import Mixture

SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(1, 50), SEEDS, st.integers(0, 5))
def test_without_shares_an_epoch_holds_every_sample_once(count, seed, epoch):
    mixture = Mixture([0] * count, None, seed)

    assert len(mixture) == count
    assert sorted(mixture.order(epoch)) == list(range(count))


@given(st.integers(1, 30), st.integers(1, 60), st.floats(0.05, 0.95), SEEDS)
def test_each_source_has_its_share_of_an_epoch(first, second, share, seed):
    mixture = Mixture([0] * first + [1] * second, (share, 1 - share), seed)
    order = mixture.order(3)

    assert len(order) == len(mixture)
    assert (order < first).sum() == first  # the first source whole
    assert first / len(order) == pytest.approx(share, abs=1 / len(order))


@given(st.integers(1, 20), st.integers(1, 40), SEEDS)
def test_no_sample_comes_twice_before_all_of_its_source_have_come(first, second, seed):
    mixture = Mixture([0] * first + [1] * second, (0.6, 0.4), seed)
    seen = np.concatenate([mixture.order(epoch) for epoch in range(12)])
    times = np.bincount(seen, minlength=first + second)

    assert set(times[:first]) == {12}
    assert np.ptp(times[first:]) <= 1


def test_a_source_with_a_very_small_share_is_shown_all_the_same():
    mixture = Mixture([0] * 10 + [1] * 200, (0.97, 0.03), 0)
    shown = np.concatenate([mixture.order(epoch) for epoch in range(200)])

    assert {*shown.tolist()} == {*range(210)}


def test_epochs_and_seeds_differ_and_repeat():
    def order(seed, epoch):
        return Mixture([0] * 20 + [1] * 30, (0.5, 0.5), seed).order(epoch).tolist()

    orders = [order(0, 0), order(0, 1), order(1, 0)]

    assert len({tuple(one) for one in orders}) == 3
    assert order(0, 1) == orders[1]
