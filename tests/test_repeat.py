"""A training writes the options with which it can be repeated, to the same figures."""

import pytest
from support.drawing import draw_set
from support.program import TINY, make

from segmentation.bundle.bundle import load_bundle
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.record import chosen
from segmentation.config.toml_file import read_options


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with pairs, and a model that was trained on them by a preset with options of its own."""
    home = tmp_path_factory.mktemp("repeat")
    draw_set(home / "pairs", garments=4)
    own = ("--augmentation", "carvana", "--hue", 9, "--seed", 3, "--loss", "ce + 0.5*dice", "--epochs", 2)
    make("train", "--home", home, "--data", home / "pairs", *TINY, *own, "--name", "first")
    return home


def repeated(home, name, *options):
    """The model NAME, and one that its configuration made again."""
    again = f"{name}-again"
    configuration = home / "models" / name / "config.toml"
    make("train", "--home", home, "--config", configuration, "--name", again, *options)
    return [load_bundle(home / "models" / model) for model in (name, again)]


def check_same(first, second):
    histories = [(bundle.path / "history.csv").read_text() for bundle in (first, second)]
    assert histories[0] == histories[1]
    assert first.config == second.config
    assert first.split == second.split
    assert first.threshold == second.threshold
    for name in ("val_at_full_resolution", "data_fingerprint", "start"):
        assert first.provenance[name] == second.provenance[name]
    texts = [(bundle.path / "config.toml").read_text() for bundle in (first, second)]
    assert texts[0] == texts[1]


def test_a_training_is_repeated_by_its_configuration(home):
    check_same(*repeated(home, "first"))


@pytest.mark.slow
def test_so_is_one_that_started_from_another_model(home):
    start = home / "models" / "first"
    make(
        "train", "--home", home, "--data", home / "pairs", "--model", start, "--epochs", 1, "--name", "child"
    )
    first, second = repeated(home, "child")

    check_same(first, second)
    assert first.provenance["start"] == "first"


def test_what_is_typed_counts_more_than_the_configuration(home):
    first, second = repeated(home, "first", "--overwrite", "--epochs", 1)

    assert (first.provenance["epochs"], second.provenance["epochs"]) == (2, 1)
    assert second.config == first.config.replace(epochs=1)


def test_a_configuration_holds_what_decides_the_figures_and_no_more(home):
    written = read_options(home / "models" / "first" / "config.toml", TrainOptions)
    given = TrainOptions.of(**written).given

    assert {"resume", "overwrite", "name", "preset", "augmentation"}.isdisjoint(given)
    assert {"data", "epochs", "hue", "seed", "loss", "architecture", "input_size"} <= given
    assert chosen(TrainOptions.of(**written))["hue"] == 9


def test_a_run_goes_on_or_begins_anew_but_not_both(home, capsys):
    make("train", "--home", home, "--name", "first", "--resume", "--overwrite", check=2)
    assert "error: --resume: expected without --overwrite, received both" in capsys.readouterr().err


def test_files_that_no_run_made_are_told_of_before_anything_is_read(home, capsys):
    notes = home / "logs" / "mine" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")

    make("train", "--home", home, "--data", home / "absent", *TINY, "--name", "mine", check=2)
    assert "received notes.txt as well; move it away, or choose another --name" in capsys.readouterr().err
    assert notes.read_text() == "mine"
