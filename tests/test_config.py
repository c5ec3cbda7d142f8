"""An option is defined once: flag, help, saved configuration, files and presets all come from the field."""

import contextlib
import dataclasses
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.cli.command_line import command_line, words_of
from segmentation.cli.main import build_parser, main
from segmentation.cli.parser import default_of, read_command
from segmentation.cli.wording import as_typed, flag
from segmentation.config.adversaries import AdversarialConfig
from segmentation.config.augmentation import AUGMENTATIONS, AugmentConfig
from segmentation.config.data import DataConfig
from segmentation.config.jobs import JOBS
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.loss import LossConfig
from segmentation.config.matting import MatteConfig
from segmentation.config.network import ModelConfig
from segmentation.config.options import options_of
from segmentation.config.preprocessing import PreprocessConfig
from segmentation.config.presets import PRESETS, configure
from segmentation.config.record import chosen, differences, record_of
from segmentation.config.run import RunConfig
from segmentation.config.second_pass import SecondPassConfig
from segmentation.config.toml_file import read_options, write_options
from segmentation.config.training import TrainConfig
from segmentation.config.values import LOSSES as MASK_LOSSES
from segmentation.config.values import MATTE_LOSSES, LossSum, Memory, Shares
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.models.backbones import BACKBONES

SECTIONS = (
    DataConfig,
    PreprocessConfig,
    AugmentConfig,
    ModelConfig,
    SecondPassConfig,
    MatteConfig,
    LossConfig,
    AdversarialConfig,
    TrainConfig,
)
LOSSES = (*MASK_LOSSES, *MATTE_LOSSES)
FIELDS = options_of(RunConfig)
ALL = [(command, found) for command, kind in JOBS.items() for found in options_of(kind)]

sides = st.integers(1, 99_999)
sizes = st.builds(Size, height=sides, width=sides)


weights_of_losses = st.dictionaries(
    st.sampled_from(LOSSES), st.floats(0, 1e9, exclude_min=True), min_size=1, max_size=len(LOSSES)
)
loss_sums = weights_of_losses.map(LossSum.of)


