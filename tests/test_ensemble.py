"""Several models as one: what is averaged, on which photos it is judged, and what the results are called."""

import csv
import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.folder_job import scorer_of
from support.program import DRAWN, make

from segmentation.bundle.bundle import WEIGHTS, ModelBundle, load_bundle
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.labels import LabelMap
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.discover import Dataset
from segmentation.datasets.origin import PSEUDO
from segmentation.datasets.rle import decode
from segmentation.evaluation.candidates import judged_together, unseen_by_all
from segmentation.images.files import read_mask, read_photo
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scoring import enlargement_of, load_score
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.scores.tiles import Tiling


def a_bundle(name, *, train=(), val=(), height=64, **fields):
    config = RunConfig().replace(input_size=Size(height=height, width=64))
    split = {"train": list(train), "val": list(val)}
    files = {WEIGHTS: f"checksum of {name}"}
    return ModelBundle(
        Path("models") / name, config, Preprocessing(Size(64, 48)), split=split, files=files, **fields
    )


def a_dataset(*ids):
    samples = tuple(Sample(name, Path(name), group=name.split("_")[0]) for name in ids)
    return Dataset(Path("pairs"), samples, (), None, len(samples), len(samples))


def ids(samples):
    return [sample.id for sample in samples]


def test_one_model_is_itself():
    bundle, scores = a_bundle("shoes", threshold=0.37), np.zeros((100, 50, 1))
    alone = Ensemble((bundle,))

    assert (alone.name, alone.threshold, alone.digest) == ("shoes", 0.37, bundle.digest)
    assert alone.enlargement(scores) == enlargement_of(bundle, scores)


def test_several_have_their_names_joined_and_their_thresholds_averaged():
    shoes, hats = a_bundle("shoes", threshold=0.3), a_bundle("hats", threshold=0.6)
    both = Ensemble((shoes, hats))

    assert both.name == "shoes+hats"
    assert both.threshold == pytest.approx(0.45)
    assert both.digest == [shoes.digest, hats.digest]


def test_models_of_the_same_name_lie_in_different_folders_and_get_one_folder():
    bundles = tuple(replace(a_bundle(name), path=Path(name) / "shoes") for name in ("a", "b"))

    assert Ensemble(bundles).name == "a-shoes+b-shoes"


def test_names_that_are_too_long_for_a_folder_give_way_to_a_digest():
    bundles = tuple(a_bundle(f"{number}{'x' * 60}") for number in range(6))
    name = Ensemble(bundles).name

    assert name.startswith("6-models-")
    assert len(name) < 40
    assert name != Ensemble((*bundles[:5], a_bundle("another" + "x" * 60))).name


def test_a_model_and_its_copy_are_no_two_models():
    bundle = a_bundle("shoes")

    with pytest.raises(ConfigError, match="different models, received shoes twice"):
        Ensemble((bundle, bundle))
    with pytest.raises(ConfigError, match="different models, received shoes and copy"):
        Ensemble((bundle, replace(bundle, path=Path("copy"))))


def test_models_of_different_classes_are_not_averaged():
    classes = LabelMap(("skin", "hair", "hat", "shoe"), ((0, 0, 0),) * 4)

    with pytest.raises(
        ConfigError, match=r"same classes.*the class garment of shoes and the 4 classes of street"
    ):
        Ensemble((a_bundle("shoes"), a_bundle("street", labels=classes)))


def test_the_edge_of_an_average_is_as_steep_as_those_of_its_models_on_average():
    scores = np.zeros((640, 480, 1), np.float32)
    coarse, fine = a_bundle("coarse", height=64), a_bundle("fine", height=320)
    slopes = [1 / enlargement_of(bundle, scores) for bundle in (coarse, fine)]

    assert 1 / Ensemble((coarse, fine)).enlargement(scores) == pytest.approx(np.mean(slopes))


@pytest.mark.parametrize(("rows", "expected"), [(64, 1), (32, 1), (160, 2.5), (2000, 10)])
def test_an_edge_in_tiles_is_as_steep_as_a_tile_is_enlarged(rows, expected):
    scores = np.zeros((640, 480, 1), np.float32)
    in_tiles = replace(scorer_of(bundle=a_bundle("shoes", height=64)), tiling=Tiling(Size(rows, 64)))

    assert in_tiles.enlargement(scores) == expected


