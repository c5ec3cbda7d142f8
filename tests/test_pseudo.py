"""Photos that a model is sure of become pairs to train on, and never pass for a person's work."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from support.drawing import draw_pair, draw_set
from support.folder_job import BUNDLE, SCORE_SETTINGS, draw, endless_score, pictures, red_score, scorer_of
from support.holding import leave_half_written
from support.program import make, run

from main import main
from segmentation.bundle.bundle import load_bundle
from segmentation.config.data import DataConfig
from segmentation.config.jobs.pseudo import PseudoOptions
from segmentation.config.loss import LossConfig
from segmentation.core.errors import DataError
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.datasets.ground_truth import MaskFile
from segmentation.datasets.origin import PSEUDO, RECORD, write_origin
from segmentation.datasets.split import apart_from, folds, holdout
from segmentation.images.files import Picture, read_mask
from segmentation.jobs.context import Context
from segmentation.jobs.folder import PhotoDone
from segmentation.jobs.pseudo import pseudo
from segmentation.outputs.manifest import MANIFEST
from segmentation.outputs.naming import Photo
from segmentation.outputs.pairs import remove_pair, write_pair
from segmentation.outputs.pseudo import PseudoWriter
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.scores.expected_dice import expected_dice
from segmentation.training import fit, preparing
from segmentation.training.batches import Batches, PreparedPairs, sample_weights
from segmentation.training.mixture import Mixture
from segmentation.training.objectives import CrossEntropyMinusDice, metrics

SETTINGS = {
    "models": [{"name": BUNDLE.name, "digest": BUNDLE.digest}],
    "experience": None,
    "threshold": 0.5,
    **SCORE_SETTINGS.plain(),
}
SURE = np.zeros((64, 48, 1), np.float32)
SURE[20:50, 10:40] = 1.0


def make_pairs(source, output, limit=0.5, *, score=red_score, overwrite=False):
    """Predict a folder into a set of pairs; return the results."""
    results = []

    def tell(event):
        if isinstance(event, PhotoDone):
            results.append(event.result)

    options = PseudoOptions.of(input=source, output=output, min_confidence=limit, overwrite=overwrite)
    pseudo(options, Context(tell=tell), scorer_of(score))
    return results


def deliver(output, scores, *, confidence=None, notes=(), limit=0.9):
    """The delivery of one photo with these scores, and whether it is a pair now."""
    photo = output.parent / "a.png"
    draw(photo)
    writer = PseudoWriter(output, SETTINGS, limit)
    writer.prepare()
    prediction = Prediction("a", scores, LabelMap(), 0.5, confidence, notes)
    delivery = writer.write(Photo(photo, "a"), Picture(draw_pair(0)[0]), prediction)
    taken = {"images/a.png", "masks/a.png"} <= pictures(output).keys()
    assert taken == bool(delivery.outputs)
    return delivery, taken, writer


def record(folder):
    return json.loads((folder / RECORD).read_text())


# --- which predictions are taken -----------------------------------------------------------------------


def test_a_sure_prediction_becomes_the_photo_byte_for_byte_and_its_scores(tmp_path):
    scores = SURE.copy()
    scores[20:50, 10] = 0.6  # soft, and stays so
    _, taken, _ = deliver(tmp_path / "set", scores)

    assert taken
    assert (tmp_path / "set/images/a.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    np.testing.assert_array_equal(read_mask(tmp_path / "set/masks/a.png"), np.rint(scores[..., 0] * 255))


@pytest.mark.parametrize(("confidence", "expected"), [(0.95, True), (0.9, True), (0.89, False), (0.0, False)])
def test_a_models_own_confidence_decides_where_it_has_one(tmp_path, confidence, expected):
    delivery, taken, writer = deliver(tmp_path / "set", SURE, confidence=confidence)

    assert taken == expected
    assert not writer.stood_in
    if not expected:
        assert delivery.notes == (f"not sure enough: confidence {confidence:.4f}",)


def test_without_one_the_scores_themselves_decide_and_it_is_said(tmp_path):
    _, torn, _ = deliver(tmp_path / "set", SURE * np.float32(0.6))
    _, sure, writer = deliver(tmp_path / "set", SURE)

    assert writer.stood_in
    assert (sure, torn) == (True, False)


def test_a_prediction_that_a_person_should_look_at_is_never_taken(tmp_path):
    assert not deliver(tmp_path / "set", SURE, confidence=1.0, notes=("a detached part",))[1]
    assert not deliver(tmp_path / "two", SURE * 0, notes=("no garment found",), limit=0.0)[1]


def test_a_pair_that_is_no_longer_sure_is_gone(tmp_path):
    assert deliver(tmp_path / "set", SURE, confidence=0.99)[1]
    assert not deliver(tmp_path / "set", SURE, confidence=0.1)[1]
    assert set(pictures(tmp_path / "set")) <= {RECORD}


def test_a_photo_that_cannot_be_copied_leaves_no_pair(tmp_path):
    _, taken, writer = deliver(tmp_path / "set", SURE)
    assert taken
    (tmp_path / "a.png").unlink()
    prediction = Prediction("a", SURE, LabelMap(), 0.5)
    with pytest.raises(DataError, match=r"images/a\.png: cannot be written"):
        writer.write(Photo(tmp_path / "a.png", "a"), Picture(draw_pair(0)[0]), prediction)
    assert set(pictures(tmp_path / "set")) == {RECORD}


@given(hnp.arrays(np.float32, (5, 4), elements=st.floats(0, 1, width=32)), st.floats(0.05, 0.95))
def test_the_expected_dice_is_the_mean_of_many_masks_drawn_from_the_scores(scores, threshold):
    mask = scores >= threshold
    measured = expected_dice(scores, mask)
    inside = sum(float(score) for score, garment in zip(scores.flat, mask.flat, strict=True) if garment)
    total = float(scores.astype(np.float64).sum()) + mask.sum()

    assert 0 <= measured <= 1
    assert measured == pytest.approx(2 * inside / total if total else 0.0)
    assert expected_dice(mask.astype(np.float32), mask) == (1.0 if mask.any() else 0.0)


# --- the folder ------------------------------------------------------------------------------------------


def test_photos_keep_their_folders_and_no_two_share_a_name(tmp_path):
    names = ["a.png", "a.jpg", "x/a.png", "x.y/ü b.PNG", "n_mask.png", "n.png"]
    for number, name in enumerate(names):
        draw(tmp_path / "in" / name, number)
    make_pairs(tmp_path / "in", tmp_path / "set")
    found = discover(tmp_path / "set")

    assert not found.problems
    assert [one.id for one in found.samples] == ["a.jpg", "a.png", "n", "n_mask", "x.y/ü b", "x/a"]
    assert {one.origin for one in found.samples} == {PSEUDO}
    contents = {path.read_bytes() for path in (tmp_path / "set/images").rglob("*") if path.is_file()}
    assert contents == {(tmp_path / "in" / name).read_bytes() for name in names}


def test_a_second_run_only_adds_and_another_photo_of_the_name_replaces(source, tmp_path):
    output = tmp_path / "set"
    make_pairs(source, output)
    before = pictures(output)
    again = make_pairs(source, output, score=endless_score)

    assert all(result.skipped for result in again)
    assert pictures(output) == before
    assert record(output) == {"origin": PSEUDO, **SETTINGS, "min_confidence": 0.5, "photos": 6}

    (source / "a.png").unlink()
    draw(source / "a.webp", 9)
    make_pairs(source, output)
    assert {name for name in pictures(output) if name.startswith("images/a.")} == {"images/a.webp"}


def test_a_photo_that_was_not_sure_enough_is_not_predicted_again(source, tmp_path):
    output = tmp_path / "set"
    first = make_pairs(source, output, score=lambda photo: red_score(photo) * np.float32(0.7), limit=0.95)
    assert not any(result.outputs for result in first)
    again = make_pairs(source, output, score=endless_score, limit=0.95)
    assert all(result.skipped and not result.outputs for result in again)

    draw(source / "a.png", 9)
    changed = make_pairs(source, output, score=lambda photo: np.rint(red_score(photo)), limit=0.95)
    assert [result.stem for result in changed if not result.skipped] == ["a"]
    assert set(pictures(output)) == {RECORD, "images/a.png", "masks/a.png"}


@pytest.mark.parametrize("suffix", [".Jpg", ".jPEG", ".TIF", ".Png"])
def test_a_pair_goes_whatever_the_case_of_its_suffix(tmp_path, suffix):
    draw(tmp_path / "a.png")
    photo = (tmp_path / "a.png").rename(tmp_path / f"a{suffix}")
    write_pair(tmp_path / "set", Photo(photo, "a"), np.zeros((64, 48), np.uint8))
    (tmp_path / "set/images/a.b.jpg").write_bytes(b"another's")
    remove_pair(tmp_path / "set", "a")

    assert set(pictures(tmp_path / "set")) == {"images/a.b.jpg"}


def test_a_mask_whose_photo_is_gone_and_what_is_half_written_is_made_again(source, tmp_path):
    output = tmp_path / "set"
    make_pairs(source, output)
    before = pictures(output)
    (output / "images/x/e.png").unlink()
    leave_half_written(output / "masks/x/half.png")
    make_pairs(source, output)

    assert pictures(output) == before


def test_a_set_of_other_settings_is_only_replaced_when_asked_for(source, tmp_path):
    output = tmp_path / "set"
    make_pairs(source, output)
    with pytest.raises(DataError, match="other min_confidence; give another `output`, or `overwrite`"):
        make_pairs(source, output, 0.4)
    (source / "a.png").unlink()
    make_pairs(source, output, 0.4, overwrite=True)

    assert "images/a.png" not in pictures(output)
    assert record(output)["photos"] == 5


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_anything_else_in_it_is_left_alone(source, tmp_path, overwrite):
    for name in ("real", "corrected"):
        draw_set(tmp_path / name)
    write_origin(tmp_path / "corrected", {"origin": "retouched"})
    for name, received in [("real", "cutouts and 1 more"), ("corrected", "a set of retouched pairs")]:
        before = pictures(tmp_path / name)
        with pytest.raises(DataError, match=received):
            make_pairs(source, tmp_path / name, overwrite=overwrite)
        assert pictures(tmp_path / name) == before
        assert not (tmp_path / name / MANIFEST).exists()


@pytest.mark.parametrize("text", ["", "[]", '{"origin": "heaven"}', '{"origin": ["pseudo"]}', "{"])
def test_a_record_that_says_nothing_is_an_error_and_not_a_real_set(tiny_set, text):
    (tiny_set / RECORD).write_text(text)
    with pytest.raises(DataError, match=f"{RECORD}: expected .*; restore it"):
        discover(tiny_set)


# --- learning from them ------------------------------------------------------------------------------------


def a_sample(name, origin="real", path=None):
    return Sample(name, path or Path(name), MaskFile(Path(name)), group=name.split("_")[0], origin=origin)


def test_predicted_pairs_are_never_held_out(tmp_path, tiny_set):
    (tmp_path / "both").mkdir()
    for side in ("train", "val"):
        shutil.copytree(tiny_set, tmp_path / "both" / side)
    write_origin(tmp_path / "both/val", {"origin": PSEUDO})
    write_origin(tiny_set, {"origin": PSEUDO})
    predicted = discover(tiny_set).samples

    with pytest.raises(DataError, match="data=REAL data=PREDICTED"):
        holdout(predicted)
    with pytest.raises(DataError, match="data=REAL data=PREDICTED"):
        folds(predicted, 2)
    with pytest.raises(DataError, match="against which no model can be judged"):
        discover(tmp_path / "both")


def test_what_is_held_out_is_not_learned_from_a_prediction_of_it(tiny_set):
    real = discover(tiny_set).samples
    held_out = [one for one in real if one.group == "000"]
    copy = next(one.photo for one in held_out)
    same_name = a_sample("000_Side", PSEUDO, real[-1].photo)
    same_photo = a_sample("new_Front", PSEUDO, copy)
    its_other_view = a_sample("new_Back", PSEUDO, real[-1].photo)
    another = a_sample("other_Front", PSEUDO, real[-1].photo)
    by_hand = a_sample("hand_Front", "retouched", copy)

    kept = apart_from(held_out, [same_name, same_photo, its_other_view, another, by_hand])
    assert kept == (another, by_hand)


@given(st.lists(st.sampled_from(["real", "synthetic", "retouched", PSEUDO]), min_size=1), st.floats(0, 1))
def test_only_predicted_pairs_count_less(origins, weight):
    weights = sample_weights([a_sample("a", origin) for origin in origins], weight)
    expected = [np.float32(weight) if origin == PSEUDO else 1 for origin in origins]

    if weights is None:
        assert set(expected) == {1}
    else:
        assert weights.tolist() == expected


def test_each_batch_brings_the_weights_of_its_own_samples_and_ordinary_ones_bring_none(tiny_set):
    samples = discover(tiny_set).samples
    mixed = [
        dataclasses.replace(one, origin=PSEUDO, source=1) if one.group == "001" else one for one in samples
    ]
    pairs = PreparedPairs(mixed, Preprocessing(Size(32, 24), normalisation="unit"), DataConfig())
    weights = sample_weights(mixed, 0.25)
    mixture = Mixture([one.source for one in mixed], (0.5, 0.5), 0)
    weighted = Batches(pairs, 3, seed=0, mixture=mixture, weights=weights)
    plain = Batches(pairs, 3, seed=0, mixture=mixture)
    seen = set()
    for epoch in range(3):
        weighted.epoch = plain.epoch = epoch
        for index in range(plain.num_batches):
            images, targets, batch_weights = weighted[index]
            for image, target, weight in zip(images, targets, batch_weights, strict=True):
                seen.add((image.tobytes(), target.tobytes(), float(weight)))
            assert len(plain[index]) == 2
            np.testing.assert_array_equal(plain[index][0], images)
            np.testing.assert_array_equal(plain[index][1], targets)
    prepared = Batches(pairs, 1)
    origins = {prepared[index][0][0].tobytes(): one.origin for index, one in enumerate(mixed)}
    assert len(seen) == len(samples)
    assert all(weight == (0.25 if origins[image] == PSEUDO else 1) for image, _, weight in seen)


def test_the_loss_and_the_measures_honour_the_weights():
    random = np.random.default_rng(0)
    images = random.uniform(0, 1, (4, 6, 5, 1)).astype(np.float32)
    targets = (images > 0.6).astype(np.float32)
    weights = np.array([1, 0.5, 0, 0.25], np.float32)
    network = keras.Sequential([keras.Input((6, 5, 1)), keras.layers.Activation("linear")])
    loss = CrossEntropyMinusDice(LossConfig())
    network.compile("sgd", loss, weighted_metrics=metrics())
    whole = network.test_on_batch(images, targets, sample_weight=weights, return_dict=True)
    singly = [
        network.evaluate(images[[at]], targets[[at]], verbose=0, return_dict=True)
        for at in range(len(images))
    ]

    each = np.array([one["loss"] for one in singly])
    assert whole["loss"] == pytest.approx((weights * each).sum() / 4, rel=1e-5)
    for name in ("dice", "iou", "accuracy"):
        expected = np.average([one[name] for one in singly], weights=weights)
        assert whole[name] == pytest.approx(expected, rel=1e-5)


# --- as a user types it ----------------------------------------------------------------------------------


TRAIN = ("--architecture", "simple", "--filters", 8, "--input-size", "24x32", "--learning-rate", 0.003)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Real pairs, a model that learned them, unseen photos, and what the model made of those."""
    home = tmp_path_factory.mktemp("home")
    draw_set(home / "real", garments=8)
    for number in range(5):
        draw(home / "in" / f"{number}_Front.png", 100 + number)
    Image.fromarray(np.full((64, 48, 3), 205, np.uint8)).save(home / "in" / "empty.png")
    (home / "in" / "broken.png").write_bytes(b"no picture")
    shutil.copy(home / "real/images/000_Front.png", home / "in" / "000_Front.png")
    arguments = ("--home", home, "--data", home / "real", "--name", "first", *TRAIN, "--epochs", 12)
    make("train", *arguments)
    return home


