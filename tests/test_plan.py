"""A plan of a training: what is measured of photos and machine, what is chosen by it, and why."""

import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawing import draw_set, ellipse
from support.program import TINY, make

from segmentation.bundle.bundle import load_bundle
from segmentation.config.jobs import JOBS
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.toml_file import read_options
from segmentation.core.errors import ConfigError
from segmentation.core.labels import BINARY
from segmentation.core.machine import Machine, card_of, read_machine
from segmentation.core.memory import begin_peak, peak_bytes
from segmentation.core.size import Size
from segmentation.core.workspace import Workspace
from segmentation.datasets.detail import ENOUGH, Detail, kept_at, measure_detail, thin_share
from segmentation.datasets.discover import discover
from segmentation.datasets.profile import profile_of, spread
from segmentation.evaluation.acquaintance import Acquaintance
from segmentation.jobs.context import Context
from segmentation.jobs.plan import plan_training
from segmentation.jobs.plan_fitting import Fitting
from segmentation.jobs.plan_rules import (
    Choice,
    Facts,
    Length,
    choose_changes,
    choose_held_out,
    choose_loss,
    choose_memory,
    choose_network,
    choose_workers,
    sizes_of,
    without_typed,
)
from segmentation.jobs.planned import TrainingPlan
from segmentation.jobs.train import train
from segmentation.jobs.training_data import with_drawn_photos
from segmentation.jobs.training_split import split_of
from segmentation.training.mixture import Mixture
from segmentation.training.pace import Pace
from segmentation.training.progress import EpochDone

DISC = ellipse(432, 288).astype(np.uint8)


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return profile_of([discover(draw_set(tmp_path_factory.mktemp("plan") / "pairs", garments=5))])


@pytest.fixture
def facts(profile):
    return Facts(profile, Machine(2, 8 * 1024**3, True, False), train=8, val=2, shown=8, warm=False)


def settings_of(choices):
    return {name: value for choice in choices if choice for name, value in choice.settings.items()}