def test_held_out_are_photos_that_no_model_has_learned_in_whatever_order():
    dataset = a_dataset("1_Front", "2_Front", "2_Back", "3_Front", "4_Front")
    first = a_bundle("first", train=["1_Front"], val=["2_Front", "2_Back", "3_Front"])
    second = a_bundle("second", train=["2_Back"], val=["3_Front", "1_Front"])
    stranger = a_bundle("stranger", train=["elsewhere"])

    for bundles in ({"a": first, "b": second}, {"b": second, "a": first}):
        assert ids(judged_together(bundles, dataset)) == ["3_Front"]
        assert ids(judged_together(bundles, dataset, "train")) == ["1_Front", "2_Back"]
        assert judged_together(bundles, dataset, "all") == dataset.samples
    assert ids(judged_together({"a": second, "c": stranger}, dataset)) == ["1_Front", "3_Front", "4_Front"]


def test_several_models_are_not_judged_by_predictions_either():
    real, predicted = a_dataset("1_Front", "2_Front").samples
    mixed = replace(a_dataset("1_Front"), samples=(real, replace(predicted, origin=PSEUDO)))
    bundles = {"a": a_bundle("a", train=["elsewhere"]), "b": a_bundle("b", train=["elsewhere"])}

    for side in ("held-out", "all"):
        assert judged_together(bundles, mixed, side) == (real,)
    assert unseen_by_all(bundles, mixed) == (real,)


def test_folds_of_the_same_photos_have_none_left_and_the_way_out_is_named():
    dataset = a_dataset("1_Front", "2_Front")
    folds = {
        "fold-1": a_bundle("fold-1", train=["1_Front"], val=["2_Front"]),
        "fold-2": a_bundle("fold-2", train=["2_Front"], val=["1_Front"]),
    }

    with pytest.raises(
        DataError, match=r"fold-1 was trained on 1, fold-2 was trained on 1;.*give `data` .* val folder"
    ):
        judged_together(folds, dataset)
    with pytest.raises(DataError, match="on which one of the models was trained, found none among 1"):
        judged_together(folds, a_dataset("3_Front"), "train")


# the commands


BOTH = ("--model", "one", "--model", "two")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a drawn set in data/set and two models of different sizes that were trained on it."""
    home = tmp_path_factory.mktemp("home")
    data = home / "data" / "set"
    make("synth", "--output", data, "--count", 8, *DRAWN, "--seed", 3)
    small = ("--architecture", "simple", "--levels", 1, "--batch-size", 4, "--filters", 8, "--epochs", 2)
    for name, size in (("one", "64x96"), ("two", "32x48")):
        make("train", "--home", home, "--data", data, "--name", name, *small, "--input-size", size)
    return home


@pytest.fixture
def photos(home, tmp_path):
    """Two photos in a folder of their own."""
    folder = tmp_path / "in"
    folder.mkdir()
    for photo in sorted((home / "data" / "set" / "images").iterdir())[:2]:
        shutil.copy(photo, folder)
    return folder


def bundles_of(home):
    return [load_bundle(home / "models" / name) for name in ("one", "two")]


def expected_mask(bundles, photo):
    """The mean of the models' scores at the mean of their thresholds."""
    scores = np.mean([load_score(bundle)[0](read_photo(photo))[..., 0] for bundle in bundles], axis=0)
    return scores >= np.mean([bundle.threshold for bundle in bundles])


def test_predict_and_submit_cut_where_the_models_agree_on_average(home, photos):
    command = ("--home", home, "--input", photos, *BOTH)
    make("predict", *command, "--save", "--binary")
    make("submit", *command)
    folder = home / "results" / "one+two"
    with gzip.open(folder / "submission.csv.gz", "rt") as file:
        _, *rows = csv.reader(file)

    assert [name for name, _ in rows] == [photo.name for photo in sorted(photos.iterdir())]
    for photo, (_, encoded) in zip(sorted(photos.iterdir()), rows, strict=True):
        mask = read_mask(folder / "predict" / "masks" / f"{photo.stem}.png") > 127
        assert np.mean(mask != expected_mask(bundles_of(home), photo)) < 0.001
        np.testing.assert_array_equal(decode(encoded, *mask.shape), mask)


