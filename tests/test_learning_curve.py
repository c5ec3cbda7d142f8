"""The likely benefit of more pairs: the curve, its uncertainty, and the job that measures it."""

import csv
import itertools

import numpy as np
import pytest
from support.drawing import draw_set
from support.program import make

from segmentation.config.jobs.learning_curve import LearningCurveOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.datasets.discover import discover
from segmentation.datasets.split import fewer, folds
from segmentation.evaluation.experiment_conclusions import figures_of
from segmentation.evaluation.experiment_figures import CellFigures, PhotoFigures
from segmentation.jobs.learning_curve import Learned, curves_of, experiment_of_sizes, sizes_of
from segmentation.metrics.learning_curve import fit_learning_curve


def errors_at(photos, floor=0.01, scale=0.5, power=0.7):
    return floor + scale * photos**-power


def measured(sizes, noise, seed=0):
    random = np.random.default_rng(seed)
    return {size: (errors_at(size) * (1 + random.normal(0, noise, 3))).tolist() for size in sizes}


def test_a_curve_without_noise_is_found():
    curve = fit_learning_curve(measured([12, 25, 50, 100, 200], noise=0))

    assert curve.error(400).mean == pytest.approx(errors_at(400), rel=0.03)
    assert curve.gain(200, 200).mean == pytest.approx(errors_at(200) - errors_at(400), rel=0.1)


def test_the_range_of_the_gain_holds_the_truth_mostly_and_grows_with_the_noise():
    truth = errors_at(100) - errors_at(150)
    gains = [fit_learning_curve(measured([12, 25, 50, 100], 0.1, seed)).gain(100, 50) for seed in range(20)]
    steady = fit_learning_curve(measured([12, 25, 50, 100], 0.01)).gain(100, 50)

    assert np.mean([gain.low <= truth <= gain.high for gain in gains]) >= 0.75
    assert steady.high - steady.low < np.mean([gain.high - gain.low for gain in gains])


def test_one_training_at_each_of_three_sizes_leaves_the_gain_open():
    gain = fit_learning_curve({10: [0.1], 20: [0.05], 40: [0.03]}).gain(40, 40)

    assert gain.high - gain.low > 0.2 * gain.mean


def test_the_range_of_three_sizes_holds_the_truth_mostly():
    truth = errors_at(50) - errors_at(75)
    both = [
        {size: errors[:2] for size, errors in measured([12, 25, 50], 0.1, seed).items()} for seed in range(20)
    ]
    gains = [fit_learning_curve(errors).gain(50, 25) for errors in both]

    assert np.mean([gain.low <= truth <= gain.high for gain in gains]) >= 0.7


def test_errors_that_never_fall_promise_next_to_nothing():
    curve = fit_learning_curve({size: [0.05, 0.05, 0.05] for size in (10, 20, 40)})

    assert curve.gain(40, 50).mean < 0.003


def test_two_sizes_are_too_few_for_a_curve():
    with pytest.raises(DataError, match="expected trainings on 3 numbers of photos at least, received 2"):
        fit_learning_curve({10: [0.1], 20: [0.05]})


def test_a_smaller_part_of_the_photos_is_within_a_larger_one_and_holds_whole_garments(tmp_path):
    split = folds(discover(draw_set(tmp_path / "pairs", garments=9)).samples, 3)[0]
    parts = [fewer(split, count, seed=1) for count in (2, 5, 8, 99)]

    assert [len(part.train) for part in parts] == [2, 4, 8, 12]
    for small, large in itertools.pairwise(parts):
        assert {*small.train} <= {*large.train}
        assert small.val == split.val
    assert all(sum(one.group == sample.group for one in parts[1].train) == 2 for sample in parts[1].train)
    with pytest.raises(ConfigError, match="expected at least 1"):
        fewer(split, 0)


