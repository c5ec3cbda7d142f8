"""A bundle may come from anyone: it is read whole and valid, or refused in one line; nothing in it is run."""

import contextlib
import io
import json
import math
import os
import pickle
import random
import re
import shutil
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bundles import CONFIG, SIZE, write_bundle, write_export
from support.places import ROOT

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.bundle.finding import find_bundle
from segmentation.bundle.saving import save_description
from segmentation.confidence.model import DOUBTS, DRIFT, SHAPE, SIGNS
from segmentation.config.network import ModelConfig
from segmentation.core.errors import BundleError, ConfigError
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.preprocessing.preprocessing import Preprocessing

MISSING = object()
EDGES = {"garments": 9, "inner": [0.5] * 22, "outer": [0.5] * 22}
OUTCOMES = {
    **{"confidence": [0.5, 0.25], "faulty": [True, False], "odd": [False, False]},
    **{"garments": [0, 1], "thickness_px": 5, "area_px": 100},
}


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / "models" / "jackets")


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory):
    """A bundle for the tests that write its description many times."""
    bundle = write_bundle(tmp_path_factory.mktemp("models") / "jackets")
    write_export(bundle)
    return save_description(bundle)


def description(bundle):
    return json.loads((bundle.path / "bundle.json").read_text())


def refusal(bundle, content):
    """The one line that refuses a description, which names the file and the remedy."""
    (bundle.path / "bundle.json").write_bytes(content)
    with pytest.raises(BundleError) as refused:
        load_bundle(bundle.path)
    message = checked_line(str(refused.value))
    assert "bundle.json" in message
    assert message.endswith("; train the model again")
    return message


def checked_line(message):
    """A message that fits on a terminal and does nothing to it."""
    assert len(message.splitlines()) == 1
    assert len(message) < 1000
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", message)
    message.encode()
    return message


def with_value(plain, place, value):
    """A copy of `plain` with the value at "a.b.0" replaced, or taken out."""
    changed = json.loads(json.dumps(plain))
    *parents, last = [int(key) if key.isdecimal() else key for key in place.split(".")]
    inner = changed
    for key in parents:
        inner = inner[key]
    if value is MISSING:
        del inner[last]
    else:
        inner[last] = value
    return changed


@pytest.mark.parametrize(
    "typed", ["../secret", "../../x", "models/../../x", "..\\x", "./..", "x/../jackets", "../"]
)
def test_a_relative_path_that_leads_upward_is_refused(bundle, typed):
    with pytest.raises(ConfigError, match=r"without '\.\.'.*absolute path"):
        find_bundle(typed, bundle.path.parent)


def test_a_model_outside_is_not_reached_by_any_name(bundle, tmp_path):
    write_bundle(tmp_path / "secret")
    for typed in ("..", ".", "../secret", "jackets/../../secret", ".secret", "secret"):
        with pytest.raises((ConfigError, BundleError)):
            find_bundle(typed, bundle.path.parent)


@pytest.mark.parametrize(
    "typed",
    [
        *("", "\0", "a\0b", "a\nb", "/a\nb", "./a\0", "/\ud800", "\x1b[2J", "/\x1b[2J"),
        *("a" * 10_000, "/a" * 10_000, "./" + "a" * 300),
    ],
)
def test_what_cannot_be_a_name_is_refused_in_a_short_line(bundle, typed):
    with pytest.raises((ConfigError, BundleError)) as refused:
        find_bundle(typed, bundle.path.parent)

    checked_line(str(refused.value))


@given(st.text(st.characters() | st.sampled_from("./\\")))
def test_whatever_is_typed_it_is_a_model_or_refused_in_a_short_line(long_lived, typed):
    with pytest.raises((ConfigError, BundleError)) as refused:
        find_bundle(typed, long_lived.path.parent)

    checked_line(str(refused.value))


def test_folders_whose_names_are_none_are_not_offered(bundle):
    for name in (".hidden", "two words", "a\nb"):
        shutil.copytree(bundle.path, bundle.path.parent / name)

    assert find_bundle(None, bundle.path.parent) == bundle
    with pytest.raises(BundleError, match=r"models there: jackets$"):
        find_bundle("skirts", bundle.path.parent)


