"""Recipes: the recorded way to a model is commands that the program understands, run once each."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import main
from config import configure, explicit_options
from segmentation.bundle import load_bundle
from segmentation.commands import recipe as command
from segmentation.commands.train import SECTIONS
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


def test_a_step_that_fails_ends_the_recipe_with_its_status(tiny_recipe, tmp_path, capfd):
    (tmp_path / "home" / "models" / "mine-start").mkdir(parents=True)  # a folder that is no model

    assert tiny_recipe("--name", "mine") == 2
    shown = capfd.readouterr()
    assert "step 1 ended with status 2" in shown.out
    assert "mine-start" in shown.err
    assert not (tmp_path / "home" / "models" / "mine").exists()
