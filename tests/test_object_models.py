"""A model that finds objects, from its training to its files: it learns, resumes, is judged and cuts out."""

import csv
import json
import shutil
from functools import cache

import keras
import numpy as np
import pytest
from support.object_model import SIZE, draw_set, draw_things, one_object
from support.program import make

from segmentation.bundle.bundle import load_bundle
from segmentation.config.experiment_file import experiment_of
from segmentation.config.run import RunConfig
from segmentation.core.errors import BundleError, ConfigError
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.images.files import read_labels, read_mask, write_image
from segmentation.inference.engines import load_engine
from segmentation.inference.engines.object_engine import objects_at, scores_of
from segmentation.inference.export import FORMATS, export
from segmentation.jobs.experiment_cells import Place, cells_of
from segmentation.models import registry
from segmentation.models.mask_rcnn.found import BOX, CLASS, MASK, MASK_PX, MOST_OBJECTS, ROW, SCORE
from segmentation.models.parts import backbone_layers, copy_weights, head_layers
from segmentation.training.fit import fit
from segmentation.training.objects.judging import paste
from segmentation.training.request import TrainingRequest

PHOTOS = [draw_things(seed)[0] for seed in range(4)]


@cache
def build(shape=(64, 96, 3), classes=3, policy="float32", **options):
    """A small network that nothing has changed yet, or only `copy_weights`."""
    options = {"filters": 8, "levels": 4, "backbone_weights": "none", **options}
    config = RunConfig().replace(architecture="mask-rcnn", input_size=Size(*shape[:2]), **options)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return registry.build(registry.complete(config).model, shape, classes)
    finally:
        keras.config.set_dtype_policy(before)


# the network


@pytest.mark.parametrize(("policy", "shape"), [("float32", (64, 96, 3)), ("mixed_bfloat16", (96, 64, 1))])
def test_a_network_gives_the_same_number_of_objects_whatever_the_photo(policy, shape):
    network = build(shape, policy=policy)
    photos = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    rows = keras.ops.convert_to_numpy(network(photos))

    assert rows.shape == (2, MOST_OBJECTS, ROW)
    assert rows.dtype == np.float32
    assert ((rows[..., BOX] >= 0) & (rows[..., BOX] <= 1)).all()
    assert (np.diff(rows[..., SCORE], axis=1) <= 0).all()
    assert {*np.unique(rows[..., CLASS])} <= {1, 2}
    assert ((rows[..., MASK:] >= 0) & (rows[..., MASK:] <= 1)).all()


def test_all_but_the_scores_of_the_classes_is_kept_for_others():
    source, target = build(classes=1), build((64, 96, 3), policy="float32")
    copy_weights(source, target, [{0: 1.0}, {1: 1.0}, {2: 1.0}], head=False)
    heads = head_layers(target)

    assert len(heads) == 2
    assert [head.weights[0].shape[-1] for head in heads] == [3, 2]
    box_head = [network.parts.box_head for network in (source, target)]
    np.testing.assert_array_equal(*(head.hidden[0].kernel for head in box_head))
    assert backbone_layers(target, 2)


# from rows to pixels


def test_a_mask_in_a_photo_is_the_one_that_training_compared():
    random = np.random.default_rng(0)
    rows = np.zeros((1, 3, ROW), np.float32)
    rows[0, :, BOX] = [[0.1, 0.2, 0.55, 0.93], [0, 0, 1, 1], [0.4, 0.4, 0.42, 0.9]]
    rows[0, :, SCORE], rows[0, :, CLASS] = [0.9, 0.8, 0.7], 1
    rows[0, :, MASK:] = random.random((3, MASK_PX**2))
    found = objects_at(rows[0], Size(90, 120), BINARY)
    pasted = keras.ops.convert_to_numpy(paste(rows, 90, 120))[0]

    for one, whole in zip(found, pasted, strict=True):
        inside = whole > 0
        np.testing.assert_allclose(one.placed((90, 120))[inside], whole[inside], atol=1e-3)


def test_what_is_no_number_is_no_object():
    rows = np.full((4, ROW), np.nan, np.float32)
    rows[1, BOX], rows[1, SCORE] = [0, 0, np.inf, 1], 0.9
    rows[2, BOX], rows[2, SCORE], rows[2, CLASS] = [0.1, 0.1, 0.9, 0.9], 0.9, 1e9
    found = objects_at(rows, Size(20, 20), BINARY)

    assert [one.index for one in found] == [1]


