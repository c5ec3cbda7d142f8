"""The threshold search: the best mean Dice, in the middle of where it is best."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from segmentation.config.scoring import parse_threshold
from segmentation.core.errors import DataError
from segmentation.metrics.masks import THRESHOLDS, Counts, counts_by_threshold
from segmentation.metrics.threshold import doubt_about, search


def counts_with_dice(dice_by_threshold):
    """Counts whose Dice over the thresholds is the given one, to a millionth of a millionth."""
    tp = np.round(np.asarray(dice_by_threshold) * 10**12).astype(np.int64)
    missed = 2 * (10**12 - tp)
    return Counts(tp, np.zeros_like(tp), missed, np.zeros_like(tp))


def curve(base, **plateaus):
    values = np.full(256, base)
    for name, value in plateaus.items():
        first, last = map(int, name.removeprefix("from_").split("_to_"))
        values[first : last + 1] = value
    return counts_with_dice(values)


@settings(max_examples=30, deadline=None)
@given(st.lists(arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)), min_size=1, max_size=3))
def test_mean_dice_agrees_with_scikit_learn_and_the_best_is_the_highest(score_maps):
    target = np.arange(20).reshape(4, 5) % 3 == 0
    found = search([counts_by_threshold(scores, target) for scores in score_maps])

    for k in range(0, 256, 15):
        masks = [scores >= THRESHOLDS[k] for scores in score_maps]
        expected = np.mean([f1_score(target.ravel(), mask.ravel(), zero_division=1) for mask in masks])
        assert found.dice_mean[k] == pytest.approx(expected)
    assert found.dice_mean_at_best >= found.dice_mean[1:-1].max() - 1e-6
    assert np.float32(found.best) in found.thresholds


def test_every_photo_counts_the_same_however_large_its_garment():
    small, large = curve(0.2, from_100_to_100=1.0), curve(0.2, from_200_to_200=0.9)
    thousandfold = Counts(large.tp * 1000, large.fp * 1000, large.fn * 1000, large.tn * 1000)

    assert search([small, thousandfold]).best == 100 / 255


def test_the_middle_of_a_plateau_is_taken():
    assert search([curve(0.5, from_100_to_140=0.9)]).best == 120 / 255


def test_a_plateau_holds_what_differs_by_less_than_a_millionth():
    assert search([curve(0.5, from_100_to_140=0.9, from_141_to_141=0.9 + 5e-7)]).best == 120 / 255
    assert search([curve(0.5, from_100_to_140=0.9, from_141_to_141=0.9 + 2e-6)]).best == 141 / 255


def test_of_several_plateaus_the_longest_is_taken():
    assert search([curve(0.5, from_10_to_12=0.9, from_150_to_170=0.9, from_200_to_203=0.9)]).best == 160 / 255


def test_scores_that_are_certain_give_a_threshold_in_the_middle():
    target = np.eye(6, dtype=bool)

    assert search([counts_by_threshold(target.astype(np.float32), target)]).best == 127 / 255


def test_a_plateau_at_either_end_is_found():
    assert search([curve(0.5, from_0_to_20=0.9)]).best == 10 / 255
    assert search([curve(0.5, from_235_to_255=0.9)]).best == 244 / 255


@pytest.mark.parametrize(("end", "best"), [(0, 1), (255, 254)])
def test_a_threshold_that_takes_everything_or_nothing_is_never_chosen(end, best):
    assert (
        search([curve(0.5, **{f"from_{end}_to_{end}": 1.0, f"from_{best}_to_{best}": 0.6})]).best
        == best / 255
    )


@pytest.mark.parametrize("typed", ["0", "1", "0.0", "1.0"])
def test_a_threshold_that_takes_everything_or_nothing_is_refused_with_the_reason(typed):
    with pytest.raises(
        ValueError, match=f"between 0 and 1, received '{typed}', at which .* pixel is garment"
    ):
        parse_threshold(typed)


def test_a_threshold_where_scores_end_is_told():
    assert "hardly anything" in doubt_about(254 / 255)
    assert "nearly everything" in doubt_about(1 / 255)
    assert not any(doubt_about(threshold) for threshold in (0.03, 0.57, 0.97))


def test_no_photos_are_refused():
    with pytest.raises(DataError, match="at least one photo"):
        search([])


def test_the_csv_holds_one_line_a_threshold(tmp_path):
    found = search([curve(0.5, from_100_to_140=0.9)])
    found.write_csv(tmp_path / "deep" / "threshold.csv")

    with (tmp_path / "deep" / "threshold.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([float(row["threshold"]) for row in rows], found.thresholds, atol=1e-6)
    np.testing.assert_allclose([float(row["dice_mean"]) for row in rows], found.dice_mean, atol=1e-6)
