"""Every engine and every exported file is held against Keras, and none is kept that scores otherwise."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import h5py
import keras
import numpy as np
import onnx
import openvino
import pytest
from support.drawing import draw_pair
from support.places import ROOT
from support.program import TINY_OPTIONS

import segmentation
from segmentation.bundle.bundle import ENGINE_FILES, ModelBundle, load_bundle
from segmentation.bundle.precisions import Exactness, Precisions
from segmentation.bundle.saving import save_description
from segmentation.config.jobs.export import NETWORK_FORMATS, ExportOptions
from segmentation.config.run import RunConfig
from segmentation.core.errors import BundleError, ConfigError, ExportError
from segmentation.core.events import Caution
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.core.workspace import Workspace
from segmentation.datasets.ground_truth import MaskFile
from segmentation.evaluation.precisions import judge_precisions
from segmentation.images.files import write_image
from segmentation.inference import export as exporting
from segmentation.inference.engines import keras_engine, load_engine
from segmentation.inference.engines import precision as choosing
from segmentation.inference.engines.keras_engine import keeping_networks
from segmentation.inference.engines.openvino_engine import compile_network
from segmentation.inference.engines.precision import computes_in_bfloat16
from segmentation.inference.export import FORMATS, describe, export, largest_difference
from segmentation.inference.onnx_names import put_in_order
from segmentation.jobs import openvino_export
from segmentation.jobs.context import Context
from segmentation.jobs.export import export as export_model
from segmentation.jobs.openvino_export import with_openvino
from segmentation.models import registry
from segmentation.models.registry import ARCHITECTURES, complete
from segmentation.preprocessing.preprocessing import Preprocessing

pytestmark = pytest.mark.usefixtures("networks_built_once")

CHECK = ROOT / "docs" / "example.png"
PAIRS = [draw_pair(seed) for seed in range(3)]
PHOTOS = [photo for photo, _ in PAIRS]

# A block that adds as much to its input as there is, which none that has learned does, magnifies what two
# engines round otherwise: by a hundred over the 33 blocks of ResNet101.
LAST_OF_RESIDUAL_BLOCK = re.compile(r"_block\d+_3_bn/gamma")

RECORDED = Precisions(28, Exactness(0.99, 0.88, 12), Exactness(0.98, 0.87, 11))

needs_bfloat16 = pytest.mark.skipif(
    not computes_in_bfloat16(), reason="this processor has no bfloat16 arithmetic"
)


def make_bundle(folder, architecture="simple", seed=0, **options):
    """A bundle whose network has random weights and the batch statistics of PHOTOS."""
    size = options.pop("input_size", Size(height=96, width=64))
    config = complete(
        RunConfig().replace(
            architecture=architecture,
            filters=4,
            input_size=size,
            backbone_weights="none",
            **{"levels": 3, "norm_momentum": 0.0, **options},
        )
    )
    channels = 1 if config.preprocessing.colour == "grey" else 3
    mean, std = ((120.0, 110.0, 100.0)[:channels], (60.0, 55.0, 50.0)[:channels])
    way = Preprocessing.from_config(config.preprocessing)
    way = dataclasses.replace(way, mean=mean, std=std)
    keras.utils.set_random_seed(seed)
    network = registry.build(config.model, (size.height, size.width, channels))
    random = np.random.default_rng(seed)
    for variable in network.weights:
        if LAST_OF_RESIDUAL_BLOCK.search(variable.path):
            variable.assign(random.uniform(0.05, 0.2, variable.shape))
        elif "moving_variance" in variable.path or "gamma" in variable.path:
            variable.assign(random.uniform(0.5, 2.0, variable.shape))
    photos = np.stack([way.prepare(photo) for photo in PHOTOS])
    network(way.normalise(photos), training=True)  # else the scores of a deep network hardly differ
    folder.mkdir(parents=True, exist_ok=True)
    bundle = ModelBundle(folder, config, way)
    network.save_weights(bundle.weights)
    save_description(bundle)
    return load_bundle(folder)


def samples_in(folder):
    """PHOTOS with their masks as samples, written into a folder."""
    samples = []
    for index, (photo, alpha) in enumerate(PAIRS):
        path, mask = folder / f"photo-{index}.png", folder / f"mask-{index}.png"
        write_image(path, photo)
        write_image(mask, alpha)
        samples.append(Sample(str(index), path, MaskFile(mask)))
    return samples


def exported(bundle, *, compare_precisions=True):
    samples = samples_in(bundle.path.parent)
    photos = [sample.photo for sample in samples]
    bundle, _difference = with_openvino(bundle, photos, samples if compare_precisions else [])
    save_description(bundle)
    return load_bundle(bundle.path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A bundle without an exported network, which no test changes."""
    return make_bundle(tmp_path_factory.mktemp("trained") / "model")


