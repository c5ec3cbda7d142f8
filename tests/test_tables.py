"""Tables hold any name of a file: no spreadsheet computes it, no encoding stops it, and it comes back."""

import csv
import io
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.drawing import draw_pair

from segmentation.core.files import encodable, write_text
from segmentation.core.samples import Sample
from segmentation.core.tables import cell, csv_text, text_of, write_csv
from segmentation.datasets.exclusion import Pair, read_decisions, read_exclusion
from segmentation.evaluation.disagreement import measure
from segmentation.outputs.collect import ADDED, REPORT, Collected, write_report
from segmentation.outputs.submission import write_submission
from segmentation.reports.audit_report import table

LATIN = os.fsdecode(b"kleid_gr\xfcn.jpg")
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "＠x"]  # noqa: RUF001


def rows_of(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_is_no_formula_in_a_spreadsheet(name):
    ((shown, _),) = rows_of(csv_text([(name, 1)]))
    assert shown == f"'{name}"
    assert text_of(shown) == name


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(r"'*[=+\-@].*", fullmatch=True))
def test_every_text_comes_back(text):
    assert text_of(cell(text)) == text
    assert not cell(text).startswith(("=", "@"))


@pytest.mark.parametrize("number", ["-1", "-0.25", "+3", "1e-05", "-1.5e-3"])
def test_figures_stay_figures(number):
    assert csv_text([(number, -0.5, -3, None)]) == f"{number},-0.500000,-3,\n"


def test_names_that_are_not_utf8_are_written_as_escapes_everywhere(tmp_path):
    write_text(tmp_path / "page.html", LATIN)
    write_csv(tmp_path / "table.csv", [("id",), (LATIN,)])
    write_submission(tmp_path / "submission.csv", [(LATIN, "1 2")])
    for path in tmp_path.iterdir():
        assert r"kleid_gr\udcfcn.jpg" in path.read_text(encoding="utf-8")
    assert encodable("grün") == "grün"


@pytest.mark.parametrize("name", [LATIN, *FORMULAS, "=1+1\nb", "'=1"])
def test_what_a_person_decides_in_the_table_of_an_audit_is_found_again(tmp_path, name):
    photo, alpha = draw_pair(0)
    scores = alpha.astype(np.float32) / 255
    pair = measure(Sample(name, tmp_path), photo, scores, alpha > 127, 0.5)
    from segmentation.evaluation.audit import rank

    path = tmp_path / "audit.csv"
    write_text(path, table(rank([pair]), {Pair(encodable(name)): True}))
    assert read_exclusion(path) == (Pair(encodable(name)),)
    assert len(rows_of(path.read_text(encoding="utf-8"))) == 2
    write_text(path, table(rank([pair]), read_decisions(path)))
    assert read_decisions(path) == {Pair(encodable(name)): True}


@pytest.mark.parametrize("name", [LATIN, "=1+1", "-a"])
def test_a_report_of_corrections_keeps_one_row_a_photo(tmp_path, name):
    file = tmp_path / f"{name}.png"
    for _ in range(2):
        write_report(tmp_path, [Collected(name, file, ADDED)])
    rows = rows_of((tmp_path / REPORT).read_text(encoding="utf-8"))
    assert len(rows) == 2
    assert rows[1][:2] == [cell(name), cell(file.name)]


def test_train_leaves_out_pairs_with_such_names(tmp_path):
    from segmentation.core.workspace import Workspace
    from segmentation.datasets.discover import discover
    from segmentation.jobs.context import Context
    from segmentation.jobs.training_data import without_excluded

    names = ["kept", "=1+1", LATIN.removesuffix(".jpg")]
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    for number, name in enumerate(names):
        for part, picture in zip(("images", "masks"), draw_pair(number), strict=True):
            Image.fromarray(picture).save(tmp_path / part / "new.png")
            (tmp_path / part / "new.png").rename(tmp_path / part / f"{name}.png")
    path = tmp_path / "audit.csv"
    write_csv(path, [("id", "exclude"), *((name, "yes") for name in names[1:])])

    told = []
    datasets, excluded = without_excluded(
        [discover(tmp_path)], path, Context(Workspace(tmp_path), tell=told.append)
    )
    assert [sample.id for sample in datasets[0].samples] == ["kept"]
    assert sorted(excluded) == sorted(names[1:])
    assert len(told) == 1

    without_excluded([discover(tmp_path)] * 2, path, Context(Workspace(tmp_path), tell=told.append))
    assert "in several sets, and left out of all" in told[1].text
