"""Robustness: what each disturbance does to a photo and its ground truth, and what is measured under it."""

import csv
import dataclasses
import io
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from sklearn.metrics import f1_score
from support.drawing import draw_pair, ellipse
from support.program import DRAWN, SMALL, make, run

from segmentation.core.errors import ConfigError, DataError, SegmentationError
from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import MaskFile
from segmentation.evaluation.disturbances import DISTURBANCES, STILL, disturbed
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.robustness import CASES, measure_robustness, print_robustness
from segmentation.images.files import write_image
from segmentation.reports.evaluation import write_evaluation
from segmentation.reports.robustness_chart import plot_robustness

MOVING = [name for name, kind in DISTURBANCES.items() if kind.moves]
PIXELWISE = [name for name in DISTURBANCES if name not in (*MOVING, "resolution")]
SIDES = st.integers(1, 40)


def random_pair(height, width, seed=0):
    random = np.random.default_rng(seed)
    return (random.integers(0, 256, shape, np.uint8) for shape in ((height, width, 3), (height, width)))


def off_centre(height=120, width=80):
    """A mask whose every movement shows."""
    return np.where(ellipse(height, width, (0.45, 0.4), (0.2, 0.15)), 255, 0).astype(np.uint8)


@pytest.mark.parametrize("name", [name for name, kind in DISTURBANCES.items() if kind.neutral is not None])
@settings(max_examples=20)
@given(SIDES, SIDES, st.integers(0, 99))
def test_the_neutral_level_changes_nothing(name, height, width, seed):
    kind, (photo, alpha) = DISTURBANCES[name], random_pair(height, width, seed)

    np.testing.assert_array_equal(kind.change(photo, kind.neutral), photo)
    np.testing.assert_array_equal(kind.move(alpha, kind.neutral), alpha)


@pytest.mark.parametrize(("name", "level"), CASES)
@settings(max_examples=10)
@given(SIDES, SIDES)
def test_pictures_keep_their_kind_and_are_changed_repeatably(name, level, height, width):
    kind, (photo, alpha) = DISTURBANCES[name], random_pair(height, width)
    before = photo.copy(), alpha.copy()
    changed, moved = kind.change(photo, level), kind.move(alpha, level)

    assert changed.dtype == moved.dtype == np.uint8
    assert moved.shape == alpha.shape
    if name == "resolution":
        assert changed.shape == (max(1, round(height * level)), max(1, round(width * level)), 3)
    else:
        assert changed.shape == photo.shape
    np.testing.assert_array_equal(kind.change(photo, level), changed)
    np.testing.assert_array_equal(photo, before[0])
    np.testing.assert_array_equal(alpha, before[1])


@pytest.mark.parametrize("name", DISTURBANCES)
def test_levels_rise_and_change_a_photo(name):
    kind, (photo, _) = DISTURBANCES[name], draw_pair(0, 1000, 200)

    assert list(kind.levels) == sorted(kind.levels)
    assert 3 <= len(kind.levels) <= 6 or name == "flip"
    assert all(not np.array_equal(kind.change(photo, level), photo) for level in kind.levels)


@pytest.mark.parametrize(("name", "level"), [case for case in CASES if case[0] in MOVING])
def test_photo_and_ground_truth_move_together(name, level):
    kind, mask = DISTURBANCES[name], off_centre()
    photo, moved = kind.change(np.dstack([mask] * 3), level), kind.move(mask, level)

    assert not np.array_equal(moved, mask)
    for channel in range(3):
        np.testing.assert_array_equal(photo[..., channel], moved)


@pytest.mark.parametrize(("name", "level"), [case for case in CASES if case[0] not in MOVING])
def test_what_moves_nothing_leaves_the_ground_truth(name, level):
    mask = off_centre()

    np.testing.assert_array_equal(DISTURBANCES[name].move(mask, level), mask)


@pytest.mark.parametrize(("name", "axis"), [("shift right", 1), ("shift down", 0)])
def test_a_shift_is_a_share_of_the_picture_and_repeats_its_edge(name, axis):
    mask = off_centre(100, 60)
    for level in DISTURBANCES[name].levels:
        moved = DISTURBANCES[name].move(mask, level)
        np.testing.assert_array_equal(moved, np.roll(mask, round(level * mask.shape[axis]), axis))

    ramp = np.add.outer(np.arange(100), np.arange(60)).astype(np.uint8)
    level = DISTURBANCES[name].levels[-1]
    moved, edge = DISTURBANCES[name].move(ramp, level), ramp.take([0], axis)
    repeated = round(level * ramp.shape[axis])
    np.testing.assert_array_equal(
        moved.take(range(repeated), axis), np.broadcast_to(edge, moved.take(range(repeated), axis).shape)
    )


