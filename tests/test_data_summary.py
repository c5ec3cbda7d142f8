"""The figures of a data set are those of its pixels, and every problem is shown with its remedy."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from support.program import run

from segmentation.core.errors import DataError
from segmentation.core.samples import Sample
from segmentation.datasets.contrast import outline_contrast
from segmentation.datasets.discover import discover
from segmentation.datasets.summary import summarise, write_photos
from segmentation.images.files import write_image
from segmentation.reports.contact_sheet import draw_contact_sheet
from segmentation.reports.data_tables import print_summary

random = np.random.default_rng(0)


def _add_pair(folder: Path, name: str, size: tuple[int, int], garment: tuple[slice, slice]) -> tuple:
    photo = random.integers(0, 256, (*size, 3), dtype=np.uint8)
    photo[..., 0] //= 2
    alpha = np.zeros(size, np.uint8)
    alpha[garment] = 255
    write_image(folder / "images" / f"{name}.png", photo)
    write_image(folder / "cutouts" / f"{name}.png", np.dstack([photo, alpha]))
    return photo, alpha


@pytest.fixture
def folder(tmp_path):
    _add_pair(tmp_path, "dress_Front", (40, 20), np.s_[0:10, :])
    _add_pair(tmp_path, "dress_Back", (40, 20), np.s_[0:20, :])
    _add_pair(tmp_path, "skirt_Front", (30, 30), np.s_[0:3, :])
    return tmp_path


def test_a_summary_counts_photos_garments_cutouts_views_and_resolutions(folder):
    write_image(folder / "images" / "coat_Front.png", np.zeros((9, 9, 3), np.uint8))
    summary = summarise(discover(folder))
    assert (summary.photos, summary.cutouts, summary.pairs, summary.garments) == (4, 3, 3, 2)
    assert summary.views == {"Front": 2, "Back": 1}
    assert summary.resolutions == {"20x40": 2, "30x30": 1}
    assert (summary.train, summary.val) == (None, None)
    area = summary.area
    assert (area.min, area.median, area.max) == pytest.approx((0.1, 0.25, 0.5))
    assert area.mean == pytest.approx((0.1 + 0.25 + 0.5) / 3)


def test_mean_and_std_are_those_of_all_pixels_of_all_photos(tmp_path):
    sizes = [(40, 20), (7, 90), (33, 31)]
    photos = [_add_pair(tmp_path, f"photo{n}", size, np.s_[0:5, 0:5])[0] for n, size in enumerate(sizes)]
    pixels = np.concatenate([photo.reshape(-1, 3) for photo in photos]).astype(np.float64)
    summary = summarise(discover(tmp_path))
    np.testing.assert_allclose(summary.mean, pixels.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(summary.std, pixels.std(axis=0), rtol=1e-10)


def test_a_photo_of_one_colour_has_no_deviation(tmp_path):
    write_image(tmp_path / "images" / "a.png", np.full((9, 9, 3), (10, 20, 30), np.uint8))
    write_image(tmp_path / "masks" / "a.png", np.eye(9, dtype=np.uint8) * 255)
    summary = summarise(discover(tmp_path))
    assert summary.mean == pytest.approx((10, 20, 30))
    assert summary.std == pytest.approx((0, 0, 0), abs=1e-5)


def test_contrast_is_how_far_the_two_sides_of_the_outline_differ_in_a_channel(tmp_path):
    photo = np.full((120, 90, 3), (90, 140, 200), np.uint8)
    mask = np.zeros((120, 90), np.uint8)
    mask[30:90, 20:70] = 255
    photo[mask > 0] = (60, 140, 203)  # as green as the ground, a little bluer
    write_image(tmp_path / "images" / "shirt.png", photo)
    write_image(tmp_path / "masks" / "shirt.png", mask)
    summary = summarise(discover(tmp_path))

    (shirt,) = summary.each
    levels = [shirt.contrast[name] for name in ("red", "green", "blue")]
    assert levels == pytest.approx([30, 0, 3], abs=0.5)
    assert shirt.contrast["lightness"] == pytest.approx(5, abs=3)

    console = Console(width=160, file=io.StringIO())
    print_summary(summary, (), console)
    assert "red: 30 levels in the median, 0 photos below 10" in console.file.getvalue()
    assert "green: 0 levels in the median, 1 photo below 10" in console.file.getvalue()

    write_photos(summary, tmp_path / "photos.csv")
    (row,) = csv.DictReader((tmp_path / "photos.csv").open())
    assert float(row["contrast_red"]) == pytest.approx(30, abs=0.5)
    assert (row["photo"], row["width"], row["height"]) == ("shirt", "90", "120")


def test_a_garment_without_an_outline_has_no_contrast():
    assert outline_contrast(np.zeros((40, 30, 3), np.uint8), np.ones((40, 30), bool)) is None


def test_train_and_val_folders_are_counted(tmp_path):
    for name in ("train/a", "train/b", "val/c"):
        _add_pair(tmp_path / name[:-2], name[-1], (20, 20), np.s_[0:5, 0:5])
    summary = summarise(discover(tmp_path))
    assert (summary.train, summary.val, summary.pairs) == (2, 1, 3)


def test_a_summary_survives_json(folder):
    plain = dataclasses.asdict(summarise(discover(folder)))
    again = json.loads(json.dumps(plain))
    assert again["resolutions"] == {"20x40": 2, "30x30": 1}
    assert again["mean"] == list(plain["mean"])


def test_progress_is_reported_up_to_the_last_photo(folder):
    calls = []
    summarise(discover(folder), on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_the_printed_tables_show_the_figures_and_every_problem_with_its_remedy(folder):
    write_image(folder / "images" / "coat[1]_Front.png", np.zeros((9, 9, 3), np.uint8))
    dataset = discover(folder)
    console = Console(width=160, file=io.StringIO())
    print_summary(summarise(dataset), dataset.problems, console, folder)
    text = console.file.getvalue()
    for shown in ("usable pairs", "20x40: 2", "Front: 2", "10.0% to 50.0%", "1 problem"):
        assert shown in text
    (problem,) = dataset.problems
    row = next(line for line in text.splitlines() if "images/coat[1]_Front.png" in line)
    assert problem.reason in row
    assert problem.remedy.split(",")[0] in row
    assert str(folder) not in text


def test_a_folder_without_problems_says_so(folder):
    dataset = discover(folder)
    console = Console(width=100, file=io.StringIO())
    print_summary(summarise(dataset), dataset.problems, console)
    assert "No problems found" in console.file.getvalue()


def test_a_contact_sheet_shows_each_photo_with_its_outline(folder):
    samples = discover(folder).samples
    sheet = draw_contact_sheet(samples, columns=2, thumb_height_px=80)
    bare = draw_contact_sheet(
        [dataclasses.replace(sample, truth=None) for sample in samples], columns=2, thumb_height_px=80
    )
    assert (sheet.dtype, sheet.ndim, sheet.shape[2]) == (np.uint8, 3, 3)
    assert sheet.shape == bare.shape
    assert sheet.shape[0] > 2 * 80  # two rows
    differs = (sheet != bare).any(axis=2)
    half = (sheet.shape[0] // 2, sheet.shape[1] // 2)
    assert differs[: half[0], : half[1]].any()
    assert differs[: half[0], half[1] :].any()
    assert differs[half[0] :, : half[1]].any()
    assert not differs[half[0] :, half[1] :].any()  # three photos: the fourth place is empty


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 40, 150), (128, 128, 128)])
def test_the_outline_is_visible_on_any_colour(tmp_path, colour):
    write_image(tmp_path / "images" / "a.png", np.full((100, 100, 3), colour, np.uint8))
    mask = np.zeros((100, 100), np.uint8)
    mask[30:70, 30:70] = 255
    write_image(tmp_path / "masks" / "a.png", mask)
    sheet = draw_contact_sheet(discover(tmp_path).samples, thumb_height_px=100).astype(int)
    crossing = np.abs(sheet[12 + 50, 12 : 12 + 100] - colour).max(axis=1)  # a row through the garment
    assert crossing[25:35].max() > 80
    assert crossing[65:75].max() > 80
    assert crossing[:25].max() == crossing[35:65].max() == crossing[75:].max() == 0


def test_a_long_contact_sheet_is_cut_to_evenly_chosen_photos(tmp_path):
    for number in range(9):
        write_image(tmp_path / f"{number}.png", np.full((10, 10, 3), number * 25, np.uint8))
    samples = [Sample(str(number), tmp_path / f"{number}.png") for number in range(9)]
    sheet = draw_contact_sheet(samples, columns=3, thumb_height_px=40, limit=3)
    centres = sheet[12 + 20, [12 + 20 + column * 52 for column in range(3)], 0]
    np.testing.assert_array_equal(centres, [0, 100, 200])


def test_names_of_any_length_and_language_stay_within_their_cell(tmp_path):
    path = tmp_path / "a.png"
    write_image(path, np.zeros((40, 30, 3), np.uint8))
    names = ["short", "kjole/sommer æøå", "x" * 300 + "_Front", "0" * 36 + "_Back"]
    sheet = draw_contact_sheet([Sample(name, path) for name in names], columns=2, thumb_height_px=80)
    margin = np.full(3, 250)
    assert (sheet[:, :12] == margin).all()
    assert (sheet[:, -12:] == margin).all()


def test_a_contact_sheet_of_nothing_is_refused():
    with pytest.raises(DataError, match="at least one photo, received none"):
        draw_contact_sheet([])


# Several classes


@pytest.fixture
def labelled(tmp_path):
    """Two photos with label maps: null above dress above hat, and a last column that is ignored."""
    folder = tmp_path / "labelled"
    for name in ("a", "b"):
        labels = np.zeros((60, 40), np.uint8)
        labels[20:40], labels[40:], labels[:, 38:] = 3, 4, 9
        write_image(folder / "images" / f"{name}.png", np.full((60, 40, 3), ord(name), np.uint8))
        write_image(folder / "labels" / f"{name}.png", labels)
    (folder / "labels.json").write_text('{"0": "null", "3": "dress", "4": "hat", "8": "sock", "9": "ignore"}')
    return folder


def test_the_area_of_several_classes_is_all_but_the_background(labelled):
    dataset = discover(labelled, classes="all")
    summary = summarise(dataset)
    assert summary.area.mean == pytest.approx(2 / 3 * 38 / 40)
    console = Console(width=100, file=io.StringIO())
    print_summary(summary, dataset.problems, console, labels=dataset.labels)
    assert "not null" in console.file.getvalue()


def test_a_contact_sheet_shows_the_classes_in_their_colours_over_the_photo(labelled):
    dataset = discover(labelled, classes="all")
    (_, dress, hat, _), ignored = dataset.labels.colours, dataset.labels.ignored_colour
    sheet = draw_contact_sheet(dataset.samples, columns=2, thumb_height_px=120, labels=dataset.labels)
    photo = sheet[12 : 12 + 120, 12 : 12 + 80].astype(float)
    np.testing.assert_allclose(photo[5:35, 5:70], ord("a"), atol=1)  # the background is the photo
    for rows, colour in (((45, 75), dress), ((85, 115), hat)):
        place = photo[slice(*rows), 5:70].reshape(-1, 3)
        np.testing.assert_allclose(place, [0.4 * ord("a") + 0.6 * np.array(colour)] * len(place), atol=1)
    np.testing.assert_allclose(photo[60, 78], 0.4 * ord("a") + 0.6 * np.array(ignored), atol=1)


def test_the_legend_of_a_contact_sheet_shows_every_colour(labelled):
    dataset = discover(labelled, classes="all")
    samples = [dataclasses.replace(sample, truth=None) for sample in dataset.samples]
    bare = draw_contact_sheet(samples, columns=2, thumb_height_px=120)
    sheet = draw_contact_sheet(samples, columns=2, thumb_height_px=120, labels=dataset.labels)
    np.testing.assert_array_equal(sheet[: len(bare)], bare)
    legend = {tuple(colour) for colour in sheet[len(bare) :].reshape(-1, 3).tolist()}
    assert {*dataset.labels.colours, dataset.labels.ignored_colour} <= legend


def test_the_data_command_shows_the_classes(labelled, tmp_path):
    groups = tmp_path / "groups.json"
    groups.write_text('{"nothing": ["null"], "clothes": ["dress", "hat"], "ignore": ["ignore"]}')
    done = run("data", "--home", tmp_path / "home", "--data", labelled, "--classes", groups)
    assert "2 classes in 2 photos to train on" in done.stdout
    row = next(line for line in done.stdout.splitlines() if "clothes" in line)
    assert "dress, hat" in row
    assert "3,040" in row
    assert "66.667%" in row
    assert "ignored: 240 pixels (ignore)" in done.stdout
    assert (tmp_path / "home" / "results" / "data" / "labelled" / "contact-sheet.png").exists()
