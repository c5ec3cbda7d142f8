"""An interrupted training goes on by its name alone, and what has changed since is told in words."""

import json
import shutil

import pytest
from support.drawing import draw_set
from support.holding import held_elsewhere
from support.program import TINY_OPTIONS, make

import segmentation
from segmentation.bundle.bundle import load_bundle
from segmentation.config.run import RunConfig
from segmentation.core.errors import TrainingError
from segmentation.training.progress import EpochDone
from segmentation.training.run_state import EpochsKept, RunState, check_changes, read_run

TINY = {**TINY_OPTIONS, "epochs": 3}


class AfterAnEpoch:
    """A receiver that stops a training after its first epoch."""

    over = False

    def __call__(self, event):
        self.over |= isinstance(event, EpochDone)

    def stop(self):
        return self.over


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A home with pairs in `pairs` and the training `mine`, begun there and interrupted after an epoch."""
    home = tmp_path_factory.mktemp("begun")
    draw_set(home / "pairs", garments=4)
    others = {"seed": 3, "learning_rate": 0.002, "holdout": 0.3}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        listener = AfterAnEpoch()
        parts = segmentation.train(
            data="pairs", name="mine", home=home, tell=listener, stop=listener.stop, **TINY, **others
        )
    assert parts.interrupted
    return home


@pytest.fixture
def home(begun, tmp_path):
    """Return that home, moved to another place."""
    return shutil.copytree(begun, tmp_path / "moved")


def test_a_training_goes_on_by_its_name_from_any_folder(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make("train", "--home", home, "--resume", "--name", "mine")

    begun, resumed = read_run(home / "logs" / "mine"), load_bundle(home / "models" / "mine")
    assert not resumed.provenance["interrupted"]
    assert resumed.provenance["epochs"] == 3
    assert resumed.config.to_json() == begun.settings["config"]
    assert begun.begun_with["options"]["data"] == [str(home / "pairs")]


def test_what_decides_the_model_is_not_changed_in_the_middle(home, capsys):
    make("train", "--home", home, "--resume", "--name", "mine", "--filters", 4, "--seed", 5, check=2)

    said = capsys.readouterr().err
    assert "--resume: --filters was 8, now 4; --seed was 3, now 5: expected the options that the run" in said
    assert "leave that out, or start again with --overwrite" in said


@pytest.mark.parametrize(
    ("begun_with", "change", "allowed"),
    [
        ({}, {"epochs": 12}, True),
        ({"schedule": "plateau"}, {"epochs": 12}, True),
        ({"schedule": "cosine"}, {"epochs": 12}, False),  # the rate of every step depends on them
        ({}, {"epochs": 1}, False),  # two are finished
        ({}, {"workers": 1, "cache": "1GB", "memory": "1GB"}, True),
        ({"batch_size": "auto"}, {"memory": "1GB"}, False),
        ({}, {"patience": 3}, False),
        ({}, {"flip": 0}, False),
    ],
)
def test_only_what_leaves_the_finished_epochs_as_they_are_may_change(tmp_path, begun_with, change, allowed):
    config = RunConfig().replace(epochs=8, **begun_with)
    state = RunState(tmp_path, {"config": config.to_json()}, {"loss": [2, 1], "val_dice": [0, 1]})
    settings = {"config": config.replace(**change).to_json()}

    if allowed:
        assert [line.split("`")[1] for line in check_changes(state, settings)] == sorted(
            change, key=["epochs", "cache", "memory", "workers"].index
        )
    else:
        with pytest.raises(
            TrainingError, match=f"`{next(iter(change))}` was .*, now .*: expected the options"
        ):
            check_changes(state, settings)


def test_pairs_that_changed_since_are_told_as_pairs(home, capsys):
    next((home / "pairs" / "images").iterdir()).unlink()

    make("train", "--home", home, "--resume", "--name", "mine", check=2)
    assert "the pairs have changed since the run in" in capsys.readouterr().err


def test_pairs_that_changed_sides_since_are_told_as_such(home, capsys):
    """The photos are the same, but two garments count as one now, which stays on one side."""
    split = load_bundle(home / "models" / "mine").split
    rows = [f"{side[0]},one" for side in split.values()]
    (home / "pairs" / "duplicates.csv").write_text("\n".join(["image,group", *rows]) + "\n")

    make("train", "--home", home, "--resume", "--name", "mine", check=2)
    assert "the held-out pairs have changed since the run in" in capsys.readouterr().err


def test_a_run_of_a_version_that_did_not_record_what_is_held_out_goes_on(tmp_path):
    settings = {"config": RunConfig().to_json(), "held_out": ["a"]}
    before = {name: value for name, value in settings.items() if name == "config"}
    history = {"loss": [2, 1], "val_dice": [0, 1]}

    assert check_changes(RunState(tmp_path, before, history), settings) == []
    assert check_changes(RunState(tmp_path, settings, history), settings) == []
    with pytest.raises(TrainingError, match="the held-out pairs have changed"):
        check_changes(RunState(tmp_path, {**settings, "held_out": ["b"]}, history), settings)


def test_a_new_start_that_is_ended_at_once_does_not_count_the_epochs_of_the_run_before(home):
    options = {"data": home / "pairs", "name": "mine", "home": home, **TINY}
    with pytest.raises(KeyboardInterrupt) as ended:
        segmentation.train(**options, overwrite=True, stop=lambda: True)
    assert not isinstance(ended.value, EpochsKept)


def changed(record):
    def spoil(home):
        path = home / "logs" / "mine" / "run.json"
        plain = json.loads(path.read_text())
        record(plain)
        path.write_text(json.dumps(plain))

    return spoil


DAMAGES = {
    "cut off": lambda home: (home / "logs/mine/run.json").write_text('{"settings": {'),
    "a list": lambda home: (home / "logs/mine/run.json").write_text("[]"),
    "no history": changed(lambda plain: plain.pop("history")),
    "history of words": changed(lambda plain: plain["history"].update(loss=["a"])),
    "uneven history": changed(lambda plain: plain["history"].update(loss=[1, 2])),
    "no configuration": changed(lambda plain: plain["settings"].pop("config")),
    "unknown option": changed(lambda plain: plain["begun_with"]["options"].update(colours=3)),
    "options of another kind": changed(lambda plain: plain["begun_with"].update(options=[1])),
    "no folder": changed(lambda plain: plain["begun_with"].update(folder=3)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_told_in_a_line(home, capsys, damage):
    DAMAGES[damage](home)

    make("train", "--home", home, "--resume", "--name", "mine", check=2)
    said = capsys.readouterr().err
    assert "run.json: expected the" in said
    assert "start again with --overwrite" in said
    assert said.count("\n") == 1


def test_weights_that_are_gone_are_told_by_their_file(home, capsys):
    (home / "logs" / "mine" / "epoch-0001.weights.h5").unlink()

    make("train", "--home", home, "--resume", "--name", "mine", check=2)
    assert "epoch-0001.weights.h5: expected the weights of epoch 1, found none" in capsys.readouterr().err


def test_a_run_of_a_version_without_options_asks_for_them(home, capsys):
    changed(lambda plain: plain.pop("begun_with"))(home)
    make("train", "--home", home, "--data", home / "pairs", "--resume", "--name", "mine", check=2)
    assert "give all options of its beginning again" in capsys.readouterr().err


@pytest.mark.parametrize("held", ["logs/mine", "models/mine"], ids=["a training", "a calibration"])
def test_what_another_process_writes_is_left_to_it(home, capsys, held):
    before = sorted((home / "logs" / "mine").rglob("*"))
    with held_elsewhere(home / held):
        for more in ((), ("--overwrite",), ("--resume",)):
            make("train", "--home", home, "--data", home / "pairs", "--name", "mine", *more, check=2)
            assert f"{held}: another process is writing here" in capsys.readouterr().err
    assert sorted((home / "logs" / "mine").rglob("*")) == before


def test_a_name_without_a_run_is_told(home):
    with pytest.raises(TrainingError, match=r"no interrupted run in .*other; start it without"):
        segmentation.train(name="other", home=home, resume=True)
