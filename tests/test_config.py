"""An option is defined once: flag, help, saved configuration and presets all come from the field."""

import argparse
import contextlib
import dataclasses
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from main import main
from segmentation.config.presets import PRESETS, configure
from segmentation.config.training import (
    AUGMENTATIONS,
    AugmentConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    PreprocessConfig,
    RunConfig,
    SecondPassConfig,
    TrainConfig,
)
from segmentation.config.values import LOSSES
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.models.backbones import BACKBONES

SECTIONS = (
    DataConfig,
    PreprocessConfig,
    AugmentConfig,
    ModelConfig,
    SecondPassConfig,
    LossConfig,
    TrainConfig,
)
FIELDS = [item for section in SECTIONS for item in dataclasses.fields(section)]

sides = st.integers(1, 99_999)
sizes = st.builds(Size, height=sides, width=sides)


weights_of_losses = st.dictionaries(
    st.sampled_from(LOSSES), st.floats(0, 1e9, exclude_min=True), min_size=1, max_size=len(LOSSES)
)
loss_sums = weights_of_losses.map(
    lambda weights: " + ".join(f"{weight}*{name}" for name, weight in weights.items())
)


@pytest.fixture(scope="module")
def train_help():
    """The help text of each flag of `train`."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", "1000")
        with pytest.raises(SystemExit) as stopped:
            main(["train", "--help"])
    assert stopped.value.code == 0
    entries = re.split(r"\n  (?=--)", printed.getvalue())[1:]
    return {entry.split()[0]: " ".join(entry.split()) for entry in entries}


@pytest.mark.parametrize("item", FIELDS, ids=lambda item: item.name)
def test_every_field_is_in_the_help_of_train_with_its_default(train_help, item):
    described = train_help["--" + item.name.replace("_", "-")]
    default = "own" if item.default is None else item.default

    assert f"{item.metadata['help']} (default: {default})" in described
    assert all(choice in described for choice in item.metadata["choices"])


def test_the_help_of_train_names_every_backbone(train_help):
    assert [name for name in BACKBONES if name not in train_help["--backbone"]] == []


def test_field_names_are_unique_across_sections():
    names = [item.name for item in FIELDS]

    assert len(names) == len(set(names))
    assert {type(getattr(RunConfig(), f.name)) for f in dataclasses.fields(RunConfig)} == set(SECTIONS)


def parse(*arguments):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, *SECTIONS)
    return explicit_options(parser.parse_args(arguments), *SECTIONS)


def test_only_what_the_user_types_is_an_explicit_option():
    assert parse() == {}
    assert parse("--epochs", "3", "--input-size", "64x96", "--batch-size", "auto", "--hue", "1.5") == {
        "epochs": 3,
        "input_size": Size(height=96, width=64),
        "batch_size": "auto",
        "hue": 1.5,
    }


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (("--epochs", "0"), "'0'"),
        (("--epochs", "many"), "'many'"),
        (("--epochs", "2.5"), "'2.5'"),
        (("--learning-rate", "nan"), "'nan'"),
        (("--learning-rate", "-1"), "'-1'"),
        (("--hue", "inf"), "'inf'"),
        (("--batch-size", "0"), "'0'"),
        (("--batch-size", "all"), "'all'"),
        (("--memory", "lots"), "'lots'"),
        (("--input-size", "256"), "'256'"),
        (("--colour", "sepia"), "'sepia'"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_flag(arguments, received):
    with pytest.raises(argparse.ArgumentError) as refused:
        parse(*arguments)

    assert arguments[0] in str(refused.value)
    assert received in str(refused.value)


def test_the_layers_lie_over_each_other(monkeypatch):
    monkeypatch.setitem(
        PRESETS,
        "trial",
        {"augmentation": "carvana", "epochs": 7, "filters": 12, "flip": 0.25, "input_size": Size(64, 64)},
    )
    base = RunConfig().replace(filters=4, levels=3, norm="group", contrast="clahe", epochs=2)

    defaults = configure(None, None, {})
    started = configure(None, None, {}, base)
    preset = configure("trial", None, {}, base)
    augmented = configure("trial", "none", {}, base)
    typed = configure("trial", "none", {"filters": 20, "flip": 0.75}, base)

    assert defaults == RunConfig()
    # a start model brings its network and its preprocessing, not how it was trained
    assert (started.model, started.preprocessing) == (base.model, base.preprocessing)
    assert (started.training, started.augmentation) == (TrainConfig(), AugmentConfig())
    assert (preset.training.epochs, preset.model.filters, preset.model.levels) == (7, 12, 3)
    assert preset.preprocessing == dataclasses.replace(base.preprocessing, input_size=Size(64, 64))
    assert preset.augmentation == dataclasses.replace(AUGMENTATIONS["carvana"], flip=0.25)
    assert augmented.augmentation == AUGMENTATIONS["none"]
    assert augmented.training.epochs == 7
    assert typed.augmentation == dataclasses.replace(AUGMENTATIONS["none"], flip=0.75)
    assert (typed.model.filters, typed.training.epochs) == (20, 7)


def test_laying_a_preset_leaves_the_table_as_it_was(monkeypatch):
    monkeypatch.setitem(PRESETS, "trial", {"augmentation": "none", "epochs": 7})
    first, second = (configure("trial", None, {}) for _ in range(2))

    assert first == second
    assert PRESETS["trial"] == {"augmentation": "none", "epochs": 7}


def test_every_preset_describes_a_network_that_can_be_built():
    for preset in (None, *PRESETS):
        complete = registry.complete(configure(preset, None, {}))
        step = 2**complete.model.levels
        size = complete.preprocessing.input_size
        assert size.height % step == size.width % step == 0, preset
        assert complete.model.filters > 0, preset


def test_unknown_options_are_refused_by_name():
    with pytest.raises(TypeError, match="unknown options: epoch, fliters"):
        RunConfig().replace(epoch=3, fliters=8, levels=2)


def option_values(item, kind):
    if item.name == "input_size":
        return st.none() | sizes
    if item.name == "batch_size":
        return st.just("auto") | st.integers(1, 99_999)
    if item.metadata["choices"]:
        return st.sampled_from(item.metadata["choices"])
    if kind is int:
        return st.integers(item.metadata["minimum"] or 0, min(item.metadata["maximum"] or 10**6, 10**6))
    if kind is float:
        return st.floats(0, item.metadata["maximum"] or 1e6)
    if item.name == "backbone_weights":
        return st.none() | st.sampled_from(["imagenet", "none", "weights/file.pth"])
    if item.name == "backbone":
        return st.none() | st.sampled_from(list(BACKBONES))
    if item.name == "mix":
        return st.none() | st.sampled_from(["1", "0.7,0.3", "0.25,0.25,0.5"])
    if item.name == "classes":
        return st.sampled_from(["garment", "all", "groups/file.json"])
    if item.name == "loss":
        return st.none() | loss_sums
    if item.name in ("cache", "memory"):
        return st.integers(0, 999).map("{}GB".format)
    assert item.name == "architecture", f"no values for {item.name}"
    return st.sampled_from(list(registry.ARCHITECTURES))


def sections(kind):
    hints = config.get_type_hints(kind)
    values = {item.name: option_values(item, hints[item.name]) for item in dataclasses.fields(kind)}
    return st.builds(kind, **values)


run_configs = st.builds(
    RunConfig,
    **{f.name: sections(type(getattr(RunConfig(), f.name))) for f in dataclasses.fields(RunConfig)},
)


@given(run_configs)
def test_a_saved_configuration_is_read_back_as_it_was(run_config):
    text = json.dumps(run_config.to_json(), allow_nan=False)

    assert RunConfig.from_json(json.loads(text)) == run_config


@given(run_configs)
def test_what_is_typed_is_what_is_saved(run_config):
    arguments = []
    for section in dataclasses.fields(run_config):
        for name, value in vars(getattr(run_config, section.name)).items():
            if value is not None:
                arguments.append(f"--{name.replace('_', '-')}={value}")

    assert configure(None, None, parse(*arguments)) == run_config


@pytest.mark.parametrize("typed", ["--flip=1.1", "--holdout=1", "--epochs=0", "--scale=-0.1", "--hue=nan"])
def test_an_option_out_of_its_range_is_refused(typed):
    with pytest.raises(argparse.ArgumentError, match=r"expected a .*number from"):
        parse(typed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": {"fliters": 8}},
        {"preprocessing": {"input_size": "large"}},
        {"preprocessing": {"input_size": "0x0"}},
    ],
)
def test_a_saved_configuration_of_another_kind_is_refused(wrong):
    with pytest.raises((TypeError, KeyError, ValueError)):
        RunConfig.from_json(wrong)


@given(sizes)
def test_a_size_is_read_as_it_is_written(size):
    assert Size.parse(str(size)) == size
    assert Size.parse(str(size).upper()) == size
    assert str(size).split("x") == [str(size.width), str(size.height)]


@pytest.mark.parametrize(
    "text", ["", "256", "256x", "x256", "0x256", "256x0", "-1x2", "2.5x3", "1x2x3", "axb"]
)
def test_what_is_no_size_is_refused_with_an_example(text):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        Size.parse(text)

    assert "256x384" in str(refused.value)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12GB", 12 * 2**30), ("500MB", 500 * 2**20), ("0.5g", 2**29), ("1 GiB", 2**30), ("0MB", 0)],
)
def test_memory_is_read_in_powers_of_1024(text, expected):
    assert parse_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "12", "GB", "-1GB", "12TB", "1e3MB", "12 GB of it"])
def test_what_is_no_memory_is_refused_with_an_example(text):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        parse_bytes(text)

    assert "12GB" in str(refused.value)
    assert repr(text) in str(refused.value)


@given(weights_of_losses, st.sampled_from(["+", " + ", "  +"]))
def test_a_sum_of_losses_is_read_as_it_is_written(weights, plus):
    assert parse_loss(plus.join(f"{weight}*{name}" for name, weight in weights.items())) == weights
    assert parse_loss(plus.join(weights)) == dict.fromkeys(weights, 1.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ce", {"ce": 1}),
        (" 2 * ce+.5*dice ", {"ce": 2, "dice": 0.5}),
        ("1e-3*lovasz + 10.*mse", {"lovasz": 0.001, "mse": 10}),
    ],
)
def test_a_sum_of_losses_may_be_written_as_people_write_it(text, expected):
    assert parse_loss(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one of ce, focal, dice, tversky, lovasz, mse at character 1 of '', received its end"),
        ("0.5*dise", "tversky, lovasz, mse at character 5 of '0.5*dise', received 'dise'"),
        ("ce +", "mse at character 5 of 'ce +', received its end"),
        ("ce - dice", "+ at character 4 of 'ce - dice', received '-'"),
        ("ce dice", "+ at character 4 of 'ce dice', received 'dice'"),
        ("2ce", "* at character 2 of '2ce', received 'ce'"),
        ("0.5", "* at character 4 of '0.5', received its end"),
        ("ce + 0*dice", "a weight above 0 at character 6 of 'ce + 0*dice', received '0'"),
        ("1e999*ce", "a weight above 0 at character 1 of '1e999*ce', received '1e999'"),
        ("-1*ce", "mse at character 1 of '-1*ce', received '-'"),
        ("nan*ce", "mse at character 1 of 'nan*ce', received 'nan'"),
        ("ce + 2*ce", "each loss once at character 8 of 'ce + 2*ce', received 'ce'"),
        ("__import__('os')", "mse at character 1 of"),
    ],
)  # fmt: skip
def test_what_is_no_sum_of_losses_is_refused_with_the_place(text, said):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        parse_loss(text)

    assert str(refused.value).startswith("expected ")
    assert said in str(refused.value)


@given(st.text(max_size=30) | st.text("0123456789.eE+-* cdifolsz", max_size=20))
def test_any_text_is_a_sum_of_losses_or_is_refused(text):
    try:
        weights = parse_loss(text)
    except argparse.ArgumentTypeError:
        return
    assert {*weights} <= {*LOSSES}
    assert all(weight > 0 for weight in weights.values())


def test_a_saved_sum_of_losses_is_checked_as_a_typed_one_is():
    with pytest.raises(ValueError, match=r"config.loss.loss: expected one of ce, .* received 'dise'"):
        RunConfig.from_json({"loss": {"loss": "ce + dise"}})
    with pytest.raises(ValueError, match=r"config.loss.label_smoothing: expected a number from 0 to 0\.9"):
        RunConfig.from_json({"loss": {"label_smoothing": 1.0}})


def test_a_configuration_of_before_has_the_loss_that_it_was_trained_with():
    plain = RunConfig().to_json()
    for name in ("loss", "class_weights", "label_smoothing"):
        del plain["loss"][name]

    assert RunConfig.from_json(plain) == RunConfig()
    assert RunConfig.from_json(plain).loss.loss is None
