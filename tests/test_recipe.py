"""Recipes: the recorded way to a model is jobs with typed options, run once each."""

import dataclasses
import hashlib
import json
import shlex
import shutil
import signal
from pathlib import Path

import pytest
from support.drawing import draw_set
from support.folder_job import scorer_of
from support.program import TINY_OPTIONS, make, run, signalled, start
from support.waiting import PATIENCE_S

import main
from segmentation.bundle.bundle import load_bundle
from segmentation.cli.command_line import words_of
from segmentation.cli.main import build_parser
from segmentation.cli.parser import read_command
from segmentation.config.jobs import JOBS
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.jobs.compose import ComposeOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.options import replaced
from segmentation.config.presets import configure
from segmentation.config.record import chosen, digest_of, record_of
from segmentation.core.digests import sha256_of
from segmentation.core.errors import ConfigError
from segmentation.core.file_kinds import REFINEMENTS
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.named_files import contents
from segmentation.jobs.named_models import models_of
from segmentation.jobs.recipe_runs import is_done
from segmentation.jobs.recipe_runs import run as run_step
from segmentation.jobs.recipe_steps import Request, Step
from segmentation.jobs.recipes import RECIPES, Recipe
from segmentation.models.registry import complete
from segmentation.outputs.folder_job import Tally
from segmentation.training.run_state import read_run

TINY = {**TINY_OPTIONS, "epochs": 1}


@pytest.mark.parametrize("name", RECIPES)
def test_every_step_is_a_job_that_can_be_done(name):
    made, folders = {}, {}
    for step in RECIPES[name].steps(Request(Path("data sets"), "mine", Path("results", "mine"))):
        options = step.options
        if isinstance(options, CalibrateOptions):
            assert {options.model, *options.fold_model} <= made.keys()
            assert options.model == step.name
            continue
        if not isinstance(options, TrainOptions):
            known = {*made, "default", *REFINEMENTS}
            assert {*models_of(step.options)} <= known
            assert step.output.is_relative_to(Path("results", "mine", step.name))
            folders[step.output] = step
            continue
        built_on = {options.model, *options.second_pass} - {None}
        assert built_on <= made.keys()

        base = made.get(options.model)
        config = complete(configure(options.preset, options.augmentation, chosen(options, "run"), base=base))
        assert config.model.filters
        assert all(folder.is_relative_to("data sets") or folder in folders for folder in options.data)
        assert options.name == step.name
        made[step.name] = config

    assert RECIPES[name].questions or step.name == "mine"


@pytest.mark.parametrize("name", RECIPES)
def test_every_step_as_a_command_gives_its_options_back(name):
    for step in RECIPES[name].steps(Request(Path("data sets"), "mine")):
        typed = build_parser().parse_args(words_of(step.options))
        options = read_command(JOBS[typed.command], typed)

        assert options == step.options
        assert options.given == step.options.given


def test_print_shows_commands_that_can_be_pasted():
    shown = run("recipe", "default", "--print", "--name", "mine", "--data", "my photos")

    lines = [shlex.split(line) for line in shown.stdout.splitlines()]
    expected = RECIPES["default"].steps(Request(Path("my photos"), "mine"))
    assert lines == [["python", "main.py", *words_of(step.options)] for step in expected]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return draw_set(tmp_path_factory.mktemp("data") / "pairs")


def tiny_steps(**more):
    """The steps of a recipe of two trainings."""

    def steps(request):
        data, name = request.data, request.name
        first = TrainOptions.of(data=data, name=f"{name}-start", **TINY, **more)
        return [
            Step(f"{name}-start", first),
            Step(name, TrainOptions.of(data=data, name=name, model=f"{name}-start", epochs=1)),
        ]

    return steps


@pytest.fixture
def tiny_recipe(monkeypatch, pairs):
    """A recipe of two trainings, and what runs it: home -> exit status."""
    monkeypatch.setitem(RECIPES, "tiny", Recipe("two trainings", tiny_steps()))

    def run(home):
        return main.main(["recipe", "tiny", "--data", str(pairs), "--home", str(home), "--name", "mine"])

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory, pairs):
    """A home with both models of the tiny recipe, trained by its very commands."""
    home = tmp_path_factory.mktemp("trained")
    for step in tiny_steps()(Request(pairs, "mine")):
        make(*words_of(step.options), "--home", home)
    return home


@pytest.fixture
def home(trained, tmp_path):
    """A copy of that home."""
    return shutil.copytree(trained, tmp_path / "home")