def test_the_scores_of_classes_are_the_highest_of_their_objects():
    labels = LabelMap.of(("background", "person", "bag"))
    scores = scores_of([one_object(index=1), one_object(left=8, index=2)], (20, 20), labels)

    assert scores[5, 5].tolist() == [0, 1, 0]
    assert scores[5, 10].tolist() == [0, 1, 1]
    assert scores[0, 0].tolist() == [1, 0, 0]


# the whole way


@pytest.fixture(scope="module")
def engines(object_home):
    """The network in Keras, and in OpenVINO."""
    bundle = load_bundle(object_home / "models" / "things")
    return [
        load_engine(bundle, engine="keras"),
        load_engine(bundle, engine="openvino", precision="f32"),
    ]


def test_four_photos_of_two_things_are_learned_nearly_by_heart(object_home):
    output = object_home / "eval"
    make(
        *("eval", "--home", object_home, "--model", "things", "--split", "train", "--output", output),
        *("--report-images", "0"),
    )
    figures = json.loads((output / "metrics.json").read_text())

    assert figures["objects"] == 8
    assert figures["mask_ap50"] > 0.9
    assert figures["mask_ap"] > 0.6
    assert figures["box_ap"] > 0.5
    assert (output / "objects.csv").read_text().startswith("of,ap,ap50,ap75,ap_small")
    assert "average precision" in (output / "report.html").read_text()
    recorded = load_bundle(object_home / "models" / "things").provenance["val_at_full_resolution"]
    assert recorded["objects"] == 4
    assert 0 <= recorded["mask_ap"] <= 1


def test_openvino_finds_what_keras_finds(engines):
    reference, fast = engines
    for photo in PHOTOS:
        expected, found = ([one for one in engine.find(photo) if one.score > 0.3] for engine in engines)
        assert len(found) == len(expected) >= 2
        for one, other in zip(found, expected, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-3)
            np.testing.assert_allclose(one.corners, other.corners, atol=0.05)
            np.testing.assert_allclose(one.placed(SIZE), other.placed(SIZE), atol=0.02)
        np.testing.assert_allclose(fast(photo), reference(photo), atol=1e-3)


@pytest.mark.parametrize("name", ["onnx", "saved-model", "litert"])
def test_every_format_finds_what_keras_finds(object_home, tmp_path, name):
    bundle = load_bundle(object_home / "models" / "things")
    path = tmp_path / f"things{FORMATS[name].suffix}"
    difference = export(bundle, name, path, PHOTOS)

    assert difference is None or difference < 1e-3
    assert "objects, float32 [1, 32, 790]" in (tmp_path / f"{path.name}.json").read_text()


def test_predict_tells_of_each_object_and_names_its_files(object_home, tmp_path, capsys):
    write_image(tmp_path / "in" / "pair.png", PHOTOS[0])
    make(
        *("predict", "--home", object_home, "--model", "things", "--input", tmp_path / "in", "--save"),
        *("--output", tmp_path / "out"),
    )
    (line,) = map(json.loads, (tmp_path / "out" / "predictions.jsonl").read_text().splitlines())

    assert f"the objects of 1 photo in {tmp_path / 'out'}" in capsys.readouterr().out
    assert [one["mask"] for one in line["objects"]] == ["masks/pair-1.png", "masks/pair-2.png"]
    assert [one["cutout"] for one in line["objects"]] == ["cutouts/pair-1.png", "cutouts/pair-2.png"]
    numbers, seen = draw_things(0)[1], set()
    for one in line["objects"]:
        drawn = read_mask(tmp_path / "out" / one["mask"]) >= 128
        true = max((1, 2), key=lambda number: drawn[numbers == number].sum())
        thing = numbers == true
        assert 2 * (thing & drawn).sum() / (thing.sum() + drawn.sum()) > 0.8
        seen.add(true)
    assert seen == {1, 2}


def test_a_training_that_was_stopped_goes_on_exactly(object_home, tmp_path):
    bundle = load_bundle(object_home / "models" / "things")
    samples = {sample.id: sample for sample in discover(object_home / "pairs", objects=True).samples}
    train, val = ([samples[name] for name in bundle.split[side]] for side in ("train", "val"))

    def go_on(epochs, **asked):
        folder = tmp_path / f"until-{epochs}"
        folder.mkdir()
        config = bundle.config.replace(epochs=epochs)
        request = TrainingRequest(config, train, val, "pairs", bundle.labels, **asked)
        _bundle, history = fit(request, folder, logs=tmp_path / "logs")
        return history

    go_on(1)
    go_on(3, resuming=True)
    whole, parts = (
        list(csv.DictReader((path / "history.csv").open())) for path in (bundle.path, tmp_path / "until-3")
    )

    assert parts == whole[:3]
    assert {"loss", "rpn_class", "rpn_box", "box_class", "box_box", "mask", "val_dice"} <= {*whole[0]}
    assert whole[1]["loss"] != whole[0]["loss"]


