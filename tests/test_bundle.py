"""A model bundle is read back as it was written, or refused with what is wrong; nothing in it is run."""

import dataclasses
import hashlib
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bundles import CONFIG, SIZE, write_bundle, write_export
from support.places import ROOT

from segmentation.bundle.bundle import ENGINE_FILES, ModelBundle, check_own, load_bundle
from segmentation.bundle.bundled import bundled_models
from segmentation.bundle.finding import find_bundle
from segmentation.bundle.names import check_name
from segmentation.bundle.saving import save_description
from segmentation.core.errors import BundleError, ConfigError
from segmentation.core.labels import LabelMap
from segmentation.preprocessing.preprocessing import Preprocessing


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / "models" / "jackets")


def test_a_bundle_is_read_back_as_it_was_written(bundle):
    loaded = load_bundle(bundle.path)

    assert loaded == bundle
    assert (loaded.name, loaded.architecture, loaded.input_size) == ("jackets", "simple", SIZE)
    assert loaded.weights.read_bytes() == b"weights of the network"


# what can be written in one line
names_of_labels = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=100
)


@settings(max_examples=40)
@given(
    threshold=st.floats(0, 1),
    names=st.lists(names_of_labels, min_size=1, max_size=4, unique=True),
    ignore=st.none() | st.integers(0, 255),
    split=st.fixed_dictionaries({"train": st.lists(st.text()), "val": st.lists(st.text())}),
    epochs=st.integers(1, 999),
)
def test_whatever_a_bundle_holds_is_read_back(tmp_path_factory, threshold, names, ignore, split, epochs):
    labels = LabelMap(tuple(names), tuple((n, 0, 255) for n in range(len(names))), ignore)
    bundle = write_bundle(
        tmp_path_factory.mktemp("bundle") / "model",
        config=CONFIG.replace(epochs=epochs),
        threshold=threshold,
        labels=labels,
        split=split,
    )

    assert load_bundle(bundle.path) == bundle


def test_a_bundle_may_be_moved_and_renamed(bundle, tmp_path):
    moved = bundle.path.rename(tmp_path / "coats")

    assert load_bundle(moved) == dataclasses.replace(bundle, path=moved)


def test_changed_weights_are_refused(bundle):
    content = bytearray(bundle.weights.read_bytes())
    content[0] ^= 1
    bundle.weights.write_bytes(content)

    with pytest.raises(BundleError, match=r"model\.weights\.h5.*checksum"):
        load_bundle(bundle.path)


def test_missing_weights_are_refused(bundle):
    bundle.weights.unlink()

    with pytest.raises(BundleError, match=r"model\.weights\.h5 is missing"):
        load_bundle(bundle.path)


def test_a_model_without_its_plots_still_predicts(bundle):
    (bundle.path / "history.csv").unlink()

    assert load_bundle(bundle.path) == bundle


def test_figures_and_texts_that_json_cannot_hold_do_not_disable_a_model(tmp_path):
    provenance = {"figures": [math.nan, {"loss": -math.inf}], "data": "photos\nof\udcff", "command": ("a",)}
    saved = write_bundle(tmp_path / "model", provenance=provenance)

    assert saved.provenance == {"figures": [None, {"loss": None}], "data": "photos�of�", "command": ["a"]}
    assert load_bundle(saved.path) == saved


def test_an_exported_network_is_recorded_with_the_bundle(bundle):
    assert bundle.openvino is None
    write_export(bundle)
    assert load_bundle(bundle.path).openvino is None  # it lies there, but nobody vouches for it

    saved = save_description(dataclasses.replace(bundle, bf16_agreement=0.99975))
    loaded = load_bundle(bundle.path)

    assert loaded == saved
    assert {*loaded.files} == {"model.weights.h5", *ENGINE_FILES}
    assert (loaded.openvino, loaded.bf16_agreement) == (bundle.path / "model.xml", 0.99975)


