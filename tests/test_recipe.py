"""Recipes: the recorded way to a model is commands that the program understands, run once each."""

import json
import shlex
import shutil
import signal
from pathlib import Path

import pytest
from support.drawing import draw_set
from support.program import run, start

import main
from segmentation.bundle.bundle import load_bundle
from segmentation.cli import recipe as command
from segmentation.cli.train import SECTIONS
from segmentation.config.presets import configure
from segmentation.core.errors import ConfigError
from segmentation.jobs.recipes import RECIPES, Recipe, steps
from segmentation.models.registry import complete

TINY = "--architecture simple --filters 8 --input-size 32x48 --batch-size 4 --epochs 1"


@pytest.mark.parametrize("name", RECIPES)
def test_every_step_is_a_command_that_the_program_understands(name):
    parser = main.build_parser()
    made = set()
    for step in steps(RECIPES[name], Path("data sets"), "mine"):
        options = parser.parse_args(step.arguments)
        if step.arguments[0] == "calibrate":
            assert {options.model, *options.fold_model} <= made
            continue
        built_on = {options.model, *options.second_pass} - {None}
        config = configure(options.preset, options.augmentation, explicit_options(options, *SECTIONS))

        assert built_on <= made
        assert complete(config).model.filters
        assert all(folder.is_relative_to("data sets") for folder in options.data)
        assert options.name == step.model
        made.add(step.model)

    assert step.model == "mine"


def test_print_shows_commands_that_can_be_pasted():
    shown = run("recipe", "default", "--print", "--name", "mine", "--data", "my photos")

    lines = [shlex.split(line) for line in shown.stdout.splitlines()]
    expected = steps(RECIPES["default"], Path("my photos"), "mine")
    assert lines == [["python", "main.py", *step.arguments] for step in expected]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return draw_set(tmp_path_factory.mktemp("data") / "pairs")


@pytest.fixture
def tiny_recipe(monkeypatch, pairs):
    """A recipe of two trainings, and what runs it: home -> exit status."""
    made = {
        "{name}-start": f"--data {{data}} {TINY}",
        "{name}": "--data {data} --model {name}-start --epochs 1",
    }
    monkeypatch.setitem(RECIPES, "tiny", Recipe("two trainings", made))

    def run(home):
        typed = ["recipe", "tiny", "--data", str(pairs), "--home", str(home), "--name", "mine"]
        return command.run(main.build_parser().parse_args(typed))

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory, pairs):
    """A home with both models of the tiny recipe, trained by its very commands."""
    home = tmp_path_factory.mktemp("trained")
    data = f"--data {shlex.quote(str(pairs))}"
    for options in (f"{data} {TINY} --name mine-start", f"{data} --model mine-start --epochs 1 --name mine"):
        run("train", *shlex.split(options), "--home", home)
    return home


@pytest.fixture
def home(trained, tmp_path):
    """A copy of that home."""
    return shutil.copytree(trained, tmp_path / "home")


def test_a_recipe_trains_its_models_one_on_another(tiny_recipe, tmp_path):
    assert tiny_recipe(tmp_path / "new") == 0
    assert load_bundle(tmp_path / "new" / "models" / "mine").provenance["start"] == "mine-start"


def test_what_is_there_is_not_trained_again(tiny_recipe, home, capfd):
    models = home / "models"
    shutil.rmtree(models / "mine")
    before = (models / "mine-start" / "bundle.json").stat().st_mtime_ns

    assert tiny_recipe(home) == 0
    assert "mine-start is there" in capfd.readouterr().out
    assert (models / "mine-start" / "bundle.json").stat().st_mtime_ns == before
    assert load_bundle(models / "mine").name == "mine"


def test_an_interrupted_training_is_brought_to_its_end(tiny_recipe, home):
    description = home / "models" / "mine" / "bundle.json"
    plain = json.loads(description.read_text())
    plain["provenance"]["interrupted"] = True
    description.write_text(json.dumps(plain))

    assert tiny_recipe(home) == 0
    assert not load_bundle(home / "models" / "mine").provenance["interrupted"]


def test_a_model_that_is_there_is_not_made_again(tiny_recipe, home):
    shutil.rmtree(home / "models" / "mine-start")

    with pytest.raises(ConfigError, match="mine: the model is there"):
        tiny_recipe(home)


def test_a_model_of_another_command_is_not_built_on(tiny_recipe, home, monkeypatch):
    shutil.rmtree(home / "models" / "mine")
    changed = {name: options + " --seed 1" for name, options in RECIPES["tiny"].models.items()}
    monkeypatch.setitem(RECIPES, "tiny", Recipe("two trainings", changed))

    with pytest.raises(ConfigError, match=r"mine-start: expected a model of .*--seed 1"):
        tiny_recipe(home)


def test_ctrl_c_ends_the_training_too_and_waits_for_it(pairs, tmp_path):
    (tmp_path / "data").mkdir()
    shutil.copytree(pairs, tmp_path / "data" / "ccp")
    recipe = start("recipe", "default", "--home", tmp_path, "--data", tmp_path / "data")
    shown = recipe.stdout.readline()
    recipe.send_signal(signal.SIGINT)
    _, said = recipe.communicate(timeout=120)

    assert "step 1 of" in shown
    assert recipe.returncode == 130, said
    assert not list((tmp_path / "models").glob("*/bundle.json"))


def test_a_step_that_fails_ends_the_recipe_with_its_status(tiny_recipe, tmp_path, capfd):
    (tmp_path / "models" / "mine-start").mkdir(parents=True)  # a folder that is no model

    assert tiny_recipe(tmp_path) == 2
    shown = capfd.readouterr()
    assert "step 1 of 2 ended with status 2" in shown.err
    assert "mine-start" in shown.err
    assert not (tmp_path / "models" / "mine").exists()
