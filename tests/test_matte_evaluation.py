"""Mattes are measured on the same photos: methods and models, by trimaps that are given or found."""

import csv
import json
from dataclasses import astuple
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.bundles import write_bundle
from support.mattes import draw_matte, draw_matte_set
from support.program import make

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.config.run import RunConfig
from segmentation.core.digests import content_of
from segmentation.core.size import Size
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import discover
from segmentation.datasets.trimaps import read_trimap
from segmentation.evaluation.mattes import evaluate_mattes
from segmentation.images.files import read_mask
from segmentation.images.refinement import refine
from segmentation.images.trimaps import UNKNOWN, soft_trimap
from segmentation.jobs.context import Context
from segmentation.jobs.evaluate_mattes import evaluate_matte_models
from segmentation.metrics.matting import matte_errors
from segmentation.preprocessing.preprocessing import Preprocessing

MATTE = ("--target", "alpha", "--architecture", "matte-efficientnet-lite0", "--filters", "4", "--levels", "2")
MATTE += (
    "--backbone-weights",
    "none",
    "--input-size",
    "64x64",
    "--crops",
    "32x32",
    "--prior",
    "guided-filter",
)
MATTE += ("--batch-size", "4", "--precision", "float32", "--trimaps", "trimap1,drawn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return draw_matte_set(tmp_path_factory.mktemp("mattes") / "set")


def given(name):
    def start(sample, _photo, target):
        known = read_trimap(sample, name, target)
        return known, known, known

    return start


def test_figures_are_those_of_each_photo_by_its_trimap(folder):
    samples = discover(folder).samples
    seen = []
    methods = {name: partial(refine, method=name) for name in ("guided-filter", "closed-form")}
    found = evaluate_mattes(
        {name: (lambda _sample, matte=matte: matte) for name, matte in methods.items()},
        samples,
        "trimap1",
        given("trimap1"),
        lambda sample, _photo, _target, alphas: seen.append((sample.id, [*alphas])),
    )
    assert [matte.name for matte in found.mattes] == [*methods]
    assert seen == [(sample.id, [*methods]) for sample in samples]
    for matte in found.mattes:
        for number, row in enumerate(matte.rows):
            photo, target = draw_matte(number)
            known = soft_trimap(target, 0.05, 0.05)
            alpha = methods[matte.name](photo, known, known)
            pair = alpha.astype(np.float32) / 255, target.astype(np.float32) / 255
            assert astuple(row.band) == pytest.approx(astuple(matte_errors(*pair, known == UNKNOWN)))
            assert astuple(row.whole) == pytest.approx(astuple(matte_errors(*pair)))
            assert row.unknown == pytest.approx((known == UNKNOWN).mean())
    summary = found.summary()
    difference = summary["mattes"]["closed-form"]["differences"]["band_sad"]
    assert difference["better"] + difference["worse"] + difference["equal"] == len(samples)
    sads = [matte.mean("band_sad") for matte in found.mattes]
    assert difference["interval"]["mean"] == pytest.approx(sads[1] - sads[0])
    assert sads[1] < sads[0]  # of a disc with strands on a plain ground


def test_a_photo_is_found_by_the_models_that_do_not_know_its_garment(tmp_path, monkeypatch):
    """As of folds: together they are judged on every photo, each on garments that it was not trained on."""
    folder = draw_matte_set(tmp_path / "set", count=2)
    for path in folder.glob("*/GT*.png"):
        path.rename(path.with_name({"GT00.png": "a_Front.png", "GT01.png": "a_Back.png"}[path.name]))
    front, _back = reversed(discover(folder).samples)
    bundles = tuple(
        ModelBundle(
            Path(name), RunConfig(), Preprocessing(Size(64, 64)), split={"train": train}, contents=known
        )
        for name, train, known in (("one", [front.id], {front.id: content_of(front.photo)}), ("two", [], {}))
    )
    used = []

    def load(bundle, **_options):
        def matte(photo, trimap, start):
            used.append(bundle.name)
            return refine(photo, trimap, start, method="guided-filter")

        return matte

    monkeypatch.setattr("segmentation.jobs.evaluate_mattes.matte_bundles", lambda *_names: bundles)
    monkeypatch.setattr("segmentation.jobs.evaluate_mattes.load_matte", load)
    options = EvaluateOptions.of(matte=["one+two"], data=folder, trimaps="trimap1", output=tmp_path / "out")
    done = evaluate_matte_models(options, Context(Workspace(tmp_path)))

    assert len(done.samples) == 2
    assert {*used} == {"two"}


def test_methods_are_compared_by_one_command(folder, tmp_path, capsys):
    output = tmp_path / "out"
    made = ("--data", folder, "--home", tmp_path, "--output", output, "--report-images", "2", "--save-alpha")
    make("eval", "--matte", "guided-filter", "--matte", "closed-form", "--trimaps", "trimap1", *made)
    printed = capsys.readouterr().out
    assert "unknown band of 4 photos, trimaps: trimap1" in printed
    figures = json.loads((output / "metrics.json").read_text())
    assert figures["photos"] == 4
    with (output / "per_image.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 8
    mean = np.mean([float(row["band_sad"]) for row in rows if row["matte"] == "closed-form"])
    assert figures["mattes"]["closed-form"]["band_sad"] == pytest.approx(mean, abs=1e-5)
    photo, target = draw_matte(0)
    known = soft_trimap(target, 0.05, 0.05)
    kept = read_mask(output / "alpha" / "closed-form" / "GT00.png")
    assert (kept == refine(photo, known, known, method="closed-form")).all()
    page = (output / "report.html").read_text()
    assert page.count("<img") == 2
    assert "closed-form" in page


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--matte", "guided-filter", "--trimaps", "trimap7"), "expected the trimap of GT00.png, found none"),
        (("--matte", "guided-filter", "--matte", "guided-filter"), "expected different mattes"),
        (("--matte", "magic"), "magic"),
        (("--matte", "guided-filter", "--robustness"), "--robustness: expected for masks"),
        (("--model", "default", "--trimaps", "trimap1"), "--trimaps: expected with --matte"),
        (
            ("--matte", "guided-filter", "--model", "default"),
            "--model: expected with trimaps that a model finds",
        ),
        (
            ("--matte", "guided-filter", "--tta", "flip", "--threshold", "0.3", "--trimaps", "trimap1"),
            "--threshold --tta: expected with trimaps that a model finds",
        ),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_line(folder, tmp_path, capsys, options, expected):
    make("eval", "--data", folder, "--home", tmp_path, *options, check=2)
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_photos_that_the_finder_of_the_trimaps_was_trained_on_are_not_judged(folder, tmp_path, capsys):
    known = {"train": ["GT00", "GT01", "GT02", "GT03"], "val": []}
    write_bundle(tmp_path / "models" / "finder", split=known)
    options = ("--matte", "guided-filter", "--model", "finder", "--trimaps", "scores", "--data", folder)
    make("eval", *options, "--home", tmp_path, check=2)
    assert "expected held-out photos, found none among 4" in capsys.readouterr().err


@pytest.mark.slow
def test_a_matte_is_trained_measured_and_used(folder, tmp_path, capsys):
    """Two folds, each judged on the photos of the other; the last pass of a cutout by one of them."""
    home = ("--home", tmp_path)
    for fold in "12":
        make("train", *MATTE, "--data", folder, "--folds", "2", "--fold", fold, "--name", f"m{fold}",
             "--epochs", "2", "--repeats", "4", *home)  # fmt: skip
    trained = capsys.readouterr().out
    assert "held-out SAD in the unknown band" in trained
    output = tmp_path / "eval"
    make("eval", "--matte", "guided-filter", "--matte", "m1+m2", "--data", folder, "--trimaps", "trimap1",
         "--output", output, *home)  # fmt: skip
    assert (
        json.loads((output / "metrics.json").read_text())["photos"] == 4
    )  # each by the fold that does not know it
    make("eval", "--model", "m1", "--output", tmp_path / "one", *home)
    assert json.loads((tmp_path / "one" / "metrics.json").read_text())["photos"] == 2

    make("predict", "--input", folder / "images" / "GT00.png", "--save", "--model", "default",
         "--matte", "m1", "--output", tmp_path / "cut", *home)  # fmt: skip
    assert (tmp_path / "cut" / "cutouts" / "GT00.png").is_file()
    assert read_mask(tmp_path / "cut" / "masks" / "GT00.png").shape == (96, 80)
    capsys.readouterr()
    make("predict", "--input", folder / "images", "--model", "m1", *home, check=2)
    assert "expected a model that makes masks, received m1" in capsys.readouterr().err


def test_trimaps_can_be_those_that_a_model_finds(folder, tmp_path):
    output = tmp_path / "auto"
    make("eval", "--matte", "guided-filter", "--trimaps", "edge", "--data", folder, "--size", "1",
         "--output", output, "--home", tmp_path)  # fmt: skip
    assert json.loads((output / "metrics.json").read_text())["trimaps"] == "edge"
