"""Models of several classes against each other: figures, classes, pictures, and what is refused."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from sklearn.metrics import accuracy_score, jaccard_score
from support.class_model import LABELS, colour_score, draw_classes
from support.program import run, run_alone

from main import main
from segmentation.bundle.bundle import load_bundle
from segmentation.core.errors import ConfigError
from segmentation.core.labels import BINARY, LabelMap
from segmentation.datasets.discover import discover
from segmentation.datasets.same_classes import check_same_classes
from segmentation.evaluation.candidates import Facts
from segmentation.evaluation.compare import Candidate, compare
from segmentation.evaluation.evaluate import evaluate
from segmentation.images.class_overlay import overlay_classes
from segmentation.images.files import write_image
from segmentation.reports import compare_report, compare_tables, gallery
from segmentation.reports.compare_columns import DASH
from segmentation.reports.compare_markdown import markdown

PHOTOS = 7
CHARTS = ("photos", "differences", "learning", "trade-off", "classes", "gallery")


def blind_score(photo):
    """Takes every bag for background, and the upper half of the photo as well."""
    scores = colour_score(photo)
    missed = scores[..., 2] == 1
    missed[: len(photo) // 2] = True
    scores[missed] = (1, 0, 0)
    return scores


SCORES = {"blind": blind_score, "sharp": colour_score}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Drawn photos of dresses and bags with their label maps."""
    folder = tmp_path_factory.mktemp("pairs")
    for number in range(PHOTOS):
        photo, indices = draw_classes(number)
        write_image(folder / "images" / f"{number}.png", photo)
        write_image(folder / "labels" / f"{number}.png", indices)
    names = {str(index): name for index, name in enumerate(LABELS.names)}
    (folder / "labels.json").write_text(json.dumps(names), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def samples(folder):
    return discover(folder, classes="all").samples


def a_candidate(name, samples):
    facts = Facts(
        path=name, architecture="unet-64", input_size="48x64", threshold=0.5,
        computed_by="openvino f32", decided={"engine": "openvino"}, megabytes=1.0, cpu_seconds=0.1,
        chosen_on=0, parameters=100, gflop=0.1, epochs=8, best_epoch=8,
    )  # fmt: skip
    history = {"val_iou": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], "val_dice": [0.9] * 8}
    return Candidate(name, facts, evaluate(SCORES[name], samples, 0.5, labels=LABELS), history)


@pytest.fixture(scope="module")
def comparison(samples):
    return compare([a_candidate(name, samples) for name in SCORES], PHOTOS, {"paper": 0.55})


def truth_and_found(samples, score):
    """The indices of all pixels of all photos: true ones, and those that a score function finds."""
    pairs = [draw_classes(int(sample.id)) for sample in samples]
    truth = np.concatenate([indices.ravel() for _, indices in pairs])
    return truth, np.concatenate([score(photo).argmax(-1).ravel() for photo, _ in pairs])


def test_figures_of_all_pixels_are_those_of_scikit_learn(comparison, samples):
    for model in comparison.models:
        truth, found = truth_and_found(samples, SCORES[model.name])
        by_class = jaccard_score(truth, found, average=None)

        assert model.class_iou == pytest.approx(tuple(by_class))
        assert model.quality == model.whole["mean_iou"] == pytest.approx(by_class.mean())
        assert model.whole["pixel_accuracy"] == pytest.approx(accuracy_score(truth, found))
        weighted = jaccard_score(truth, found, average="weighted")
        assert model.whole["frequency_weighted_iou"] == pytest.approx(weighted)
    shares = np.bincount(truth, minlength=3) / len(truth)
    assert comparison.shares == pytest.approx(tuple(shares))
    assert comparison.classes == LABELS.names


def test_models_of_classes_differ_by_the_iou_and_the_pixel_accuracy_of_photos(comparison, samples):
    (pair,) = comparison.pairs
    assert list(pair.differences) == ["iou", "accuracy", "clean", "fault_count"]
    means = []
    for score in SCORES.values():
        accuracies = []
        for sample in samples:
            truth, found = truth_and_found([sample], score)
            accuracies.append(accuracy_score(truth, found))
        means.append(np.mean(accuracies))
    assert pair.differences["accuracy"].interval.mean == pytest.approx(means[1] - means[0])
    assert pair.differences["iou"].better == PHOTOS
    assert [change.model > change.baseline for change in pair.gains] == [True] * PHOTOS
    lowest = comparison.worst_first[0]
    assert comparison.models[0].by_photo["iou"][lowest] == min(comparison.models[0].by_photo["iou"])


def test_whether_the_curve_has_flattened_is_told_by_the_iou(comparison):
    last = comparison.models[0].last_quarter
    assert (last.measure, last.flattened) == ("val_iou", False)
    assert last.rise == pytest.approx(0.2)


