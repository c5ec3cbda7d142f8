"""Evaluation of models of several classes: the figures, the files and the report, and what is refused."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score, precision_score, recall_score
from support.class_model import LABELS, colour_score, draw_classes
from support.pages import Page, decode
from support.program import run

from main import main
from segmentation.core.labels import IGNORED, LEAST_SHARE, LabelMap
from segmentation.core.samples import Sample
from segmentation.datasets.discover import discover
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.image_row import ImageRow, class_row
from segmentation.evaluation.set_figures import Evaluation
from segmentation.images.files import write_image
from segmentation.metrics import classes as class_metrics
from segmentation.reports import class_plots, class_report
from segmentation.reports.evaluation import write_evaluation
from segmentation.reports.tables import print_evaluation

NAMES = {"0": "background", "1": "dress", "2": "bag", "9": "ignored"}
IMAGES = 6
NASTY = LabelMap.of(("background", "<img src=x onerror=alert(1)>&", "$\\frac{a}{$", "n" * 100, "[red]"))


def draw_street(folder: Path, names=NAMES) -> Path:
    """Photos of dresses and bags, with a strip whose class is unknown; the second has no bag."""
    for number in range(IMAGES):
        photo, indices = draw_classes(100 + number)
        indices[:3] = 9
        write_image(folder / "images" / f"{number}.png", photo)
        write_image(folder / "labels" / f"{number}.png", indices)
    (folder / "labels.json").write_text(json.dumps(names))
    return folder


@pytest.fixture(scope="module")
def street(tmp_path_factory) -> Path:
    return draw_street(tmp_path_factory.mktemp("street") / "set")


@pytest.fixture(scope="module")
def samples(street):
    return discover(street, classes="all").samples


def clumsy_score(photo):
    """Takes the lower half of every photo for background, and a corner for a bag."""
    scores = colour_score(photo)
    scores[40:] = (0.6, 0.3, 0.1)
    scores[20:26, :6] = (0, 0, 1)
    return scores


@pytest.fixture(scope="module")
def judged(samples):
    return evaluate(clumsy_score, samples, None, labels=LABELS)


@pytest.fixture(scope="module")
def written(judged, samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "street"
    write_evaluation(judged, clumsy_score, samples, folder, "street", 4, provenance={"judged on": "drawings"})
    return folder


@pytest.fixture(scope="module")
def pixels():
    """Return the true and the predicted classes of every pixel that counts, photo by photo."""
    drawn = [draw_classes(100 + number) for number in range(IMAGES)]
    return [(truth[3:].ravel(), clumsy_score(photo).argmax(axis=-1)[3:].ravel()) for photo, truth in drawn]


@pytest.fixture(scope="module")
def together(pixels):
    return tuple(np.concatenate(side) for side in zip(*pixels, strict=True))


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


# --- the figures of each class ---------------------------------------------------------------------------


def test_the_figures_of_each_class_are_those_of_scikit_learn(judged, together):
    rows = {row.index: row for row in judged.classes.rows}
    truth, predicted = together

    for figure, oracle in (
        ("iou", jaccard_score),
        ("dice", f1_score),
        ("recall", recall_score),
        ("precision", precision_score),
    ):
        expected = oracle(truth, predicted, labels=range(3), average=None)
        assert [getattr(rows[index], figure) for index in range(3)] == pytest.approx(expected), figure
    assert [rows[index].name for index in range(3)] == list(LABELS.names)
    assert [rows[index].share for index in range(3)] == pytest.approx(np.bincount(truth) / truth.size)
    assert [rows[index].pixels_predicted for index in range(3)] == np.bincount(predicted).tolist()


def test_classes_stand_by_their_share_and_those_that_are_nowhere_have_no_figures():
    labels = LabelMap.of(("background", "dress", "bag", "hat", "shoe"))
    confusion = np.zeros((1, 5, 5), int)
    confusion[0, 0, [0, 3]], confusion[0, 2, 2], confusion[0, 1, 1] = (70, 5), 20, 5
    rows = {row.name: row for row in ClassFigures(labels, confusion).rows}

    assert list(rows) == ["background", "bag", "dress", "hat", "shoe"]
    hat, shoe = rows["hat"], rows["shoe"]
    assert (hat.share, hat.recall) == (None, None)  # nowhere true, but predicted: that counts as wrong
    assert (hat.iou, hat.dice, hat.precision) == (0, 0, 0)
    assert (shoe.share, shoe.iou, shoe.dice, shoe.recall, shoe.precision) == (None,) * 5


def test_photos_have_classes_and_are_predicted_to_have_them(judged, pixels):
    def predicted_in(predicted, index):
        return np.mean(predicted == index) >= LEAST_SHARE

    for row in judged.classes.rows:
        has = [row.index in truth for truth, _ in pixels]
        said = [predicted_in(predicted, row.index) for _, predicted in pixels]
        both = [one and other for one, other in zip(has, said, strict=True)]
        assert (row.photos, row.photos_predicted, row.photos_both) == (sum(has), sum(said), sum(both))
    bag = next(row for row in judged.classes.rows if row.name == "bag")
    assert bag.photos < bag.photos_predicted == IMAGES


@pytest.mark.parametrize(("pixels_of_dress", "present"), [(9, False), (10, True)])
def test_a_few_pixels_do_not_make_a_class(pixels_of_dress, present):
    confusion = np.array([[[10_000 - pixels_of_dress, pixels_of_dress], [0, 0]]])
    summary = ClassFigures(LabelMap.of(("background", "dress")), confusion).summary()

    assert summary["presence_least_share"] == LEAST_SHARE == 0.001
    assert summary["presence_precision"] == (0 if present else 1)  # 1: nothing is said, so nothing is wrong
    assert summary["presence_recall"] == 1


def test_precision_and_recall_of_presence_are_those_of_all_classes_but_the_background(judged, pixels):
    true = np.array([[index in truth for index in (1, 2)] for truth, _ in pixels]).ravel()
    said = np.array([[index in predicted for index in (1, 2)] for _, predicted in pixels]).ravel()
    summary = judged.summary()

    assert summary["presence_precision"] == pytest.approx(precision_score(true, said))
    assert summary["presence_recall"] == pytest.approx(recall_score(true, said))
    assert summary["presence_precision"] < 1


def test_a_photo_is_judged_without_what_is_ignored(judged, pixels):
    for row, (truth, predicted) in zip(judged.rows, pixels, strict=True):
        assert row.accuracy == pytest.approx(np.mean(truth == predicted))
        assert row.iou == pytest.approx(jaccard_score(truth, predicted, average="macro"))
        assert row.area_target == pytest.approx(np.mean(truth > 0))


# --- the files -------------------------------------------------------------------------------------------


def test_an_evaluation_of_classes_has_its_own_tables_alone(judged, samples, tmp_path):
    for name in ("threshold.csv", "robustness.csv", "robustness.json"):  # of a cutout of this name before
        (tmp_path / name).write_text("old")
    write_evaluation(judged, clumsy_score, samples, tmp_path, "street", 0)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "metrics.json",
        "per_image.csv",
        "faults.csv",
        "classes.csv",
        "confusion.csv",
        "report.html",
    }


def test_the_figures_are_written_as_json_without_nan(judged, written):
    def refuse(text):
        raise AssertionError(f"{text} is no JSON")

    figures = json.loads((written / "metrics.json").read_text(), parse_constant=refuse)
    classes = figures.pop("classes")

    assert figures == judged.summary()
    assert "threshold" not in figures
    assert [row["name"] for row in classes] == [row.name for row in judged.classes.rows]
    assert classes[0]["iou"] == judged.classes.rows[0].iou


def test_what_is_nowhere_is_null_in_json_and_empty_in_csv(samples, tmp_path):
    labels = LabelMap.of((*LABELS.names, "hat"))
    evaluation = evaluate(
        lambda photo: np.dstack([colour_score(photo), np.zeros(photo.shape[:2], np.float32)]),
        samples,
        None,
        labels=labels,
    )
    write_evaluation(evaluation, colour_score, samples, tmp_path, "street", report_images=0)

    hat = json.loads((tmp_path / "metrics.json").read_text())["classes"][-1]
    assert (hat["name"], hat["iou"], hat["share"], hat["pixels"]) == ("hat", None, None, 0)
    heading, *rows = read_csv(tmp_path / "classes.csv")
    assert dict(zip(heading, rows[-1], strict=True))["iou"] == ""


def test_the_confusion_matrix_is_written_with_the_names_of_its_classes(written, together):
    (corner, *heading), *rows = read_csv(written / "confusion.csv")

    assert corner == "true \\ predicted"
    assert heading == [name for name, *_ in rows] == list(LABELS.names)
    expected = confusion_matrix(*together)
    assert [[int(value) for value in row[1:]] for row in rows] == expected.tolist()


def test_each_photo_is_listed_with_the_classes_that_it_has_and_those_it_is_said_to_have(judged, written):
    heading, *rows = read_csv(written / "per_image.csv")
    rows = [dict(zip(heading, row, strict=True)) for row in rows]

    assert heading == [*judged.rows[0].plain(), "classes", "classes_predicted"]
    assert [row["id"] for row in rows] == [row.id for row in judged.worst_first]
    by_id = {row["id"]: row for row in rows}
    assert [by_id[str(number)]["classes"] for number in range(3)] == ["dress; bag", "dress", "dress; bag"]
    assert by_id["1"]["classes_predicted"] == "dress; bag"


# --- the report ------------------------------------------------------------------------------------------


def told(page):
    """The words of a page, without the space between them."""
    return [word.strip() for word in page.words if word.strip()]


def test_the_report_of_classes_needs_nothing_beside_it_and_speaks_of_no_threshold(written):
    html = (written / "report.html").read_text()
    page = Page(html)
    text = " ".join(told(page))

    assert all(address.startswith(("data:image/", "#")) for address in page.addresses)
    assert "://" not in html
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "threshold" not in text
    assert "confidence" not in text
    for words in ("pixel accuracy", "frequency-weighted IoU", "What is taken for what", "drawings"):
        assert words in text


def test_the_report_tells_of_each_photo_which_classes_were_missed_and_which_invented(samples, tmp_path):
    def blind_score(photo):  # sees no dress, and a bag everywhere
        return np.eye(3, dtype=np.float32)[np.where(colour_score(photo).argmax(axis=-1) == 1, 2, 0)]

    without_bag = [sample for sample in samples if sample.id == "1"]
    evaluation = evaluate(blind_score, without_bag, None, labels=LABELS)
    write_evaluation(evaluation, blind_score, without_bag, tmp_path, "street")
    words = told(Page((tmp_path / "report.html").read_text()))
    words = words[words.index("errors") :]

    assert words[words.index("missed") + 1] == "dress"
    assert words[words.index("invented") + 1] == "bag"
    assert "ignored" in words
    assert "in the photo, and found" not in words


def test_a_photo_is_drawn_with_its_classes_its_errors_and_what_is_ignored():
    image = np.full((120, 160, 3), 250, np.uint8)
    truth, predicted = np.zeros((2, 120, 160), np.uint8)
    truth[:40, :80], predicted[:40, 80:] = 1, 1  # missed at the left, in excess at the right
    truth[40:80, :80], predicted[40:80, :80] = 1, 2  # confused
    truth[80:], predicted[80:] = IGNORED, 2
    pictures = class_report.draw_classes(image, truth, predicted, LABELS)
    errors, mask = (decode(uri).astype(int) for uri in (pictures.errors, pictures.mask))

    def overlay_classes(picture, colour):
        return np.abs(picture - colour).max(axis=-1) < 40

    for place, colour in (
        (np.s_[5:35, 5:75], (0, 114, 178)),
        (np.s_[5:35, 85:155], (213, 94, 0)),
        (np.s_[45:75, 5:75], (204, 121, 167)),
    ):
        assert overlay_classes(errors[place], colour).mean() > 0.9
    for picture in (errors, mask, decode(pictures.target).astype(int)):
        grey = np.ptp(picture[84:116], axis=-1)
        assert grey.max() < 40  # hatched, whatever is predicted there
        assert picture[84:116].std() > 30
    assert (pictures.found, pictures.missed, pictures.invented) == ((1,), (), (2,))
    assert pictures.ignored
    assert pictures.wrong == pytest.approx((40 * 160 + 40 * 80) / (80 * 160))


def test_a_trace_of_a_class_is_named_but_is_not_in_the_photo():
    truth, predicted = np.zeros((2, 100, 100), np.uint8)
    predicted[0, :9] = 2
    pictures = class_report.draw_classes(np.zeros((100, 100, 3), np.uint8), truth, predicted, LABELS)

    assert (pictures.traces, pictures.invented, pictures.ignored) == ((2,), (), False)


def test_names_of_classes_are_text_everywhere(samples, tmp_path):
    def score(photo):
        return np.random.default_rng(0).dirichlet(np.ones(5), photo.shape[:2]).astype(np.float32)

    evaluation = evaluate(score, samples, None, labels=NASTY)
    write_evaluation(evaluation, score, samples, tmp_path, "street", 1)
    console = Console(file=io.StringIO(), width=200, markup=False, highlight=False)
    print_evaluation(evaluation, console)

    page = Page((tmp_path / "report.html").read_text())
    assert "x" not in page.addresses
    assert set(NASTY.names) <= set(told(page))
    assert [name for name, *_ in read_csv(tmp_path / "confusion.csv")[1:]] == list(NASTY.names)
    for name in NASTY.names:
        assert name in console.file.getvalue()


def test_the_same_evaluation_of_classes_gives_the_same_files(judged, written, samples, tmp_path):
    write_evaluation(
        judged, clumsy_score, samples, tmp_path, "street", 4, provenance={"judged on": "drawings"}
    )

    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


# --- charts and tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 12, 59])
def test_the_confusion_matrix_is_drawn_by_the_shares_of_each_true_class(count):
    random = np.random.default_rng(count)
    confusion = random.integers(0, 100, (count, count))
    confusion[0] = 0  # nowhere true
    names = [f"class {number}" for number in range(count)]
    svg = class_plots.plot_confusion(names, confusion)

    assert svg.startswith(b"<?xml")
    assert class_plots.plot_confusion(names, confusion * random.integers(1, 9, (count, 1))) == svg
    assert class_plots.plot_confusion(names, confusion[:, ::-1]) != svg


@pytest.mark.parametrize("iou", [[0.0], [1.0], [0.2, 0.5, 0.51] * 30])
def test_photos_are_drawn_by_their_mean_iou(iou):
    assert class_plots.plot_iou(iou).startswith(b"<?xml")
    assert class_plots.plot_iou(iou) == class_plots.plot_iou(iou)


def test_the_printed_tables_tell_of_each_class_in_80_columns():
    names = ("background", "accessories", "dress", "headwear")
    confusion = np.zeros((2, 4, 4), int)
    confusion[:, 0, 0], confusion[:, 2, 2], confusion[0, 2, 1] = 900_000, 50_000, 50_000
    figures = 0.5, 0.4, 0.9, 0.1, 0.2, 0.1, 0.1, 0.1, 0.0
    rows = tuple(ImageRow(str(number), "", *figures) for number in range(2))
    evaluation = Evaluation(rows, 0.5, 2.0, None, classes=ClassFigures(LabelMap.of(names), confusion))
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False)
    print_evaluation(evaluation, console)
    lines = console.file.getvalue().splitlines()

    assert [line.split() for line in lines if line.split()[:1] and line.split()[0] in names] == [
        ["background", "92.308%", "1.000", "1.000", "1.000", "1.000", "2", "2", "2"],
        ["dress", "7.692%", "0.667", "0.800", "0.667", "1.000", "2", "2", "2"],
        ["accessories", "-", "0.000", "0.000", "-", "0.000", "0", "1", "0"],
        ["headwear", *"-----", "0", "0", "0"],
    ]
    assert any("2 photos, 4 classes" in line for line in lines)
    assert any("IoU, mean of the classes" in line and "0.5556" in line for line in lines)


# --- the command -----------------------------------------------------------------------------------------


def test_eval_tells_how_well_a_model_of_classes_does(class_bundle, street, tmp_path):
    done = run("eval", "--model", class_bundle, "--home", tmp_path, "--data", street)
    folder = tmp_path / "results" / "street" / "eval"
    figures = json.loads((folder / "metrics.json").read_text())

    assert f"{IMAGES} of {IMAGES} photos (held-out)" in done.stdout
    for words in ("IoU, mean of the classes", "dress", "bag", "worst photos", str(folder / "report.html")):
        assert words in done.stdout
    assert figures["mean_iou"] > 0.8
    assert figures["presence_recall"] > 0.8
    assert not (folder / "threshold.csv").exists()
    assert Page((folder / "report.html").read_text()).tags.count("article") == IMAGES


def test_models_of_the_same_classes_are_judged_as_one_with_their_mirror_images(
    class_bundle, street, tmp_path
):
    other = tmp_path / "models" / "other"
    shutil.copytree(class_bundle, other)
    edit(other, lambda plain: plain["preprocessing"].update(mean=[110.0] * 3))
    models = ("--model", class_bundle, "--model", other)
    run("eval", *models, "--home", tmp_path, "--data", street, "--tta", "flip", "--report-images", 0)
    figures = json.loads((tmp_path / "results" / "street+other" / "eval" / "metrics.json").read_text())

    assert set(figures["models"]) == {"street", "other"}
    assert figures["mean_iou"] > 0.8


def edit(folder, change):
    path = folder / "bundle.json"
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))


def refusal(capsys, *arguments):
    """The one line that eval says instead of a result."""
    assert main(["eval", *map(str, arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    "options", ["--threshold 0.4", "--robustness", "--remove-islands 9", "--fill-holes 9", "--double-pass"]
)
def test_what_a_cutout_alone_can_have_is_refused(class_bundle, street, tmp_path, capsys, options):
    command = ("--model", class_bundle, "--home", tmp_path, "--data", street, *options.split())
    line = refusal(capsys, *command)

    assert options.split()[0] in line
    assert "street, which marks 3 classes; leave it out" in line
    assert not (tmp_path / "results").exists()


def test_a_trace_of_a_class_that_is_not_there_counts_as_wrong_pixels_alone(tmp_path):
    truth = np.zeros((100, 100), np.uint8)
    truth[20:60, 20:60] = 1
    traced, blotched = truth.copy(), truth.copy()
    traced[80, 80:89], blotched[80, 80:90] = 2, 2  # below a thousandth of the photo, and as much

    def row(predicted):
        matrix = class_metrics.confusion(predicted, truth, 3)
        return class_row(Sample("a", tmp_path), predicted, truth, matrix, 0.0, 2.0)

    assert row(truth).dice == row(truth).boundary_f1 == 1
    assert row(traced).dice == pytest.approx(1, abs=1e-3)
    assert row(traced).boundary_f1 == 1
    assert row(blotched).dice == pytest.approx(2 / 3, abs=1e-3)
    assert row(blotched).boundary_f1 == 0.5


def test_data_of_other_classes_are_refused_with_what_differs(class_bundle, tmp_path, capsys):
    data = draw_street(tmp_path / "set", {**NAMES, "2": "purse", "3": "hat"})
    line = refusal(capsys, "--model", class_bundle, "--home", tmp_path, "--data", data)

    assert f"the 3 classes of street and the 4 classes of {data} (bag is in street alone)" in line
