"""The commands as a user types them, end to end on a small drawn set."""

import csv
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from support.places import ROOT
from support.program import DRAWN, PROGRAM, SMALL, make, run, run_alone, signalled, start
from support.waiting import PATIENCE_S

from segmentation.core.counting import counted
from segmentation.datasets.rle import decode
from segmentation.images.files import read_mask, read_photo


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with a drawn set in data/set and a model named small that was trained on it."""
    home = tmp_path_factory.mktemp("home")
    make("synth", "--output", home / "data" / "set", "--count", 8, "--size", "96x144", "--seed", 3)
    make("train", "--home", home, "--data", home / "data" / "set", "--name", "small", *SMALL, "--epochs", 2)
    return home


def test_help_names_every_command_and_every_option_its_default():
    overview = run_alone("--help").stdout
    for command in ("data", "synth", "train", "eval", "predict", "submit", "export"):
        assert command in overview
        text = run_alone(command, "--help").stdout
        options = [block for block in text.split("\n  --")[1:] if not block.startswith("help")]
        assert options
        for block in options:
            assert "(default:" in " ".join(block.split()) or "(required)" in " ".join(block.split()), block


@pytest.mark.parametrize(("command", "needed"), [((), set()), (("deliver",), {"deliver"})])
def test_help_imports_the_options_of_the_command_that_it_is_about_alone(command, needed):
    script = (
        "import atexit, runpy, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    words = [sys.executable, "-c", script, PROGRAM, *command, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    imported = done.stderr.split()
    rooms = ("segmentation.config.jobs.", "segmentation.config.run", "tomllib")

    assert {name for name in imported if name.startswith(rooms)} == {
        f"segmentation.config.jobs.{name}" for name in needed
    }


def test_data_shows_the_set_and_draws_its_contact_sheet(home):
    sheet = home / "sheet.png"
    shown = run_alone("data", "--home", home, "--data", home / "data" / "set", "--output", sheet)
    assert "24" in shown.stdout  # photos
    assert "8" in shown.stdout  # garments
    assert read_photo(sheet).ndim == 3


def test_a_trained_model_is_a_whole_bundle_that_says_how_it_came_to_be(home):
    model = home / "models" / "small"
    assert {path.name for path in model.iterdir()} == {
        "bundle.json",
        "config.toml",
        "model.weights.h5",
        "model.xml",
        "model.bin",
        "model.xml.json",
        "history.csv",
        "curves.png",
        "threshold.csv",
        "threshold.png",
    }
    bundle = json.loads((model / "bundle.json").read_text())
    assert bundle["config"]["preprocessing"]["input_size"] == "64x96"
    assert len(bundle["preprocessing"]["mean"]) == 3
    assert set(bundle["split"]) == {"train", "val"}
    garments = {side: {name.rsplit("_", 1)[0] for name in names} for side, names in bundle["split"].items()}
    assert not garments["train"] & garments["val"]
    provenance = bundle["provenance"]
    assert provenance["versions"]["keras"]
    assert provenance["data_fingerprint"]
    assert provenance["val_at_full_resolution"]["images"] == len(bundle["split"]["val"])
    assert bundle["config"]["training"]["epochs"] == 2
    history = list(csv.DictReader((model / "history.csv").open()))
    assert len(history) == 2
    assert (home / "logs" / "small" / "tensorboard").is_dir()


def test_eval_writes_the_figures_of_the_held_out_photos_and_a_self_contained_report(home):
    run_alone("eval", "--home", home, "--model", "small")
    folder = home / "results" / "small" / "eval"
    metrics = json.loads((folder / "metrics.json").read_text())
    held_out = json.loads((home / "models" / "small" / "bundle.json").read_text())["split"]["val"]
    assert metrics["images"] == len(held_out)
    assert {
        "dice_mean",
        "dice_median",
        "dice_min",
        "iou_mean",
        "accuracy_mean",
        "boundary_iou_mean",
        "boundary_f1_mean",
        "threshold",
    } <= metrics.keys()
    rows = list(csv.DictReader((folder / "per_image.csv").open()))
    assert sorted(row["id"] for row in rows) == sorted(held_out)
    assert float(np.mean([float(row["dice"]) for row in rows])) == pytest.approx(
        metrics["dice_mean"], abs=1e-4
    )
    report = (folder / "report.html").read_text()
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert all(name in report for name in held_out)


def test_a_home_can_be_moved_with_its_data_and_models(home, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(home, moved)
    described = json.loads((moved / "models" / "small" / "bundle.json").read_text())
    assert described["provenance"]["data"] == str(Path("data", "set"))
    run("eval", "--home", moved, "--model", "small")
    assert str(moved) in (moved / "results" / "small" / "eval" / "report.html").read_text()

    shutil.rmtree(moved / "data")
    gone = run("eval", "--home", moved, "--model", "small", check=2)
    assert f"{moved / 'data' / 'set'}, which is not here; name pairs with --data" in gone.stderr


def test_eval_scores_a_random_number_of_photos_at_a_threshold_that_the_user_gives(home):
    output = home / "chosen"
    run(
        "eval",
        "--home",
        home,
        "--model",
        "small",
        "--split",
        "all",
        "--size",
        3,
        "--threshold",
        0.5,
        "--output",
        output,
    )
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["images"] == 3
    assert metrics["threshold"] == 0.5


def test_eval_refuses_photos_that_the_model_learned_from_unless_asked(home, tmp_path):
    learned = json.loads((home / "models" / "small" / "bundle.json").read_text())["split"]["train"]
    for folder, suffix in (("images", ".jpg"), ("cutouts", ".png")):
        (tmp_path / folder).mkdir()
        for name in learned[:3]:
            source = home / "data" / "set" / folder / (name + suffix)
            (tmp_path / folder / source.name).write_bytes(source.read_bytes())
    refused = run("eval", "--home", home, "--model", "small", "--data", tmp_path, check=2)
    assert "was trained on 3 of its 3" in refused.stderr
    run("eval", "--home", home, "--model", "small", "--data", tmp_path, "--split", "train")


def test_predict_saves_a_mask_and_a_cutout_of_the_photos_size_for_each_photo(home):
    photos = sorted((home / "data" / "set" / "images").iterdir())
    before = {path: path.read_bytes() for path in photos}
    run_alone("predict", "--home", home, "--model", "small", "--input", photos[0].parent, "--save")
    output = home / "results" / "small" / "predict"
    lines = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    assert [line["input"] for line in lines] == [str(path) for path in photos]
    for path, line in zip(photos, lines, strict=True):
        mask, cutout = output / line["outputs"]["mask"], output / line["outputs"]["cutout"]
        assert mask.relative_to(output) == Path("masks") / f"{path.stem}.png"
        assert cutout.relative_to(output) == Path("cutouts") / f"{path.stem}.png"
        assert read_mask(mask).shape == read_photo(path).shape[:2]
        np.testing.assert_array_equal(read_mask(cutout), read_mask(mask))
        assert line["error"] is None
        assert 0 <= line["area"] <= 1
    assert {path: path.read_bytes() for path in photos} == before


def test_predict_goes_on_where_it_stood_and_says_so(home, tmp_path):
    photos = sorted((home / "data" / "set" / "images").iterdir())
    (tmp_path / "in").mkdir()
    for photo in photos[:3]:
        shutil.copy(photo, tmp_path / "in")
    (tmp_path / "in" / "broken.png").write_text("not a picture")
    command = (
        "predict", "--home", home, "--model", "small", "--save",
        "--input", tmp_path / "in", "--output", tmp_path / "out",
    )  # fmt: skip
    first = run(*command, check=1)
    assert f"3 masks and cutouts in {tmp_path / 'out'} (1 failed" in first.stdout
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    (tmp_path / "in" / "broken.png").unlink()
    shutil.copy(photos[3], tmp_path / "in")
    second = run(*command)
    assert "4 masks and cutouts" in second.stdout
    assert "3 skipped as done" in second.stdout
    assert {path: path.stat().st_mtime_ns for path in times} == times
    silent = run_alone(*command, "--overwrite", "--workers", 3, "--quiet")
    assert silent.stdout == silent.stderr == ""
    assert all(path.stat().st_mtime_ns > before for path, before in times.items())
    lines = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [line["error"] for line in lines] == [None] * 4


def test_cleaning_leaves_one_region_without_holes(home, tmp_path):
    photo = next((home / "data" / "set" / "images").iterdir())
    command = (
        "predict", "--home", home, "--model", "small", "--save", "--binary", "--input", photo,
        "--threshold", 0.45, "--output", tmp_path / "out",
    )  # fmt: skip

    def regions():
        mask = read_mask(next((tmp_path / "out" / "masks").iterdir())) > 0
        eight = np.ones((3, 3))
        return ndimage.label(mask, eight)[1], ndimage.label(~mask, eight)[1]

    run(*command)
    before = regions()
    run(*command, "--remove-islands", 10**6, "--fill-holes", 10**6)

    assert max(before) > 1
    assert regions() == (1, 1)


def test_flip_averaging_changes_the_scores_and_is_not_taken_for_done(home, tmp_path):
    photo = next((home / "data" / "set" / "images").iterdir())
    command = (
        "predict", "--home", home, "--model", "small", "--save", "--input", photo,
        "--precision", "f32", "--output", tmp_path / "out",
    )  # fmt: skip
    run(*command)
    plain = read_mask(next((tmp_path / "out" / "masks").iterdir())).astype(int)
    assert "skipped" not in run(*command, "--tta", "flip").stdout
    averaged = read_mask(next((tmp_path / "out" / "masks").iterdir()))
    run(*command, "--tta", "flip", "--engine", "keras", "--overwrite")
    reference = read_mask(next((tmp_path / "out" / "masks").iterdir()))

    assert np.abs(plain - averaged).max() > 3
    assert np.abs(averaged.astype(int) - reference).max() <= 3


def test_an_interrupted_predict_says_how_to_go_on(home, tmp_path):
    photo = next((home / "data" / "set" / "images").iterdir())
    (tmp_path / "in").mkdir()
    for number in range(30):
        (tmp_path / "in" / f"{number}{photo.suffix}").hardlink_to(photo)
    folders = ("--input", tmp_path / "in", "--output", tmp_path / "out")
    command = ("predict", "--home", home, "--model", "small", "--save", "--workers", 1, "--json", *folders)
    process = signalled(signal.SIGTERM, '"error": null', *command)
    assert process.returncode == 143, process.stderr
    lines = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    done = counted(len(lines), "photo is", "photos are")
    assert f"interrupted: {done} done in this run, 0 failed; the same command continues" in process.stderr


def test_predict_on_openvino_does_without_tensorflow(home):
    arguments = ["predict", "--home", str(home), "--input", str(home / "data" / "set" / "images")]
    code = (
        "import sys; from main import main; "
        f"status = main({[*arguments, '--model', 'small', '--engine', 'openvino']}); "
        "print({'keras', 'tensorflow'} & {*sys.modules}); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_predict_refuses_photos_with_more_pixels_than_it_was_told(home):
    images = home / "data" / "set" / "images"
    refused = run(
        "predict", "--home", home, "--model", "small", "--input", images, "--max-pixels", 100, check=2
    )
    assert "96x144 pixels, more than the limit of 100" in refused.stderr
    assert "(default: as many as fit the memory, at most 200 million)" in " ".join(
        run("predict", "--help-all").stdout.split()
    )


def test_predict_without_save_prints_the_table_and_writes_nothing(home, tmp_path):
    photo = next((home / "data" / "set" / "images").iterdir())
    shutil.copytree(home / "models" / "small", tmp_path / "models" / "small")
    shown = run("predict", "--home", tmp_path, "--input", photo)  # with the only model there is
    assert photo.name in shown.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
    refused = run("predict", "--home", tmp_path, "--input", photo, "--output", tmp_path / "out", check=2)
    assert "add --save" in refused.stderr


def test_a_name_that_the_terminal_cannot_show_stops_nothing(home, tmp_path):
    photo = next((home / "data" / "set" / "images").iterdir())
    for name in ("dress-👗", "кухня"):
        shutil.copy(photo, tmp_path / f"{name}{photo.suffix}")
    command = [sys.executable, PROGRAM, "predict", "--home", home, "--model", "small"]
    done = subprocess.run(
        [*command, "--input", tmp_path],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"garment") == 2


def test_predict_names_a_photo_that_it_cannot_read_and_does_the_others(home, tmp_path):
    photo = next((home / "data" / "set" / "images").iterdir())
    for name in ("a.jpg", "a.png", "sub folder/b.jpg"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    (tmp_path / "in" / "broken.png").write_text("not a picture")
    done = run(
        "predict", "--home", home, "--model", "small", "--binary", "--save",
        "--input", tmp_path / "in", "--output", tmp_path / "out", check=1,
    )  # fmt: skip
    assert "broken.png" in done.stderr
    assert "Traceback" not in done.stderr
    masks = {
        path.relative_to(tmp_path / "out" / "masks").as_posix()
        for path in (tmp_path / "out").rglob("masks/**/*.png")
    }
    assert masks == {"a.jpg.png", "a.png.png", "sub folder/b.png"}
    assert set(np.unique(read_mask(tmp_path / "out" / "masks" / "a.jpg.png"))) <= {0, 255}
    lines = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [line["error"] is None for line in lines] == [True, True, False, True]


@pytest.mark.parametrize("order", ["row", "column"])
def test_submit_encodes_the_masks_that_it_saves(home, tmp_path, order):
    images = home / "data" / "set" / "images"
    output = tmp_path / "submission.csv.gz"
    run(
        "submit",
        "--home",
        home,
        "--model",
        "small",
        "--input",
        images,
        "--output",
        output,
        "--save",
        "--order",
        order,
    )
    with gzip.open(output, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["img"] for row in rows] == sorted(path.name for path in images.iterdir())
    for row in rows:
        mask = read_mask(tmp_path / "masks" / (Path(row["img"]).stem + ".png")) > 0
        np.testing.assert_array_equal(decode(row["rle_mask"], *mask.shape, order), mask)


def test_submit_takes_every_photo_of_the_folder(home, tmp_path):
    photos = sorted((home / "data" / "set" / "images").iterdir())
    for photo, name in zip(photos, ("a.jpg", "masks/b.jpg"), strict=False):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, tmp_path / "in" / name)
    output = tmp_path / "in" / "submission.csv"
    run_alone("submit", "--home", home, "--model", "small", "--input", tmp_path / "in", "--output", output)

    assert [line.split(",")[0] for line in output.read_text().splitlines()] == ["img", "a.jpg", "b.jpg"]


def test_submit_writes_nothing_when_a_photo_fails(home, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"")
    done = run(
        "submit",
        "--home",
        home,
        "--model",
        "small",
        "--input",
        tmp_path,
        "--output",
        tmp_path / "s.csv",
        check=2,
    )
    assert "broken.jpg" in done.stderr
    assert not (tmp_path / "s.csv").exists()


@pytest.mark.slow
def test_an_interrupted_training_keeps_its_best_epoch_and_resumes_to_the_same_model(home, tmp_path, capsys):
    arguments = (
        "train",
        "--home",
        tmp_path,
        "--data",
        home / "data" / "set",
        "--name",
        "again",
        *SMALL,
        "--epochs",
        3,
    )
    run_alone(*arguments)
    whole = json.loads((tmp_path / "models" / "again" / "bundle.json").read_text())
    stopped = [*arguments[:5], "--name", "stopped", *arguments[7:]]
    process = signalled(signal.SIGINT, "epoch   1/3", *stopped)
    assert process.returncode == 130, process.stderr
    assert "--resume" in process.stdout + process.stderr
    assert (tmp_path / "logs" / "stopped" / "run.json").exists()
    make(*stopped, "--resume", "--learning-rate", "0.001", check=2)
    assert "--learning-rate was 0.0003, now 0.001" in capsys.readouterr().err
    run_alone(*stopped, "--resume")
    resumed = json.loads((tmp_path / "models" / "stopped" / "bundle.json").read_text())
    assert resumed["provenance"]["interrupted"] is False
    assert resumed["provenance"]["epochs"] == 3
    assert resumed["files"]["model.weights.h5"] == whole["files"]["model.weights.h5"]
    histories = [(tmp_path / "models" / name / "history.csv").read_text() for name in ("again", "stopped")]
    assert histories[0] == histories[1]


def test_training_goes_on_from_the_weights_of_another_model(home, tmp_path):
    model = home / "models" / "small"
    make(
        "train", "--home", tmp_path, "--data", home / "data" / "set", "--model", f"{model}/",
        "--name", "tuned", "--epochs", 1, "--learning-rate", "0.000000001",
    )  # fmt: skip
    parent, child = (
        json.loads((path / "bundle.json").read_text()) for path in (model, tmp_path / "models" / "tuned")
    )
    assert child["preprocessing"] == parent["preprocessing"]
    assert child["config"]["model"] == parent["config"]["model"]
    figures = [bundle["provenance"]["val_at_full_resolution"]["dice_mean"] for bundle in (parent, child)]
    assert figures[1] == pytest.approx(figures[0], abs=0.1)


def test_an_empty_data_folder_is_said_to_be_empty_and_filled(tmp_path):
    process = start("train", "--home", tmp_path)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert "is empty" in first
    assert "synthetic" in first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "--data", "nowhere"), ("nowhere",)),
        (("train", "--input-size", "250x256"), ("multiples of 32", "250x256", "256x256")),
        (("train", "--architecture", "resnet"), ("unet-256", "resnet")),
        (("train", "--name", "../out"), ("../out",)),
        (("train", "--epochs", "none"), ("whole number", "none")),
        (("train", "--model", "missing"), ("missing", "small")),
        (("eval", "--model", "missing"), ("missing", "small")),
        (("predict", "--model", "small", "--input", "nowhere"), ("nowhere",)),
        (("predict", "--model", "small", "--input", ".", "--threshold", "2"), ("between 0 and 1", "2")),
        (("predict", "--model", "small", "--input", ""), ("--input", "empty")),
        (("predict", "--model", "small", "--input", ".", "--workers", "1000"), ("from 1 to 256", "1000")),
        (("synth", "--output", "x", "--count", "0"), ("whole number from 1", "0")),
        (("submit", "--model", "small", "--input", "nowhere"), ("nowhere",)),
        (("data", "--data", "nowhere"), ("nowhere",)),
    ],
)
def test_a_mistake_gets_one_clear_line_and_a_status(home, arguments, words, capsys):
    command, *rest = arguments
    make(command, "--home", home, *rest, check=2)
    said = capsys.readouterr().err
    line = said.strip().splitlines()[-1]
    assert "error: " in line
    assert "Traceback" not in said
    for word in words:
        assert word in line


def test_a_model_without_an_export_is_said_to_be_slow_and_export_mends_it(home, tmp_path):
    shutil.copytree(home / "models" / "small", tmp_path / "old")
    description = json.loads((tmp_path / "old" / "bundle.json").read_text())
    for name in ("model.xml", "model.bin"):
        del description["files"][name]
        (tmp_path / "old" / name).unlink()
    (tmp_path / "old" / "bundle.json").write_text(json.dumps(description))
    photo = next((home / "data" / "set" / "images").iterdir())
    model = ("--model", tmp_path / "old", "--precision", "f32")
    cut = ("predict", "--home", home, "--input", photo, *model, "--save", "--output")

    assert "export --model old" in run(*cut, tmp_path / "slow").stderr
    shown = run("export", "--home", home, "--model", tmp_path / "old").stdout
    assert re.search(r"999 of 1000 scores are within \S+ of those of Keras", shown)
    assert run_alone(*cut, tmp_path / "fast").stderr == ""
    slow, fast = (read_mask(next((tmp_path / name / "masks").iterdir())) for name in ("slow", "fast"))
    assert np.abs(slow.astype(int) - fast).max() <= 3


def test_profile_says_where_the_time_of_a_photo_went(home, tmp_path):
    photos = home / "data" / "set" / "images"
    done = run(
        "predict", "--home", home, "--input", photos, "--model", "small", "--save", "--profile",
        "--output", tmp_path / "out",
    )  # fmt: skip
    shares = {line.split()[0]: float(line.split()[-1].rstrip("%")) for line in done.stdout.splitlines()[:6]}

    assert list(shares) == ["decode", "preprocess", "network", "resize", "encode", "wait"]
    assert sum(shares.values()) == pytest.approx(100, abs=0.5)
    assert shares["network"] > 0


def test_several_sources_are_mixed_and_only_the_first_is_judged_on(home, capsys):
    make("synth", "--output", home / "data" / "more", "--count", 5, *DRAWN, "--seed", 9)
    sources = ("--data", home / "data" / "set", "--data", home / "data" / "more")
    command = ("train", "--home", home, *sources, *SMALL, "--epochs", 1, "--name", "mixed")
    make(*command, "--mix", "0.4,0.6")
    learned = capsys.readouterr().out
    bundle = json.loads((home / "models" / "mixed" / "bundle.json").read_text())
    own = [name for name in bundle["split"]["train"] if not name.startswith("more/")]

    assert len(bundle["split"]["train"]) - len(own) == 15
    assert not any(name.startswith("more/") for name in bundle["split"]["val"])
    assert f"{len(own) + round(len(own) / 0.4 * 0.6)} photos an epoch" in " ".join(learned.split())

    make(*command, "--overwrite", "--mix", "0.5,0.25,0.25", check=2)
    assert "a share for each --data, 2" in capsys.readouterr().err
    make(*command, "--overwrite", "--mix", "0.5,0.6", check=2)
    assert "add up to 1" in capsys.readouterr().err
