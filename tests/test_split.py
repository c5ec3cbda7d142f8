"""No garment is ever on both sides, and the same seed always gives the same split."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segmentation.core.errors import ConfigError, DataError
from segmentation.core.samples import Sample
from segmentation.datasets.split import Split, folds, holdout

group_sizes = st.lists(st.integers(1, 6), min_size=2, max_size=30)
seeds = st.integers(0, 1000)


def _samples(sizes: list[int]) -> list[Sample]:
    return [
        Sample(f"g{group:02}_{view}", Path(f"{group}_{view}.jpg"), None, f"g{group:02}", str(view))
        for group, size in enumerate(sizes)
        for view in range(size)
    ]


def _check(split: Split, samples: list[Sample]) -> None:
    ids = [[sample.id for sample in side] for side in (split.train, split.val)]
    assert sorted(ids[0] + ids[1]) == sorted(sample.id for sample in samples)
    assert ids == [sorted(side) for side in ids]
    assert not {sample.group for sample in split.train} & {sample.group for sample in split.val}
    assert split.train
    assert split.val


@settings(deadline=None)
@given(sizes=group_sizes, fraction=st.floats(0.01, 0.99), seed=seeds)
def test_a_holdout_parts_whole_garments_and_loses_no_photo(sizes, fraction, seed):
    samples = _samples(sizes)
    _check(holdout(samples, fraction, seed), samples)


@settings(deadline=None)
@given(sizes=group_sizes, fraction=st.floats(0.01, 0.99), seed=seeds)
def test_a_holdout_is_as_near_to_the_fraction_as_whole_garments_allow(sizes, fraction, seed):
    reachable = {0}
    for size in sizes:
        reachable |= {total + size for total in reachable}
    nearest = min(abs(total - fraction * sum(sizes)) for total in reachable - {0, sum(sizes)})
    received = len(holdout(_samples(sizes), fraction, seed).val)
    assert abs(received - fraction * sum(sizes)) == pytest.approx(nearest)


@settings(deadline=None)
@given(sizes=group_sizes, seed=seeds, order=st.randoms(use_true_random=False))
def test_neither_the_order_of_the_photos_nor_a_second_run_changes_a_split(sizes, seed, order):
    samples = _samples(sizes)
    shuffled = order.sample(samples, len(samples))
    assert holdout(shuffled, 0.3, seed) == holdout(samples, 0.3, seed)
    assert folds(shuffled, 2, seed) == folds(samples, 2, seed)


@settings(deadline=None)
@given(sizes=group_sizes, count=st.integers(2, 8), seed=seeds)
def test_folds_hold_out_every_photo_exactly_once(sizes, count, seed):
    assume(count <= len(sizes))
    samples = _samples(sizes)
    splits = folds(samples, count, seed)
    assert len(splits) == count
    for split in splits:
        _check(split, samples)
    held_out = [sample.id for split in splits for sample in split.val]
    assert sorted(held_out) == sorted(sample.id for sample in samples)
    photos = [len(split.val) for split in splits]
    assert max(photos) - min(photos) <= max(sizes)


def test_every_garment_has_about_the_same_chance_to_be_held_out():
    samples = _samples([1, 3] * 10)
    counts = {sample.group: 0 for sample in samples}
    for seed in range(400):
        for group in {sample.group for sample in holdout(samples, 0.25, seed).val}:
            counts[group] += 1
    single, triple = np.array(list(counts.values())).reshape(-1, 2).T
    for received in (*single, *triple):
        assert 60 <= received <= 140  # 100 expected, standard deviation below 9


def test_photos_without_a_group_are_garments_of_their_own():
    samples = [Sample(f"photo{number}", Path(f"{number}.jpg")) for number in range(20)]
    assert len(holdout(samples, 0.15, 0).val) == 3


def test_another_seed_gives_another_split():
    samples = _samples([1] * 40)
    assert len({holdout(samples, 0.25, seed) for seed in range(10)}) == 10
    assert folds(samples, 4, 0) != folds(samples, 4, 1)


@pytest.mark.parametrize("sizes", [[], [5]])
def test_one_garment_cannot_be_split(sizes):
    with pytest.raises(DataError, match=f"at least 2 garments.*received {len(sizes)}"):
        holdout(_samples(sizes))


def test_more_folds_than_garments_are_refused_with_both_numbers():
    with pytest.raises(DataError, match="at least 4 garments for 4 folds, received 3"):
        folds(_samples([2, 2, 2]), 4)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 15, float("nan")])
def test_a_fraction_outside_0_and_1_is_refused(fraction):
    with pytest.raises(ConfigError, match="fraction"):
        holdout(_samples([1, 1]), fraction)


def test_a_single_fold_is_refused():
    with pytest.raises(ConfigError, match="at least 2, received 1"):
        folds(_samples([1, 1]), 1)
