"""Evaluation of whole photos: the figures, what is refused, and the files that are written."""

import csv
import dataclasses
import io
import json

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import f1_score, jaccard_score
from support.pages import Page, decode

from segmentation.core.errors import ConfigError, DataError, ImageError, SegmentationError
from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import MaskFile
from segmentation.evaluation.evaluate import evaluate
from segmentation.images.files import read_mask, read_photo, write_image
from segmentation.metrics import masks as metrics
from segmentation.metrics.matting import matte_errors
from segmentation.metrics.threshold import search
from segmentation.reports import cutout_report, plots
from segmentation.reports.evaluation import write_evaluation
from segmentation.reports.tables import print_evaluation

HEIGHT, WIDTH = 60, 40
NASTY = "<img src=x onerror=alert(1)>[red]&"
SUMMARY = {
    "images",
    "dice_mean",
    "dice_median",
    "dice_min",
    "iou_mean",
    "accuracy_mean",
    "boundary_iou_mean",
    "boundary_f1_mean",
    "threshold",
    "clean_images",
    "clean_rate",
    "faults_mean",
    "faults_by_kind",
    "largest_fault_share_mean",
    "largest_fault_share_max",
    "fault_thickness_px",
    "fault_area_px",
    "intervals",
}


def red_score(image):
    """A model that takes red for garment."""
    return image[..., :1].astype(np.float32) / 255


def draw_sample(folder, name, shift=0, glow=0, view="Front", sample_id=None):
    """A photo of a red garment on a ground with a red `glow`, and a cutout that lies `shift` pixels lower."""
    photo = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    photo[..., 0] = glow
    photo[10:40, 8:30] = (200, 40, 40)
    cutout = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    cutout[10 + shift : 40 + shift, 8:30] = (200, 40, 40, 255)
    photo_path, mask_path = folder / "images" / f"{name}.png", folder / "cutouts" / f"{name}.png"
    write_image(photo_path, photo)
    write_image(mask_path, cutout)
    return Sample(sample_id or name, photo_path, MaskFile(mask_path), view=view)


@pytest.fixture
def samples(tmp_path):
    return [
        draw_sample(tmp_path, "perfect"),
        draw_sample(tmp_path, "worst", shift=9, view="Back"),
        draw_sample(tmp_path, "middling", shift=3),
        draw_sample(tmp_path, "glowing", shift=1, glow=150, view="Back"),
    ]


def without_seconds(evaluation):
    return [dataclasses.replace(row, seconds=0) for row in evaluation.rows]


def test_each_row_holds_the_figures_of_its_photo(samples):
    evaluation = evaluate(red_score, samples, 0.5)

    assert [row.id for row in evaluation.rows] == [sample.id for sample in samples]
    assert [row.view for row in evaluation.rows] == ["Front", "Back", "Front", "Back"]
    for sample, row in zip(samples, evaluation.rows, strict=True):
        mask = read_photo(sample.photo)[..., 0] > 127
        target = read_mask(sample.truth.path) > 127
        assert row.dice == pytest.approx(f1_score(target.ravel(), mask.ravel()))
        assert row.iou == pytest.approx(jaccard_score(target.ravel(), mask.ravel()))
        assert row.accuracy == pytest.approx((mask == target).mean())
        assert row.boundary_f1 == metrics.boundary_f1(mask, target, 2.0)
        assert row.boundary_iou == metrics.boundary_iou(mask, target, 2.0)
        assert row.area_target == pytest.approx(target.mean())
        assert row.area_mask == pytest.approx(mask.mean())
        assert row.seconds >= 0


@pytest.mark.parametrize("threshold", [0.5, None])
def test_the_gradient_error_of_a_mask_is_that_of_its_scores_as_a_matte(samples, threshold):
    for row, sample in zip(evaluate(red_score, samples, threshold).rows, samples, strict=True):
        alpha, target = red_score(read_photo(sample.photo))[..., 0], read_mask(sample.truth.path)
        expected = matte_errors(alpha, np.float32(target / 255)).gradient
        assert row.whole_gradient == pytest.approx(expected, rel=1e-4)
        assert row.whole_gradient > 0


