"""Recipes: the recorded way to a model is commands that the program understands, run once each."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import main
from config import configure, explicit_options
from segmentation.bundle import load_bundle
from segmentation.commands import recipe as command
from segmentation.commands.train import SECTIONS
from segmentation.errors import ConfigError
from segmentation.models.registry import complete
from segmentation.recipes import RECIPES, Recipe, steps

ROOT = Path(__file__).resolve().parents[1]
TINY = "--architecture simple --filters 8 --input-size 32x48 --batch-size 4 --epochs 1"


@pytest.mark.parametrize("name", RECIPES)
def test_every_step_is_a_training_that_the_program_understands(name):
    parser = main.build_parser()
    made = set()
    for step in steps(RECIPES[name], Path("data sets"), "mine"):
        options = parser.parse_args(step.arguments)
        built_on = {options.model, *options.second_pass} - {None}
        config = configure(options.preset, options.augmentation, explicit_options(options, *SECTIONS))

        assert built_on <= made
        assert complete(config).model.filters
        assert all(folder.is_relative_to("data sets") for folder in options.data)
        assert options.name == step.model
        made.add(step.model)

    assert options.name == "mine"


def test_print_shows_commands_that_can_be_pasted():
    program = [sys.executable, str(ROOT / "main.py"), "recipe", "default", "--print", "--name", "mine"]
    shown = subprocess.run([*program, "--data", "my photos"], capture_output=True, text=True, check=True)

    lines = [shlex.split(line) for line in shown.stdout.splitlines()]
    expected = steps(RECIPES["default"], Path("my photos"), "mine")
    assert lines == [["python", "main.py", *step.arguments] for step in expected]


@pytest.fixture
def tiny_recipe(monkeypatch, tmp_path, tiny_set):
    """A recipe of two trainings, and what runs it: arguments -> exit status."""
    made = {
        "{name}-start": f"--data {{data}} {TINY}",
        "{name}": "--data {data} --model {name}-start --epochs 1",
    }
    monkeypatch.setitem(RECIPES, "tiny", Recipe("two trainings", made))

    def run(*arguments):
        typed = ["recipe", "tiny", "--data", str(tiny_set), "--home", str(tmp_path / "home"), *arguments]
        options = main.build_parser().parse_args(typed)
        return command.run(options)

    return run


def test_a_recipe_trains_its_models_one_on_another_and_does_not_repeat_what_is_there(
    tiny_recipe, tmp_path, capfd
):
    assert tiny_recipe("--name", "mine") == 0
    models = tmp_path / "home" / "models"
    assert load_bundle(models / "mine").provenance["start"] == "mine-start"

    capfd.readouterr()
    shutil.rmtree(models / "mine")
    before = (models / "mine-start" / "bundle.json").stat().st_mtime_ns
    assert tiny_recipe("--name", "mine") == 0
    assert "mine-start is there" in capfd.readouterr().out
    assert (models / "mine-start" / "bundle.json").stat().st_mtime_ns == before
    assert load_bundle(models / "mine").name == "mine"


def test_an_interrupted_training_is_brought_to_its_end(tiny_recipe, tmp_path):
    assert tiny_recipe("--name", "mine") == 0
    models = tmp_path / "home" / "models"
    shutil.rmtree(models / "mine")
    description = models / "mine-start" / "bundle.json"
    plain = json.loads(description.read_text())
    plain["provenance"]["interrupted"] = True
    description.write_text(json.dumps(plain))

    assert tiny_recipe("--name", "mine") == 0
    assert not load_bundle(models / "mine-start").provenance["interrupted"]


def test_a_model_that_is_there_is_not_made_again(tiny_recipe, tmp_path):
    assert tiny_recipe("--name", "mine") == 0
    shutil.rmtree(tmp_path / "home" / "models" / "mine-start")

    with pytest.raises(ConfigError, match="mine: the model is there"):
        tiny_recipe("--name", "mine")


def test_a_model_of_another_command_is_not_built_on(tiny_recipe, tmp_path, monkeypatch):
    assert tiny_recipe("--name", "mine") == 0
    shutil.rmtree(tmp_path / "home" / "models" / "mine")
    changed = {name: options + " --seed 1" for name, options in RECIPES["tiny"].models.items()}
    monkeypatch.setitem(RECIPES, "tiny", Recipe("two trainings", changed))

    with pytest.raises(ConfigError, match=r"mine-start: expected a model of .*--seed 1"):
        tiny_recipe("--name", "mine")


def test_ctrl_c_ends_the_training_too_and_waits_for_it(tiny_set, tmp_path):
    program = [sys.executable, str(ROOT / "main.py"), "recipe", "default", "--home", str(tmp_path)]
    (tmp_path / "data").mkdir()
    shutil.copytree(tiny_set, tmp_path / "data" / "ccp")
    recipe = subprocess.Popen(
        [*program, "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = recipe.stdout.readline()
    recipe.send_signal(signal.SIGINT)
    rest = recipe.communicate(timeout=120)[0]

    assert "step 1 of" in shown
    assert recipe.returncode == 130, rest
    assert not list((tmp_path / "models").glob("*/bundle.json"))


def test_a_step_that_fails_ends_the_recipe_with_its_status(tiny_recipe, tmp_path, capfd):
    (tmp_path / "home" / "models" / "mine-start").mkdir(parents=True)  # a folder that is no model

    assert tiny_recipe("--name", "mine") == 2
    shown = capfd.readouterr()
    assert "step 1 of 2 ended with status 2" in shown.err
    assert "mine-start" in shown.err
    assert not (tmp_path / "home" / "models" / "mine").exists()
