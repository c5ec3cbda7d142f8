"""Clean photos, faults and what retouchers differ by: in figures, tables and the report of an evaluation."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from support.pages import Page, decode

from segmentation.bundle.bundle import ModelBundle
from segmentation.cli.train import trained_line
from segmentation.config.faults import FaultOptions
from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.datasets.ground_truth import MaskFile
from segmentation.evaluation.evaluate import evaluate, measurement_of
from segmentation.evaluation.measurement import MeasureSettings
from segmentation.evaluation.retouchers import compare_retouchers
from segmentation.images.files import write_image
from segmentation.metrics.faults import CONFUSED, EXCESS, MISSED, Fault
from segmentation.metrics.intervals import mean_interval, paired_difference
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.reports.evaluation import write_evaluation
from segmentation.reports.fault_pictures import draw_fault, part_around
from segmentation.reports.tables import print_evaluation

HEIGHT, WIDTH = 432, 288  # a quarter of a studio photo: 3 px thick, more than 6.25 px


def red_score(image):
    """A model that takes red for garment."""
    return image[..., :1].astype(np.float32) / 255


def draw_pair(folder, name, missed=0, excess=0, brightness=60):
    """A red garment of 200x100; the model misses a slit of it and takes in a patch beside it."""
    photo = np.full((HEIGHT, WIDTH, 3), brightness, np.uint8)
    photo[100:300, 90:190] = (220, 40, 40)
    photo[150 : 150 + 4 * missed, 120:126] = 40
    photo[350 : 350 + excess, 200 : 200 + excess, 0] = 255
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[100:300, 90:190] = 255
    write_image(folder / "images" / f"{name}.png", photo)
    write_image(folder / "masks" / f"{name}.png", mask)
    group = name.split("_")[0]
    return Sample(
        name,
        folder / "images" / f"{name}.png",
        MaskFile(folder / "masks" / f"{name}.png"),
        group,
        name.partition("_")[2],
    )


@pytest.fixture
def samples(tmp_path):
    return [
        draw_pair(tmp_path, "dress_Front", missed=10),
        draw_pair(tmp_path, "dress_Back", missed=5, excess=8),
        draw_pair(tmp_path, "shirt_Front"),
        draw_pair(tmp_path, "shirt_Back"),
        draw_pair(tmp_path, "skirt_Front", excess=2),  # too small to be mended
    ]


@pytest.fixture
def evaluation(samples):
    return evaluate(red_score, samples, 0.5)


def test_a_photo_without_a_fault_is_clean(evaluation):
    rows = {row.id: row for row in evaluation.rows}

    assert [name for name, row in rows.items() if row.clean] == ["shirt_Front", "shirt_Back", "skirt_Front"]
    assert [fault.kind for fault in rows["dress_Back"].faults] == [MISSED, EXCESS]
    assert rows["dress_Front"].largest_fault_px == 6 * 40 - 4  # without the corners of the opening
    assert rows["dress_Front"].largest_fault_share == pytest.approx(236 / 20_000)


def test_the_summary_counts_clean_photos_and_faults(evaluation):
    summary = evaluation.summary()

    assert (summary["clean_images"], summary["clean_rate"]) == (3, 3 / 5)
    assert summary["faults_mean"] == 3 / 5
    assert summary["faults_by_kind"] == {"excess": 1, "missed": 2}
    assert summary["largest_fault_share_max"] == pytest.approx(236 / 20_000)
    assert (summary["fault_thickness_px"], summary["fault_area_px"]) == (5, 100)
    for name in ("dice_mean", "boundary_f1_mean", "clean_rate", "faults_mean", "largest_fault_share_mean"):
        low, high = summary["intervals"][name]
        assert low <= summary[name] <= high


def test_one_photo_has_no_interval(samples):
    assert evaluate(red_score, samples[:1], 0.5).summary()["intervals"] == {}


def test_photos_that_are_all_clean_do_not_pretend_to_be_certain(samples):
    summary = evaluate(red_score, samples[2:], 0.5).summary()

    assert summary["clean_rate"] == 1
    assert "clean_rate" not in summary["intervals"]
    assert "dice_mean" in summary["intervals"]


@pytest.mark.parametrize("options", [FaultOptions(fault_thickness_px=40), FaultOptions(fault_area_px=4000)])
def test_a_lenient_measure_finds_more_photos_clean(samples, options):
    assert evaluate(red_score, samples, 0.5, fault_options=options).clean == 5


def test_with_a_searched_threshold_faults_are_those_of_the_masks_at_it(samples):
    searched = evaluate(red_score, samples, None)

    assert [row.faults for row in searched.rows] == [
        row.faults for row in evaluate(red_score, samples, searched.threshold).rows
    ]


@pytest.mark.parametrize(("ignored", "kinds"), [(False, [CONFUSED]), (True, [])])
def test_a_confused_class_is_a_fault_unless_it_is_ignored(ignored, kinds):
    labels = LabelMap.of(("background", "dress", "bag"))
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    truth[100:300, 90:190] = 1
    predicted = truth.copy()
    predicted[110:130, 100:120] = 2
    if ignored:
        truth[105:135, 95:125] = labels.ignore
    measurement = measurement_of(labels, MeasureSettings(None, 2.0, 0.5))
    scores = np.eye(3, dtype=np.float32)[predicted]
    measurement.add(Sample("a", Path("a")), np.zeros((*truth.shape, 3), np.uint8), truth, scores, 0.0)

    (row,) = measurement.finish().rows
    assert [fault.kind for fault in row.faults] == kinds


def test_photos_of_one_garment_are_resampled_together():
    values = np.repeat([0.0, 1.0, 0.0, 1.0, 1.0], 6)
    garments = [f"garment {number // 6}" for number in range(30)]
    apart, together = mean_interval(values), mean_interval(values, garments)
    alone = mean_interval(values[::6])

    assert together.mean == apart.mean == pytest.approx(0.6)
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high))


def test_photos_of_a_single_garment_stand_for_themselves():
    values = np.array([0.1, 0.5, 0.9])

    assert mean_interval(values, ["dress"] * 3) == mean_interval(values)


def test_fewer_faults_are_better():
    found = paired_difference(np.array([1.0, 0, 2]), np.array([2.0, 0, 5]), less_is_better=True)

    assert found.interval.mean == pytest.approx(-4 / 3)
    assert (found.better, found.worse, found.equal) == (2, 0, 1)


# the files


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_faults_are_listed_with_their_places_largest_first(evaluation, samples, tmp_path):
    write_evaluation(evaluation, red_score, samples, tmp_path / "eval", "unet")
    rows = read_csv(tmp_path / "eval" / "faults.csv")

    assert [(row["photo"], row["kind"]) for row in rows] == [
        ("dress_Front", MISSED), ("dress_Back", MISSED), ("dress_Back", EXCESS)
    ]  # fmt: skip
    assert [rows[0][name] for name in ("left", "top", "width", "height", "area_px")] == [
        "120", "150", "6", "40", "236"
    ]  # fmt: skip
    by_photo = {row["id"]: row for row in read_csv(tmp_path / "eval" / "per_image.csv")}
    assert (by_photo["dress_Back"]["faults"], by_photo["shirt_Back"]["faults"]) == ("2", "0")
    assert by_photo["dress_Front"]["largest_fault_px"] == "236"
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text())["clean_images"] == 3


def test_the_report_shows_each_fault_and_says_how_many_more_there_are(evaluation, samples, tmp_path):
    def text_and_ids(count):
        write_evaluation(evaluation, red_score, samples, tmp_path / "eval", "unet", count)
        page = Page((tmp_path / "eval" / "report.html").read_text())
        return " ".join("".join(page.words).split()), [name for name in page.ids if "fault-" in name]

    text, ids = text_and_ids(40)
    assert "3 faults in 2 of 5 photos: 1 excess, 2 missed" in text
    assert "3 of 5" in text
    assert "1.18% of the garment" in text
    assert ids == ["fault-1", "fault-2", "fault-3"]
    assert "more fault" not in text

    text, ids = text_and_ids(2)
    assert ids == ["fault-1", "fault-2"]
    assert "1 more fault, smaller" in text


def test_the_printed_tables_say_how_many_photos_are_clean(evaluation):
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False)
    print_evaluation(evaluation, console)
    text = console.file.getvalue()

    (line,) = [line for line in text.splitlines() if "clean rate (3 of 5 photos)" in line]
    assert "0.60" in line
    assert " to " in line
    assert "3 faults: 1 excess, 2 missed" in text
    assert "at least 5 px thick, more than 100 px" in text


def test_the_last_line_of_a_training_says_how_many_photos_are_clean(evaluation):
    figures = {"val_at_full_resolution": evaluation.summary(), "best_epoch": 3}
    bundle = ModelBundle(Path("models/dresses"), None, Preprocessing(Size(64, 48)), provenance=figures)

    assert trained_line(bundle).endswith(
        "epoch 3; 3 of 5 photos clean, 0.60 faults a photo, the largest 1.18% of the garment"
    )


def a_fault(left, top, width, height):
    return Fault(left, top, width, height, width * height, MISSED, 0.1)


@pytest.mark.parametrize(
    ("fault", "scaled"),
    [((500, 700, 8, 30), False), ((500, 700, 300, 340), False), ((500, 100, 40, 1200), True)],
)
def test_a_fault_is_shown_pixel_for_pixel_with_what_is_around_it(fault, scaled):
    fault = a_fault(*fault)
    random = np.random.default_rng(0)
    image = np.repeat(np.repeat(random.integers(0, 255, (108, 72, 3), np.uint8), 16, axis=0), 16, axis=1)
    target = np.zeros((1728, 1152), np.uint8)
    target[100:1400, 300:900] = 1
    shown = draw_fault("dress", fault, image, target, target, BINARY)
    rows, columns = part_around(fault, target.shape)

    assert rows.start <= fault.top - 20
    assert rows.stop >= fault.top + fault.height + 20
    assert columns.start <= fault.left - 20
    assert columns.stop >= fault.left + fault.width + 20
    assert (shown.scale < 1) == scaled
    assert max(shown.width, shown.height) <= 400
    for uri in (shown.photo, shown.truth, shown.mask):
        assert decode(uri).shape == (shown.height, shown.width, 3)
    if not scaled:
        assert (shown.height, shown.width) == (rows.stop - rows.start, columns.stop - columns.start)


@pytest.mark.parametrize("size", [(40, 30), (3, 500)])
def test_a_fault_of_a_small_photo_or_at_its_corner_is_shown(size):
    image, target = np.zeros((*size, 3), np.uint8), np.ones(size, np.uint8)
    shown = draw_fault("cap", a_fault(0, 0, 3, 3), image, target, 1 - target, BINARY)

    assert (shown.height, shown.width) == decode(shown.mask).shape[:2]
    assert shown.height <= size[0]
    assert shown.width <= size[1]


def test_the_picture_of_the_mask_tells_missed_from_excess():
    image = np.full((400, 400, 3), 200, np.uint8)
    target, mask = np.zeros((2, 400, 400), np.uint8)
    target[100:300, 100:300] = 1
    mask[100:300, 140:340] = 1
    shown = decode(draw_fault("dress", a_fault(100, 100, 240, 200), image, target, mask, BINARY).mask)
    rows, columns = part_around(a_fault(100, 100, 240, 200), target.shape)

    missed = shown[200 - rows.start, 120 - columns.start].astype(int)
    excess = shown[200 - rows.start, 320 - columns.start].astype(int)
    assert missed[2] - missed[0] > 50  # blue
    assert excess[0] - excess[2] > 50  # vermilion


def test_a_fault_of_classes_says_which_is_taken_for_which():
    labels = LabelMap.of(("background", "dress", "bag"))
    truth = np.zeros((300, 300), np.uint8)
    truth[50:250, 50:250] = 1
    predicted = truth.copy()
    predicted[100:140, 100:140] = 2
    truth[:20] = 255
    image = np.full((300, 300, 3), 90, np.uint8)

    assert draw_fault("a", a_fault(100, 100, 40, 40), image, truth, predicted, labels).told == (
        "dress taken for bag"
    )


# two people's cutouts of the same photo


def recut(folder, name, change):
    """Cut a drawn pair out again, as another person would."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[100:300, 90:190] = 255
    change(mask)
    write_image(folder / "masks" / f"{name}.png", mask)