def change_provenance(home, model, change):
    description = home / "models" / model / "bundle.json"
    plain = json.loads(description.read_text())
    change(plain["provenance"])
    description.write_text(json.dumps(plain))


def test_a_recipe_trains_its_models_one_on_another(tiny_recipe, trained, tmp_path):
    assert tiny_recipe(tmp_path / "new") == 0
    made = load_bundle(tmp_path / "new" / "models" / "mine")
    assert made.provenance["start"] == "mine-start"
    by_hand = load_bundle(trained / "models" / "mine")
    assert made.provenance["digest"] == by_hand.provenance["digest"]
    assert made.provenance["val_at_full_resolution"] == by_hand.provenance["val_at_full_resolution"]
    histories = [(bundle.path / "history.csv").read_text() for bundle in (made, by_hand)]
    assert histories[0] == histories[1]


def test_what_is_there_is_not_trained_again(tiny_recipe, home, capfd):
    models = home / "models"
    shutil.rmtree(models / "mine")
    before = (models / "mine-start" / "bundle.json").stat().st_mtime_ns

    assert tiny_recipe(home) == 0
    assert "mine-start exists" in capfd.readouterr().out
    assert (models / "mine-start" / "bundle.json").stat().st_mtime_ns == before
    assert load_bundle(models / "mine").name == "mine"


def test_an_interrupted_training_is_brought_to_its_end(tiny_recipe, home, capfd):
    change_provenance(home, "mine", lambda provenance: provenance.update(interrupted=True))

    assert tiny_recipe(home) == 0
    assert "--resume" in capfd.readouterr().out
    assert not load_bundle(home / "models" / "mine").provenance["interrupted"]


def test_a_model_that_is_there_is_not_made_again(tiny_recipe, home, capfd):
    shutil.rmtree(home / "models" / "mine-start")

    assert tiny_recipe(home) == 2
    assert "--name mine: the model exists" in capfd.readouterr().err


def test_a_model_of_other_options_is_not_built_on(tiny_recipe, home, monkeypatch, capfd):
    shutil.rmtree(home / "models" / "mine")
    monkeypatch.setitem(RECIPES, "tiny", Recipe("two trainings", tiny_steps(seed=1)))

    assert tiny_recipe(home) == 2
    said = capfd.readouterr().err
    assert "mine-start: expected the model of this step" in said
    assert "--seed is not given, expected 1" in said
    assert "choose another --name, or move it away" in said


def test_a_model_of_other_pairs_is_not_built_on(pairs, trained, tmp_path):
    home, data = shutil.copytree(trained, tmp_path / "home"), shutil.copytree(pairs, tmp_path / "pairs")
    (step, _) = tiny_steps()(Request(data, "mine"))
    change_provenance(
        home, "mine-start", lambda recorded: recorded.update(digest=digest_of(record_of(step.options)))
    )
    records, context = tmp_path / "steps", Context(Workspace(home))
    assert is_done(step, records, context)

    cutouts = data / "cutouts"
    shutil.copy(cutouts / "000_Front.png", cutouts / "001_Front.png")  # a corrected one, say
    with pytest.raises(ConfigError, match="trained before what `data` names was changed"):
        is_done(step, records, context)
    change_provenance(home, "mine-start", lambda recorded: recorded.pop("files"))  # as before
    assert is_done(step, records, context)
    shutil.rmtree(data)
    assert is_done(step, records, context)


def test_a_model_of_a_version_that_knew_the_pairs_alone_is_still_that_of_its_step(trained, tmp_path, pairs):
    data = shutil.copytree(pairs, tmp_path / "pairs")
    (step, _) = tiny_steps()(Request(data, "mine"))
    home, context = shutil.copytree(trained, tmp_path / "home"), Context(Workspace(tmp_path / "home"))
    found = [
        (f"0  {photo.stem}", sha256_of(path))
        for photo in sorted((data / "images").iterdir())
        for path in (photo, data / "cutouts" / photo.name)
    ]
    digest = hashlib.sha256("\n".join(sorted(map(repr, found))).encode()).hexdigest()
    before = {"digest": digest_of(record_of(step.options)), "data_digest": digest}
    change_provenance(home, "mine-start", lambda recorded: [recorded.pop("files"), recorded.update(before)])
    assert is_done(step, tmp_path / "steps", context)

    (data / "origin.json").write_text('{"origin": "retouched"}')
    assert is_done(step, tmp_path / "steps", context)
    (data / "cutouts" / "000_Front.png").write_bytes(b"another")
    with pytest.raises(ConfigError, match="what `data` names was changed"):
        is_done(step, tmp_path / "steps", context)


