"""The model that comes with the program: there after a clone, small, made by the recipe, and good."""

import json
import re
import subprocess
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pytest
from support.places import ROOT
from support.program import run

import segmentation
from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.finding import DEFAULT
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.presets import configure
from segmentation.config.record import chosen
from segmentation.images.files import read_mask
from segmentation.jobs.recipe_steps import Request
from segmentation.jobs.recipes import RECIPES
from segmentation.models.registry import complete
from segmentation.synth.backdrop import draw_backdrop
from segmentation.synth.camera import expose
from segmentation.synth.room import design_room
from segmentation.synth.studio import draw_photo

MODEL = ROOT / "models" / DEFAULT
MOST_BYTES = 40e6
HEADINGS = ("Data and licences", "Recipe", "Figures", "What it is bad at", "Cost")


def texts(plain):
    """All texts in what was read from JSON."""
    if isinstance(plain, dict):
        return [text for pair in plain.items() for value in pair for text in texts(value)]
    if isinstance(plain, list):
        return [text for value in plain for text in texts(value)]
    return [plain] if isinstance(plain, str) else []


def is_absolute(text):
    return PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()


def dice(mask, truth):
    return 2 * np.count_nonzero(mask & truth) / (np.count_nonzero(mask) + np.count_nonzero(truth))


def test_it_is_small_enough_for_a_repository():
    assert sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file()) <= MOST_BYTES


def test_a_clone_has_all_of_it():
    listed = subprocess.run(["git", "ls-files", "."], cwd=MODEL, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone: git knows nothing of it")
    kept = set(listed.stdout.splitlines())
    bundle = load_bundle(MODEL)

    assert {"README.md", "EXPERIMENTS.md", "limits.png", "bundle.json", "first/bundle.json"} <= kept
    assert set(bundle.files) | {f"first/{name}" for name in bundle.first.files} <= kept


def test_it_is_two_passes_that_run_without_keras():
    bundle = load_bundle(MODEL)

    assert len(bundle.passes) == 2
    assert all(one.openvino for one in bundle.passes)


@pytest.mark.parametrize(
    "name", ["bundle.json", "first/bundle.json", "model.xml.json", "first/model.xml.json"]
)
def test_its_descriptions_name_no_path_of_the_machine_that_it_was_made_on(name):
    named = texts(json.loads((MODEL / name).read_text(encoding="utf-8")))

    assert named
    assert [text for text in named if is_absolute(text) or re.search(r"[\s=]/\w", text)] == []


def test_its_recipe_is_the_recorded_one():
    trained = {"default": load_bundle(MODEL), "default-first": load_bundle(MODEL / "first")}
    configs = {}
    for step in RECIPES["default"].steps(Request(Path("data"), "default")):
        options = step.options
        if isinstance(options, CalibrateOptions):
            continue
        explicit = chosen(options, "run")
        if options.second_pass:
            explicit.setdefault("look", "crop")
        configs[step.name] = complete(configure(None, None, explicit, base=configs.get(options.model)))

    assert {name: bundle.config for name, bundle in trained.items()} == {
        name: configs[name] for name in trained
    }


def test_its_card_tells_what_a_user_must_know_and_its_figures_are_those_of_the_bundle():
    card = (MODEL / "README.md").read_text(encoding="utf-8")
    figures = load_bundle(MODEL).provenance["val_at_full_resolution"]

    assert [line[3:] for line in card.splitlines() if line.startswith("## ")] == list(HEADINGS)
    row = next(line for line in card.splitlines() if line.startswith("| both passes |"))
    shown = [float(number) for number in re.findall(r"0\.\d{4}", row)]
    expected = [figures[name] for name in ("dice_mean", "dice_median", "dice_min", "boundary_f1_mean")]
    assert shown[:4] == pytest.approx(expected, abs=6e-5)


def test_it_cuts_photos_out_when_no_model_is_named(tmp_path):
    run("synth", "--output", tmp_path / "set", "--count", 3, "--size", "576x864", "--seed", 11)
    run("predict", "--input", tmp_path / "set" / "images", "--save", "--output", tmp_path / "out")

    masks = sorted((tmp_path / "out" / "masks").iterdir())
    found = [
        dice(read_mask(mask) >= 128, read_mask(tmp_path / "set" / "cutouts" / mask.name) >= 128)
        for mask in masks
    ]
    assert len(found) == 9
    assert min(found) >= 0.9
    assert np.mean(found) >= 0.96


@pytest.fixture(scope="module")
def model():
    return segmentation.load_model()


def test_it_says_where_there_is_no_garment(model):
    room = draw_backdrop(design_room((4, 0), dark=False), 288, 432)
    cutout = model.cut_out(expose(room, (4, 0), (4, 0, 0)))

    assert cutout.reasons == cutout.notes == ("no garment found",)
    assert not cutout.alpha.any()


def test_it_says_where_there_are_two_garments(model):
    photo, _ = draw_photo(7, 1, "Front", 288, 432)
    cutout = model.cut_out(np.hstack([photo, photo[:, ::-1]]))

    assert cutout.decision != "auto"
    assert cutout.reasons[0] == cutout.notes[0] == "two garments, or one in two parts"


@pytest.mark.slow
def test_on_the_real_photos_it_is_as_good_as_it_says(studio, tmp_path):
    run("eval", "--data", studio / "val", "--precision", "f32", "--output", tmp_path)

    measured = json.loads((tmp_path / "metrics.json").read_text())
    recorded = load_bundle(MODEL).provenance["val_at_full_resolution"]
    for name in ("dice_mean", "dice_median", "dice_min", "boundary_f1_mean"):
        assert measured[name] == pytest.approx(recorded[name], abs=1e-3), name