@pytest.fixture(scope="module")
def predicted(home):
    options = ("--model", "first", "--input", home / "in", "--output", home / "predicted")
    return run("pseudo", "--home", home, *options, "--min-confidence", 0.5, check=1)


def test_the_command_counts_what_it_took_and_names_what_failed(home, predicted):
    assert "6 of 8 photos taken, 1 with notes, 1 failed; 6 pairs in" in predicted.stdout
    assert "broken.png: cannot be read as an image" in predicted.stderr
    assert "first has no confidence model, so the Dice expected from its scores was used" in predicted.stderr
    written = record(home / "predicted")
    assert written["models"] == [{"name": "first", "digest": load_bundle(home / "models/first").digest}]
    assert written["photos"] == 6


def test_when_nothing_is_sure_enough_no_set_pretends_to_be_one(home):
    options = ("--model", "first", "--input", home / "in/0_Front.png", "--output", home / "none")
    done = run("pseudo", "--home", home, *options, "--min-confidence", 1, check=2)

    assert re.search(r"the highest is 0\.\d{4}; lower --min-confidence", done.stderr)
    again = run("pseudo", "--home", home, *options, "--min-confidence", 1, check=2)
    assert "0 of 1 photo taken, 1 left out before; 0 pairs in" in again.stdout
    assert "expected predictions to take, received 1 that were left out before" in again.stderr