def test_what_was_calibrated_on_other_pairs_is_calibrated_again(pairs, trained, tmp_path):
    home, data = shutil.copytree(trained, tmp_path / "home"), shutil.copytree(pairs, tmp_path / "pairs")
    step = Step("mine", CalibrateOptions.of(model="mine", data=[data]))
    records, context = tmp_path / "steps", Context(Workspace(home))
    calibrated = {"calibrated_digest": digest_of(record_of(step.options))}
    change_provenance(home, "mine", lambda recorded: recorded.update(calibrated))
    assert is_done(step, records, context)  # by a version that did not record them

    calibrated["calibrated_files"] = contents(step.options)
    change_provenance(home, "mine", lambda recorded: recorded.update(calibrated))
    assert is_done(step, records, context)
    shutil.copy(data / "cutouts" / "000_Front.png", data / "cutouts" / "001_Front.png")
    assert not is_done(step, records, context)


def test_what_a_step_reads_is_known_by_its_contents_wherever_it_is_named(pairs, tmp_path):
    data, walls = shutil.copytree(pairs, tmp_path / "pairs"), draw_set(tmp_path / "walls", garments=1)
    for name in ("exclude.csv", "classes.csv"):
        (tmp_path / name).write_text("id,exclude\n")
    composed = ComposeOptions.of(
        data=[data], foregrounds=[walls / "cutouts"], backgrounds=str(walls / "images"), output=data / "new"
    )
    predicted = PredictOptions.of(input=[walls / "images"], output=walls / "images" / "out")
    tables = {"exclude": tmp_path / "exclude.csv", "classes": str(tmp_path / "classes.csv")}
    trained = TrainOptions.of(data=[data], trimaps="trimap1,drawn", **tables)
    every = (composed, predicted, trained)
    assert [contents(one).keys() for one in every] == [
        {"data", "foregrounds", "backgrounds"},
        {"input"},
        {"exclude", "classes", "data"},
    ]

    def changed():
        now = [contents(one) for one in every]
        found = [
            name for one, other in zip(before, now, strict=True) for name in one if one[name] != other[name]
        ]
        before[:] = now
        return found

    before = [contents(one) for one in every]
    (predicted.output / "cutouts").mkdir(parents=True)
    shutil.copy(walls / "images" / "000_Front.png", predicted.output / "cutouts")
    shutil.copytree(data / "cutouts", data / "trimap2")
    assert changed() == ["backgrounds"]  # which knows nothing of what `predict` writes
    for path, names in (
        (walls / "cutouts" / "000_Front.png", ["foregrounds"]),
        (tmp_path / "exclude.csv", ["exclude"]),
        (tmp_path / "classes.csv", ["classes"]),
        (walls / "images" / "000_Front.png", ["backgrounds", "input"]),
        (data / "images" / "000_Front.png", ["data", "data"]),
    ):
        path.write_bytes(b"other")
        assert changed() == names
    shutil.copytree(data / "cutouts", data / "trimap1")
    assert changed() == ["data"]
    (data / "origin.json").write_text('{"origin": "retouched"}')
    assert changed() == ["data", "data"]


def test_a_model_of_before_that_does_not_record_its_options_is_told_apart(tiny_recipe, home, capfd):
    shutil.rmtree(home / "models" / "mine")
    change_provenance(
        home, "mine-start", lambda provenance: [provenance.pop("options"), provenance.pop("digest")]
    )

    assert tiny_recipe(home) == 2
    said = capfd.readouterr().err
    assert "of an older version, which does not record the options that it was trained with" in said
    assert "choose another --name, or move it away" in said


def test_a_model_that_was_trained_from_another_one_than_is_there_now_is_not_built_on(
    tiny_recipe, home, capfd
):
    change_provenance(home, "mine", lambda made: made["models"]["mine-start"].update(digest="another"))

    assert tiny_recipe(home) == 2
    said = capfd.readouterr().err
    assert (
        "mine: expected the model of this step, received one that was trained with another mine-start" in said
    )
    change_provenance(home, "mine", lambda made: made.pop("models"))  # as of an earlier version
    assert tiny_recipe(home) == 2
    assert "the model exists" in capfd.readouterr().err


def test_a_training_does_not_go_on_behind_another_model_than_it_was_begun_with(home, capfd):
    path = home / "logs" / "mine" / "run.json"
    plain = json.loads(path.read_text())
    plain["begun_with"]["models"]["mine-start"]["threshold"] = 0.123
    path.write_text(json.dumps(plain))

    make("train", "--resume", "--name", "mine", "--home", home, check=2)
    assert "mine-start changed since the run in" in capfd.readouterr().err