def widen(mask):
    mask[100:300, 190] = 255


def lose_a_strap(mask):
    mask[100:140, 90:130] = 0


def found_in(folder):
    dataset = discover(folder)
    return compare_retouchers(dataset.samples, dataset.copies)


def test_photos_that_occur_twice_tell_how_far_two_people_agree(tmp_path):
    for number, change in enumerate((widen, lose_a_strap)):
        for side in "ab":
            draw_pair(tmp_path, f"{number}{side}", brightness=60 + 40 * number)
        recut(tmp_path, f"{number}b", change)
    draw_pair(tmp_path, "other", brightness=150)
    retouchers = found_in(tmp_path)

    assert len(retouchers.rows) == 2
    assert retouchers.clean == 1
    line = retouchers.line()
    assert "two people's cutouts of the same photo, 2 pairs: Dice 0.97" in line
    assert "1 of 2 clean (0.50)" in line


def test_photos_listed_as_duplicates_count_where_they_look_the_same(tmp_path):
    for name, brightness in (("1", 60), ("2", 61), ("3", 60), ("4", 120)):
        draw_pair(tmp_path, name, brightness=brightness, excess=int(name))
    for name in ("2", "4"):
        recut(tmp_path, name, widen)
    (tmp_path / "duplicates.csv").write_text("image,group\n1,x\n2,x\nabsent,x\n3,y\n4,y\n")
    retouchers = found_in(tmp_path)

    assert [row.id for row in retouchers.rows] == ["1"]


def test_a_pair_that_was_copied_with_its_cutout_is_no_second_opinion(tmp_path):
    for name in "ab":
        draw_pair(tmp_path, name)

    assert found_in(tmp_path) is None


def test_the_figures_of_two_people_stand_beside_those_of_the_model(evaluation, samples, tmp_path):
    for name in "ab":
        draw_pair(tmp_path / "twice", name)
    recut(tmp_path / "twice", "b", widen)
    told = dataclasses.replace(evaluation, retouchers=found_in(tmp_path / "twice"))
    write_evaluation(told, red_score, samples, tmp_path / "eval", "unet", 0)
    console = Console(file=io.StringIO(), width=80)
    print_evaluation(told, console)

    assert told.summary()["retouchers"]["pairs"] == 1
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text())["retouchers"]["clean_rate"] == 1
    page = "".join(Page((tmp_path / "eval" / "report.html").read_text()).words)
    for text in (page, console.file.getvalue()):
        assert "two people's cutouts of the same photo, 1 pair" in text