def test_notes_are_not_mended_by_a_lower_confidence(home):
    options = ("--model", "first", "--input", home / "in/empty.png", "--output", home / "noted")
    done = run("pseudo", "--home", home, *options, "--min-confidence", 0, check=2)

    assert "0 of 1 photo taken, 1 with notes; 0 pairs in" in done.stdout
    assert "expected predictions without notes, received 1 with some" in done.stderr
    assert "--min-confidence" not in done.stderr


def test_predict_writes_nothing_among_pairs(home, tmp_path):
    draw_set(tmp_path / "set")
    write_origin(tmp_path / "set", {"origin": "retouched"})
    before = pictures(tmp_path / "set")
    options = ("--model", "first", "--input", home / "in", "--save", "--output", tmp_path / "set")
    done = run("predict", "--home", home, *options, check=2)

    (line,) = done.stderr.strip().splitlines()
    assert (
        "expected a folder for results, received a set of pairs (origin.json); give another --output" in line
    )
    assert pictures(tmp_path / "set") == before
    assert not (tmp_path / "set" / MANIFEST).exists()


@pytest.mark.usefixtures("predicted")
def test_train_learns_from_both_and_is_judged_on_real_pairs_alone(home, capsys, monkeypatch):
    given = []

    class Watched(Batches):
        def __init__(self, *arguments, weights=None, **options):
            given.append(weights)
            super().__init__(*arguments, weights=weights, **options)

    for module in (preparing, fit):
        monkeypatch.setattr(module, "Batches", Watched)
    both = ("--data", home / "real", "--data", home / "predicted", "--mix", "0.7,0.3")
    common = ("--home", home, *TRAIN, "--epochs", 1)
    make("train", *common, *both, "--name", "both", "--pseudo-weight", 0.3)
    bundle = load_bundle(home / "models/both")

    assert bundle.config.data.pseudo_weight == 0.3
    assert not any(name.startswith("predicted/") for name in bundle.split["val"])
    learned = {name for name in bundle.split["train"] if name.startswith("predicted/")}
    assert {f"predicted/{number}_Front" for number in range(5)} <= learned
    (weights, of_validation) = given
    assert np.count_nonzero(weights == np.float32(0.3)) == len(learned)
    assert np.count_nonzero(weights == 1) == len(bundle.split["train"]) - len(learned)
    assert of_validation is None
    # a copy of a real photo is trained on only if that one is not held out
    held_out = any(name.startswith("000_") for name in bundle.split["val"])
    assert ("predicted/000_Front" in learned) != held_out
    assert ("left out: 1 predicted or composed pair " in capsys.readouterr().err) == held_out