def help_of(command, which="--help-all"):
    """The help text of each flag and each positional argument of a command."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", "1000")
        with pytest.raises(SystemExit) as stopped:
            main([command, which])
    assert stopped.value.code == 0
    entries = re.split(r"\n  (?=\S)", printed.getvalue())[1:]
    return {entry.split()[0].rstrip(","): " ".join(entry.split()) for entry in entries}


@pytest.fixture(scope="module")
def helps():
    """The whole help of every command."""
    shown = {}
    for command, kind in JOBS.items():
        has_more = any(not found.about.common for found in options_of(kind))
        shown[command] = help_of(command, "--help-all" if has_more else "--help")
    return shown


@pytest.mark.parametrize(("command", "found"), ALL, ids=lambda item: getattr(item, "name", item))
def test_every_option_is_in_the_help_of_its_command_with_its_default(helps, command, found):
    name = (found.about.metavar or found.name.upper()) if found.about.positional else flag(found.name)
    described = helps[command][name]

    assert as_typed(found.about.help) in described
    assert f"({default_of(found)})" in described
    everything = " ".join(helps[command].values())  # the recipes stand at the end
    assert all(choice in (everything if found.about.positional else described) for choice in found.choices)


def test_the_short_help_of_train_is_short_and_leaves_no_flag_unaccepted():
    short, whole = help_of("train", "--help"), help_of("train")
    hidden = {name for name in whole if name.startswith("--") and name not in short}

    assert {flag(found.name) for found in FIELDS if not found.about.common} <= hidden
    assert len(short) < len(whole) / 1.5
    typed = build_parser().parse_args(["train", "--hue", "3", "--memory", "4GB"])
    assert read_command(TrainOptions, typed).run.augmentation.hue == 3


def test_the_help_of_train_names_every_backbone(helps):
    assert [name for name in BACKBONES if name not in helps["train"]["--backbone"]] == []


@pytest.mark.parametrize("command", JOBS)
def test_field_names_are_unique_across_sections(command):
    names = [found.name for found in options_of(JOBS[command])]

    assert len(names) == len(set(names))


def test_a_run_has_all_sections():
    assert {type(getattr(RunConfig(), f.name)) for f in dataclasses.fields(RunConfig)} == set(SECTIONS)


def parse(*arguments):
    """The options that `train` reads from its arguments."""
    return read_command(TrainOptions, build_parser().parse_args(["train", *arguments]))


def test_only_what_the_user_types_is_given():
    assert parse().given == frozenset()
    options = parse("--epochs", "3", "--input-size", "64x96", "--batch-size", "auto", "--hue", "1.5")
    assert chosen(options, "run") == {
        "epochs": 3,
        "input_size": Size(height=96, width=64),
        "batch_size": "auto",
        "hue": 1.5,
    }
    assert chosen(parse("--epochs", "100")) == {"epochs": 100}  # though it is the default
    assert chosen(TrainOptions(run=RunConfig().replace(epochs=7))) == {"epochs": 7}  # without a parser


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
        (("--architecture", "unet-7"), "'unet-7'"),
        (("--preset", "none-such"), "'none-such'"),
        (("--mix", "0.5,0.6"), "'0.5,0.6'"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_flag(arguments, received, capsys):
    with pytest.raises(SystemExit) as refused:
        parse(*arguments)

    (line,) = capsys.readouterr().err.splitlines()
    assert refused.value.code == 2
    assert arguments[0] in line
    assert received in line


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
    with pytest.raises(ConfigError, match="unknown options: epoch, fliters"):
        RunConfig().replace(epoch=3, fliters=8, levels=2)


def test_a_number_too_large_for_a_float_is_refused():
    with pytest.raises(ConfigError, match=r"`learning_rate`: expected a number from .*, received 'inf'"):
        RunConfig().replace(learning_rate=10**400)


def option_values(found):
    if found.name in ("input_size", "crops"):
        return st.none() | sizes
    if found.name == "batch_size":
        return st.just("auto") | st.integers(1, 99_999)
    if found.name in ("backbone", "architecture"):
        names = st.sampled_from(found.choices)
        return st.none() | names if found.optional else names
    if found.choices:
        return st.sampled_from(found.choices)
    if found.kind is int:
        return st.integers(found.about.minimum, min(found.about.maximum or 10**6, 10**6))
    if found.kind is float:
        return st.floats(0, found.about.maximum or 1e6)
    if found.name == "backbone_weights":
        return st.none() | st.sampled_from(["imagenet", "none", "weights/file.pth"])
    if found.name == "mix":
        return st.none() | st.sampled_from(["1", "0.7,0.3", "0.25,0.25,0.5"]).map(Shares.parse)
    if found.name == "classes":
        return st.sampled_from(["garment", "all", "groups/file.json"])
    if found.name == "trimaps":
        return st.sampled_from(["drawn", "trimap1,trimap2,drawn"])
    if found.name == "loss":
        return st.none() | loss_sums
    assert found.kind is Memory, f"no values for {found.name}"
    return st.integers(0, 999).map("{}GB".format).map(Memory.parse)


run_configs = st.fixed_dictionaries({found.name: option_values(found) for found in FIELDS}).map(
    lambda values: RunConfig().replace(**values)
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
                arguments.append(f"{flag(name)}={value}")

    assert configure(None, None, chosen(parse(*arguments), "run")) == run_config


@given(run_configs)
def test_a_file_of_options_is_read_back_as_it_was(tmp_path_factory, run_config):
    options = TrainOptions(data=(Path("a b"), Path("c")), model="start", second_pass=("one",), run=run_config)
    path = tmp_path_factory.mktemp("toml") / "config.toml"
    path.write_text(write_options(options, ["resume", "overwrite"]), encoding="utf-8")
    again = TrainOptions.of(**read_options(path, TrainOptions))

    assert again == options
    assert {"resume", "overwrite", "name", "preset", "augmentation"}.isdisjoint(again.given)
    assert parse("--config", str(path)) == options
    typed = parse("--config", str(path), "--epochs", "77", "--set", "run.augmentation.hue=3")
    assert (typed.run.training.epochs, typed.run.augmentation.hue) == (77, 3)


def test_leaving_an_option_out_keeps_the_table_of_its_name():
    options = TrainOptions.of(data="pairs", model="start", hue=3)
    text = write_options(options, ["data", "model", "augmentation"])

    assert "pairs" not in text
    assert "start" not in text
    for table in ("[run.data]", "[run.model]", "[run.augmentation]"):
        assert table in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs = 0\n", "`epochs`: expected a whole number from 1"),
        ("[run.training]\nepoch = 3\n", "unknown options: run.training.epoch"),
        ("epochs = 3", ""),
        ("training.epochs = 3", ""),
        ("epochs: 3\n", "received a file with"),
        ("overwrite = 'perhaps'\n", "`overwrite`: expected true or false"),
    ],
)
def test_a_file_of_options_is_checked_as_flags_are(tmp_path, text, said):
    path = tmp_path / "own.toml"
    path.write_text(text)
    if not said:
        assert read_options(path, TrainOptions) == {"epochs": 3}
        return
    with pytest.raises(ConfigError, match=re.escape(said)) as refused:
        read_options(path, TrainOptions)
    assert str(path) in str(refused.value)


def test_what_is_set_is_an_option_by_its_name_or_by_its_section():
    for right in ("hue=3", "augmentation.hue=3", "run.augmentation.hue=3"):
        assert chosen(parse("--set", right)) == {"hue": 3}
    for wrong in ("hues=3", "hue", "model.hue=3"):
        with pytest.raises(ConfigError, match=f"--set: expected OPTION=VALUE .* received '{wrong}'"):
            parse("--set", wrong)
    with pytest.raises(ConfigError, match=r"`hue`: expected a number from 0 to 180, received '181'"):
        parse("--set", "hue=181")


@given(run_configs, st.booleans())
def test_options_as_a_command_are_read_back(run_config, overwrite):
    options = TrainOptions(data=(Path("my photos"),), name="shoes", overwrite=overwrite, run=run_config)
    words = words_of(options)

    assert words[0] == "train"
    assert parse(*words[1:]) == options
    assert command_line(options).startswith("python main.py train --data 'my photos'")


def test_a_record_says_what_differs():
    made, wanted = TrainOptions.of(data=["a", "b"], epochs=3, seed=1), TrainOptions.of(data="a", epochs=3)

    assert record_of(made) == {"data": ["a", "b"], "epochs": 3, "seed": 1}
    assert differences(record_of(made), record_of(wanted)) == [
        "`data` is a, b, expected a",
        "`seed` is 1, expected not given",
    ]


@pytest.mark.parametrize("typed", ["--flip=1.1", "--holdout=1", "--epochs=0", "--scale=-0.1", "--hue=nan"])
def test_an_option_out_of_its_range_is_refused(typed, capsys):
    with pytest.raises(SystemExit):
        parse(typed)
    assert re.search(r"expected a .*number from", capsys.readouterr().err)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": {"fliters": 8}},
        {"preprocessing": {"input_size": "large"}},
        {"preprocessing": {"input_size": "0x0"}},
    ],
)
def test_a_saved_configuration_of_another_kind_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
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
    with pytest.raises(ValueError, match="256x384") as refused:
        Size.parse(text)

    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12GB", 12 * 2**30), ("500MB", 500 * 2**20), ("0.5g", 2**29), ("1 GiB", 2**30), ("0MB", 0)],
)
def test_memory_is_read_in_powers_of_1024_and_written_as_it_was(text, expected):
    assert Memory.parse(text) == expected
    assert str(Memory.parse(text)) == text
    assert Memory.parse(str(Memory(expected))) == expected


@pytest.mark.parametrize("text", ["", "12", "GB", "-1GB", "12TB", "1e3MB", "12 GB of it"])
def test_what_is_no_memory_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="12GB") as refused:
        Memory.parse(text)

    assert repr(text) in str(refused.value)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_shares_are_read_as_they_are_written(parts):
    shares = Shares(part / sum(parts) for part in parts)

    assert Shares.parse(str(shares)) == shares


@pytest.mark.parametrize("text", ["", "0.7", "0.7;0.3", "1,0", "1.5,-0.5", "nan", "a,b"])
def test_what_are_no_shares_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"0\.7,0\.3") as refused:
        Shares.parse(text)

    assert repr(text) in str(refused.value)


@given(weights_of_losses, st.sampled_from(["+", " + ", "  +"]))
def test_a_sum_of_losses_is_read_as_it_is_written(weights, plus):
    text = plus.join(f"{weight}*{name}" for name, weight in weights.items())
    assert LossSum.parse(text).weights == weights
    assert LossSum.parse(plus.join(weights)).weights == dict.fromkeys(weights, 1.0)
    assert LossSum.parse(str(LossSum.of(weights))).weights == weights


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ce", {"ce": 1}),
        (" 2 * ce+.5*dice ", {"ce": 2, "dice": 0.5}),
        ("1e-3*lovasz + 10.*mse", {"lovasz": 0.001, "mse": 10}),
    ],
)
def test_a_sum_of_losses_may_be_written_as_people_write_it(text, expected):
    assert LossSum.parse(text).weights == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f"one of {', '.join(LOSSES)} at character 1 of '', received its end"),
        ("0.5*dise", f"{LOSSES[-1]} at character 5 of '0.5*dise', received 'dise'"),
        ("ce +", f"{LOSSES[-1]} at character 5 of 'ce +', received its end"),
        ("ce - dice", "+ at character 4 of 'ce - dice', received '-'"),
        ("ce dice", "+ at character 4 of 'ce dice', received 'dice'"),
        ("2ce", "* at character 2 of '2ce', received 'ce'"),
        ("0.5", "* at character 4 of '0.5', received its end"),
        ("ce + 0*dice", "a weight above 0 at character 6 of 'ce + 0*dice', received '0'"),
        ("1e999*ce", "a weight above 0 at character 1 of '1e999*ce', received '1e999'"),
        ("-1*ce", f"{LOSSES[-1]} at character 1 of '-1*ce', received '-'"),
        ("nan*ce", f"{LOSSES[-1]} at character 1 of 'nan*ce', received 'nan'"),
        ("ce + 2*ce", "each loss once at character 8 of 'ce + 2*ce', received 'ce'"),
        ("__import__('os')", f"{LOSSES[-1]} at character 1 of"),
    ],
)  # fmt: skip
def test_what_is_no_sum_of_losses_is_refused_with_the_place(text, said):
    with pytest.raises(ValueError, match=r"^expected ") as refused:
        LossSum.parse(text)

    assert said in str(refused.value)


@given(st.text(max_size=30) | st.text("0123456789.eE+-* cdifolsz", max_size=20))
def test_any_text_is_a_sum_of_losses_or_is_refused(text):
    try:
        weights = LossSum.parse(text).weights
    except ValueError:
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