def test_a_digest_is_of_what_decides_the_model_alone():
    options = TrainOptions.of(data="pairs", epochs=3)
    again = TrainOptions.of(epochs="3", data=["pairs"], resume=True)

    assert digest_of(record_of(options)) == digest_of(record_of(again))
    assert digest_of(record_of(options)) != digest_of(record_of(TrainOptions.of(data="pairs", epochs=4)))
    built = dataclasses.replace(TrainOptions(data=(Path("pairs"),)), run=options.run)
    assert record_of(built) == record_of(options)


def test_a_step_that_cuts_photos_out_meets_each_of_them_once(source, tmp_path, monkeypatch):
    monkeypatch.setattr("segmentation.jobs.loading.load_scorer", lambda *_, **__: scorer_of())
    options = PredictOptions.of(input=source, output=tmp_path / "out", save=True, triage=False)
    told = []
    done, interrupted = run_step(
        Step("cut", options), tmp_path / "steps", Context(Workspace(tmp_path), told.append)
    )

    assert done.tally == Tally(made=6)
    assert sum(isinstance(event, PhotoDone) for event in told) == 6
    assert not interrupted


def test_ctrl_c_ends_the_training_too_and_waits_for_it(pairs, tmp_path):
    (tmp_path / "data").mkdir()
    shutil.copytree(pairs, tmp_path / "data" / "ccp")
    recipe = start("recipe", "default", "--home", tmp_path, "--data", tmp_path / "data")
    shown = recipe.stdout.readline()
    recipe.send_signal(signal.SIGINT)
    _, said = recipe.communicate(timeout=PATIENCE_S)

    assert "step 1 of" in shown
    assert recipe.returncode == 130, said
    assert "step 1 of 10 was interrupted; the same command continues from there" in said
    assert not list((tmp_path / "models").glob("*/bundle.json"))


@pytest.mark.slow
def test_an_interrupted_recipe_keeps_its_epochs_and_goes_on_with_them(pairs, tmp_path):
    """The recipe of the program is too long for a test: its first training, with pairs as street photos."""
    (tmp_path / "data").mkdir()
    shutil.copytree(pairs, tmp_path / "data" / "ccp")
    drawn = RECIPES["default"].steps(Request(tmp_path / "data", "mine"))[0]
    command = [*words_of(replaced(drawn.options, {"synthetic": 0})), "--home", tmp_path]
    training = signalled(signal.SIGINT, "epoch   1/", *command)

    assert training.returncode == 130, training.stderr
    assert "resume" in training.stdout + training.stderr
    assert read_run(tmp_path / "logs" / "mine-pretrained").epochs >= 1
    made = tmp_path / "models" / "mine-pretrained"  # if there was time for it
    assert not made.exists() or load_bundle(made).provenance["interrupted"]


def test_a_calibration_is_done_when_its_own_options_are_recorded(home, pairs, monkeypatch, capfd):
    calibration = CalibrateOptions.of(model="mine", data=pairs)

    def steps(request):
        return [*tiny_steps()(request), Step(request.name, calibration)]

    monkeypatch.setitem(RECIPES, "tiny", Recipe("two trainings and a calibration", steps))
    command = ["recipe", "tiny", "--data", str(pairs), "--home", str(home), "--name", "mine"]
    assert main.main(command) == 2  # it is calibrated now, for which these are too few photos
    shown = capfd.readouterr()
    assert "step 2 of 3: mine exists" in shown.out
    assert f"step 3 of 3: python main.py calibrate --model mine --data {pairs}" in shown.out
    assert "expected at least 12 photos" in shown.err

    digest = digest_of(record_of(calibration))
    change_provenance(home, "mine", lambda provenance: provenance.update(calibrated_digest=digest))
    assert main.main(command) == 2
    assert "the model exists" in capfd.readouterr().err


def test_a_step_that_fails_ends_the_recipe_with_its_status(tiny_recipe, tmp_path, capfd):
    (tmp_path / "models" / "mine-start").mkdir(parents=True)  # a folder that is no model

    assert tiny_recipe(tmp_path) == 2
    shown = capfd.readouterr()
    assert "step 1 of 2 ended with status 2; the same command continues from there" in shown.err
    assert "mine-start" in shown.err
    assert not (tmp_path / "models" / "mine").exists()