# what does not fit


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tta", "flip"], "--tta"),
        (["--quality", "best"], "--quality best"),
        (["--tiles", "64x64"], "--tiles"),
        (["--channels", "each"], "--channels"),
        (["--fill-holes", "5"], "--fill-holes"),
    ],
)
def test_ways_to_score_that_would_lose_the_objects_are_refused(object_home, options, said, capsys):
    make(
        "predict",
        "--home",
        object_home,
        "--model",
        "things",
        "--input",
        object_home / "pairs",
        *options,
        check=2,
    )

    assert said in (message := capsys.readouterr().err)
    assert "which finds objects" in message


@pytest.mark.parametrize(
    "options",
    [
        ["--loss", "ce"],
        ["--boundary-weight", "2"],
        ["--crops", "64x64"],
        ["--sees", "tiles"],
        ["--target", "alpha"],
    ],
)
def test_what_a_network_of_objects_would_ignore_is_refused_before_anything_is_read(tmp_path, options, capsys):
    make(
        "train",
        "--home",
        tmp_path,
        "--data",
        tmp_path / "absent",
        "--architecture",
        "mask-rcnn",
        *options,
        check=2,
    )

    assert "absent" not in (message := capsys.readouterr().err)
    assert options[0] in message


def test_a_bundle_with_the_weights_or_the_network_of_another_is_refused(object_home, tmp_path):
    copy = tmp_path / "things"
    shutil.copytree(object_home / "models" / "things", copy)
    plain = json.loads((copy / "bundle.json").read_text())

    def refused(section="model", **changes):
        changed = json.loads(json.dumps(plain))
        changed["config"][section] |= changes
        (copy / "bundle.json").write_text(json.dumps(changed))
        return load_bundle(copy)

    with pytest.raises(BundleError, match="filters"):
        refused(filters=10**6)
    with pytest.raises(BundleError, match="levels"):
        refused(levels=2)
    with pytest.raises(BundleError, match="backbone"):
        refused(backbone="resnet50")
    with pytest.raises(BundleError, match="finds the objects of whole photos in one pass"):
        refused("preprocessing", sees="tiles")
    with pytest.raises(BundleError, match="finds the objects of whole photos in one pass"):
        refused("data", target="alpha")
    other = refused(filters=16)
    with pytest.raises(BundleError, match="not the weights of mask-rcnn"):
        load_engine(other, engine="keras")
    other = refused(architecture="unet-efficientnet-lite0", backbone=None)
    with pytest.raises(BundleError, match=r"expected shapes .* received"):
        load_engine(other, engine="openvino", precision="f32")


def test_a_model_of_objects_is_no_first_pass(object_home, tmp_path, capsys):
    things = object_home / "models" / "things"
    make(
        *("train", "--home", tmp_path, "--data", tmp_path / "absent", "--second-pass", things),
        check=2,
    )

    assert "which finds objects" in capsys.readouterr().err


@pytest.mark.parametrize("begun", [{"architecture": "mask-rcnn"}, {"model": "things"}])
@pytest.mark.parametrize("where", ["base", "level"])
def test_an_experiment_which_would_judge_all_objects_together_refuses_them(
    object_home, tmp_path, where, begun
):
    tables = {"base": begun} if where == "base" else {"factors": {"start": {"levels": {"things": begun}}}}

    with pytest.raises(ConfigError, match=r"received objects one by one .*; .* `eval model=NAME` gives"):
        cells_of(experiment_of(tables, "mine"), [], Place(tmp_path, tmp_path), object_home / "models")


def test_the_standard_output_takes_no_several_cutouts(object_home, capsys):
    photo = next((object_home / "pairs" / "train" / "images").iterdir())
    make("predict", "--home", object_home, "--model", "things", "--input", photo, "--output", "-", check=2)
    assert capsys.readouterr().err


def test_the_numbers_that_masks_were_drawn_with_are_read_back(tmp_path):
    draw_set(tmp_path, 1)
    numbers = read_labels(tmp_path / "masks" / "photo-0.png")

    np.testing.assert_array_equal(numbers, draw_things(0)[1])
    with pytest.raises(ConfigError, match="levels"):
        build(levels=3)