def test_the_summary_condenses_the_rows(samples):
    evaluation = evaluate(red_score, samples, 0.5)
    summary = evaluation.summary()
    dice = [row.dice for row in evaluation.rows]

    assert set(summary) == SUMMARY | {"tolerance_px", "threshold_best", "dice_mean_at_best"}
    assert summary["images"] == 4
    assert summary["dice_mean"] == pytest.approx(sum(dice) / 4)
    assert summary["dice_median"] == pytest.approx(sum(sorted(dice)[1:3]) / 2)
    assert summary["dice_min"] == min(dice)
    assert summary["boundary_f1_mean"] == pytest.approx(np.mean([row.boundary_f1 for row in evaluation.rows]))
    assert summary["threshold"] == 0.5
    assert summary["dice_mean_at_best"] > summary["dice_mean"]
    assert [row.id for row in evaluation.worst_first] == ["glowing", "worst", "middling", "perfect"]


def test_without_a_threshold_the_best_is_found_and_used(samples):
    searched = evaluate(red_score, samples, None)
    given = evaluate(red_score, samples, searched.threshold)

    assert 150 / 255 < searched.threshold <= 200 / 255  # between the glow and the garment
    assert searched.summary()["dice_mean"] == pytest.approx(searched.search.dice_mean.max())
    assert without_seconds(searched) == without_seconds(given)
    np.testing.assert_array_equal(searched.search.dice_mean, given.search.dice_mean)


def test_a_single_best_threshold_includes_the_scores_that_equal_it(tmp_path):
    red = np.tile(np.arange(130, 170, dtype=np.uint8), (HEIGHT, 1))
    sample = Sample("ramp", tmp_path / "ramp.png", MaskFile(tmp_path / "mask.png"))
    write_image(sample.photo, np.dstack([red, red, red]))
    write_image(sample.truth.path, (red >= 150).astype(np.uint8) * 255)

    evaluation = evaluate(red_score, [sample], None)

    assert evaluation.threshold == 150 / 255
    assert evaluation.rows[0].dice == evaluation.rows[0].boundary_f1 == 1.0


def test_each_photo_is_scored_once_even_when_the_threshold_is_searched(samples):
    scored = []

    def score(image):
        scored.append(image.shape)
        return red_score(image)

    evaluate(score, samples, None)

    assert scored == [(HEIGHT, WIDTH, 3)] * 4


def test_the_search_is_made_over_the_evaluated_photos(samples):
    pairs = [(red_score(read_photo(s.photo))[..., 0], read_mask(s.truth.path) > 127) for s in samples]
    expected = search([metrics.counts_by_threshold(*pair) for pair in pairs])

    np.testing.assert_array_equal(evaluate(red_score, samples, 0.5).search.dice_mean, expected.dice_mean)


def test_a_score_that_equals_the_threshold_is_garment(samples):
    at, above = (evaluate(red_score, samples[:1], t).rows[0] for t in (200 / 255, 201 / 255))

    assert at.dice == 1.0
    assert above.dice == 0.0


def test_the_tolerance_is_that_of_the_contour_measures(samples):
    tight, loose = (evaluate(red_score, samples, 0.5, tolerance_px=px) for px in (1.0, 3.0))

    assert tight.rows[2].boundary_f1 < loose.rows[2].boundary_f1 == 1.0
    assert tight.rows[2].dice == loose.rows[2].dice
    assert loose.summary()["tolerance_px"] == 3.0


@pytest.mark.parametrize(("alpha", "target_threshold", "area"), [(127, 0.5, 0), (128, 0.5, 1), (128, 0.6, 0)])
def test_soft_ground_truth_is_garment_from_the_target_threshold_on(tmp_path, alpha, target_threshold, area):
    sample = draw_sample(tmp_path, "soft")
    write_image(sample.truth.path, np.full((HEIGHT, WIDTH, 4), alpha, np.uint8))

    row = evaluate(red_score, [sample], 0.5, target_threshold=target_threshold).rows[0]

    assert row.area_target == area


def test_progress_is_told_after_each_photo(samples):
    told = []
    evaluate(red_score, samples, 0.5, on_progress=lambda done, total: told.append((done, total)))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_ground_truth_of_another_size_is_refused_with_both_sizes(samples):
    write_image(samples[1].truth.path, np.zeros((30, 20, 4), np.uint8))

    with pytest.raises(DataError, match=r"worst\.png.*40x60.*20x30"):
        evaluate(red_score, samples, 0.5)


def test_a_sample_without_ground_truth_is_refused_by_name(samples):
    lonely = dataclasses.replace(samples[0], truth=None)

    with pytest.raises(DataError, match=r"perfect\.png.*ground truth"):
        evaluate(red_score, [lonely], 0.5)