def test_more_pixels_keep_more_of_a_mask_and_all_of_them_everything():
    kept = [kept_at(DISC, Size(height, height * 2 // 3)) for height in (24, 48, 96, 192, 432)]

    assert kept == sorted(kept)
    assert kept[0] < 0.995
    assert kept[-1] == 1


def test_of_several_classes_each_counts_and_ignored_pixels_do_not():
    strap = np.zeros((400, 400), np.uint8)
    strap[:, 200:203] = 1
    both = strap.copy()
    both[100:300, :150] = 2
    ignored = np.where(both == 1, 255, both).astype(np.uint8)

    assert kept_at(strap, Size(64, 64)) < 0.6
    assert kept_at(strap, Size(64, 64)) < kept_at(both, Size(64, 64)) < kept_at(ignored, Size(64, 64))
    assert kept_at(np.zeros((40, 40), np.uint8), Size(8, 8)) == 1


def test_sizes_are_measured_up_to_the_first_that_keeps_enough_and_none_beyond_the_photos():
    sizes = [Size(side * 3 // 2, side) for side in (64, 128, 192, 256, 512)]
    soft, comb = measure_detail([DISC], sizes), np.zeros((432, 288), np.uint8)
    comb[:, ::2] = 1

    assert soft[-1].dice >= ENOUGH > soft[0].dice
    assert [one.size for one in soft] == sizes[: len(soft)]
    assert [one.size for one in measure_detail([comb], sizes)] == sizes[:4]


def test_thin_parts_are_those_below_a_hundredth_of_the_photo():
    strap = np.zeros((1000, 600), np.uint8)
    strap[100:500, 100:300] = 1
    assert thin_share(strap) == 0
    strap[500:900, 200:205] = 1

    assert thin_share(strap) == pytest.approx(2000 / 82000, rel=0.05)
    assert thin_share(np.zeros((9, 9), np.uint8)) == 0


def test_a_profile_counts_garments_and_knows_what_the_photos_are_like(profile):
    assert (profile.pairs, profile.garments, profile.classes, profile.left_out) == (10, 5, 1, 0)
    assert profile.size == Size(64, 48)
    assert 0.1 < profile.area < 0.35
    assert profile.contrast > 60
    assert profile.faint == 0
    assert not profile.grey


@given(st.integers(1, 200), st.integers(1, 50))
def test_photos_that_are_looked_at_are_spread_over_all(count, most):
    chosen = spread(range(count), most)

    assert len(chosen) == len({*chosen}) == min(count, most)
    assert list(chosen) == sorted(chosen)
    assert max(np.diff([*chosen, count]), default=0) <= -(-count // min(count, most))


def test_this_machine_has_cores_and_memory():
    machine = read_machine()

    assert machine.cores >= 1
    assert machine.memory_bytes > 2**28
    assert re.match(r"\d+ cores?, \d+ GB, ", machine.line())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("NVIDIA H100 80GB HBM3, 81559\n", ("NVIDIA H100 80GB HBM3", 81559 * 1024**2)),
        ("Tesla K80, 11441\nTesla K80, 11441\n", ("Tesla K80", 11441 * 1024**2)),
        ("", ("", 0)),
        ("No devices were found\n", ("", 0)),
        ("GRID, [N/A]\n", ("", 0)),
    ],
)
def test_the_first_graphics_card_is_read(answer, expected):
    assert card_of(answer) == expected


def test_every_choice_is_an_option_of_train_and_has_a_reason_in_a_line(facts):
    many = dataclasses.replace(facts, train=9000, machine=Machine(16, 2**37, True, True, "card", 2**36))
    for one in (facts, many, dataclasses.replace(facts, warm=True, passes=2)):
        choices = [*choose_network(one, "none"), choose_loss(one), choose_changes(one)]
        choices += [choose_held_out(one.profile.pairs, {}), choose_memory(one, Size(864, 576))]
        choices = [choice for choice in [*choices, choose_workers(one), *sizes_of(one, None, 32)] if choice]

        TrainOptions.of(**settings_of(choices))
        for choice in choices:
            assert choice.reason
            assert "\n" not in choice.reason
            assert not choice.reason.endswith(".")


def test_the_smallest_size_that_keeps_enough_is_wanted_and_smaller_ones_follow(facts):
    sizes = [Size(288, 192), Size(384, 256), Size(576, 384)]
    detail = tuple(Detail(size, dice) for size, dice in zip(sizes, (0.99, 0.995, 0.9997), strict=True))
    some = dataclasses.replace(facts, profile=dataclasses.replace(facts.profile, detail=detail))

    assert [one.settings["input_size"] for one in sizes_of(some, None, 32)] == sizes[::-1]
    assert sizes_of(some, None, 64)[0].settings["input_size"] == Size(576, 384)
    assert [one.settings for one in sizes_of(some, Size(64, 32), 32)] == [{"input_size": Size(64, 32)}]


def test_classes_grey_photos_and_straps_are_trained_in_their_own_ways(facts):
    classes = dataclasses.replace(facts, profile=dataclasses.replace(facts.profile, classes=12))
    grey = dataclasses.replace(
        facts, profile=dataclasses.replace(facts.profile, mean=(9, 9, 9), std=(5, 5, 5))
    )
    straps = dataclasses.replace(facts, profile=dataclasses.replace(facts.profile, thin=0.02))
    plain = dataclasses.replace(facts, profile=dataclasses.replace(facts.profile, thin=0.0))

    assert choose_loss(classes).settings["loss"] == "ce + dice"
    assert "2.0%" in choose_loss(straps).reason
    assert "thin_weight" in choose_loss(straps).settings
    assert "thin_weight" not in choose_loss(plain).settings
    assert choose_changes(grey).settings["hue"] == choose_changes(grey).settings["recolour"] == 0
    assert choose_changes(facts).settings["recolour"] > 0


def test_a_strong_card_takes_the_larger_encoder_and_a_model_its_own(facts):
    card = dataclasses.replace(facts, machine=dataclasses.replace(facts.machine, card_bytes=2**35))

    assert settings_of(choose_network(facts, ""))["architecture"] == "unet-efficientnet-lite0"
    assert settings_of(choose_network(card, ""))["architecture"] == "unet-efficientnet-lite2"
    warm = settings_of(choose_network(dataclasses.replace(facts, warm=True), ""))
    assert "architecture" not in warm
    assert warm["learning_rate"] < settings_of(choose_network(facts, ""))["learning_rate"]


@given(st.integers(1, 5000), st.integers(1, 16))
def test_epochs_show_each_photo_often_enough_within_bounds(photos, batch):
    length = Length(40, 600, 3000)
    epochs, repeats = length.epochs(photos, batch)
    steps = -(-photos * repeats // batch)

    assert steps >= 25
    assert 0.5 * 600 <= epochs * steps <= 2 * 3000 or epochs == 1


def test_more_is_held_out_of_few_pairs_and_nothing_is_decided_that_a_person_decided():
    assert choose_held_out(20, {}).settings["holdout"] == 0.3
    assert "about 6 photos" in choose_held_out(20, {}).reason
    assert choose_held_out(500, {}).settings["holdout"] == 0.15
    assert choose_held_out(20, {"folds": 3}) is None


def test_repeats_that_a_person_chose_make_an_epoch_as_long_as_they_say():
    length = Length(40, 600, 3000)

    assert length.epochs(100, 10, 1) == (60, 1)
    assert length.epochs(100, 10, 6) == (10, 6)


@pytest.mark.parametrize(
    "given",
    [
        {"mix": "0.5,0.25,0.25"},
        {"train_size": 4},
        {"held_out_from": "all", "holdout": 0.5},
        {"synthetic": 3, "empty_rooms": 5},
        {"repeats": 4},
        {},
    ],
    ids=str,
)
def test_a_plan_is_as_long_as_the_training_that_follows_it(tmp_path, monkeypatch, given):
    """Pace without a network: what is counted here are photos."""
    monkeypatch.setattr(
        "segmentation.jobs.plan_fitting.measure_pace",
        lambda config, *_args, **_options: Pace(config.training.batch_size, 0, 0, 1, 0, 0),
    )
    folders = [draw_set(tmp_path / name, garments=count) for name, count in (("a", 6), ("b", 9), ("c", 30))]
    network = {"architecture": "simple", "filters": 8, "input_size": "32x48"}
    options = TrainOptions.of(data=folders, preset="auto", **network, **given)
    plan = plan_training(options, Context(Workspace(tmp_path)))
    config = plan.fitted.config
    split = split_of(plan.datasets, config, Context(Workspace(tmp_path)))
    split = with_drawn_photos(split, config, tmp_path / "drawn")
    data = config.data
    photos = len(Mixture([one.source for one in split.train], data.mix, 0, data.repeats))
    steps = config.training.epochs * -(-photos // config.training.batch_size)

    assert (plan.train + plan.drawn, plan.val) == (len(split.train), len(split.val))
    assert len(split.val) >= 4
    assert 550 <= steps <= 700
    assert plan.fitted.minutes == pytest.approx(steps / 60, abs=2)


def test_what_a_person_chose_is_left_alone_and_so_is_what_does_not_go_with_it(facts):
    choices = [choose_loss(facts), choose_changes(facts)]

    assert "hue" not in settings_of(without_typed(choices, {"hue": 1.0}))
    assert settings_of(without_typed(choices[:1], {"loss": "dice"})) == {"average": 0.99}
    assert {*settings_of(without_typed(choices, {"augmentation": "none"}))} <= {
        *settings_of([choose_loss(facts)])
    }


def test_a_model_that_agrees_with_most_labels_makes_one_doubt_the_others():
    good = {f"{number}": 0.98 for number in range(9)}
    sure = Acquaintance("default", good, {**good, "odd": 0.6})
    unsure = Acquaintance("default", good, dict.fromkeys(good, 0.5) | {"odd": 0.1})

    assert sure.doubtful == ("odd",)
    assert unsure.doubtful == ()
    assert sure.finds
    assert not dataclasses.replace(sure, first={**good, "odd": 0.3}).finds


def test_the_memory_of_a_smaller_input_is_not_that_of_a_larger_one_before_it():
    if not begin_peak():
        pytest.skip("the system keeps the peak")
    held = np.ones(25_000_000)
    before = peak_bytes()
    del held
    begin_peak()

    assert peak_bytes() < before - 150_000_000


def test_where_the_peak_stays_a_smaller_input_in_larger_batches_takes_its_share_of_the_pixels(
    facts, tmp_path, monkeypatch
):
    most = 2**50  # bytes, more than any machine has
    monkeypatch.setattr(
        "segmentation.jobs.plan_fitting.measure_pace",
        lambda config, *_args, **_options: Pace(config.training.batch_size, 0, 0, 0.01, 0, most),
    )
    monkeypatch.setattr("segmentation.jobs.plan_fitting.begin_peak", lambda: False)
    small, large = Size(480, 320), Size(768, 512)
    detail = (Detail(small, 0.98), Detail(large, 0.999))
    facts = dataclasses.replace(facts, profile=dataclasses.replace(facts.profile, detail=detail))
    fixed = [Choice({"architecture": "simple", "filters": 8}, "it is small")]
    fitted = Fitting(facts, fixed, [], BINARY, 30, Context(Workspace(tmp_path))).best()

    assert (fitted.config.preprocessing.size, fitted.pace.batch_size) == (small, 8)
    share = 8 * small.area / (4 * large.area)
    assert fitted.pace.memory_bytes == pytest.approx(share * most, rel=1e-3)


def test_a_plan_that_does_not_fit_says_so_of_its_epochs(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "segmentation.jobs.plan_fitting.measure_pace",
        lambda config, *_args, **_options: Pace(config.training.batch_size, 0, 0, 60, 0, 0),
    )
    pairs = draw_set(tmp_path / "pairs", garments=6)
    network = {"architecture": "simple", "filters": 8, "input_size": "32x48"}
    options = TrainOptions.of(data=[pairs], preset="auto", minutes=30, **network)
    plan = plan_training(options, Context(Workspace(tmp_path)))

    (epochs,) = (one for one in plan.fitted.choices if "epochs" in one.settings)
    assert epochs.reason.startswith("the fewest that are worth it; ")


def test_minutes_add_up_over_epochs_steps_and_photos():
    pace = Pace(8, begin=10, read=0.5, step=2, check=0.1, memory_bytes=0)
    one, two = (pace.minutes(25, epochs, train=100, val=10) for epochs in (10, 20))

    assert two - one == pytest.approx(10 * (25 * 2 + 10 * 0.1 + 1) / 60)
    assert pace.minutes(25, 10, train=200, val=10) - one == pytest.approx(100 * 0.5 / 60)


def test_the_plan_is_printed_with_reasons_and_the_command_and_trains_nothing(tmp_path, capsys):
    pairs = draw_set(tmp_path / "pairs", garments=6)
    make("plan", "--data", pairs, "--home", tmp_path, *TINY, "--hue", "3", "--minutes", "5")

    shown = " ".join(capsys.readouterr().out.split())
    assert "12 of 6 garments: 8 to train on, 4 held out" in shown
    assert "--schedule cosine" in shown
    assert "expected: about" in shown
    assert f"train by this plan: python main.py train --data {pairs} --name NAME --preset auto" in shown
    assert "--hue 3" in shown
    assert "--hue 10" not in shown
    assert f"--data {pairs} │" not in shown  # where the photos lie is no choice of a training
    assert not (tmp_path / "models").exists()
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("given", [("--target", "alpha"), ("--architecture", "mask-rcnn")])
def test_what_is_not_planned_is_refused_with_what_to_do_instead(tiny_set, tmp_path, capsys, given):
    make("plan", "--data", tiny_set, "--home", tmp_path, *given, check=2)

    assert "error: --preset auto: expected " in capsys.readouterr().err


def test_minutes_are_for_a_training_that_is_planned(tmp_path):
    with pytest.raises(ConfigError, match="`minutes`: expected `preset=auto` with it"):
        train(TrainOptions.of(data=tmp_path / "none", name="mine", minutes=30), Context(Workspace(tmp_path)))


def test_the_options_of_plan_are_those_of_train():
    names = {found.name for found in dataclasses.fields(JOBS["plan"])}

    assert names < {found.name for found in dataclasses.fields(TrainOptions)}
    json.dumps(TrainOptions.of(minutes=3).minutes)


@pytest.mark.slow
def test_a_planned_training_tells_one_memory_and_how_many_photos_an_epoch_shows(tmp_path, capsys):
    pairs = draw_set(tmp_path / "pairs", garments=6)
    command = ("train", "--data", pairs, "--home", tmp_path, "--name", "mine", *TINY)
    make(*command, "--preset", "auto", "--epochs", "1")

    planned = " ".join(capsys.readouterr().out.split())
    assert "8 to train on, 4 held out" in planned
    repeats = load_bundle(tmp_path / "models" / "mine").config.data.repeats
    assert f"batch size 4 in float32; {8 * repeats} photos an epoch, 4 held out" in planned.replace(
        "mixed_bfloat16", "float32"
    )
    assert "GB to train" not in planned

    make(*command, "--epochs", "1", "--overwrite")
    assert "GB to train at batch size 4 in " in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_a_planned_training_keeps_its_plan_and_goes_on_by_it(tmp_path):
    """Stopped after an epoch, as by Ctrl-C; the second start must not plan anew, for another machine."""
    told = []
    context = Context(
        Workspace(tmp_path), told.append, lambda: any(isinstance(one, EpochDone) for one in told)
    )
    small = {"architecture": "simple", "filters": 8, "input_size": "32x48", "batch_size": 4, "repeats": 1}
    options = {"data": draw_set(tmp_path / "pairs", garments=6), "preset": "auto", "name": "mine", **small}
    begun = train(TrainOptions.of(**options, epochs=2), context)
    plan = next(one for one in told if isinstance(one, TrainingPlan))
    again = []
    done = train(TrainOptions.of(name="mine", resume=True), Context(Workspace(tmp_path), again.append))

    assert begun.interrupted
    assert not done.interrupted
    assert not any(isinstance(one, TrainingPlan) for one in again)
    assert done.bundle.provenance["plan"] == json.loads(json.dumps(plan.record()))
    assert done.bundle.provenance["options"] == begun.bundle.provenance["options"]
    assert done.bundle.config.training.optimizer == "adamw"
    assert done.bundle.config.training.epochs == 2
    repeated = read_options(done.bundle.path / "config.toml", TrainOptions)
    assert "preset" not in repeated
    assert "minutes" not in repeated
    assert repeated["learning_rate"] == done.bundle.config.training.learning_rate