def test_half_an_exported_network_is_not_recorded(bundle):
    for name in ENGINE_FILES:
        (bundle.path / name).write_bytes(b"half")
        assert {*save_description(bundle).files} == {"model.weights.h5"}
        (bundle.path / name).unlink()

    assert load_bundle(bundle.path).openvino is None


@pytest.mark.parametrize("name", ENGINE_FILES)
def test_a_changed_or_missing_export_is_refused(bundle, name):
    write_export(bundle)
    save_description(bundle)
    (bundle.path / name).write_bytes(b"other")
    with pytest.raises(BundleError, match=rf"{name}.*checksum"):
        load_bundle(bundle.path)

    (bundle.path / name).unlink()
    with pytest.raises(BundleError, match=rf"{name} is missing"):
        load_bundle(bundle.path)


@pytest.mark.parametrize("name", ENGINE_FILES)
def test_graph_and_weights_of_an_export_are_recorded_together(bundle, name):
    (bundle.path / name).write_bytes(b"half")
    checksum = hashlib.sha256(b"half").hexdigest()
    change(bundle, files={**bundle.files, name: checksum})

    with pytest.raises(BundleError, match=r"model\.xml and model\.bin together"):
        load_bundle(bundle.path)


def test_a_bundle_of_before_exports_is_read(bundle):
    plain = json.loads((bundle.path / "bundle.json").read_text())
    del plain["precisions"], plain["bf16_agreement"], plain["config"]["model"]["backbone_weights"]
    (bundle.path / "bundle.json").write_text(json.dumps(plain))

    assert load_bundle(bundle.path) == dataclasses.replace(bundle, precisions=None)


def test_the_digest_is_that_of_the_model_and_not_of_its_folder(bundle, tmp_path):
    copy = load_bundle(shutil.copytree(bundle.path, tmp_path / "copy"))
    write_export(copy)
    exported = save_description(
        dataclasses.replace(copy, threshold=0.75, bf16_agreement=1.0, provenance={}, split={})
    )
    trained_longer = dataclasses.replace(bundle, config=CONFIG.replace(epochs=77, optimizer="sgd"))

    digests = [bundle, load_bundle(bundle.path), copy, exported, load_bundle(copy.path), trained_longer]
    assert {one.digest for one in digests} == {bundle.digest}
    assert re.fullmatch(r"[0-9a-f]{64}", bundle.digest)


def test_the_digest_changes_with_whatever_changes_scores(bundle):
    (bundle.path / "model.weights.h5").write_bytes(b"other weights")
    statistics = Preprocessing(SIZE, mean=(1.5, 2.5, 3.5), std=(4.0, 5.0, 6.5))
    others = [
        save_description(bundle),
        dataclasses.replace(bundle, config=CONFIG.replace(norm="group")),
        dataclasses.replace(bundle, preprocessing=statistics),
        dataclasses.replace(bundle, labels=LabelMap(("shoe",))),
        dataclasses.replace(bundle, labels=LabelMap(ignore=255)),
        ModelBundle(Path("model"), CONFIG, Preprocessing(SIZE)),
    ]

    assert len({bundle.digest, *(one.digest for one in others)}) == 1 + len(others)


@pytest.mark.parametrize("guided", [{}, {"guided": False}])
def test_the_preprocessing_of_an_earlier_version_is_read(bundle, guided):
    earlier = {**bundle.preprocessing.to_json(), **guided}
    if not guided:
        del earlier["guided"]  # as before there were second passes
    assert description_of(bundle)["preprocessing"] == {"mean": [1.5, 2.5, 3.5], "std": [4.0, 5.0, 6.0]}
    change(bundle, preprocessing=earlier)

    loaded = load_bundle(bundle.path)
    assert loaded == bundle
    assert loaded.digest == bundle.digest


def test_digests_are_those_of_earlier_versions(bundle):
    assert bundle.digest == "270f274937c3ffb7d720bf91c4c6706ff43ba4864b050f468b125d918db7fcbe"


def description_of(bundle):
    return json.loads((bundle.path / "bundle.json").read_text())