def copied(bundle, folder):
    return load_bundle(shutil.copytree(bundle.path, folder))


@pytest.fixture(scope="module")
def bundle(trained, tmp_path_factory):
    """The same with an exported network; no test changes it either."""
    return exported(copied(trained, tmp_path_factory.mktemp("models") / "small"))


# by name, and backbones that are in none of them, as deep as brings every kind of their layers in
NETWORKS = {name: {"architecture": name} for name, row in ARCHITECTURES.items() if not row.finds_objects}
NETWORKS |= {
    name: {"backbone": name, "levels": levels}
    for name, levels in {"mobilenet-v3": 4, "resnet50": 2, "densenet121": 2}.items()
}


DEEP = (
    "deeplab-v3-resnet101", "deeplab-v3-resnet50", "deeplab-v3-mobilenet-v3",
    "fcn-resnet50", "atrous-resnet50", "unet-densenet121",
)  # fmt: skip
"""Their blocks are those of others with the same backbones, or of their own kind, many times."""


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(options, id=name, marks=[pytest.mark.slow] if name in DEEP else [])
        for name, options in NETWORKS.items()
    ],
)
def test_every_architecture_scores_on_openvino_as_on_keras(tmp_path, options):
    with keeping_networks():  # of which there is one to build, as in a training
        bundle = exported(make_bundle(tmp_path / "model", **options), compare_precisions=False)
        reference = load_engine(bundle, engine="keras")
    fast = load_engine(bundle, engine="openvino", precision="f32")
    for photo in PHOTOS:
        scores = fast(photo)
        assert scores.shape == (*photo.shape[:2], 1)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, reference(photo), atol=1e-4)
        assert scores.std() > 1e-3  # two engines that always say one half would agree as well


@pytest.mark.parametrize("colour", ["colour", "grey"])
@pytest.mark.parametrize("normalisation", ["none", "unit", "mean-std"])
def test_the_exported_network_normalises_by_itself(tmp_path, colour, normalisation):
    bundle = make_bundle(tmp_path / "model", colour=colour, normalisation=normalisation, contrast="clahe")
    path = tmp_path / "exported" / "network.xml"

    assert export(bundle, "openvino", path, PHOTOS) < 1e-3
    source = openvino.Core().read_model(path).inputs[0]
    assert source.element_type == openvino.Type.u8
    assert list(source.shape) == [1, 96, 64, 1 if colour == "grey" else 3]


