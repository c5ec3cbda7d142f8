"""Pairs that a person marked in the table of an audit stay out of a training."""

import csv
import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bundles import write_bundle
from support.drawing import draw_set

from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.core.errors import DataError
from segmentation.core.samples import Sample
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import Dataset
from segmentation.datasets.exclusion import Pair, read_decisions, read_exclusion, without
from segmentation.datasets.split import Split
from segmentation.jobs.adapt_pairs import find_validation
from segmentation.jobs.calibrate import calibrate
from segmentation.jobs.context import Context
from segmentation.jobs.evaluate import evaluate


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "audit.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        "rank,id,exclude\n1,a,yes\n2,b,no\n3,c,\n4,d,YES \n",
        "\ufeffid;dice;exclude\na;0,98;yes\nb;0,99;no\nd;0,9;Yes\n",  # as a spreadsheet may save it
        "id,exclude\r\na,yes\r\n\r\nd,yes\r\n",
        "id,exclude\na,TRUE\nb,FALSE\nc,0\nd,1\n",  # as a spreadsheet writes what it takes for a truth value
    ],
)
def test_the_ids_that_are_marked_with_yes_are_read(table, text):
    assert read_exclusion(table(text)) == (Pair("a"), Pair("d"))


def test_where_a_person_said_nothing_the_audit_decides(table):
    path = table("id,marked,exclude\na,yes,\nb,yes,no\nc,no,\nd,no,yes\n")

    assert read_exclusion(path) == (Pair("a"), Pair("d"))
    assert read_decisions(path) == {Pair("b"): False, Pair("d"): True}


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), st.booleans()
    )
)
def test_every_id_comes_back_as_it_was_written(decisions):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("id", "exclude"))
            writer.writerows((name, "yes" if said else "no") for name, said in decisions.items())

        assert read_decisions(path) == {Pair(name): said for name, said in decisions.items()}
        assert read_exclusion(path) == tuple(Pair(name) for name, said in decisions.items() if said)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "received an empty file"),
        ("image,group\na,b\n", "received image, group"),
        ("id,exclude\na,yes\nb,maybe\n", "line 3: expected yes, no or nothing .* 'maybe'"),
        ("id,exclude\n,yes\n", "line 2: .* no id"),
        ("exclude,id\nyes\n", "line 2: .* no id"),
        ("id,marked,exclude\na,perhaps,\n", "line 2: .* the column marked, received 'perhaps'"),
        ("id,exclude\na,yes\n" + 200_000 * "b" + ",no\n", "line 3: .* field larger than field limit"),
        ('id,exclude\n"a,yes\nb,no\n', "line 3: .* unexpected end of data"),
        (200_000 * "b" + ",no\n", "line 1: .* field larger than field limit"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_by_its_name_and_line(table, text, reason):
    path = table(text)
    with pytest.raises(DataError, match=reason) as caught:
        read_exclusion(path)
    assert str(path) in str(caught.value)


def test_a_table_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv"):
        read_exclusion(tmp_path / "none.csv")
    (tmp_path / "audit.csv").write_bytes(b"\xff\xfeid")
    with pytest.raises(DataError, match="UTF-8"):
        read_exclusion(tmp_path / "audit.csv")


def test_excluded_pairs_are_on_neither_side(tmp_path):
    samples = tuple(Sample(name, tmp_path / name) for name in "abcd")
    dataset = Dataset(tmp_path, samples, (), Split(samples[:2], samples[2:]), 4, 4)

    left = without(dataset, {"b", "c", "unknown"})

    assert [sample.id for sample in left.samples] == ["a", "d"]
    assert left.folder_split == Split(samples[:1], samples[3:])
    assert without(dataset, ()) == dataset
    with pytest.raises(DataError, match="on one side"):
        without(dataset, {"a", "b"})
    with pytest.raises(DataError, match="to be left"):
        without(dataclasses.replace(dataset, folder_split=None), set("abcd"))


@pytest.fixture
def excluding(tmp_path):
    """A model that was trained on 000_Front alone, by a table that excludes ids: (table, ids) -> bundle."""

    def write(choice, *ids):
        provenance = {"excluded": [*ids], "options": {"exclude": choice}}
        split = {"train": ["000_Front"], "val": []}
        return write_bundle(tmp_path / "models" / choice, split=split, provenance=provenance)

    return write


@pytest.mark.parametrize(("choice", "left_out"), [("audit.csv", 1), ("held-out", 0)])
def test_what_a_person_excluded_neither_calibrates_nor_judges_and_what_is_kept_apart_does(
    tmp_path, monkeypatch, excluding, choice, left_out
):
    pairs, used, told = draw_set(tmp_path / "pairs"), {}, []
    excluding(choice, "001_Back")

    def fit(_bundle, samples, *_others):
        used["calibrate"] = {sample.id for sample in samples}
        raise DataError("seen")

    monkeypatch.setattr("segmentation.jobs.calibrate.fit_confidence", fit)
    monkeypatch.setattr(
        "segmentation.jobs.evaluate._evaluate",
        lambda _models, _data, samples, *_others: used.update(eval={sample.id for sample in samples}),
    )
    context = Context(Workspace(tmp_path), told.append)
    with pytest.raises(DataError, match="seen"):
        calibrate(CalibrateOptions.of(model=choice, data=[pairs]), context)
    evaluate(EvaluateOptions.of(model=[choice], data=pairs), context)

    wrong = {"001_Back"} if left_out else set()
    every = {f"00{number}_{view}" for number in range(3) for view in ("Front", "Back")}
    new = every - {"000_Front", "000_Back"}
    assert used == {"calibrate": every - wrong, "eval": new - wrong}
    notes = [event.text for event in told if "left out" in getattr(event, "text", "")]
    assert notes == ["left out: 1 pair that the training of one of the models excluded"] * 2 * left_out


def test_a_validation_set_that_cannot_judge_is_refused_before_anything_is_trained(tmp_path, excluding):
    pairs, context = draw_set(tmp_path / "pairs", garments=2), Context(Workspace(tmp_path))
    options = AdaptOptions.of(from_=[tmp_path], name="mine", validation=pairs)
    with pytest.raises(DataError, match="no training was told to leave out, found none among 2"):
        find_validation(options, excluding("audit.csv", "001_Front", "001_Back"), context)
    assert find_validation(options, excluding("held-out", "001_Front", "001_Back"), context) == pairs