def test_a_class_that_is_nowhere_has_no_figure_in_the_tables_or_the_json(samples, tmp_path):
    labels = LabelMap.of((*LABELS.names, "hat"))
    candidates = []
    for name, score in SCORES.items():
        widened = lambda photo, score=score: np.pad(score(photo), ((0, 0), (0, 0), (0, 1)))  # noqa: E731
        candidate = a_candidate(name, samples)
        evaluation = evaluate(widened, samples, 0.5, labels=labels)
        candidates.append(Candidate(name, candidate.facts, evaluation))
    found = compare(candidates, PHOTOS)
    compare_report.write_comparison(found, {}, tmp_path, {})

    def refuse(text):
        raise AssertionError(f"{text} is no JSON")

    plain = json.loads((tmp_path / "comparison.json").read_text(), parse_constant=refuse)
    assert plain["models"][1]["class_iou"][3] is None
    assert markdown(found).splitlines()[-1] == f"| hat | 0.0% | {DASH} | {DASH} |"


def test_the_tables_show_all_figures_of_classes(comparison):
    console = Console(markup=False, width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    compare_tables.print_comparison(comparison, console)
    text = console.export_text()

    assert "…" not in text
    for model in comparison.models:
        for value in (*model.whole.values(), model.means["iou"].low, model.means["boundary_f1"].mean):
            if value not in (model.whole["mean_accuracy"], *extra(model)):
                assert f"{value:.4f}" in text
    assert "paper, published" in text
    assert "no, +0.2000" in text

    models, classes = markdown(comparison).split("\n\n")
    heading = [cell.strip() for cell in models.splitlines()[0].split("|")]
    published = [cell.strip() for cell in models.splitlines()[-1].split("|")]
    assert published[heading.index("mean IoU")] == "0.5500"
    assert published.count(DASH) == len(heading) - 4
    names = [row.split("|")[1].strip() for row in classes.splitlines()[2:]]
    assert names == ["background", "dress", "bag"]


def extra(model):
    """Return what `summary` tells beyond the figures of papers."""
    known = ("pixel_accuracy", "mean_accuracy", "mean_iou", "frequency_weighted_iou", "mean_dice")
    return [value for name, value in model.whole.items() if name not in known]


def test_the_chart_of_classes_has_a_mark_for_each_model_and_class_the_largest_first(comparison):
    axes = compare_report.draw_charts(comparison, {})["classes"].axes[0]

    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [label.split(" (")[0] for label in labels] == ["background", "dress", "bag"]
    for line, model in zip(axes.lines, comparison.models, strict=True):
        assert list(line.get_xdata()) == list(model.class_iou)


# the pictures


@pytest.mark.parametrize(
    ("count", "places"), [(3, (0, 3, 6)), (2, (0, 6)), (1, (0,)), (99, range(7)), (0, ())]
)
def test_photos_are_shown_evenly_from_the_worst_to_the_best(comparison, count, places):
    mean = np.mean([model.by_photo["iou"] for model in comparison.models], axis=0)
    by_quality = [photo for _, photo in sorted(zip(mean, comparison.photos, strict=True))]

    assert gallery.choose_photos(comparison, count) == [by_quality[place] for place in places]


def test_every_picture_is_the_photo_under_the_classes_of_its_column(comparison, samples):
    shown = samples[:2]
    maps = {name: gallery.find_maps(score, shown, LABELS, 0.5) for name, score in SCORES.items()}
    found = gallery.make_gallery(comparison, shown, maps, LABELS, 0.5)

    assert found.headings == ("photo", "ground truth", "blind", "sharp")
    assert [name for name, _ in found.key] == ["dress", "bag"]
    assert [colour for _, colour in found.key] == list(LABELS.colours[1:])
    for row, sample in zip(found.rows, shown, strict=True):
        photo, indices = draw_classes(int(sample.id))
        expected = [
            photo,
            overlay_classes(photo, indices, LABELS),
            *(overlay_classes(photo, score(photo).argmax(-1), LABELS) for score in SCORES.values()),
        ]
        for picture, wanted in zip(row.pictures, expected, strict=True):
            np.testing.assert_array_equal(picture, wanted)
        place = comparison.photos.index(sample.id)
        assert row.ious == tuple(model.by_photo["iou"][place] for model in comparison.models)


def test_a_cutout_is_an_outline_around_the_region_of_the_garment(tiny_set):
    samples = discover(tiny_set).samples

    def score(photo):
        return (photo[..., :1] < 180).astype(np.float32)

    def nothing(photo):
        return np.zeros((*photo.shape[:2], 1), np.float32)

    facts = Facts("x", "y", "z", 0.5, "keras f32", {"engine": "keras"}, 1.0, 0.1, 0, *[None] * 4)
    scores = {"good": score, "empty": nothing}
    found = compare(
        [Candidate(name, facts, evaluate(one, samples, 0.5)) for name, one in scores.items()], len(samples)
    )
    maps = {name: gallery.find_maps(one, samples, BINARY, 0.5) for name, one in scores.items()}
    drawn = gallery.make_gallery(found, samples, maps, BINARY, 0.5)

    for row in drawn.rows:
        photo, truth, good, empty = row.pictures
        assert photo.shape[0] < 64
        np.testing.assert_array_equal(truth, good)
        np.testing.assert_array_equal(photo, empty)
        assert (truth != photo).any()
        assert row.ious == (1, 0)
    assert [name for name, _ in drawn.key] == ["outline"]


# the command


@pytest.fixture(scope="module")
def home(class_bundle, tmp_path_factory):
    """A home with a model of classes and one that sees photos in another contrast, and so does worse."""
    home = tmp_path_factory.mktemp("home")
    for name in ("bright", "dim"):
        shutil.copytree(class_bundle, home / "models" / name)
    description = home / "models" / "dim" / "bundle.json"
    plain = json.loads(description.read_text())
    for section in (plain["preprocessing"], plain["config"]["preprocessing"]):
        section["contrast"] = "equalize"
    description.write_text(json.dumps(plain))
    history = "epoch,loss,val_loss,accuracy,val_accuracy,iou,val_iou\n"
    history += "1,2,2,0.5,0.5,0.2,0.2\n2,1,1,0.6,0.6,0.3,0.3\n"
    (home / "models" / "bright" / "history.csv").write_text(history)
    return home


def test_compare_writes_a_table_charts_and_pictures_of_models_of_classes(home, folder):
    options = ("--home", home, "--data", folder, "--reference", "paper=0.55", "--report-images", 3)
    done = run_alone("compare", "bright", "dim", *options)
    assert done.stderr == ""
    output = home / "results" / "compare" / "bright-dim"
    assert {path.name for path in output.iterdir()} == {
        "comparison.json",
        "report.html",
        "table.md",
        "charts",
    }
    for name in CHARTS:
        with Image.open(output / "charts" / f"{name}.png") as picture:
            assert min(picture.size) > 100

    figures = json.loads((output / "comparison.json").read_text())
    bright, dim = figures["models"]
    assert bright["whole"]["mean_iou"] > dim["whole"]["mean_iou"] > 0
    assert figures["classes"] == list(LABELS.names)
    assert bright["last_quarter"] == {
        "measure": "val_iou",
        "rise": pytest.approx(0.1),
        "flattened": False,
        "slowed": False,
    }
    assert dim["last_quarter"] is None
    table = (output / "table.md").read_text()
    for value in (
        bright["whole"]["mean_iou"],
        dim["whole"]["pixel_accuracy"],
        bright["means"]["iou"]["mean"],
    ):
        assert f"| {value:.4f} |" in table
    html = (output / "report.html").read_text()
    assert len(re.findall("<img", html)) == len(CHARTS) - 1 + 3 * len(("photo", "truth", "bright", "dim"))
    assert "Not recorded: dim" in html
    assert set(re.findall('src="(data:image/[a-z+]+)', html)) == {"data:image/svg+xml", "data:image/webp"}
    assert "garment where its alpha" not in html

    run("compare", "bright", "dim", "--home", home, "--data", folder, "--report-images", 0)
    assert not (output / "charts" / "gallery.png").exists()
    assert "data:image/webp" not in (output / "report.html").read_text()


@pytest.mark.parametrize("option", [("--threshold", "0.5"), ("--remove-islands", "9"), ("--fill-holes", "9")])
def test_what_is_made_of_a_single_mask_is_refused_of_classes(home, folder, option, capsys):
    assert main(["compare", "bright", "dim", "--home", str(home), "--data", str(folder), *option]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"error: {option[0]}: expected a model that cuts one thing out, received bright")


def test_models_of_other_classes_are_refused_by_name(home, folder, capsys):
    other = home / "models" / "other"
    shutil.copytree(home / "models" / "dim", other, dirs_exist_ok=True)
    plain = json.loads((other / "bundle.json").read_text())
    plain["labels"]["names"][2] = "hat"
    (other / "bundle.json").write_text(json.dumps(plain))
    assert load_bundle(other).labels.names[2] == "hat"

    assert main(["compare", "bright", "other", "--home", str(home), "--data", str(folder)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "3 classes of bright" in line
    assert "3 classes of other" in line
    assert "bag is in bright alone" in line
    assert not (home / "results" / "compare" / "bright-other").exists()


def test_classes_are_the_same_or_both_owners_are_named():
    labels = LabelMap.of(("background", "dress", "bag"))
    turned = LabelMap.of(("background", "bag", "dress"))
    check_same_classes({"one": labels, "two": labels})
    check_same_classes({"one": BINARY, "two": BINARY})
    for others, words in (
        ({"one": labels, "two": turned}, "of one and the 3 classes of two (in another order)"),
        ({"one": labels, "two": labels, "cut": BINARY}, "of one and the class garment of cut"),
        ({"cut": BINARY, "one": labels}, "the class garment of cut and the 3 classes of one"),
    ):
        with pytest.raises(ConfigError, match=re.escape(words)):
            check_same_classes(others)