def test_the_help_names_every_format():
    assert tuple(FORMATS) == NETWORK_FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_every_format_scores_as_keras_and_says_how_to_prepare_a_photo(trained, tmp_path, name):
    way = replace(trained.preprocessing, contrast="stretch-2-98")
    bundle = replace(trained, preprocessing=way)
    path = tmp_path / "exported" / ("network" + FORMATS[name].suffix)

    assert export(bundle, name, path, PHOTOS) < 1e-3
    described = json.loads(path.with_name(path.name + ".json").read_text())
    assert described["input"].startswith("photo, uint8 [1, 96, 64, 3], RGB")
    assert described["contrast"].startswith("stretch-2-98")
    assert not [found.name for found in path.parent.iterdir() if found.name.startswith(".tmp-")]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("saved-model", "mine"),  # a folder that holds something else
        ("saved-model", "mine/file.psd"),
        ("onnx", "mine"),
        ("onnx", "mine/network.xml"),
        ("openvino", "network.onnx"),
    ],
)
def test_an_export_replaces_nothing_but_an_export(trained, tmp_path, name, path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file.psd").write_text("a day's work")
    with pytest.raises(ExportError, match=r"`output` .*expected a"):
        export(trained, name, tmp_path / path, PHOTOS[:1])

    assert (tmp_path / "mine" / "file.psd").read_text() == "a day's work"


def test_an_output_that_cannot_be_one_is_named_as_it_was_typed(tmp_path):
    options = ExportOptions.of(
        model=str(ROOT / "models" / "default"), format="onnx", output=tmp_path / "out.xml", check=CHECK
    )
    with pytest.raises(
        ExportError, match=r"out\.xml: expected a file that ends in \.onnx, received out\.xml"
    ):
        export_model(options, Context(Workspace(tmp_path)))


def test_both_passes_are_exported_or_none(tmp_path, monkeypatch):
    fails = []

    def write(bundle, _name, path, _photos):
        path.write_text(bundle.name)
        if bundle.first and fails:
            path.unlink()
            raise ExportError("too far from Keras")
        return 0.0

    monkeypatch.setattr(exporting, "export", write)
    options = ExportOptions.of(
        model=str(ROOT / "models" / "default"),
        format="saved-model",
        output=tmp_path / "out" / "mine-0.5",
        check=CHECK,
    )
    assert export_model(options, Context(Workspace(tmp_path))).first == tmp_path / "out" / "mine-0.5-first"
    found = {path.name: path.read_text() for path in (tmp_path / "out").glob("[!.]*")}
    assert found == {"mine-0.5": "default", "mine-0.5-first": "default-first"}

    fails.append(True)
    new = replace(options, output=tmp_path / "new" / "mine")
    with pytest.raises(ExportError, match="too far from Keras"):
        export_model(new, Context(Workspace(tmp_path)))
    assert list((tmp_path / "new").glob("[!.]*")) == []


def test_what_two_passes_see_of_tiles_is_described():
    bundle = load_bundle(ROOT / "models" / "default")
    tiled = describe(bundle, replace(bundle.preprocessing, sees="tiles"))["resize"]
    assert tiled.startswith("none: tiles of the box of the first pass's mask (scores from 0.")
    assert "at the photo's own resolution, as large as the input; all scores are 0 outside" in tiled
    alone = replace(bundle, first=None)
    assert describe(alone, replace(bundle.preprocessing, sees="tiles"))["resize"] == (
        "none: tiles of the photo at its own resolution, as large as the input"
    )


def test_an_export_that_is_broken_off_leaves_the_model_as_it_was(bundle, tmp_path, monkeypatch):
    def interrupt(*_arguments):
        raise KeyboardInterrupt

    copy = copied(bundle, tmp_path / "other name")
    names = sorted(path.name for path in copy.path.iterdir())
    monkeypatch.setattr(openvino_export, "judge_precisions", interrupt)
    monkeypatch.setattr(openvino_export, "computes_in_bfloat16", lambda: True)
    samples = samples_in(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        with_openvino(copy, [sample.photo for sample in samples], samples)

    assert load_bundle(copy.path) == copy
    assert sorted(path.name for path in copy.path.iterdir()) == names


@pytest.mark.parametrize("able", [True, False])
def test_what_was_recorded_of_the_precisions_stays_where_they_cannot_be_judged(
    bundle, tmp_path, monkeypatch, able
):
    """Neither without held-out photos nor on a processor without bfloat16."""
    monkeypatch.setattr(openvino_export, "computes_in_bfloat16", lambda: able)
    copy = copied(bundle, tmp_path / "copy")
    known = replace(copy, bf16_agreement=0.5, precisions=RECORDED)
    samples = samples_in(tmp_path)
    again, _difference = with_openvino(known, [samples[0].photo], [] if able else samples)

    assert (again.precisions, again.bf16_agreement) == (RECORDED, 0.5)


@needs_bfloat16
def test_held_out_photos_that_cannot_be_judged_on_do_not_cost_the_export(bundle, tmp_path):
    copy = copied(bundle, tmp_path / "copy")
    samples = samples_in(tmp_path)
    samples[1].truth.path.write_bytes(b"no picture")
    told = []
    again, difference = with_openvino(
        replace(copy, precisions=RECORDED), [samples[0].photo], samples, told.append
    )
    (caution,) = [event for event in told if isinstance(event, Caution)]

    assert difference < 1e-3
    assert again.precisions == RECORDED
    assert "mask-1.png" in caution.text
    assert load_bundle(save_description(again).path).openvino


def test_openvino_and_onnx_files_carry_the_description_inside(trained, tmp_path):
    export(trained, "openvino", tmp_path / "network.xml", PHOTOS[:1])
    export(trained, "onnx", tmp_path / "network.onnx", PHOTOS[:1])

    network = openvino.Core().read_model(tmp_path / "network.xml")
    assert network.get_rt_info(["cutout", "normalisation"]).astype(str) == "mean-std, in the graph"
    properties = {entry.key: entry.value for entry in onnx.load(tmp_path / "network.onnx").metadata_props}
    assert properties["normalisation"] == "mean-std, in the graph"


def test_a_file_that_scores_otherwise_is_not_kept(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)  # which nothing can keep
    path = tmp_path / "exported" / "network.xml"
    with pytest.raises(ExportError, match="expected the scores of Keras"):
        export(trained, "openvino", path, PHOTOS)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize(("astray", "difference"), [(6, 0.0), (8, 0.5)])  # of the 6144 scores of a photo
def test_a_score_in_a_thousand_may_lie_elsewhere_and_no_more(astray, difference):
    def off(_photo):
        scores = np.zeros((1, 96, 64, 1), np.float32)
        scores.flat[:astray] = 0.5
        return scores

    way = Preprocessing(Size(height=96, width=64))
    assert largest_difference(off, lambda photo: 0 * off(photo), way, PHOTOS[:1]) == pytest.approx(
        difference, abs=1e-6
    )


def test_no_score_may_be_no_number():
    way = Preprocessing(Size(height=96, width=64))
    scores = np.zeros((1, 96, 64, 1), np.float32)
    broken = scores.copy()
    broken.flat[0] = np.nan

    assert np.isnan(largest_difference(lambda _: broken, lambda _: scores, way, PHOTOS[:2]))


def test_threads_that_share_an_engine_get_the_scores_of_their_own_photos(bundle):
    engine = load_engine(bundle, engine="openvino", streams=3)
    photos = [np.roll(photo, 7 * turn, axis=1) for turn in range(8) for photo in PHOTOS]
    alone = [engine(photo) for photo in photos]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(engine, photos))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_auto_is_openvino_where_the_model_has_been_exported_and_keras_elsewhere(bundle, trained):
    assert load_engine(bundle).name == "openvino"
    assert load_engine(trained).name == "keras"


def test_a_trained_network_is_built_once_to_be_judged_and_exported(tiny_set, tmp_path, monkeypatch):
    read, load_weights = [], keras_engine.load_weights

    def reading(model, path):
        read.append(path.name)
        load_weights(model, path)

    monkeypatch.setattr(keras_engine, "load_weights", reading)
    segmentation.train(data=str(tiny_set), name="mine", home=tmp_path, epochs=1, **TINY_OPTIONS)

    assert load_bundle(tmp_path / "models" / "mine").openvino
    assert read == ["model.weights.h5"]


def test_openvino_without_an_export_says_how_to_make_one(trained):
    with pytest.raises(BundleError, match=r"`export model=model format=openvino`"):
        load_engine(trained, engine="openvino")


def test_keras_refuses_bfloat16(bundle):
    with pytest.raises(ConfigError, match="expected `engine=openvino`"):
        load_engine(bundle, engine="keras", precision="bf16")


def test_the_fastest_precision_of_keras_is_its_own(bundle):
    assert load_engine(bundle, engine="keras", precision="fastest").precision == "f32"


@pytest.fixture
def faster_in_bfloat16(monkeypatch):
    """Have the processor pass for one that is faster in bfloat16."""
    monkeypatch.setattr(choosing, "is_faster_in_bfloat16", lambda: True)


@needs_bfloat16
@pytest.mark.usefixtures("faster_in_bfloat16")
def test_an_export_records_the_figures_of_both_precisions(trained, tmp_path):
    old = replace(copied(trained, tmp_path / "model"), bf16_agreement=0.5)
    bundle = exported(old)
    engines = [load_engine(bundle, precision=name) for name in ("f32", "bf16")]
    expected = judge_precisions(bundle, *engines, samples_in(tmp_path))

    assert bundle.precisions == expected
    assert bundle.precisions.photos == len(PHOTOS)
    assert bundle.bf16_agreement is None  # a rule of before
    assert load_engine(bundle).precision == ("f32" if expected.lost else "bf16")


@needs_bfloat16
@pytest.mark.usefixtures("faster_in_bfloat16")
def test_the_export_of_a_model_judges_both_precisions_on_the_photos_that_it_held_out(
    trained, tmp_path, tiny_set
):
    """The precision that `export` recommends is the one that is used from then on."""
    bundle = copied(trained, tmp_path / "models" / "mine")
    held_out = ["000_Front", "000_Back"]
    provenance = {"data": str(tiny_set)}
    save_description(replace(bundle, split={"val": held_out}, provenance=provenance, bf16_agreement=0.5))
    done = export_model(ExportOptions.of(model="mine"), Context(Workspace(tmp_path)))
    judged = load_bundle(bundle.path)
    engine = load_engine(judged)

    assert judged.precisions.photos == len(held_out)
    assert (engine.precision, engine.reason) == (done.precision.name, done.precision.reason)
    assert done.precision.reason == str(judged.precisions)


def test_a_damaged_export_is_refused(bundle, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(bundle.path, copy)
    (copy / "model.xml").write_text("<net>")
    with pytest.raises(BundleError, match=r"model\.xml"):
        load_bundle(copy)


@pytest.mark.parametrize(
    "content",
    [
        b"\x08\x07\x12\x06pytorch",
        b"<?xml version='1.0'?><html><net/></html>",
        b"",
        b"<!-- <net> -->",
        b"\0\0",
    ],
    ids=["ONNX", "another XML", "empty", "comment", "bytes"],
)
def test_openvino_reads_its_own_xml_alone(tmp_path, content):
    """Under whatever name, other programs' files would reach readers of their own."""
    path = tmp_path / "model.xml"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.xml: expected a network in OpenVINO's XML"):
        compile_network(path, "f32")


def test_equal_networks_are_equal_onnx_files(trained, tmp_path):
    """The converter takes order and names from sets and counters, which differ from run to run."""
    path = tmp_path / "network.onnx"
    export(trained, "onnx", path, PHOTOS[:1])
    other = onnx.load(path)
    kept = {value.name for value in (*other.graph.input, *other.graph.output)} | {""}
    parts = [[*other.graph.node], [*other.graph.initializer]]
    for node in parts[0]:
        node.name += "__17"
        node.input[:] = [name if name in kept else f"{name}__17" for name in node.input]
        node.output[:] = [name if name in kept else f"{name}__17" for name in node.output]
    for constant in parts[1]:
        constant.name += "__17"
    del other.graph.node[:], other.graph.initializer[:]
    other.graph.node.extend(reversed(parts[0]))
    other.graph.initializer.extend(reversed(parts[1]))
    assert other.SerializeToString() != path.read_bytes()

    put_in_order(other)
    assert other.SerializeToString() == path.read_bytes()


def test_an_export_of_another_size_is_refused(trained, tmp_path):
    other = exported(make_bundle(tmp_path / "other", input_size=Size(height=64, width=64)))
    small = copied(trained, tmp_path / "small")
    for name in ENGINE_FILES:
        shutil.copy(other.path / name, small.path / name)
    save_description(small)
    with pytest.raises(BundleError, match="expected shapes"):
        load_engine(load_bundle(small.path), engine="openvino")


def test_weights_that_lead_elsewhere_or_are_no_numbers_are_refused(trained, tmp_path):
    bundle = copied(trained, tmp_path / "model")
    whole = bundle.weights.read_bytes()
    with h5py.File(bundle.weights, "r+") as file:
        file["elsewhere"] = h5py.ExternalLink("/dev/zero", "/")
    with pytest.raises(BundleError, match="link to another place"):
        load_engine(bundle, engine="keras")

    bundle.weights.write_bytes(whole)
    with h5py.File(bundle.weights, "r+") as file:
        names = []
        file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
        file[names[0]][...] = np.nan
    with pytest.raises(BundleError, match="not all finite"):
        load_engine(bundle, engine="keras")


def test_predict_and_eval_on_openvino_import_neither_keras_nor_tensorflow(bundle, tiny_set, tmp_path):
    script = (
        "import sys; import main; status = main.main(sys.argv[1:]);"
        "assert not {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules), 'a heavy import';"
        "sys.exit(status)"
    )
    for command in (
        ("predict", "--input", tiny_set / "images", "--save", "--output", tmp_path / "cut"),
        ("eval", "--data", tiny_set, "--output", tmp_path / "judged"),
    ):
        arguments = [*map(str, command), "--model", str(bundle.path), "--home", str(tmp_path)]
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert list((tmp_path / "cut" / "cutouts").glob("*.png"))
    assert (tmp_path / "judged" / "report.html").exists()


def test_compiled_networks_are_kept_in_the_users_cache(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_engine(bundle, engine="openvino")
    assert list((tmp_path / "garment-cutout").rglob("*.blob"))


def test_a_network_that_took_the_place_of_another_is_not_taken_for_it(bundle, tmp_path, monkeypatch):
    """OpenVINO distinguishes networks by the path and the time of their files alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    other = exported(make_bundle(tmp_path / "other", seed=1))
    scores = {}
    for made in (bundle, other):
        shutil.rmtree(tmp_path / "model", ignore_errors=True)
        copy = copied(made, tmp_path / "model")
        for path in copy.path.iterdir():
            os.utime(path, (0, 0))
        scores[made.name] = load_engine(copy, engine="openvino", precision="f32")(PHOTOS[0])
        expected = load_engine(copy, engine="keras")(PHOTOS[0])
        np.testing.assert_allclose(scores[made.name], expected, atol=1e-4)

    assert np.abs(scores["small"] - scores["other"]).max() > 0.01


def test_openvino_reports_to_nobody():
    """OpenVINO's telemetry would fork a process that connects to the network, at every import."""
    script = (
        "import sys; sys.path[:0] = ['src', '.']; from segmentation.core.imports import import_openvino; "
        "print(import_openvino().Core().available_devices, sys.modules['openvino_telemetry'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "CPU" in done.stdout
    assert done.stdout.endswith("None\n")


def test_a_signal_is_heard_after_a_network_was_given_up_in_another_thread(bundle):
    script = (
        "import gc, signal, sys, threading; from pathlib import Path; sys.path[:0] = ['src', '.']\n"
        "from segmentation.bundle.bundle import load_bundle\n"
        "from segmentation.inference.engines import load_engine\n"
        "engines = [load_engine(load_bundle(Path(sys.argv[1])), engine='openvino')]\n"
        "giving_up = threading.Thread(target=lambda: (engines.clear(), gc.collect()))\n"
        "giving_up.start(); giving_up.join()\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('heard'))\n"
        "signal.raise_signal(signal.SIGTERM)\n"
    )
    command = [sys.executable, "-c", script, str(bundle.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