def test_no_samples_are_refused():
    with pytest.raises(DataError, match="at least one photo"):
        evaluate(red_score, [], 0.5)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, 128, float("nan")])
def test_a_threshold_out_of_range_is_refused(samples, threshold):
    with pytest.raises(ConfigError, match="from 0 to 1"):
        evaluate(red_score, samples, threshold)


@pytest.mark.parametrize("tolerance_px", [-1, 0, 0.5, 51, float("nan")])
def test_a_tolerance_out_of_range_is_refused(samples, tolerance_px):
    with pytest.raises(ConfigError, match="1 to 50 pixels"):
        evaluate(red_score, samples, 0.5, tolerance_px=tolerance_px)


@pytest.mark.parametrize("wrong", [np.nan, -0.01, 1.01, np.inf])
@pytest.mark.parametrize("threshold", [0.5, None])
def test_scores_that_are_no_scores_are_refused_with_the_photo(samples, wrong, threshold):
    def score(image):
        scores = red_score(image)
        scores[5, 5] = wrong
        return scores

    with pytest.raises(SegmentationError, match=r"perfect\.png.*from 0 to 1"):
        evaluate(score, samples, threshold)


@pytest.mark.parametrize(
    "score", [lambda image: red_score(image)[::2, ::2], lambda image: np.zeros((*image.shape[:2], 3), "f4")]
)
def test_scores_of_another_shape_are_refused_with_the_photo(samples, score):
    with pytest.raises(SegmentationError, match=r"perfect\.png.*\(60, 40, 1\)"):
        evaluate(score, samples, 0.5)


def test_a_broken_photo_is_refused_by_name(samples):
    samples[2].photo.write_bytes(b"not a photo")

    with pytest.raises(ImageError, match=r"middling\.png"):
        evaluate(red_score, samples, 0.5)


@pytest.fixture
def written(samples, tmp_path):
    samples.append(draw_sample(tmp_path, "nasty", shift=20, sample_id=NASTY))
    evaluation = evaluate(red_score, samples, 0.5)
    folder = tmp_path / "results" / "unet"
    write_evaluation(
        evaluation, red_score, samples, folder, f"unet {NASTY}", 3, provenance={"input size": "64x96"}
    )
    return evaluation, folder


def test_an_evaluation_is_five_files_and_nothing_else(written):
    _, folder = written

    names = {path.name for path in folder.iterdir()}
    assert names == {"metrics.json", "per_image.csv", "faults.csv", "threshold.csv", "report.html"}


