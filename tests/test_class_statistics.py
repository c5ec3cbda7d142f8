"""The number of pixels and photos of each class, counted over whole label maps."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from segmentation.core.labels import LabelMap
from segmentation.datasets.class_statistics import count_classes
from segmentation.datasets.discover import discover
from segmentation.images.files import write_image

NAMES = {"0": "null", "2": "dress", "4": "hat", "5": "coat", "9": "ignore"}


@pytest.fixture
def folder(tmp_path):
    """Three label maps: 2 is in all, 4 in one, 5 in none, and a few pixels are ignored."""
    (tmp_path / "labels.json").write_text(json.dumps(NAMES))
    random = np.random.default_rng(0)
    for number in range(3):
        labels = random.choice([0, 2], (9 + number, 7)).astype(np.uint8)
        labels[0, :2] = 9
        if number == 1:
            labels[3, 3] = 4
        write_image(tmp_path / "images" / f"{number}.png", np.full((*labels.shape, 3), number, np.uint8))
        write_image(tmp_path / "labels" / f"{number}.png", labels)
    return tmp_path


def test_pixels_and_photos_are_those_of_the_label_maps(folder):
    dataset = discover(folder, classes="all")
    statistics = count_classes(dataset.samples, dataset.labels)
    maps = []
    for sample in dataset.samples:
        with Image.open(sample.truth.path) as picture:
            maps.append(np.array(picture))

    assert statistics.names == ("null", "dress", "hat", "coat")
    assert statistics.pixels == tuple(
        sum(int((one == value).sum()) for one in maps) for value in (0, 2, 4, 5)
    )
    assert statistics.photos == (3, 3, 1, 0)
    assert statistics.ignored == 6
    assert sum(statistics.pixels) + statistics.ignored == 7 * (9 + 10 + 11)
    assert sum(statistics.shares) == pytest.approx(1)
    assert statistics.shares[3] == 0
    assert json.loads(json.dumps(dataclasses.asdict(statistics)))["photos"] == [3, 3, 1, 0]


def test_a_binary_ground_truth_has_two_classes(tiny_set):
    dataset = discover(tiny_set)
    statistics = count_classes(dataset.samples, dataset.labels)
    garment = sum(int((sample.truth.read() == 255).sum()) for sample in dataset.samples)
    assert statistics.names == ("background", "garment")
    assert statistics.pixels == (6 * 64 * 48 - garment, garment)
    assert statistics.photos == (6, 6)


def test_progress_is_reported_up_to_the_last_photo(folder):
    dataset, calls = discover(folder, classes="all"), []
    count_classes(dataset.samples, dataset.labels, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_nothing_has_no_shares():
    assert count_classes([], LabelMap.of(("null", "dress"))).shares == (0.0, 0.0)