def test_a_scale_keeps_the_centre_and_repeats_the_edge():
    centred = np.where(ellipse(121, 81, radii=(0.2, 0.2)), 255, 0).astype(np.uint8)
    for level in DISTURBANCES["scale"].levels:
        moved = DISTURBANCES["scale"].move(centred, level)
        assert np.count_nonzero(moved >= 128) / np.count_nonzero(centred) == pytest.approx(level**2, rel=0.03)
        np.testing.assert_allclose(np.argwhere(moved >= 128).mean(axis=0), (60, 40), atol=0.2)

    from_below = np.zeros((100, 60), np.uint8)
    from_below[50:] = 255
    smaller = DISTURBANCES["scale"].move(from_below, 0.8)
    assert (smaller[-1] == 255).all()
    assert (smaller[0] == 0).all()


def test_a_flip_is_a_mirror_image():
    mask = off_centre()

    np.testing.assert_array_equal(DISTURBANCES["flip"].move(mask, 1), mask[:, ::-1])


def all_levels(name, photo):
    """The photo at rising levels, the neutral one among them."""
    kind = DISTURBANCES[name]
    return [kind.change(photo, level).astype(int) for level in sorted([*kind.levels, kind.neutral])]


@settings(max_examples=20)
@given(SIDES, SIDES, st.integers(0, 99))
def test_light_is_monotone(height, width, seed):
    photo, _ = random_pair(height, width, seed)
    brighter = np.diff(all_levels("brightness", photo), axis=0)
    assert (brighter >= 0).all()

    above = photo > cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).mean()
    apart = np.diff(all_levels("contrast", photo), axis=0)
    assert (apart[:, above] >= 0).all()
    assert (apart[:, ~above] <= 0).all()

    warmer = np.diff(all_levels("white balance", photo), axis=0)
    assert (warmer[..., 0] >= 0).all()
    assert (warmer[..., 1] == 0).all()
    assert (warmer[..., 2] <= 0).all()


def test_factors_and_gains_are_what_they_say():
    photo = np.full((4, 4, 3), (100, 80, 40), np.uint8)
    half = np.full((4, 4, 3), 60, np.uint8)
    half[:2] = 100

    assert (DISTURBANCES["brightness"].change(photo, 1.5) == (150, 120, 60)).all()
    assert (DISTURBANCES["brightness"].change(photo, 3) == (255, 240, 120)).all()
    assert (DISTURBANCES["white balance"].change(photo, 0.1) == (110, 80, 36)).all()
    assert set(np.unique(DISTURBANCES["contrast"].change(half, 0.5))) == {70, 90}


@pytest.mark.parametrize("level", DISTURBANCES["noise"].levels)
def test_noise_has_its_deviation_and_differs_between_photos(level):
    noise = DISTURBANCES["noise"].change
    grey = np.full((200, 200, 3), 128, np.uint8)
    added = noise(grey, level).astype(int) - 128

    assert added.std() == pytest.approx(level, rel=0.03)
    assert abs(added.mean()) < level / 50
    assert not np.array_equal(noise(grey + 1, level).astype(int) - 129, added)


