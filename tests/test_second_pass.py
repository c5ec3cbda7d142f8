"""A double pass as a user trains and uses it: one model that holds both, trained on held-out first scores."""

import json
import os
import shutil

import numpy as np
import pytest
from support.program import DRAWN, make, run

from segmentation.bundle.bundle import load_bundle
from segmentation.core.errors import BundleError
from segmentation.images.files import read_mask, read_photo
from segmentation.inference.scoring import load_score

SMALL = ("--architecture", "simple", "--filters", 8, "--levels", 1, "--batch-size", 4, "--epochs", 2)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two folds of a first pass, and a double pass on them that crops."""
    home = tmp_path_factory.mktemp("double")
    data = ("--data", home / "data" / "set")
    make("synth", "--output", home / "data" / "set", "--count", 6, *DRAWN, "--seed", 3)
    for fold in (1, 2):
        size = ("--input-size", "32x48", "--folds", 2, "--fold", fold)
        make("train", "--home", home, *data, *SMALL, *size, "--name", f"fold-{fold}")
    first_passes = ("--second-pass", "fold-1", "--second-pass", "fold-2")
    size = ("--input-size", "64x96", "--strokes", 0.5)
    make("train", "--home", home, *data, *SMALL, *size, *first_passes, "--name", "pair")
    return home


def photos(home):
    return sorted((home / "data" / "set" / "images").iterdir())


def test_both_passes_are_one_model(home):
    pair = load_bundle(home / "models" / "pair")

    assert pair.config.second_pass.look == "crop"
    assert pair.config.second_pass.margin_px == 50
    assert pair.preprocessing.channel_names == ("red", "green", "blue", "strokes", "scores")
    assert pair.first.digest == load_bundle(home / "models" / "fold-1").digest
    assert pair.digest != pair.first.digest
    assert pair.precisions is None or pair.precisions.photos == len(pair.split["val"])


def test_an_export_says_what_the_second_pass_sees_and_has_the_first_beside_it(home, capsys):
    make(
        "export",
        "--home",
        home,
        "--model",
        "pair",
        "--format",
        "onnx",
        "--output",
        home / "out" / "pair.onnx",
    )
    said = capsys.readouterr().out
    second, first = (
        json.loads((home / "out" / name).read_text()) for name in ("pair.onnx.json", "pair-first.onnx.json")
    )

    assert "scores are within" in said
    assert "pair-first.onnx: the first pass, whose scores it sees" in said
    assert second["input"].startswith("photo, uint8 [1, 96, 64, 5], RGB, 0 to 255, then strokes of a person")
    assert second["input"].endswith("then scores of the first pass (0 to 255)")
    assert second["resize"].startswith("the box of the first pass's mask (scores from 0.")
    assert "50 px of 1728 larger to each side" in second["resize"]
    assert second["resize"].endswith("all scores are 0 outside of the box")
    assert first["input"] == "photo, uint8 [1, 48, 32, 3], RGB, 0 to 255"
    assert first["resize"].startswith("the whole photo to the input size")


def test_first_scores_come_from_models_that_have_not_learned_the_photo(home):
    folds = [load_bundle(home / "models" / f"fold-{number}") for number in (1, 2)]
    guides = {path.stem: path for path in (home / "logs" / "pair-guides").rglob("*.png")}
    assert guides.keys() == {photo.stem for photo in photos(home)}
    for photo in photos(home):
        fold = folds[0] if photo.stem in folds[0].split["val"] else folds[1]
        assert photo.stem not in fold.split["train"]
        scores = load_score(fold, engine="keras")[0](read_photo(photo))[..., 0]
        np.testing.assert_allclose(read_mask(guides[photo.stem]), scores * 255, atol=1)


def test_eval_compares_both_passes_with_the_first_alone(home):
    figures = []
    for passes, name in (("--double-pass", "pair"), ("--no-double-pass", "pair-first")):
        run("eval", "--home", home, "--model", "pair", passes, "--report-images", 0)
        figures.append(json.loads((home / "results" / name / "eval" / "metrics.json").read_text()))
    first = load_bundle(home / "models" / "fold-1")

    assert figures[0]["dice_mean"] != figures[1]["dice_mean"]
    assert figures[1]["threshold"] == first.threshold


@pytest.mark.parametrize("engine", ["openvino", "keras"])
def test_predict_cuts_out_with_both_passes_on_every_engine(home, tmp_path, engine):
    options = ("--model", "pair", "--input", home / "data" / "set" / "images", "--save", "--engine", engine)
    run("predict", "--home", home, *options, "--output", tmp_path)
    reference, _ = load_score(load_bundle(home / "models" / "pair"), engine="keras")
    agreeing = [
        np.mean(
            (read_mask(tmp_path / "masks" / f"{photo.stem}.png") >= 128)
            == (reference(read_photo(photo))[..., 0] >= load_bundle(home / "models" / "pair").threshold)
        )
        for photo in photos(home)
    ]

    assert len(list((tmp_path / "cutouts").iterdir())) == 18
    assert min(agreeing) > 0.99


def test_the_capstones_form_learns_from_the_truth_and_needs_no_folds(home):
    data = ("--data", home / "data" / "set", *SMALL, "--input-size", "32x48")
    make(
        "train",
        "--home",
        home,
        *data,
        "--second-pass",
        "fold-1",
        "--look",
        "mask",
        "--guide",
        "truth",
        "--name",
        "leak",
    )
    bundle = load_bundle(home / "models" / "leak")

    assert not bundle.config.second_pass.guided
    assert len(bundle.preprocessing.mean) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--second-pass", "fold-1"), ("was not trained on", "fold-1", "--folds")),
        (("--second-pass", "pair"), ("single pass", "pair")),
        (("--look", "mask"), ("--second-pass with it",)),
        (("--strokes", 0.5), ("--strokes", "add --second-pass")),
        (("--second-pass", "fold-1", "--look", "none"), ("--look none",)),
    ],
)
def test_a_second_pass_that_cannot_be_honest_is_refused(home, arguments, words, capsys):
    data = ("--data", home / "data" / "set", *SMALL, "--input-size", "32x48")
    make("train", "--home", home, *data, *arguments, "--name", "wrong", check=2)

    said = capsys.readouterr().err.splitlines()[-1]
    for word in words:
        assert word in said
    assert not (home / "models" / "wrong").exists()


@pytest.mark.slow
def test_to_go_on_training_both_passes_the_first_comes_first(home):
    data = ("--data", home / "data" / "set", "--epochs", 1)
    done = run("train", "--home", home, *data, "--model", "pair", "--name", "wrong", check=2)
    first = home / "models" / "pair" / "first"
    assert f"--model {first}" in done.stderr

    folds = ("--folds", 2, "--fold")
    make("train", "--home", home, *data, *folds, 1, "--model", first, "--name", "on")
    first_passes = ("--second-pass", "on", "--second-pass", "fold-2")
    make("train", "--home", home, *data, "--model", "pair", *first_passes, "--name", "pair-on")
    assert load_bundle(home / "models" / "pair-on").provenance["start"] == "pair"


def test_a_model_of_one_pass_has_no_second(home):
    done = run(
        "predict", "--home", home, "--model", "fold-1", "--double-pass", "--input", photos(home)[0], check=2
    )

    assert "fold-1, which has one" in done.stderr


def test_a_first_pass_that_is_missing_or_was_changed_is_refused(home, tmp_path):
    copy = tmp_path / "pair"
    shutil.copytree(home / "models" / "pair", copy)
    description = copy / "first" / "bundle.json"
    os.utime(description)
    assert load_bundle(copy).first

    description.write_text(description.read_text() + " ")
    with pytest.raises(BundleError, match="differs from its recorded checksum"):
        load_bundle(copy)
    shutil.rmtree(copy / "first")
    with pytest.raises(BundleError, match="first: expected a model bundle"):
        load_bundle(copy)


def test_a_first_pass_is_a_single_pass(home, tmp_path):
    copy = tmp_path / "pair"
    shutil.copytree(home / "models" / "pair", copy)
    shutil.rmtree(copy / "first")
    shutil.copytree(home / "models" / "pair", copy / "first")

    with pytest.raises(BundleError):
        load_bundle(copy)
