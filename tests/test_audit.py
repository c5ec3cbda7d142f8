"""The audit: errors of ground truth rank high, the raggedness of edges and a model's doubts do not."""

import contextlib
import csv
import dataclasses
import io
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawing import draw_set
from support.pages import Page
from support.program import NETWORK, TINY, make, run

import main
from segmentation.bundle.bundle import load_bundle
from segmentation.cli.training_display import TrainingDisplay
from segmentation.core.files import encodable, write_text
from segmentation.core.samples import Sample
from segmentation.core.tables import write_csv
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import discover
from segmentation.datasets.exclusion import Pair, contents_of, read_decisions, read_exclusion
from segmentation.evaluation.audit import rank, words_on_quality
from segmentation.evaluation.disagreement import ADDED, OMITTED, measure
from segmentation.jobs.context import Context
from segmentation.jobs.training_data import without_excluded
from segmentation.reports import audit_report

HEIGHT, WIDTH = 864, 576
SAMPLE = Sample("one_Front", Path("one_Front.jpg"), view="Front")
FOLD = (*NETWORK, "--input-size", "32x48")


def draw_garment():
    """A red dress with two straps on a grey ground: photo, truth, and the scores of a model that is right."""
    truth = np.zeros((HEIGHT, WIDTH), bool)
    outline = np.array([[200, 250], [380, 250], [460, 640], [140, 640]])
    cv2.fillPoly(canvas := truth.astype(np.uint8), [outline], 1)
    truth = canvas > 0
    truth[180:255, 215:227] = truth[180:255, 350:362] = True
    photo = np.where(truth[..., None], np.uint8([170, 30, 40]), np.uint8([200, 200, 200]))
    return photo, truth, cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 2)


PHOTO, TRUTH, SCORES = draw_garment()


def without(truth, rows, columns):
    label = truth.copy()
    label[rows, columns] = False
    return label


def judged(label, scores=SCORES, photo=PHOTO, threshold=0.5):
    return measure(SAMPLE, photo, scores, label, threshold)