@pytest.mark.usefixtures("predicted")
def test_train_refuses_to_be_judged_on_predictions_or_to_repeat_them(home, capsys):
    real, predicted = ("--data", str(home / "real")), ("--data", str(home / "predicted"))
    common = ["train", "--home", str(home), "--name", "third", *map(str, TRAIN)]
    cases = [
        ([*predicted, *real], "--data REAL --data PREDICTED"),
        ([*real, *predicted, "--second-pass", "first"], "learn to repeat the first"),
    ]
    for arguments, words in cases:
        assert main([*common, *arguments]) == 2
        assert words in capsys.readouterr().err
    assert not (home / "models/third").exists()


@pytest.mark.usefixtures("predicted")
def test_nothing_is_judged_by_predictions(home, capsys):
    data = ("--home", str(home), "--data", str(home / "predicted"))
    for command in (
        ["eval", "--model", "first", "--split", "all"],
        ["compare", "first", "both"],
        ["calibrate", "--model", "first"],
        ["audit", "--fold-model", "first"],
    ):
        if "both" in command:
            shutil.copytree(home / "models/first", home / "models/both", dirs_exist_ok=True)
        assert main([*command, *data]) == 2
        assert (
            "expected pairs that a person made, to judge by, received predictions" in capsys.readouterr().err
        )


def test_a_mask_that_was_corrected_is_kept_and_saved_where_the_set_is_made_anew(source, tmp_path):
    output = tmp_path / "set"
    make_pairs(source, output)
    corrected = output / "masks" / "a.png"
    Image.fromarray(255 - np.asarray(Image.open(corrected))).save(corrected)
    painted = corrected.read_bytes()
    draw(source / "a.png", 99)  # another photo of the name

    kept = [result.kept for result in make_pairs(source, output) if result.kept]

    assert kept == [("masks/a.png",)]
    assert corrected.read_bytes() == painted
    make_pairs(source, output, overwrite=True)
    assert (output / "masks.before" / "a.png").read_bytes() == painted
    assert corrected.read_bytes() != painted