def test_what_one_model_made_does_not_pass_for_the_work_of_two(home, photos, tmp_path, capsys):
    command = ("predict", "--home", home, "--input", photos, "--output", tmp_path / "out", "--save")

    def lines():
        return [
            json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
        ]

    make(*command, "--model", "one")
    alone = [line["key"]["model"] for line in lines()]
    make(*command, *BOTH)
    assert "skipped" not in capsys.readouterr().out
    together = lines()
    make(*command, *BOTH)
    assert "2 skipped as done" in capsys.readouterr().out
    make(*command, "--model", "one")
    assert "skipped" not in capsys.readouterr().out

    one, two = bundles_of(home)
    assert alone == [one.digest] * 2
    assert [line["key"]["model"] for line in together] == [[one.digest, two.digest]] * 2
    assert together[0]["threshold"] == pytest.approx((one.threshold + two.threshold) / 2)


def test_eval_judges_the_average_and_names_its_models(home, capsys):
    make("eval", "--home", home, *BOTH)
    shown = capsys.readouterr().out
    folder = home / "results" / "one+two" / "eval"
    figures = json.loads((folder / "metrics.json").read_text())
    one, two = bundles_of(home)
    rows = list(csv.DictReader((folder / "per_image.csv").open()))

    assert figures["models"] == {"one": one.digest, "two": two.digest}
    assert figures["threshold"] == pytest.approx((one.threshold + two.threshold) / 2)
    assert sorted(row["id"] for row in rows) == sorted(one.split["val"])
    assert f"one+two: {len(rows)} of 24 photos (held-out)" in shown
    assert "Dice, mean at the best threshold" in shown
    assert "one+two" in (folder / "report.html").read_text()
    for row in rows:
        photo = next((home / "data" / "set" / "images").glob(f"{row['id']}.*"))
        assert float(row["area_mask"]) == pytest.approx(expected_mask((one, two), photo).mean(), abs=0.001)


def test_eval_of_models_that_learned_each_others_held_out_photos_names_the_way_out(home, capsys):
    fold = home / "models" / "fold"
    shutil.copytree(home / "models" / "two", fold)
    description = json.loads((fold / "bundle.json").read_text())
    description["split"] = {"train": description["split"]["val"], "val": description["split"]["train"]}
    (fold / "bundle.json").write_text(json.dumps(description))
    make("eval", "--home", home, "--model", "one", "--model", "fold", check=2)
    shutil.rmtree(fold)

    refused = capsys.readouterr().err
    assert "on which none of the models was trained" in refused
    assert "--data" in refused
    assert not (home / "results" / "one+fold").exists()


@pytest.mark.parametrize("augmentation", ["scales", "flip+scales"])
def test_scales_change_the_scores_and_are_not_taken_for_done(home, photos, tmp_path, capsys, augmentation):
    command = ("predict", "--home", home, *BOTH, "--input", photos, "--output", tmp_path / "out", "--save")
    make(*command)
    capsys.readouterr()
    plain = [read_mask(mask).astype(int) for mask in sorted((tmp_path / "out" / "masks").iterdir())]
    make(*command, "--tta", augmentation)
    assert "skipped" not in capsys.readouterr().out
    changed = [read_mask(mask) for mask in sorted((tmp_path / "out" / "masks").iterdir())]

    assert max(np.abs(a - b).max() for a, b in zip(plain, changed, strict=True)) > 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "one", "--model", "one"), ("different models", "one twice")),
        (("--model", "one", "--model", "three"), ("three", "one, two")),
        ((*BOTH, "--double-pass"), ("two passes", "one")),
        ((*BOTH, "--tta", "scale"), ("flip+scales", "scale")),
        ((), ("one, two",)),
    ],
)
@pytest.mark.parametrize("command", ["predict", "submit", "eval"])
def test_a_mistake_gets_one_clear_line(home, photos, capsys, command, arguments, words):
    source = () if command == "eval" else ("--input", photos)
    make(command, "--home", home, *source, *arguments, check=2)
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line