@pytest.mark.parametrize(
    "name",
    [
        *("../secret", "/etc/hostname", "sub/file", "sub\\file", "..", ".", "", "a\0", "a\nb"),
        *(".hidden", "-flag", "a" * 300),
    ],
)
def test_names_of_recorded_files_stay_in_the_folder(bundle, name):
    plain = description(bundle)
    plain["files"][name] = "0" * 64

    assert "the bundle's own folder" in refusal(bundle, json.dumps(plain).encode())


@pytest.mark.parametrize("checksum", [None, 7, "", "0" * 63, "g" * 64, "0" * 65, ["0" * 64], "0" * 64 + "\n"])
def test_a_checksum_is_64_digits(bundle, checksum):
    plain = with_value(description(bundle), "files", {"model.weights.h5": checksum})

    assert "files.model.weights.h5" in refusal(bundle, json.dumps(plain).encode())


def replace_by_pipe(file):
    file.unlink()
    os.mkfifo(file)


def replace_by_folder(file):
    file.unlink()
    file.mkdir()


def replace_by_link(file):
    outside = file.parent.parent / "outside"
    file.rename(outside)
    file.symlink_to(outside)


def replace_by_broken_link(file):
    file.unlink()
    file.symlink_to("nowhere")


def replace_by_device(file):
    file.unlink()
    file.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "replace",
    [replace_by_pipe, replace_by_folder, replace_by_link, replace_by_broken_link, replace_by_device],
)
@pytest.mark.parametrize("name", ["bundle.json", "model.weights.h5", "model.xml", "model.bin"])
def test_only_regular_files_of_the_folder_itself_are_read(bundle, name, replace):
    write_export(bundle)
    save_description(bundle)
    replace(bundle.path / name)

    with pytest.raises(BundleError, match=name):
        load_bundle(bundle.path)