@pytest.mark.parametrize("height", [250, 1000])
def test_blur_is_a_share_of_the_height(height):
    step = np.zeros((height, 200, 3), np.uint8)
    step[:, 100:] = 255
    edge = np.diff(DISTURBANCES["blur"].change(step, 8)[height // 2, :, 0].astype(float))
    places = np.arange(len(edge))
    spread = np.sqrt(np.average((places - np.average(places, weights=edge)) ** 2, weights=edge))

    assert spread == pytest.approx(8 * height / 1000, rel=0.1)


def test_a_lower_jpeg_quality_loses_more():
    photo, _ = draw_pair(1, 96, 80)
    losses = [
        np.abs(DISTURBANCES["JPEG"].change(photo, quality).astype(int) - photo).mean()
        for quality in DISTURBANCES["JPEG"].levels
    ]

    assert losses == sorted(losses, reverse=True)
    assert losses[-1] > 0


def red_score(photo):
    """A model that takes red for garment."""
    return photo[..., :1].astype(np.float32) / 255


@pytest.fixture
def samples(tmp_path):
    """Red garments whose ground truth lies a little beside them."""
    samples = []
    for number in range(3):
        photo, alpha = draw_pair(number, 64, 48)
        photo = np.where(alpha[..., np.newaxis] > 0, photo, photo // 4)
        sample = Sample(
            f"photo-{number}", tmp_path / f"{number}.png", MaskFile(tmp_path / f"{number}-mask.png")
        )
        write_image(sample.photo, photo)
        write_image(sample.truth.path, np.roll(alpha, number, axis=0))
        samples.append(sample)
    return samples


def by_hand(samples, threshold):
    """Dice and agreement [photos, 1 + CASES] of red_score, as slowly and plainly as can be."""
    dice, agreement = [], []
    for sample in samples:
        photo = cv2.cvtColor(cv2.imread(str(sample.photo)), cv2.COLOR_BGR2RGB)
        alpha = cv2.imread(str(sample.truth.path), cv2.IMREAD_GRAYSCALE)
        undisturbed = photo[..., 0] / 255 >= threshold
        dice.append([f1_score(alpha.ravel() > 127, undisturbed.ravel())])
        agreement.append([1.0])
        for name, level in CASES:
            kind = DISTURBANCES[name]
            scores = kind.change(photo, level)[..., 0].astype(np.float32) / 255
            if name == "resolution":
                scores = cv2.resize(scores, (48, 64), interpolation=cv2.INTER_CUBIC).clip(0, 1)
            mask = (scores >= threshold).ravel()
            moved = [kind.move(picture, level).ravel() for picture in (alpha, undisturbed.astype("u1") * 255)]
            dice[-1].append(f1_score(moved[0] > 127, mask))
            agreement[-1].append(f1_score(moved[1] > 127, mask))
    return np.array(dice), np.array(agreement)


def test_the_figures_are_those_counted_by_hand(samples):
    measured = measure_robustness(red_score, samples, 0.4)
    dice, agreement = by_hand(samples, 0.4)

    assert [(row.disturbance, row.level) for row in measured.levels] == list(CASES)
    assert measured.images == 3
    assert measured.dice_mean == pytest.approx(dice[:, 0].mean())
    assert measured.dice_min == pytest.approx(dice[:, 0].min())
    for row, of_level, agreed in zip(measured.levels, dice.T[1:], agreement.T[1:], strict=True):
        change = of_level - dice[:, 0]
        assert row.dice_mean == pytest.approx(of_level.mean())
        assert row.dice_min == pytest.approx(of_level.min())
        assert row.change_mean == pytest.approx(change.mean())
        assert row.change_error == pytest.approx(np.std(change, ddof=1) / np.sqrt(3))
        assert row.agreement_mean == pytest.approx(agreed.mean())
    assert len({round(row.dice_mean, 6) for row in measured.levels}) > 12


def test_undisturbed_figures_are_those_of_the_evaluation(samples):
    assert measure_robustness(red_score, samples, 0.4).dice_mean == pytest.approx(
        evaluate(red_score, samples, 0.4).summary()["dice_mean"]
    )


def test_what_nothing_disturbs_drops_by_nothing(tmp_path):
    sample = Sample("full", tmp_path / "full.png", MaskFile(tmp_path / "mask.png"))
    write_image(sample.photo, draw_pair(0)[0])
    write_image(sample.truth.path, np.full((64, 48), 255, np.uint8))
    measured = measure_robustness(lambda photo: np.ones((*photo.shape[:2], 1), "f4"), [sample], 0.5)

    assert {row.change_mean for row in measured.levels} == {0.0}
    assert {row.agreement_mean for row in measured.levels} == {1.0}
    assert {row.change_error for row in measured.levels} == {None}


def test_a_model_that_sees_the_mask_itself_does_not_mind_where_it_lies(tmp_path):
    sample = Sample("own", tmp_path / "own.png", MaskFile(tmp_path / "mask.png"))
    write_image(sample.photo, np.dstack([off_centre()] * 3))
    write_image(sample.truth.path, off_centre())
    measured = measure_robustness(red_score, [sample], 0.5)

    for name in MOVING:
        for row in measured.of(name):
            assert (row.dice_mean, row.change_mean, row.agreement_mean) == (1.0, 0.0, 1.0)


def test_everyday_changes_are_the_largest_either_way(samples):
    measured = measure_robustness(red_score, samples, 0.4)
    rows = []
    for row in measured.levels:
        change = {("shift right", 0.05): 0.02, ("shift down", -0.05): -0.01, ("scale", 0.9): -0.2}.get(
            (row.disturbance, row.level), 0.5 if row.level in (0.1, 0.8) else 0.001
        )
        rows.append(dataclasses.replace(row, change_mean=change))
    everyday = dataclasses.replace(measured, levels=tuple(rows)).everyday()

    assert {name: row.change_mean for name, row in everyday.items()} == {
        "flipped": 0.001,
        "shifted by 5%": 0.02,
        "rescaled by 10%": -0.2,
    }


def test_soft_ground_truth_is_garment_from_the_target_threshold_on(samples):
    write_image(samples[0].truth.path, np.full((64, 48), 140, np.uint8))
    low, high = (
        measure_robustness(red_score, samples[:1], 0.4, target_threshold=least) for least in (0.5, 0.6)
    )

    assert low.dice_mean > 0
    assert high.dice_mean == 0


def test_progress_is_told_after_each_picture(samples):
    told, total = [], 3 * (1 + len(CASES))
    measure_robustness(red_score, samples, 0.4, on_progress=lambda *state: told.append(state))

    assert told == [(done, total) for done in range(1, total + 1)]


def test_mistakes_are_refused_as_in_an_evaluation(samples):
    with pytest.raises(DataError, match="at least one photo"):
        measure_robustness(red_score, [], 0.5)
    with pytest.raises(ConfigError, match="from 0 to 1"):
        measure_robustness(red_score, samples, float("nan"))
    with pytest.raises(SegmentationError, match=r"0\.png.*from 0 to 1"):
        measure_robustness(lambda photo: red_score(photo) * 2, samples, 0.5)
    with pytest.raises(DataError, match=r"1\.png.*ground truth"):
        measure_robustness(red_score, [dataclasses.replace(samples[1], truth=None)], 0.5)


def test_figures_chart_and_tables_are_written(samples, tmp_path):
    measured = measure_robustness(red_score, samples, 0.4)
    evaluation, folder = evaluate(red_score, samples, 0.4), tmp_path / "results"
    write_evaluation(evaluation, red_score, samples, folder, "unet", robustness=measured)

    summary = json.loads((folder / "robustness.json").read_text())
    assert summary == measured.summary()
    assert [len(kind["levels"]) for kind in summary["disturbances"].values()] == [
        len(kind.levels) for kind in DISTURBANCES.values()
    ]
    with (folder / "robustness.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["disturbance"], float(row["level"])) for row in rows[1:]] == list(CASES)
    assert float(rows[0]["dice_mean"]) == pytest.approx(measured.dice_mean, abs=1e-6)
    assert float(rows[5]["change_mean"]) == pytest.approx(measured.levels[4].change_mean, abs=1e-6)
    html = (folder / "report.html").read_text()
    assert all(name in html for name in ("Disturbed photos", "shifted by 5%", "white balance"))
    assert html.count("data:image/svg+xml") == 3
    assert plot_robustness(measured).count(b'<g id="legend_') == 1

    write_evaluation(evaluation, red_score, samples, tmp_path / "again", "unet", robustness=measured)
    assert (tmp_path / "again" / "report.html").read_text() == html
    write_evaluation(evaluation, red_score, samples, tmp_path / "plain", "unet")
    assert "Disturbed photos" not in (tmp_path / "plain" / "report.html").read_text()
    assert not (tmp_path / "plain" / "robustness.json").exists()


def test_the_printed_table_answers_what_users_ask(samples):
    console = Console(file=io.StringIO(), width=80)
    print_robustness(measure_robustness(red_score, samples, 0.4), console)
    text = console.file.getvalue()

    assert all(f"│ {name} " in text for name in DISTURBANCES)
    assert max(map(len, text.splitlines()[:-3])) <= 80
    assert [line.split(":")[0] for line in text.splitlines()[-3:]] == [
        "flipped",
        "shifted by 5%",
        "rescaled by 10%",
    ]
    assert all(line.endswith("less than 0.003") for line in text.splitlines()[-3:])


def test_the_command_measures_a_random_subset_and_reports_it(tmp_path):
    data, output = tmp_path / "data", tmp_path / "results" / "small" / "eval"
    make("synth", "--output", data, "--count", 4, *DRAWN, "--seed", 3)
    make("train", "--home", tmp_path, "--data", data, "--name", "small", *SMALL, "--epochs", 1)
    run("eval", "--home", tmp_path, "--model", "small", "--split", "all", "--size", 3)
    assert not (output / "robustness.json").exists()
    shown = run(
        "eval", "--home", tmp_path, "--model", "small", "--split", "all", "--size", 3, "--robustness"
    ).stdout

    assert "rescaled by 10%: mean Dice" in shown
    summary = json.loads((output / "robustness.json").read_text())
    assert summary["images"] == 3
    assert summary["undisturbed"]["dice_mean"] == pytest.approx(
        json.loads((output / "metrics.json").read_text())["dice_mean"], abs=1e-6
    )
    assert len((output / "robustness.csv").read_text().splitlines()) == 2 + len(CASES)
    assert "Disturbed photos" in (output / "report.html").read_text()
    assert not [path for path in output.iterdir() if path.name.startswith(".")]


def test_a_model_can_be_judged_on_disturbed_photos_with_scores_at_the_size_of_each():
    photo, seen = np.full((40, 30, 3), 200, np.uint8), []

    def score(image):
        seen.append(image)
        return np.full((*image.shape[:2], 1), 0.5, np.float32)

    assert disturbed(score, "brightness 0.5")(photo).shape == (40, 30, 1)
    assert disturbed(score, "resolution 0.5")(photo).shape == (40, 30, 1)
    assert (seen[0] == 100).all()
    assert seen[1].shape == (20, 15, 3)
    assert not any(kind.moves for kind, _level in STILL.values())