@pytest.mark.parametrize("steps", range(3, 9))
@pytest.mark.parametrize("photos", [27, 400, 1024])
def test_every_part_of_the_pairs_is_trained_on_for_as_many_steps_and_judged_as_often(tmp_path, photos, steps):
    if photos < 3 * 2 ** (steps - 1):
        with pytest.raises(DataError, match="take fewer `steps`"):
            sizes_of(photos, steps)
        return
    options = LearningCurveOptions.of(data=tmp_path, steps=steps, model="start")
    _base, *smaller = experiment_of_sizes(options, [], sizes_of(photos, steps)).variants
    wanted = -(-photos // options.network.batch_size)
    for variant in smaller:
        size, repeats = variant.options["train_size"], variant.options["repeats"]
        assert -(-size * repeats // options.network.batch_size) == pytest.approx(wanted, rel=0.15, abs=1)
        assert "epochs" not in variant.options


def test_without_a_training_on_the_most_photos_there_is_no_curve(tmp_path):
    options, sizes = LearningCurveOptions.of(data=tmp_path, folds=2, model="start"), [3, 6, 12, 25]
    found = experiment_of_sizes(options, [], sizes)
    photos = {"a": PhotoFigures("a", 0.9, 0.9, 0)}
    judged = [CellFigures(repeat, photos=photos) for repeat in found.repeats]
    done = dict.fromkeys((one.name for one in found.variants), judged)
    curves = curves_of(figures_of(found, done), sizes)
    assert curves.error.error(25).mean == pytest.approx(0.1, abs=0.01)

    done["base"] = [CellFigures(repeat, failure="no memory") for repeat in found.repeats]
    with pytest.raises(DataError, match=r"on 25 photos, the most, received none.*failed: no memory"):
        curves_of(figures_of(found, done), sizes)


def test_what_all_pairs_give_is_told_apart_from_what_the_trainings_saw(tmp_path):
    options, sizes = LearningCurveOptions.of(data=tmp_path, model="start"), [12, 25, 50, 100]
    found = experiment_of_sizes(options, [], sizes)

    def judged(repeat, size):
        error = errors_at(size, floor=0.0)
        good = round(100 * (1 - 2 / size**0.5))  # of a hundred photos; the others have a fault
        photos = {f"p{at}": PhotoFigures(f"p{at}", 1 - error, 0.9, int(at >= good)) for at in range(100)}
        return CellFigures(repeat, photos=photos)

    done = {
        one.name: [judged(repeat, one.options.get("train_size", 100)) for repeat in found.repeats]
        for one in found.variants
    }
    figures = figures_of(found, done)
    said = Learned(figures, 150, 100, curves_of(figures, sizes), tmp_path).lines(50)

    assert said[0].startswith("trainings saw up to 100 of 150 photos")
    assert float(said[1].split("Dice ")[1].split()[0]) == pytest.approx(1 - errors_at(150, 0.0), abs=3e-4)
    gained = errors_at(150, 0.0) - errors_at(200, 0.0)
    assert float(said[2].split("up by ")[1].split()[0]) == pytest.approx(gained, abs=2e-4)
    assert "need no review (Dice of 0.98 and more)" in said[3]
    assert said[4].startswith("and 2 more")
    assert said[4].endswith("beside the 84 now without a fault")


def test_a_photo_needs_no_review_from_the_dice_on_that_counts_as_good(tmp_path):
    options, sizes = LearningCurveOptions.of(data=tmp_path, folds=2, model="start"), [5, 10, 20]
    found = experiment_of_sizes(options, [], sizes)
    photos = {name: PhotoFigures(name, dice, 0.9, 1) for name, dice in (("a", 0.981), ("b", 0.979))}
    cells = [CellFigures(repeat, photos=photos) for repeat in found.repeats]
    curves = curves_of(figures_of(found, dict.fromkeys((one.name for one in found.variants), cells)), sizes)

    assert curves.to_review.error(20).mean == pytest.approx(0.5, abs=0.02)
    assert curves.faulty.error(20).mean == pytest.approx(1.0, abs=0.03)


@pytest.mark.slow
def test_the_job_says_what_more_photos_are_likely_to_bring(tmp_path, capsys):
    pairs = draw_set(tmp_path / "pairs", garments=12)
    network = ("--architecture", "simple", "--filters", 4, "--input-size", "32x48", "--batch-size", 4)
    command = ("learning-curve", "--data", pairs, "--home", tmp_path, "--folds", 2)
    make(*command, *network, "--epochs", 1, "--more", 10, "--steps", 3)

    shown = capsys.readouterr().out
    assert "trainings saw up to 12 of 24 photos" in shown
    assert "with 24 photos: Dice 0." in shown
    assert "with 10 more: Dice likely up by " in shown
    folder = tmp_path / "results" / "learning-curve" / "pairs"
    with (folder / "curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["photos"] for row in rows] == ["3", "6", "12", "24", "34"]
    assert (folder / "curve.png").stat().st_size > 1000

    make(*command, *network, "--epochs", 1, "--more", 10, "--steps", 4, check=2)
    assert "expected 24 photos to learn from with 4 --steps, received 12" in capsys.readouterr().err