def change(bundle, **values):
    description = bundle.path / "bundle.json"
    description.write_text(json.dumps({**json.loads(description.read_text()), **values}))


def test_another_format_is_refused_with_both_numbers(bundle):
    change(bundle, format=2)

    with pytest.raises(BundleError, match=r"bundle\.json.*expected format 1, received 2"):
        load_bundle(bundle.path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "7", '"bundle"', "{}", '{"format": 1}', "\x00", '{"format": 1,}']
)
def test_a_description_that_is_none_is_refused_by_name(bundle, text):
    (bundle.path / "bundle.json").write_text(text)

    with pytest.raises(BundleError, match=r"jackets.bundle\.json"):
        load_bundle(bundle.path)


def test_a_description_that_is_no_text_is_refused_by_name(bundle):
    (bundle.path / "bundle.json").write_bytes(b"\xff\xfe\x80")

    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(bundle.path)


@pytest.mark.parametrize("name", ["config", "preprocessing", "labels", "threshold", "split", "files"])
@pytest.mark.parametrize("value", [None, 7, "x", ["x"], {"x": 1}])
def test_a_value_of_another_kind_is_refused(bundle, name, value):
    if (name, value) == ("threshold", 7):
        value = "high"
    if name in ("split", "preprocessing") and value == {"x": 1}:
        value = [1]
    change(bundle, **{name: value})

    with pytest.raises(BundleError, match="jackets"):
        load_bundle(bundle.path)


@pytest.mark.parametrize(
    "config", [{"model": {"fliters": 3}}, {"preprocessing": {"input_size": "large"}}, {"model": 3}]
)
def test_a_configuration_of_another_kind_is_refused(bundle, config):
    change(bundle, config=config)

    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(bundle.path)


def test_recorded_files_cannot_lie_outside_the_bundle(bundle, tmp_path):
    (tmp_path / "models" / "secret").write_text("not yours")
    checksum = hashlib.sha256(b"not yours").hexdigest()
    files = json.loads((bundle.path / "bundle.json").read_text())["files"]
    change(bundle, files={**files, "../secret": checksum})

    with pytest.raises(BundleError, match=r"\.\./secret"):
        load_bundle(bundle.path)


def test_a_bundle_that_records_no_weights_is_refused(bundle):
    change(bundle, files={})

    with pytest.raises(BundleError, match=r"model\.weights\.h5"):
        load_bundle(bundle.path)


def test_a_missing_bundle_is_refused_with_the_models_that_there_are(bundle):
    write_bundle(bundle.path.parent / "coats")
    for name in ("skirts", "coat"):
        with pytest.raises(BundleError, match=rf"{name}.*coats, jackets"):
            find_bundle(name, bundle.path.parent)


def test_without_any_model_the_way_to_one_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(
            BundleError, match=r"skirts.*`train data=DIR name=NAME` makes one, and default comes with"
        ):
            find_bundle("skirts", folder)


def test_a_model_is_found_by_name_and_by_path(bundle, tmp_path):
    models = bundle.path.parent

    assert find_bundle("jackets", models) == bundle
    assert find_bundle(str(bundle.path), tmp_path / "elsewhere") == bundle
    assert find_bundle(f"{models}/../models/jackets/", tmp_path).config == bundle.config
    assert find_bundle(None, models) == bundle