def test_the_figures_are_written_as_json_and_csv_worst_first(written):
    evaluation, folder = written

    assert json.loads((folder / "metrics.json").read_text()) == evaluation.summary()
    with (folder / "per_image.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(evaluation.rows[0].plain())
    assert [row["id"] for row in rows] == [NASTY, "glowing", "worst", "middling", "perfect"]
    assert [float(row["dice"]) for row in rows] == pytest.approx(
        [row.dice for row in evaluation.worst_first], abs=1e-6
    )


def test_the_report_needs_nothing_beside_it(written):
    html = (written[1] / "report.html").read_text()
    page = Page(html)

    assert all(address.startswith(("data:image/", "#")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.ids)
    assert "://" not in html
    assert "url(" not in html
    assert not {"script", "link", "iframe"} & set(page.tags)


def test_the_report_shows_the_worst_photos_and_lists_all(written):
    page = Page((written[1] / "report.html").read_text())
    text = "".join(page.words)

    assert page.tags.count("article") == 3
    assert [id_ for id_ in page.ids if id_.startswith("photo-")] == ["photo-1", "photo-2", "photo-3"]
    for name in ("perfect", "worst", "middling", "glowing", "input size", "64x96", "Back"):
        assert name in text
    assert "other 2 photos" in text


def test_names_are_text_in_the_report(written):
    page = Page((written[1] / "report.html").read_text())

    assert "x" not in page.addresses
    assert NASTY in "".join(page.words)


def test_the_same_evaluation_gives_the_same_files(samples, tmp_path):
    evaluation = evaluate(red_score, samples, None)
    for name in ("first", "second"):
        write_evaluation(evaluation, red_score, samples, tmp_path / name, "unet")

    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_a_report_without_pictures_still_lists_the_photos(samples, tmp_path):
    evaluation = evaluate(red_score, samples, 0.5)
    write_evaluation(evaluation, red_score, samples, tmp_path, "unet", report_images=0)

    page = Page((tmp_path / "report.html").read_text())
    assert "article" not in page.tags
    assert "middling" in "".join(page.words)


def test_the_printed_tables_name_the_worst_five(samples, tmp_path):
    samples.append(draw_sample(tmp_path, "nasty", shift=20, sample_id=NASTY))
    samples.append(draw_sample(tmp_path, "good"))
    console = Console(file=io.StringIO(), width=120)
    print_evaluation(evaluate(red_score, samples, 0.5), console)

    text = console.file.getvalue()
    assert NASTY in text
    positions = [text.index(name) for name in (NASTY, "glowing", "│ worst", "middling", "good")]
    assert positions == sorted(positions)
    assert "perfect" not in text
    assert "6 photos at threshold 0.500" in text


def test_errors_are_blue_where_missed_and_orange_where_in_excess():
    image = np.full((300, 200, 3), 250, np.uint8)
    target, mask = np.zeros((2, 300, 200), bool)
    target[100:180, 50:150] = True
    mask[140:220, 50:150] = True
    pictures = cutout_report.draw_cutout(image, target, mask)

    errors = decode(pictures.errors).astype(int)
    blue, orange = (np.abs(errors - colour).max(axis=-1) < 40 for colour in ((0, 114, 178), (213, 94, 0)))
    assert blue.sum() == pytest.approx(40 * 100, rel=0.1)
    assert orange.sum() == pytest.approx(40 * 100, rel=0.1)
    assert np.flatnonzero(blue.any(axis=1)).max() < np.flatnonzero(orange.any(axis=1)).min()
    assert (pictures.missed, pictures.excess) == (0.5, 0.5)


def test_the_pictures_show_the_region_of_the_garment_at_full_resolution():
    image = np.zeros((2000, 1000, 3), np.uint8)
    target, mask = np.zeros((2, 2000, 1000), bool)
    target[600:900, 300:500] = True
    mask[600:900, 300:500] = True
    mask[1990:, 990:] = True  # a far speck
    pictures = cutout_report.draw_cutout(image, target, mask)

    height, width = decode(pictures.outline).shape[:2]
    assert 300 < height < 500
    assert 200 < width < 400
    assert decode(pictures.target).shape == decode(pictures.mask).shape == decode(pictures.errors).shape
    assert decode(pictures.frame).shape[0] / decode(pictures.frame).shape[1] == pytest.approx(2)


@pytest.mark.parametrize("kind", [np.zeros, np.ones])
def test_pictures_of_empty_and_full_masks_can_be_drawn(kind):
    image = np.zeros((30, 20, 3), np.uint8)
    nothing, other = np.zeros((30, 20), bool), kind((30, 20), bool)
    pictures = cutout_report.draw_cutout(image, nothing, other)

    assert decode(pictures.errors).shape == (30, 20, 3)
    assert pictures.excess == other.mean()


def test_training_curves_are_drawn_from_any_history(tmp_path):
    history = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "learning_rate": [1e-3, 1e-4], "dice": [0.1, 0.8]}
    plots.plot_curves(history, tmp_path / "curves.png")
    plots.plot_curves({"loss": [1.0]}, tmp_path / "one.png")

    assert read_photo(tmp_path / "curves.png").std() > 0
    assert read_photo(tmp_path / "curves.png").shape[1] == 3 * read_photo(tmp_path / "one.png").shape[1]
    assert {path.name for path in tmp_path.iterdir()} == {"curves.png", "one.png"}


def test_the_threshold_curve_is_drawn(samples, tmp_path):
    found = evaluate(red_score, samples, 0.5).search
    plots.plot_threshold(found, tmp_path / "charts" / "threshold.png")

    assert read_photo(tmp_path / "charts" / "threshold.png").std() > 0
    assert plots.threshold_svg(found, 0.9) != plots.threshold_svg(found, found.best)


@pytest.mark.parametrize("dice", [[0.0], [1.0], [0.5, 0.97, 0.995, 1.0] * 30])
def test_the_distribution_is_drawn_for_any_dice(dice):
    svg = plots.plot_distribution(dice)

    assert svg.startswith(b"<?xml")
    assert svg == plots.plot_distribution(dice)
