"""Learning rates over time and early stopping are functions of progress and history alone."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.config.training import TrainConfig
from segmentation.training.schedules import learning_rate, stops

HIGHEST = 3e-4
progresses = st.floats(0, 500)
losses_lists = st.lists(st.floats(-3, 3), max_size=40)


def rate(schedule, progress, losses=(), epochs=100):
    config = TrainConfig(schedule=schedule, epochs=epochs, learning_rate=HIGHEST)
    return learning_rate(config, progress, losses)


@given(progresses, losses_lists)
def test_fixed_is_the_learning_rate_whatever_happens(progress, losses):
    assert rate("fixed", progress, losses) == HIGHEST


@pytest.mark.parametrize(
    ("losses", "share"),
    [
        ([], 1),
        ([1.0, 0.9, 0.8, 0.7, 0.6, 0.5], 1),
        ([1.0, 1.0, 1.0, 1.0], 1),
        ([1.0, 1.0, 1.0, 1.0, 1.0], 0.1),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 0.1),
        ([1.0, 2.0, 3.0, 4.0, 0.9, 2.0, 3.0, 4.0], 1),
        ([1.0] * 8, 0.1),
        ([1.0] * 9, 0.01),
        ([1.0] * 5 + [0.5] + [0.6] * 4, 0.01),
        ([-1.0, -1.5, -1.4, -1.4, -1.4, -1.4], 0.1),
        ([1.0] + [math.nan] * 4, 0.1),
    ],
)
def test_plateau_divides_by_ten_after_four_epochs_without_gain(losses, share):
    assert rate("plateau", len(losses), losses) == pytest.approx(HIGHEST * share)


@given(progresses, losses_lists, st.floats(-3, 3))
def test_plateau_never_rises_and_only_falls_by_tens(progress, losses, following):
    before, after = (rate("plateau", progress, history) for history in (losses, [*losses, following]))

    assert after == pytest.approx(before) or after == pytest.approx(before / 10)


@given(st.integers(1, 300))
def test_cosine_begins_at_the_rate_and_ends_at_zero(epochs):
    assert rate("cosine", 0, epochs=epochs) == HIGHEST
    assert rate("cosine", epochs / 2, epochs=epochs) == pytest.approx(HIGHEST / 2)
    assert rate("cosine", epochs, epochs=epochs) == pytest.approx(0, abs=1e-12)


@given(st.integers(1, 300), st.floats(0, 1), st.floats(0, 1))
def test_cosine_falls_all_the_way(epochs, first, second):
    earlier, later = sorted((first * epochs, second * epochs))

    assert 0 <= rate("cosine", later, epochs=epochs) <= rate("cosine", earlier, epochs=epochs) <= HIGHEST


@given(progresses)
def test_triangular_stays_between_its_lowest_and_highest_rate(progress):
    assert HIGHEST * 0.1 * (1 - 1e-9) <= rate("triangular", progress) <= HIGHEST * (1 + 1e-9)


@given(st.floats(0, 1, exclude_max=True))
def test_triangular_begins_with_a_level_epoch(progress):
    assert rate("triangular", progress) == rate("triangular", 0)
    assert rate("triangular", 0) == pytest.approx(HIGHEST * (1 + 0.1) / 2)


def test_triangular_then_rises_and_falls_in_cycles_of_declining_height():
    lowest = HIGHEST * 0.1
    peaks = [rate("triangular", progress) - lowest for progress in (10, 30, 50, 70)]

    assert peaks[0] == pytest.approx(HIGHEST - lowest)
    for earlier, later in pairwise(peaks):
        assert later == pytest.approx(earlier / 1.2)
    for progress in (20, 40, 60):
        assert rate("triangular", progress) == pytest.approx(lowest)
    for cycle in range(3):
        rising = [rate("triangular", 20 * cycle + 1 + step) for step in range(10)]
        falling = [rate("triangular", 20 * cycle + 10 + step) for step in range(11)]
        assert rising == sorted(set(rising))
        assert falling == sorted(set(falling), reverse=True)


@given(st.floats(1.001, 300))
def test_triangular_is_linear_between_its_corners(progress):
    step = 1e-4
    corner = round(progress / 10) * 10
    if abs(progress - corner) > 2 * step and progress > 1 + step:
        before, here, after = (rate("triangular", progress + change) for change in (-step, 0, step))
        assert here == pytest.approx((before + after) / 2, rel=1e-9)


@given(st.sampled_from(["fixed", "plateau", "cosine", "triangular"]), progresses, losses_lists)
def test_the_learning_rate_option_scales_every_schedule(schedule, progress, losses):
    single, double = (
        learning_rate(TrainConfig(schedule=schedule, learning_rate=highest), progress, losses)
        for highest in (HIGHEST, 2 * HIGHEST)
    )

    assert double == pytest.approx(2 * single)


@pytest.mark.parametrize(
    ("patience", "scores", "expected"),
    [
        (2, [], False),
        (2, [0.5, 0.4], False),
        (2, [0.5, 0.4, 0.4], True),
        (2, [0.5, 0.5, 0.5], True),
        (2, [0.5, 0.4, 0.6], False),
        (2, [0.5, 0.4, 0.6, 0.5], False),
        (2, [0.5, 0.4, 0.6, 0.5, 0.6], True),
        (3, [0.5, 0.4, 0.4], False),
        (1, [0.5, 0.5], True),
        (0, [0.9] + [0.1] * 99, False),
    ],
)
def test_training_stops_after_patience_epochs_without_a_better_score(patience, scores, expected):
    assert stops(patience, scores) is expected


@given(st.integers(1, 10), st.lists(st.floats(0, 1), max_size=30))
def test_training_stops_as_soon_as_the_best_is_patience_epochs_old(patience, scores):
    best_age = len(scores) - 1 - scores.index(max(scores)) if scores else 0

    assert stops(patience, scores) is (best_age >= patience)
