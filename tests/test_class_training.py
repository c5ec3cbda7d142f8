"""Learning several classes: the same commands, and a model that knows the classes of its data."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.program import make, run

from main import main
from segmentation.bundle.bundle import load_bundle
from segmentation.config.data import DataConfig
from segmentation.config.loss import LossConfig
from segmentation.config.run import RunConfig
from segmentation.core.labels import IGNORED
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.batches import Batches, PreparedPairs

NAMES = {"0": "null", "1": "hair", "3": "dress", "9": "void"}
GROUPS = {"background": ["null"], "hair": ["hair"], "dress": ["dress"], "ignore": ["void"]}
HAIR, DRESS = (230, 190, 40), (40, 80, 220)
QUICK = (
    "--architecture simple --filters 8 --levels 2 --input-size 32x48 --optimizer adam --learning-rate 1e-2"
)


def draw_people(folder: Path, count: int, seed: int) -> Path:
    """Photos of yellow hair above a blue dress somewhere on a grey wall, and a strip of an unknown class."""
    random = np.random.default_rng(seed)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number in range(count):
        photo = random.integers(110, 150, (96, 64, 3)).astype(np.uint8)
        labels = np.zeros((96, 64), np.uint8)
        top, left = random.integers(4, 30), random.integers(4, 30)
        for value, colour, rows in ((1, HAIR, slice(top, top + 16)), (3, DRESS, slice(top + 16, top + 56))):
            photo[rows, left : left + 28] = colour
            labels[rows, left : left + 28] = value
        labels[-4:] = 9
        Image.fromarray(photo).save(folder / "images" / f"{number:02d}.png")
        Image.fromarray(labels).save(folder / "labels" / f"{number:02d}.png")
    (folder / "labels.json").write_text(json.dumps(NAMES))
    return folder


def refusal(home: Path, capsys, *arguments: object) -> str:
    """The one line that training says instead of making a model."""
    models = sorted((home / "models").glob("*"))
    assert main(["train", "--home", str(home), "--data", str(home / "people"), *map(str, arguments)]) == 2
    assert sorted((home / "models").glob("*")) == models
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    draw_people(folder / "people", 16, seed=1)
    (folder / "groups.json").write_text(json.dumps(GROUPS))
    return folder


@pytest.fixture(scope="module")
def trained(home):
    options = f"--classes {home / 'groups.json'} --class-weights median {QUICK} --epochs 30"
    return run("train", "--home", home, "--data", home / "people", "--name", "people", *options.split())


@pytest.fixture
def bundle(trained, home):  # noqa: ARG001
    return load_bundle(home / "models" / "people")


def test_what_is_learned_is_told_apart_on_photos_that_were_held_out(trained, bundle):
    figures = bundle.provenance["val_at_full_resolution"]

    assert figures["pixel_accuracy"] > 0.95
    assert figures["mean_iou"] > 0.85
    assert f"pixel accuracy at full resolution {figures['pixel_accuracy']:.4f}" in trained.stdout
    assert "threshold" not in figures


def test_the_model_knows_the_classes_of_its_data(bundle):
    assert bundle.labels.names == ("background", "hair", "dress")
    assert bundle.labels.ignore == IGNORED
    assert len({*bundle.labels.colours}) == 3
    assert bundle.openvino is not None
    assert bundle.confidence_model is None
    assert not (bundle.path / "threshold.csv").exists()


def test_a_model_keeps_its_groups_when_their_file_is_gone(bundle, home, tmp_path):
    assert json.loads((bundle.path / "classes.json").read_text()) == GROUPS

    (home / "groups.json").rename(tmp_path / "groups.json")
    try:
        options = ["--home", home, "--model", bundle.name, "--output", tmp_path, "--report-images", 0]
        make("eval", *options)
    finally:
        (tmp_path / "groups.json").rename(home / "groups.json")
    figures = json.loads((tmp_path / "metrics.json").read_text())
    expected = bundle.provenance["val_at_full_resolution"]
    assert figures["mean_iou"] == pytest.approx(expected["mean_iou"], abs=1e-3)


def test_an_interrupted_training_goes_on_with_the_same_classes_alone(bundle, home, capsys):
    (home / "fewer.json").write_text(json.dumps({"background": ["null"], "person": ["hair", "dress"]}))
    options = f"--name {bundle.name} --classes {home / 'fewer.json'} --class-weights median {QUICK} --resume"

    said = refusal(home, capsys, *options.split())
    assert said.startswith(
        f"error: --resume: --classes was {home / 'groups.json'}, now {home / 'fewer.json'}"
    )


@pytest.mark.parametrize(
    ("options", "flag"),
    [(["--synthetic", "3"], "--synthetic"), (["--target", "binary"], "--target binary")],
)
def test_what_concerns_cutouts_alone_is_refused_in_one_line(home, capsys, options, flag):
    said = refusal(home, capsys, "--name", "new", "--classes", "all", *options)

    assert said.startswith(f"error: {flag}: expected --classes garment")


@pytest.mark.parametrize(
    ("option", "flag"), [("--synthetic 3", "--synthetic"), ("--target binary", "--target")]
)
def test_classes_of_the_model_that_is_started_from_are_held_to_the_same(bundle, home, capsys, option, flag):
    said = refusal(home, capsys, "--name", "new", "--model", bundle.name, *option.split())

    assert said.startswith(f"error: {flag}")
    assert ": expected --classes garment, a cutout" in said


def test_names_that_a_model_has_not_met_are_not_taken_for_background(bundle, home, tmp_path, capsys):
    other = draw_people(tmp_path / "other", 2, seed=6)
    (other / "labels.json").write_text(json.dumps({**NAMES, "4": "coat"}))

    assert main(["eval", "--home", str(home), "--model", bundle.name, "--data", str(other)]) == 2
    assert "names that people was trained on, received coat as well" in capsys.readouterr().err
    said = refusal(home, capsys, "--data", other, "--name", "new", "--model", bundle.name)
    assert "names that people was trained on, received coat as well" in said


def test_a_file_of_groups_that_is_given_is_read_and_not_the_one_that_was_learned(bundle, home, capsys):
    file = home / "groups.json"
    learned = file.read_text()
    file.write_text(json.dumps({"background": ["null"], "dress": ["dress", "coat"]}))
    try:
        said = refusal(home, capsys, "--name", "new", "--model", bundle.name, "--classes", file)
    finally:
        file.write_text(learned)

    assert f"{file}: expected names of" in said
    assert "received 'coat' in 'dress'" in said


def test_a_model_of_classes_is_judged_on_label_maps_with_fewer_names(bundle, home, tmp_path):
    bald = draw_people(tmp_path / "bald", 2, seed=7)
    for path in (bald / "labels").iterdir():
        labels = np.array(Image.open(path))
        Image.fromarray(np.where(labels == 1, 0, labels).astype(np.uint8)).save(path)
    (bald / "labels.json").write_text(json.dumps({"0": "null", "3": "dress", "9": "void"}))
    folders = ("--home", home, "--data", bald, "--output", tmp_path)

    make("eval", *folders, "--model", bundle.name, "--split", "all")
    rows = json.loads((tmp_path / "metrics.json").read_text())["classes"]
    pixels = {row["name"]: row["pixels"] for row in rows}
    assert pixels.keys() == {"background", "hair", "dress"}
    assert pixels["dress"] > pixels["hair"] == 0


def test_a_model_of_classes_is_no_first_pass(bundle, home, capsys):
    said = refusal(home, capsys, "--name", "new", "--second-pass", bundle.name)

    assert "--second-pass: expected a model that cuts one thing out, received people" in said


def test_folders_of_other_classes_are_not_mixed(home, tmp_path, capsys):
    other = draw_people(tmp_path / "other", 2, seed=5)
    (other / "labels.json").write_text(json.dumps({**NAMES, "3": "coat"}))
    said = refusal(home, capsys, "--data", other, "--name", "new", "--classes", "all")

    assert f"the 4 classes of {home / 'people'} and the 4 classes of {other} (dress is in" in said


def test_a_cutout_can_still_be_learned_from_the_same_label_maps(home):
    dataset = discover(home / "people")

    assert dataset.labels.binary
    assert {*np.unique(PreparedPairs(dataset.samples, _preprocessing(), DataConfig())[0][1])} == {0, 255}


def test_batches_hold_a_channel_a_class_and_nothing_where_no_one_can_tell(home):
    pairs = _pairs(home)
    images, targets = Batches(pairs, 4)[0]

    assert images.shape == (4, 48, 32, 3)
    assert targets.shape == (4, 48, 32, 3)
    sums = targets.sum(axis=-1)
    assert {*np.unique(sums)} == {0.0, 1.0}
    assert (sums[:, -2:] == 0).all()


def test_the_pixels_of_the_classes_are_counted_photo_by_photo(home):
    pairs = _pairs(home)
    counts = pairs.class_counts()

    assert counts.shape == (16, 3)
    for index, row in enumerate(counts):
        values, amounts = np.unique(pairs[index][1], return_counts=True)
        expected = dict(zip(values.tolist(), amounts.tolist(), strict=True))
        expected.pop(IGNORED)
        assert dict(enumerate(row.tolist())) == expected


def test_a_configuration_says_which_classes_were_chosen(bundle, home):
    expected = RunConfig().replace(classes=str(home / "groups.json"), class_weights="median")

    assert bundle.config.data == expected.data
    assert bundle.config.loss == dataclasses.replace(LossConfig(), class_weights="median")


def _preprocessing() -> Preprocessing:
    return Preprocessing.from_config(
        dataclasses.replace(RunConfig().preprocessing, input_size=Size(48, 32), normalisation="unit")
    )


def _pairs(home: Path) -> PreparedPairs:
    dataset = discover(home / "people", classes=str(home / "groups.json"))
    return PreparedPairs(dataset.samples, _preprocessing(), DataConfig(), dataset.labels)