def test_a_description_without_end_is_not_read_to_its_end(bundle):
    with (bundle.path / "bundle.json").open("r+b") as file:
        file.truncate(2**40)  # a sparse file

    with pytest.raises(BundleError, match="at most 16777216 bytes"):
        load_bundle(bundle.path)


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("format", True, "format 1"),
        ("format", 1.0, "format 1"),
        ("format", MISSING, "format 1"),
        ("config", MISSING, "config is missing"),
        ("files", MISSING, "files is missing"),
        ("surprise", 1, "'surprise'"),
        ("config.model", MISSING, "config: .*model is missing"),
        ("config.preprocessing", MISSING, "config: .*preprocessing is missing"),
        ("config.model.architecture", MISSING, "config.model: .*architecture is missing"),
        ("config.model.architecture", "unet-2048", "unet-256.*'unet-2048'"),
        ("config.model.architecture", ["simple"], "config.model.architecture"),
        ("config.model.architecture", "sim\nple", r"sim\\nple"),
        ("config.model.filters", 0, "config.model.filters"),
        ("config.model.filters", -4, "config.model.filters"),
        ("config.model.filters", 4.0, "config.model.filters"),
        ("config.model.filters", True, "config.model.filters"),
        ("config.model.filters", 10**9, "config.model.filters"),
        ("config.model.levels", 0, "config.model.levels"),
        ("config.model.levels", 10**9, "config.model.levels"),
        ("config.model.norm", "instance", "config.model.norm.*batch"),
        ("config.model.norm_momentum", 1.5, "config.model.norm_momentum"),
        ("config.model.backbone_weights", "imagenet", "backbone"),
        ("config.model.fliters", 4, "config.model: .*'fliters'"),
        ("config.modle", {}, "config: .*'modle'"),
        ("config.training", [], "config.training"),
        ("config.training.epochs", "many", "config.training.epochs"),
        ("config.training.epochs", None, "config.training.epochs"),
        ("config.training.batch_size", "some", "config.training.batch_size"),
        ("config.data.cache", "lots", "config.data.cache"),
        ("config.data.target_threshold", 1.01, "config.data.target_threshold"),
        ("config.preprocessing.input_size", None, "config.preprocessing.input_size"),
        ("config.preprocessing.input_size", "0x0", "config.preprocessing.input_size"),
        ("config.preprocessing.input_size", "-32x48", "config.preprocessing.input_size"),
        ("config.preprocessing.input_size", "16384x48", "config.preprocessing.input_size: .*8192"),
        ("config.preprocessing.input_size", "33x48", "multiples of 4"),
        ("config.preprocessing.input_size", [32, 48], "config.preprocessing.input_size"),
        ("config.preprocessing.colour", "sepia", "config.preprocessing.colour: .*grey"),
        ("config.preprocessing.contrast", "more", "config.preprocessing.contrast: .*clahe"),
        ("config.preprocessing.normalisation", "maybe", "config.preprocessing.normalisation: .*mean-std"),
        ("preprocessing.input_size", "64x48", "preprocessing.input_size: .*32x48.*64x48"),
        ("preprocessing.colour", "grey", "preprocessing.colour"),
        ("preprocessing.contrast", "clahe", "preprocessing.contrast"),
        ("preprocessing.normalisation", "unit", "preprocessing.normalisation"),
        ("preprocessing.guided", True, "preprocessing.guided"),
        ("preprocessing.guided", 0, "preprocessing.guided"),
        ("preprocessing.sharpen", True, "'sharpen'"),
        ("preprocessing.mean", MISSING, "mean is missing"),
        ("preprocessing.mean", [], "preprocessing.mean: .*received 0"),
        ("preprocessing.mean", [1, 2], "preprocessing.mean: .*received 2"),
        ("preprocessing.mean", [1, 2, 3, 4], "preprocessing.mean: .*received 4"),
        ("preprocessing.mean", 100, "preprocessing.mean"),
        ("preprocessing.mean", [1, "2", 3], "preprocessing.mean"),
        ("preprocessing.mean", [1, 2, 256], "preprocessing.mean"),
        ("preprocessing.mean", [1, 2, 10**400], "preprocessing.mean"),
        ("preprocessing.std", [1, 2, 0], "preprocessing.std"),
        ("preprocessing.std", [1, 2, -1], "preprocessing.std"),
        ("preprocessing.std", [1, 2, 1e-300], "preprocessing.std"),
        ("preprocessing.std", [1, 2, False], "preprocessing.std"),
        ("preprocessing.std.0", None, "preprocessing.std"),
        ("threshold", -0.01, "threshold"),
        ("threshold", 1.01, "threshold"),
        ("threshold", 10**400, "threshold"),
        ("threshold", True, "threshold"),
        ("threshold", "0.5", "threshold"),
        ("labels.names", [], "labels.names"),
        ("labels.names", "garment", "labels.names"),
        ("labels.names", [""], "labels.names"),
        ("labels.names", [7], "labels.names"),
        ("labels.names", ["two\nlines"], "labels.names"),
        ("labels.names", ["\x1b[2J"], "labels.names"),
        ("labels.names", ["\ud800"], "labels.names"),
        ("labels.names", ["x" * 101], "labels.names"),
        ("labels.names", ["shoe", "shoe"], "labels.names"),
        ("labels.names", ["shoe", "sock"], "labels.colours"),
        ("labels.names", [str(n) for n in range(257)], "labels.names"),
        ("labels.colours", [], "labels.colours"),
        ("labels.colours", [[1, 2]], "labels.colours"),
        ("labels.colours", [[1, 2, 256]], "labels.colours"),
        ("labels.colours", [[1, 2, -1]], "labels.colours"),
        ("labels.colours", [[1, 2, 3.5]], "labels.colours"),
        ("labels.colours", ["red"], "labels.colours"),
        ("labels.ignore", 256, "labels.ignore"),
        ("labels.ignore", MISSING, "ignore is missing"),
        ("split.train", "abc", "split"),
        ("split.train", [["a"]], "split"),
        ("split.\n", 7, "split"),
        ("provenance.data", 7, "provenance.data"),
        ("provenance.data", None, "provenance.data"),
        ("provenance.data", "a\0b", "provenance.data"),
        ("provenance.data", "\ud800", "provenance.data"),
        ("provenance.git_commit", ["<b>"], "provenance.git_commit"),
        ("bf16_agreement", 2, "bf16_agreement"),
        ("bf16_agreement", "all", "bf16_agreement"),
        ("precisions", 7, "precisions: expected a dictionary"),
        ("precisions", {}, "precisions: .*photos, .* missing"),
        ("precisions.bf16", MISSING, "precisions: .*bf16 is missing"),
        ("precisions.surprise", 1, "precisions: .*'surprise'"),
        ("precisions.photos", 0, "precisions.photos: .*from 1"),
        ("precisions.photos", 2.5, "precisions.photos: expected a whole number"),
        ("precisions.f32", [0.9, 0.9, 1], "precisions.f32: expected a dictionary"),
        ("precisions.f32.clean", MISSING, "precisions.f32: .*clean is missing"),
        ("precisions.f32.dice", 1.5, "precisions.f32.dice"),
        ("precisions.f32.dice", "good", "precisions.f32.dice"),
        ("precisions.bf16.boundary_f1", -0.1, "precisions.bf16.boundary_f1"),
        ("precisions.bf16.clean", 29, "precisions.bf16.clean: .*from 0 to 28"),
        ("precisions.bf16.clean", True, "precisions.bf16.clean"),
        ("precisions.bf16.charm", 0.1, "precisions.bf16: .*'charm'"),
        ("experience", 7, "experience: expected a dictionary"),
        ("experience", [], "experience: expected a dictionary"),
        ("experience", {}, "experience: .*samples, .* missing"),
        ("experience.weights", MISSING, "experience: .*weights is missing"),
        ("experience.surprise", 1, "experience: .*'surprise'"),
        ("experience.samples", 28, "experience.samples: expected a list"),
        ("experience.samples", ["a", 7], "experience.samples: .*7"),
        ("experience.usual", {}, "experience.usual: .*missing"),
        ("experience.usual", [[0, 1]], "experience.usual"),
        ("experience.usual.outline", MISSING, "experience.usual: .*outline is missing"),
        ("experience.usual.softness", MISSING, "experience.usual: .*softness is missing"),
        ("experience.usual.area", 0.1, "experience.usual.'area': expected a list"),
        ("experience.usual.area", [0.1], "experience.usual.'area': .*mean and a standard deviation"),
        ("experience.usual.area", [0.1, 0.1, 0.1], "experience.usual.'area'"),
        ("experience.usual.area", [0.1, 0], "experience.usual.'area': .*at least 0.001"),
        ("experience.usual.area", [0.1, -1], "experience.usual.'area'"),
        ("experience.usual.area", [0.1, 1e-9], "experience.usual.'area'"),
        ("experience.usual.area", [0.1, True], "experience.usual.'area'"),
        ("experience.usual.area", [1e7, 1], "experience.usual.'area'"),
        ("experience.usual.area", ["0.1", 1], "experience.usual.'area'"),
        ("experience.usual.\n", [0.1, 0], r"experience.usual.'\\n'"),
        ("experience.usual.\n", 7, r"experience.usual.'\\n'"),
        ("experience.weights.softness", MISSING, "experience.weights: .*softness is missing"),
        ("experience.weights.softness", -0.1, "experience.weights.softness: .*from 0"),
        ("experience.weights.softness", 1e7, "experience.weights.softness"),
        ("experience.weights.softness", None, "experience.weights.softness"),
        ("experience.weights.charm", 0.1, "experience.weights: .*'charm'"),
        ("experience.bias", "low", "experience.bias"),
        ("experience.bias", 10**400, "experience.bias"),
        ("experience.error", -0.1, "experience.error"),
        ("experience.error", 1.5, "experience.error"),
        ("experience.outcomes", [], "experience.outcomes: expected a dictionary"),
        ("experience.outcomes", {}, "experience.outcomes: .*confidence, .* missing"),
        ("experience.outcomes", OUTCOMES | {"surprise": 1}, "experience.outcomes: .*'surprise'"),
        ("experience.outcomes", OUTCOMES | {"confidence": [0.5, 2]}, "outcomes.confidence: .*from 0 to 1"),
        ("experience.outcomes", OUTCOMES | {"faulty": [True]}, "outcomes.faulty: expected 2 values"),
        ("experience.outcomes", OUTCOMES | {"odd": [True, 0]}, "outcomes.odd: expected true or false"),
        ("experience.outcomes", OUTCOMES | {"garments": [0, -1]}, "outcomes.garments"),
        ("experience.outcomes", OUTCOMES | {"area_px": 1e9}, "outcomes.area_px"),
        ("experience.outcomes", OUTCOMES | {"expected_faults": [0.5]}, "expected_faults: expected 2 values"),
        ("experience.outcomes", OUTCOMES | {"expected_faults": [1, -1]}, "outcomes.expected_faults"),
        ("experience.edges", {"garments": 9}, "experience.edges: .*inner, .* missing"),
        ("experience.edges", EDGES | {"inner": [0.5]}, "edges.inner: expected 22 shares"),
        ("experience.edges", EDGES | {"outer": [-1] * 22}, "edges.outer: .*from 0 to 1"),
        ("experience.edges", EDGES | {"garments": 0}, "edges.garments: expected a whole number from 1"),
        ("experience.correlation", 2, "experience.correlation"),
        ("experience.correlation", False, "experience.correlation"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_place(bundle, place, value, named):
    message = refusal(bundle, json.dumps(with_value(description(bundle), place, value)).encode())

    assert re.search(named, message), message


def test_a_value_that_is_long_does_not_fill_the_screen(bundle):
    for value in ("x" * 10**6, [1] * 10**5, {"x": ["y"] * 10**5}):
        refusal(bundle, json.dumps(with_value(description(bundle), "config.model.norm", value)).encode())


def test_a_whole_number_may_be_larger_than_any_float(bundle):
    plain = with_value(description(bundle), "config.training.epochs", 10**400)
    (bundle.path / "bundle.json").write_text(json.dumps(plain))

    assert load_bundle(bundle.path).config.training.epochs == 10**400


@pytest.mark.parametrize("colour", ["colour", "grey"])
@pytest.mark.parametrize("normalisation", ["none", "unit", "mean-std"])
def test_one_value_stands_for_all_channels(tmp_path, colour, normalisation):
    config = CONFIG.replace(colour=colour, normalisation=normalisation)
    preprocessing = Preprocessing.from_config(config.preprocessing)
    saved = write_bundle(tmp_path / "model", config=config, preprocessing=preprocessing)

    assert load_bundle(saved.path) == saved


def test_numbers_that_json_does_not_have_are_refused(bundle):
    plain = json.dumps(with_value(description(bundle), "provenance", {"loss": "HERE"}))
    for text in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999"):
        assert "finite" in refusal(bundle, plain.replace('"HERE"', text).encode())
    refusal(bundle, plain.replace('"HERE"', "1" * 5000).encode())


def test_names_that_occur_twice_are_refused(bundle):
    text = json.dumps(description(bundle))

    assert "'threshold' twice" in refusal(bundle, text.replace("{", '{"threshold": 0.1, ', 1).encode())
    assert "'epochs' twice" in refusal(bundle, text.replace('"epochs"', '"epochs": 1, "epochs"', 1).encode())


@pytest.mark.parametrize("depth", [40, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused(bundle, depth, opening, closing):
    text = json.dumps(with_value(description(bundle), "provenance", {"deep": "HERE"}))
    nested = opening * depth + "0" + closing * depth

    assert "within each other" in refusal(bundle, text.replace('"HERE"', nested).encode())
    assert refusal(bundle, (opening * depth).encode())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_a_description_is_plain_utf_8(bundle, encoding):
    text = json.dumps(with_value(description(bundle), "provenance.data", "füße"), ensure_ascii=False)

    refusal(bundle, text.encode(encoding))


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xed\xa0\x80", b"{", b"[]", b"1", b"{}", b"{}{}", b"\0", b'{"format": 1}']
)
def test_what_is_no_description_is_refused(bundle, content):
    refusal(bundle, content)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["32x48", "grey", "imagenet", "..", "model.bin", "auto", "1٣x5", "0" * 64]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


def places(plain):
    """Every (container, key) of a description."""
    keys = plain if isinstance(plain, dict) else range(len(plain)) if isinstance(plain, list) else ()
    for key in keys:
        yield plain, key
        yield from places(plain[key])


@st.composite
def mutated(draw, plain):
    changed = json.loads(json.dumps(plain))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(changed))
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        act = draw(st.sampled_from(["replace", "delete", "insert"]))
        if act == "replace":
            container[key] = draw(json_values)
        elif act == "delete":
            del container[key]
        elif isinstance(container, list):
            container.insert(key, draw(json_values))
        else:
            container[draw(st.sampled_from(sorted(container)) | st.text(max_size=6))] = draw(json_values)
    return changed


def read_or_refused(bundle, content):
    """Read a description: a valid bundle, or a refusal in one line; never a warning or another error."""
    (bundle.path / "bundle.json").write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            loaded = load_bundle(bundle.path)
        except BundleError as error:
            checked_line(str(error))
            return
        check_fields(loaded)
        saved = save_description(loaded)  # what can be read can be written
        assert load_bundle(bundle.path) == saved
    assert saved.digest == loaded.digest


def check_fields(bundle):
    """Check what the rest of the program takes for granted."""
    assert isinstance(bundle, ModelBundle)
    assert registry.complete(bundle.config).model.architecture in registry.ARCHITECTURES
    assert isinstance(bundle.input_size, Size)
    assert type(bundle.threshold) is float
    assert 0 <= bundle.threshold <= 1
    assert all(isinstance(name, str) and name for name in bundle.labels.names)
    assert all(len(colour) == 3 for colour in bundle.labels.colours)
    np.array(bundle.labels.colours, np.uint8)
    assert all(isinstance(sample, str) for ids in bundle.split.values() for sample in ids)
    Path(bundle.provenance.get("data", "")).is_dir()
    if bundle.confidence_model:
        features = dict.fromkeys((*DOUBTS, *SHAPE, *DRIFT), 0.25)
        assert 0 <= bundle.confidence_model.confidence(features) <= 1
        assert all(map(math.isfinite, bundle.confidence_model.deviations(features).values()))
        assert set(bundle.confidence_model.doubts(features)) <= set(SIGNS.values())
    preprocessing = bundle.preprocessing
    assert isinstance(preprocessing, Preprocessing)
    assert preprocessing.input_size == bundle.input_size
    if math.prod(vars(bundle.input_size).values()) < 10**5:
        photo = preprocessing.prepare(np.full((5, 4, 3), 200, np.uint8))
        assert np.isfinite(preprocessing.normalise(photo)).all()


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_values_a_description_has_it_is_valid_or_refused(long_lived, data):
    save_description(long_lived)
    plain = data.draw(mutated(description(long_lived)))

    read_or_refused(long_lived, json.dumps(plain).encode())


BYTES_OF_JSON = [b"0", b"1", b'"', b"{", b"}", b"[", b"]", b",", b":", b"e9", b"-", b".", b"null", b"\\ud800"]


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_bytes_a_description_has_it_is_valid_or_refused(long_lived, data):
    save_description(long_lived)
    content = bytearray((long_lived.path / "bundle.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = start + data.draw(st.integers(0, 12))
        content[start:end] = data.draw(st.binary(max_size=4) | st.sampled_from(BYTES_OF_JSON))

    read_or_refused(long_lived, bytes(content))


def test_real_models_are_read():
    paths = sorted(path.parent for path in (ROOT / "models").glob("*/bundle.json"))
    if not paths:
        pytest.skip("no model has been trained here")
    for path in paths:
        bundle = load_bundle(path)
        check_fields(bundle)
        assert bundle.weights.is_file()


class Payload:
    """An object that leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def pickled(mark):
    return pickle.dumps(Payload(mark))


def torch_like(mark):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(mark))
    return file.getvalue()


def numpy_objects(mark):
    file = io.BytesIO()
    np.save(file, np.array([Payload(mark)], object), allow_pickle=True)
    return file.getvalue()


def keras_model(suffix):
    """A whole model with a layer of Python code, which Keras would run when it builds the model."""

    def write(mark):
        import keras

        def leave_mark(tensor):
            import pathlib

            pathlib.Path(str(mark)).touch()
            return tensor

        folder = mark.parent / "made"
        folder.mkdir(exist_ok=True)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(leave_mark), keras.layers.Dense(1)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(folder / f"model{suffix}")
        return (folder / f"model{suffix}").read_bytes()

    return write


def hdf5_objects(mark):
    """Weights in their place, but as pickles: as opaque bytes, as a text of any length, and as attributes."""
    import h5py

    path = network_weights(mark.parent / "made.weights.h5")
    with h5py.File(path, "r+") as file:
        group = file["layers/conv2d/vars"]
        file.attrs["config"] = group.attrs["dtype"] = np.void(pickled(mark))
        del group["0"]
        group["0"] = np.void(pickled(mark))
        group = file["layers/batch_normalization/vars"]
        del group["0"]
        group.create_dataset("0", data=pickled(mark).hex(), dtype=h5py.string_dtype())
    return path.read_bytes()


def hdf5_link(mark):
    """Weights that lie in another file of this machine."""
    import h5py

    path, outside = mark.parent / "made.weights.h5", network_weights(mark.parent / "outside.weights.h5")
    with h5py.File(path, "w") as file:
        for name in ("layers", "vars"):
            file[name] = h5py.ExternalLink(str(outside), name)
    return path.read_bytes()


def network_weights(path):
    registry.build(CONFIG.model, (SIZE.height, SIZE.width, 3)).save_weights(path)
    return path


def load_network(bundle, content):
    """Load `content` as the weights of the bundle, with a checksum that fits."""
    from segmentation.inference.engines import load_engine

    bundle.weights.write_bytes(content)
    save_description(bundle)
    return load_engine(load_bundle(bundle.path), engine="keras")


@pytest.mark.parametrize(
    "payload",
    [
        pickled,
        torch_like,
        numpy_objects,
        keras_model(".keras"),
        keras_model(".h5"),
        hdf5_objects,
        hdf5_link,
    ],
)
def test_nothing_in_the_place_of_weights_is_run(bundle, tmp_path, payload):
    mark = tmp_path / "mark"
    content = payload(mark)
    mark.unlink(missing_ok=True)

    with pytest.raises(BundleError, match=r"model\.weights\.h5"):
        load_network(bundle, content)
    assert not mark.exists()


def test_the_payloads_do_leave_their_mark(tmp_path):
    pickle.loads(pickled(tmp_path / "mark"))

    assert (tmp_path / "mark").exists()


def test_damaged_weights_are_loaded_or_refused(bundle, tmp_path):
    intact = network_weights(tmp_path / "intact.weights.h5").read_bytes()
    load_network(bundle, intact)
    for seed in range(8):
        chance, content = random.Random(seed), bytearray(intact)
        if seed % 2:
            del content[chance.randrange(len(content)) :]
        for _ in range(30):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with contextlib.suppress(BundleError):
            load_network(bundle, content)


def test_a_network_of_the_largest_size_is_described_but_not_built(bundle):
    model = ModelConfig("unet-1024", filters=8192 >> 7, levels=7)
    plain = with_value(description(bundle), "config.model", vars(model))
    for section in ("config.preprocessing", "preprocessing"):
        plain = with_value(plain, f"{section}.input_size", "8192x8192")
    (bundle.path / "bundle.json").write_text(json.dumps(plain))

    assert load_bundle(bundle.path).input_size == Size(8192, 8192)