def test_the_model_that_comes_with_the_program_is_found_from_any_folder(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        for name in ("default", None):
            assert find_bundle(name, folder).path == bundled_models() / "default"


def test_the_first_pass_of_a_model_is_found_by_its_name_from_any_folder(bundle, tmp_path, monkeypatch):
    bundled = bundled_models() / "default" / "first"
    for folder in (tmp_path, tmp_path / "absent"):
        assert find_bundle("default/first", folder).path == bundled
    own = write_bundle(bundle.path / "first")
    assert find_bundle("jackets/first", bundle.path.parent).path == own.path

    monkeypatch.chdir(tmp_path)
    there = write_bundle(tmp_path / "default" / "first")
    assert find_bundle("default/first", bundle.path.parent).path.resolve() == there.path.resolve()


def test_a_models_folder_counts_before_what_comes_with_the_program(bundle):
    assert find_bundle(None, bundle.path.parent) == bundle
    own = write_bundle(bundle.path.parent / "default")
    for name in ("default", None):
        assert find_bundle(name, bundle.path.parent).path == own.path


def test_several_models_are_not_chosen_from_by_default(bundle):
    write_bundle(bundle.path.parent / "coats")
    with pytest.raises(BundleError, match=r"`model`: expected one model.*coats, jackets"):
        find_bundle(None, bundle.path.parent)


def test_a_damaged_model_is_not_replaced_by_the_one_of_its_name_that_comes_with_the_program(bundle):
    (bundle.path.parent / "default").mkdir()
    with pytest.raises(BundleError, match="default: expected a model bundle"):
        find_bundle("default", bundle.path.parent)


def test_a_model_of_the_installed_package_stays_as_it_is(bundle, monkeypatch):
    assert check_own(bundle) == bundle
    monkeypatch.setattr("segmentation.bundle.bundle.INSTALLED", bundle.path.parent.resolve())
    with pytest.raises(ConfigError, match="part of the installed program; copy"):
        check_own(bundle)
    with pytest.raises(ConfigError, match="part of the installed program; add `name=NAME`"):
        check_own(bundle, "add `name=NAME`")


def test_a_relative_path_is_one_below_the_working_folder(bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for typed in ("models/jackets", "models/jackets/", "./models/jackets"):
        found = find_bundle(typed, tmp_path / "elsewhere")
        assert (found.name, found.digest) == ("jackets", bundle.digest)

    monkeypatch.chdir(bundle.path)
    assert find_bundle("./", tmp_path / "elsewhere").name == "jackets"


def test_a_folder_is_named_for_itself_however_it_is_reached(bundle):
    (bundle.path / "below").mkdir()

    assert find_bundle(f"{bundle.path}/below/..", bundle.path).name == "jackets"


def test_a_link_that_the_user_made_in_the_models_folder_is_followed(bundle, tmp_path):
    elsewhere = bundle.path.rename(tmp_path / "elsewhere")
    (tmp_path / "models" / "newest").symlink_to(elsewhere)

    found = find_bundle("newest", tmp_path / "models")

    assert (found.name, found.digest) == ("newest", bundle.digest)


@pytest.mark.parametrize("name", ["..", ".", "", ".hidden", "-flag", "a b", "a\nb", "a" * 101, "ä", "a\x00"])
def test_names_that_could_leave_the_models_folder_are_refused(bundle, name):
    for use in (lambda: check_name(name), lambda: find_bundle(name, bundle.path / "below")):
        with pytest.raises(ConfigError, match="model name"):
            use()


@given(st.text(max_size=20))
def test_a_name_that_is_accepted_is_a_single_folder_below_the_models(name):
    try:
        accepted = check_name(name)
    except ConfigError:
        return
    path = Path("/models") / accepted

    assert accepted == name
    assert path.parent == Path("/models")
    assert path.resolve() == path


@pytest.mark.parametrize("name", ["a", "unet-256", "Jackets_2026.v2", "0"])
def test_ordinary_names_are_accepted(name):
    assert check_name(name) == name
    for separated in (f"../{name}", f"x/{name}", f"x\\{name}"):
        with pytest.raises(ConfigError, match="model name"):
            check_name(separated)


def test_reading_a_bundle_imports_no_framework(bundle):
    program = (
        "import sys; from pathlib import Path; from segmentation.bundle.bundle import load_bundle;"
        "print(load_bundle(Path(sys.argv[1])).architecture);"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(bundle.path)],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    architecture, modules = done.stdout.splitlines()

    assert architecture == "simple"
    assert "segmentation" in modules.split()
    assert not {"tensorflow", "keras", "torch", "jax", "cv2", "albumentations", "pickle5"} & {
        *modules.split()
    }
