"""The conditions under which a model trained on corrections counts as better, and what is said of it."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from segmentation.evaluation.adaptation import Trial, Verdict
from segmentation.metrics.intervals import Interval, cautious_interval, mean_interval


def trial(mean, low, high, photos=6, garments=6):
    return Trial(photos, garments, 0.97, 0.97 + mean, Interval(mean, low, high), better=4, worse=2)


CLEAR = trial(0.012, 0.004, 0.02)
UNSURE = trial(0.012, -0.001, 0.02)


def verdict(corrections, validation):
    return Verdict("default", "mine", corrections, validation)


@pytest.mark.parametrize(
    ("corrections", "validation", "may_be_named", "may_replace"),
    [
        (CLEAR, trial(0.0, -0.001, 0.001), True, True),
        (CLEAR, trial(0.003, 0.001, 0.004), True, True),
        (CLEAR, None, True, False),
        (trial(0.012, 0.004, 0.02, garments=5), trial(0.003, 0.001, 0.004), False, False),
        (CLEAR, trial(-0.001, -0.01, 0.008, garments=2), True, False),
        (CLEAR, trial(-0.002, -0.003, -0.001), True, False),
        (CLEAR, trial(-0.02, -0.05, 0.001), False, False),
        (UNSURE, trial(0.003, 0.001, 0.004), False, False),
        (trial(0.0, 0.0, 0.0), None, False, False),
        (trial(-0.01, -0.02, -0.005), None, False, False),
    ],
    ids=[
        "gain",
        "gain twice",
        "unknown cost",
        "few garments",
        "few of others",
        "small cost",
        "large cost",
        "chance",
        "same",
        "worse",
    ],
)
def test_a_model_takes_a_name_for_a_gain_and_that_of_another_for_no_loss(
    corrections, validation, may_be_named, may_replace
):
    found = verdict(corrections, validation)

    assert (found.better, found.better_everywhere) == (may_be_named, may_replace)


@pytest.mark.parametrize(
    ("corrections", "validation", "words"),
    [
        (CLEAR, trial(0.0, -0.001, 0.001), "mine is better than default on corrected photos (6 photos that"),
        (
            CLEAR,
            trial(0.0, -0.001, 0.001),
            "+0.0120 (95% interval +0.0040 to +0.0200)",
        ),
        (CLEAR, trial(0.0, -0.001, 0.001), "costs nothing beyond chance on others (6 validation photos"),
        (CLEAR, trial(-0.002, -0.003, -0.001), "at the cost of others"),
        (CLEAR, trial(-0.02, -0.05, 0.001), "loses more on others"),
        (CLEAR, trial(0.003, 0.001, 0.004), "better on others as well"),
        (CLEAR, None, "is unknown"),
        (UNSURE, None, "mine is perhaps better than default"),
        (UNSURE, None, "which could be chance"),
        (CLEAR, None, "no validation set, without which no model is replaced"),
        (trial(0.012, 0.004, 0.02, garments=2), None, "mine is perhaps better than default"),
        (trial(0.012, 0.004, 0.02, garments=2), None, "too few to tell: 2 garments, where 6 are needed"),
        (trial(-0.01, -0.02, -0.005), None, "mine is no better than default"),
    ],
)
def test_one_sentence_says_whether_it_is_better_where_and_at_what_cost(corrections, validation, words):
    sentence = str(verdict(corrections, validation))

    assert words in sentence
    assert "\n" not in sentence
    assert ". " not in sentence


def test_one_that_its_validation_set_could_not_judge_takes_no_name():
    found = dataclasses.replace(verdict(CLEAR, None), failed=True)

    assert not found.better
    assert not found.better_everywhere
    assert "unknown, since the validation set could not judge it" in str(found)


def test_one_photo_is_called_a_photo():
    single = dataclasses.replace(CLEAR, photos=1)
    assert "1 validation photo:" in str(verdict(CLEAR, single))


@pytest.mark.parametrize("garments", [2, 6, 14])
def test_a_gain_on_few_garments_is_told_from_chance_by_students_t(garments):
    changes = np.random.default_rng(0).normal(0.005, 0.01, garments)
    names = [str(number) for number in range(garments) for _view in range(2)]

    found = cautious_interval(np.repeat(changes, 2), names)
    expected = ttest_1samp(changes, 0).confidence_interval(0.95)

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_gain_on_many_garments_is_told_from_chance_by_resampling():
    changes = np.random.default_rng(0).normal(0.005, 0.01, 15)

    assert cautious_interval(changes) == mean_interval(changes)