ERRORS = {
    "hem": without(TRUTH, slice(610, None), slice(None)),
    "strap": without(TRUTH, slice(0, 250), slice(0, 230)),
    "hole": without(TRUTH, slice(400, 460), slice(260, 320)),
    "leg": TRUTH | (cv2.rectangle(np.zeros((HEIGHT, WIDTH)), (220, 640), (260, 720), 1, -1) > 0),
    "another's": np.roll(TRUTH, 160, axis=1),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_the_label_is_found_where_it_is(name):
    label = ERRORS[name]
    pair = judged(label)

    wrong = label ^ TRUTH
    top, left = np.argwhere(wrong).min(axis=0)
    bottom, right = np.argwhere(wrong).max(axis=0)
    largest = pair.regions[0]
    assert largest.kind == (ADDED if name == "leg" else OMITTED) or name == "another's"
    assert left - 6 <= largest.left <= largest.left + largest.width <= right + 6
    assert top - 6 <= largest.top <= largest.top + largest.height <= bottom + 6
    share = np.count_nonzero(wrong) / ((np.count_nonzero(label) + np.count_nonzero(TRUTH)) / 2)
    assert 0.5 * share < pair.region_share <= share
    assert pair.suspicion > 20 * judged(TRUTH).suspicion


@pytest.mark.parametrize("step", [cv2.dilate, cv2.erode])
def test_an_outline_that_is_a_pixel_off_is_no_error(step):
    ragged = step(TRUTH.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    ragged[::2] = TRUTH[::2]

    assert judged(ragged).regions == ()
    assert judged(ragged).suspicion < 0.5


def test_what_the_model_doubts_itself_is_not_held_against_the_label():
    hem = ERRORS["hem"]
    doubtful = np.where(TRUTH & ~hem, np.float32(0.6), SCORES)

    assert judged(hem).regions
    assert judged(hem, doubtful).regions == ()
    assert judged(hem, doubtful, threshold=0.2).regions == ()


def test_the_photo_takes_sides():
    """A cut within the fabric is worse than one along an edge of the photo, and the only one to be marked."""
    hem = ERRORS["hem"]
    seam = PHOTO.copy()
    seam[TRUTH & ~hem] = (90, 110, 30)  # a border of another fabric, which the label leaves out
    plain, sewn = judged(hem), judged(hem, photo=seam)

    assert plain.regions[0].support < 0.2 < 0.5 < sewn.regions[0].support
    assert plain.suspicion > 1.5 * sewn.suspicion
    fine = [judged(TRUTH)] * 9
    assert [finding.marked for finding in rank([plain, *fine])][:2] == [True, False]
    found = rank([sewn, *fine])[0]
    assert {"two-sd", "region"} <= {*found.criteria}
    assert not found.marked


@settings(max_examples=12)
@given(st.integers(-9, 9), st.integers(-9, 9))
def test_a_label_beside_its_place_is_told_the_way_back(across, down):
    pair = judged(np.roll(TRUTH, (down, across), axis=(0, 1)))

    assert (pair.across_px, pair.down_px) == (-across, -down)
    assert (pair.gain > 0) == bool(across or down)


def test_a_shift_counts_in_pixels_of_the_photo():
    size = 2 * WIDTH, 2 * HEIGHT
    label = cv2.resize(TRUTH.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    pair = judged(np.roll(label, 12, axis=1), cv2.resize(SCORES, size), cv2.resize(PHOTO, size))

    assert (pair.across_px, pair.down_px) == (-12, 0)
    found = rank([pair, *[judged(TRUTH)] * 9])[0]
    assert {"shift", "no-edge"} <= {*found.criteria}
    assert "12 px further left" in " ".join(audit_report.sentences(pair))


@pytest.mark.parametrize("label", [np.zeros_like(TRUTH), np.ones_like(TRUTH)])
def test_a_label_without_an_outline_is_judged_as_well(label):
    pair = judged(label)

    assert pair.suspicion > 50
    assert rank([pair])[0].disagreement is pair


def test_two_standard_deviations_are_those_of_all_pairs():
    pairs = [judged(TRUTH)] * 12 + [judged(ERRORS["hem"]), judged(ERRORS["another's"])]
    dice = np.array([pair.dice for pair in pairs])

    fired = [finding for finding in rank(pairs) if "two-sd" in finding.criteria]
    expected = sorted(dice[dice < np.mean(dice) - 2 * np.std(dice)])
    assert sorted(finding.disagreement.dice for finding in fired) == expected
    assert rank([]) == ()


def test_the_table_can_be_read_back_by_train(tmp_path):
    findings = rank([judged(TRUTH)] * 9 + [judged(ERRORS["hole"])])
    path = tmp_path / "audit.csv"
    path.write_text(audit_report.table(findings, {}))

    assert len(read_exclusion(path)) == sum(finding.marked for finding in findings) == 1
    first = next(csv.DictReader(path.open()))
    assert first["region"] == OMITTED
    width, height, left, top = map(
        int, re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", first["region_box"]).groups()
    )
    assert int(first["region_area_px"]) <= width * height
    assert 260 <= left <= left + width <= 320
    assert 400 <= top <= top + height <= 460


def test_what_a_person_decided_stays_decided_whatever_the_audit_says(tmp_path):
    pairs = [dataclasses.replace(judged(TRUTH), id=f"fine {number}") for number in range(9)]
    findings = rank([*pairs, dataclasses.replace(judged(ERRORS["hole"]), id="wrong")])
    path = tmp_path / "audit.csv"
    decisions = {Pair("wrong"): False, Pair("fine 2"): True, Pair("fine 3"): False, Pair("gone"): True}
    path.write_text(audit_report.table(findings, decisions))

    assert read_decisions(path) == decisions
    assert set(read_exclusion(path)) == {Pair("fine 2"), Pair("gone")}
    path.write_text(audit_report.table(findings, read_decisions(path)))
    assert read_decisions(path) == decisions


def test_a_decision_is_about_the_photo_and_the_label_that_a_person_saw(tmp_path):
    """Two shoots under the same names, and a label that is corrected after it was decided on."""
    findings = rank([dataclasses.replace(judged(TRUTH), id=name) for name in ("1", "2", "3")])
    shoes, coats = ({name: f"{what} {name}" for name in ("1", "2", "3")} for what in ("shoes", "coats"))
    path = tmp_path / "audit.csv"
    path.write_text(audit_report.table(findings, {Pair("1"): True, Pair("2"): False}, shoes))
    path.write_text(audit_report.table(findings, read_decisions(path), coats))
    rows = [*csv.DictReader(path.open())]
    assert [(row["id"], row["exclude"], row["contents"]) for row in rows[3:]] == [
        ("1", "yes", "shoes 1"),
        ("2", "no", "shoes 2"),
    ]
    assert {row["exclude"] for row in rows[:3]} == {""}

    path.write_text(audit_report.table(findings, read_decisions(path), shoes | {"2": "corrected"}))
    assert {row["id"]: row["exclude"] for row in [*csv.DictReader(path.open())][:3]} == {
        "1": "yes",
        "2": "",
        "3": "",
    }


def test_the_report_tells_what_the_label_leaves_out():
    findings = rank([judged(TRUTH), judged(ERRORS["hem"])])
    pictures = {
        SAMPLE.id: audit_report.draw_pair(PHOTO, ERRORS["hem"], TRUTH, findings[0].disagreement.regions)
    }
    html = audit_report.render(findings, pictures, "<b>set</b>", {"models": "fold1"})

    assert "the model sees garment that the label leaves out" in html
    assert "<b>set" not in html
    assert html.count("<article") == 2
    assert "http://" not in html.replace("http://www.w3.org", "")


def test_models_that_miss_garments_themselves_mark_no_label():
    half = np.where(np.arange(HEIGHT)[:, np.newaxis] < 500, SCORES, 0)
    poor = [judged(ERRORS["hole"], half)] + [judged(TRUTH, half)] * 9
    findings = rank(poor)

    assert any("no-edge" in finding.criteria for finding in findings)
    assert not any(finding.marked for finding in findings)
    said = words_on_quality(findings)
    assert f"held-out Dice of {poor[1].dice:.4f} (median), less than 0.9" in said
    page = audit_report.render(findings, {}, "set", {})
    assert "no pair is marked" in page
    assert "no pair is marked" not in words_on_quality(rank([judged(TRUTH)] * 9 + [judged(ERRORS["hole"])]))


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", '" onclick="alert(1)', "{{ 7 * 7 }}", "\udcfc"]
)
def test_names_are_text_in_the_report_whatever_they_say(name, tmp_path):
    pair = dataclasses.replace(judged(ERRORS["hem"]), id=name, view=name)
    pictures = {name: audit_report.draw_pair(PHOTO, ERRORS["hem"], TRUTH, pair.regions)}
    write_text(tmp_path / "audit.html", audit_report.render(rank([pair]), pictures, name, {name: name}))

    page = Page((tmp_path / "audit.html").read_text(encoding="utf-8"))
    assert "x" not in page.addresses
    assert "onclick" not in page.attributes
    assert encodable(name) in "".join(page.words)


# the command


def audit_options(home, *options):
    return ["audit", "--data", str(home / "pairs"), "--home", str(home), *FOLD, "--epochs", "1", *options]


def audit(home, *options):
    return main.main(audit_options(home, *options))


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A home with four drawn garments in pairs, their audit by two folds, and what that said."""
    home = tmp_path_factory.mktemp("home")
    draw_set(home / "pairs", garments=4)
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        assert audit(home, "--folds", "2", "--report-images", "3") == 0
    return home, shown.getvalue()


@pytest.fixture
def home(audited, tmp_path):
    """A copy of that home."""
    return shutil.copytree(audited[0], tmp_path / "home")


def table_of(home):
    return home / "results" / "audit" / "pairs" / "audit.csv"


def rows_of(home):
    with table_of(home).open(newline="") as file:
        return list(csv.DictReader(file))


def folds_of(home):
    return sorted((home / "results" / "audit" / "pairs" / "folds").glob("*/fold*"))


def test_every_pair_is_judged_once_by_a_model_that_has_not_learned_it(audited):
    home, shown = audited
    ids = {path.stem for path in (home / "pairs" / "images").iterdir()}

    rows = rows_of(home)
    assert sorted(row["id"] for row in rows) == sorted(ids)
    assert [float(row["suspicion"]) for row in rows] == sorted(
        (float(row["suspicion"]) for row in rows), reverse=True
    )
    learned = [set(load_bundle(path).split["train"]) for path in folds_of(home)]
    assert len(learned) == 2
    assert learned[0] & learned[1] == set()
    assert learned[0] | learned[1] == ids
    assert rows[0]["id"] in shown
    html = (home / "results" / "audit" / "pairs" / "audit.html").read_text()
    assert html.count("<article") == 3
    assert all(name in html for name in ids)


def press_ctrl_c(*_started):
    raise KeyboardInterrupt


def test_an_audit_goes_on_with_the_folds_that_are_done(home, capsys, monkeypatch):
    first, second = folds_of(home)
    before = (first / "bundle.json").stat().st_mtime_ns
    description = json.loads((second / "bundle.json").read_text())
    description["provenance"]["interrupted"] = True
    (second / "bundle.json").write_text(json.dumps(description))

    monkeypatch.setattr(TrainingDisplay, "_start", press_ctrl_c)  # when the training of a fold begins

    assert audit(home, "--folds", "2") == 130
    shown = capsys.readouterr()
    assert "fold 1 of 2: reused" in shown.out
    assert "fold 2 of 2: reused" not in shown.out
    assert "the same command continues" in shown.err
    assert (first / "bundle.json").stat().st_mtime_ns == before
    assert load_bundle(second).provenance["interrupted"]


def test_an_audit_of_photos_in_other_groups_trains_its_folds_anew(home, monkeypatch):
    joined = [load_bundle(path).split["train"][0] for path in folds_of(home)]
    rows = "".join(f"{name},one\n" for name in joined)
    (home / "pairs" / "duplicates.csv").write_text(f"image,group\n{rows}")
    monkeypatch.setattr(TrainingDisplay, "_start", press_ctrl_c)

    assert audit(home, "--folds", "2") == 130


def test_an_audit_typed_again_keeps_what_a_person_decided(home):
    first, *_, last = rows = rows_of(home)
    with table_of(home).open("w", newline="") as file:
        writer = csv.DictWriter(file, first.keys())
        writer.writeheader()
        writer.writerows([first | {"exclude": "TRUE"}, *rows[1:-1], last | {"exclude": "no"}])
    folds = [word for path in folds_of(home) for word in ("--fold-model", str(path))]

    done = run(*audit_options(home, *folds))
    assert "decisions kept from the earlier table: 2" in done.stdout
    decisions = {pair.id: said for pair, said in read_decisions(table_of(home)).items()}
    assert decisions == {first["id"]: True, last["id"]: False}
    assert {row["id"]: row["exclude"] for row in rows_of(home) if row["exclude"]} == {
        first["id"]: "yes",
        last["id"]: "no",
    }
    assert {row["id"]: row["marked"] for row in rows_of(home)} == {row["id"]: row["marked"] for row in rows}


def test_a_table_that_cannot_be_read_is_told_of_before_anything_is_trained(home, capsys):
    broken = table_of(home).read_text().replace("contents\n", "contents\n1,someone,,,,,,,,,,,perhaps\n", 1)
    table_of(home).write_text(broken)
    shutil.rmtree(home / "results" / "audit" / "pairs" / "folds")

    assert audit(home, "--folds", "2") == 2
    assert "audit.csv, line 2" in capsys.readouterr().err
    assert table_of(home).read_text() == broken
    assert folds_of(home) == []


def test_a_pair_that_every_model_has_learned_is_refused(home, capsys):
    fold = folds_of(home)[0]

    assert audit(home, "--fold-model", str(fold)) == 2
    assert load_bundle(fold).split["train"][0] in capsys.readouterr().err


def test_a_start_that_has_learned_the_pairs_is_refused(home, capsys):
    assert audit(home, "--model", str(folds_of(home)[0])) == 2
    assert "it was trained on 4 of 8" in capsys.readouterr().err


def test_train_leaves_out_what_the_table_marks(home, capsys):
    table = home / "decided.csv"
    table.write_text("id,exclude\n000_Front,yes\n001_Back,no\nnobody,yes\n")
    options = ("--data", home / "pairs", "--home", home, "--name", "cleaned", *TINY, "--epochs", 1)

    make("train", *options, "--exclude", table)
    shown = capsys.readouterr()
    assert "excluded: 1 of 8 pairs" in shown.out
    assert "no such pair: nobody" in shown.err
    bundle = load_bundle(home / "models" / "cleaned")
    names = {*bundle.split["train"], *bundle.split["val"]}
    assert names == {path.stem for path in (home / "pairs" / "images").iterdir()} - {"000_Front"}
    assert bundle.provenance["excluded"] == ["000_Front"]


def test_what_was_decided_about_another_photo_of_the_name_is_not_left_out(tmp_path):
    shoes, coats = (discover(draw_set(tmp_path / str(height), height=height)) for height in (64, 72))
    told = []
    context = Context(Workspace(tmp_path), tell=told.append)
    table = tmp_path / "audit.csv"
    wrong = shoes.samples[0]
    write_csv(table, [("id", "exclude", "contents"), (wrong.id, "yes", contents_of(wrong))])
    assert without_excluded([shoes], table, context)[1] == [wrong.id]
    assert without_excluded([coats], table, context)[1] == []
    assert f"ground truth of this name: {wrong.id}" in told[1].text


def test_models_are_taken_or_started_from_but_not_both(home, capsys):
    assert audit(home, "--fold-model", "one", "--model", "other") == 2
    assert "--fold-model: expected without --model, received both" in capsys.readouterr().err
