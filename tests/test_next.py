"""The photos to cut out next: the doubtful ones, unlike each other."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawing import draw_set
from support.holding import held_elsewhere
from support.program import make

from segmentation.confidence.selection import choose_next
from segmentation.config.jobs.next import NextOptions
from segmentation.core.errors import DataError
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context
from segmentation.jobs.next import choose_photos

LIGHT, DARK = {"lightness": 90.0, "area": 0.3}, {"lightness": 10.0, "area": 0.3}


def test_the_most_doubtful_comes_first_and_then_one_that_is_unlike_it():
    chosen = choose_next([LIGHT, LIGHT, LIGHT, LIGHT, DARK], [0.5, 0.49, 0.48, 0.47, 0.1], 2)

    assert [place for place, _ in chosen] == [0, 4]
    assert np.isinf(chosen[0][1])
    assert chosen[1][1] > 1


def test_of_photos_that_look_the_same_the_order_is_that_of_doubt_alone_at_first():
    assert choose_next([LIGHT, LIGHT, LIGHT], [0.1, 0.3, 0.2], 1) == [(1, float("inf"))]
    assert choose_next([], [], 3) == []


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1)), min_size=1, max_size=30), st.integers(1, 40))
def test_each_photo_is_chosen_once_and_as_many_as_asked_for(photos, count):
    features = [{"lightness": lightness} if lightness > 5 else {} for lightness, _ in photos]
    doubts = [doubt for _, doubt in photos]
    places = [place for place, _ in choose_next(features, doubts, count)]

    assert len(places) == len({*places}) == min(count, len(photos))
    assert doubts[places[0]] == pytest.approx(max(doubts), abs=1e-5)


def test_what_another_process_writes_is_left_to_it(tiny_set, tmp_path):
    options = NextOptions.of(input=tiny_set / "images", count=2, output=tmp_path / "next")
    with held_elsewhere(tmp_path / "next"), pytest.raises(DataError, match="another process is writing here"):
        choose_photos(options, Context(Workspace(tmp_path)))


def test_the_list_of_the_command_is_read_by_others(tmp_path, capsys):
    photos = draw_set(tmp_path / "pairs") / "images"
    (photos / "broken.png").write_bytes(b"no picture")
    make("next", "--input", photos, "--count", 2, "--home", tmp_path, "--output", tmp_path / "next", check=1)

    shown = capsys.readouterr().out
    with (tmp_path / "next" / "next.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    listed = (tmp_path / "next" / "next.txt").read_text().splitlines()
    assert "chosen: 2 of 6 photos" in shown
    assert [row["photo"] for row in rows] == listed
    assert len({*listed}) == 2
    make("predict", "--files-from", tmp_path / "next" / "next.txt", "--save", "--dry-run", "--home", tmp_path)
