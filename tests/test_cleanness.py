"""The probability that a mask has no fault, and where it is told."""

import csv
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from support.bundles import CONFIDENCE_MODEL
from support.folder_job import BUNDLE, cut_folder, manifest_lines

from segmentation.confidence.assessment import Triage
from segmentation.confidence.cleanness import fit_cleanness
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.reports.review import TABLE, remove_review

rows = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def outcomes_of(confidence, faulty):
    count = len(confidence)
    return FaultOutcomes(
        tuple(map(float, confidence)), tuple(map(bool, faulty)), (False,) * count, tuple(range(count)), 5, 100
    )


@given(rows, st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_more_confidence_never_means_more_faults(photos, two):
    cleanness = fit_cleanness(outcomes_of(*zip(*photos, strict=True)))
    less, more = sorted(two)

    assert 0 <= cleanness(less) <= cleanness(more) <= 1
    assert cleanness(0) == 0


def test_it_is_the_logistic_regression_of_scikit_learn():
    random = np.random.default_rng(0)
    confidence = 1 - 10 ** -random.uniform(0.5, 2.9, 4000)
    faulty = random.random(4000) < 1 / (1 + np.exp(3 * (-np.log10(1.001 - confidence) - 1.7)))
    cleanness = fit_cleanness(outcomes_of(confidence, faulty))
    peer = LogisticRegression(C=1e6).fit(-np.log10(1.001 - confidence)[:, np.newaxis], ~faulty)

    for one in (0.8, 0.95, 0.99, 0.998):
        expected = peer.predict_proba([[-np.log10(1.001 - one)]])[0, 1]
        assert cleanness(one) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("faulty", [True, False])
def test_few_photos_that_are_all_alike_make_no_certainty(faulty):
    cleanness = fit_cleanness(outcomes_of(np.linspace(0.9, 0.99, 8), [faulty] * 8))

    assert 0.05 < cleanness(0.95) < 0.95
    assert (cleanness(0.95) < 0.5) is faulty


def test_as_many_masks_are_expected_to_be_clean_as_are():
    random = np.random.default_rng(1)
    confidence = 1 - 10 ** -random.uniform(0.5, 2.9, 500)
    faulty = random.random(500) < 0.4
    model = dataclasses.replace(CONFIDENCE_MODEL, outcomes=outcomes_of(confidence, faulty))
    garments = tuple(map(str, range(500)))
    triage = Triage(confidence, np.full(500, 0.99), garments, model, faulty=faulty)

    assert triage.summary()["clean_rate_expected"] == pytest.approx(1 - faulty.mean(), abs=0.01)
    clean = np.count_nonzero(~faulty)
    assert any(line.endswith(f"masks should have no fault, {clean} have none") for line in triage.lines())


def test_where_every_mask_has_a_fault_nothing_is_said_of_their_order():
    triage = Triage(
        np.linspace(0.9, 0.99, 8),
        np.full(8, 0.95),
        tuple("abcdefgh"),
        CONFIDENCE_MODEL,
        faulty=np.ones(8, bool),
    )
    lines = triage.lines()

    assert "every one of 8 masks has a fault" in lines
    assert not any("AURC" in line for line in lines)


# --- where it is told ------------------------------------------------------------------------------------


@pytest.fixture
def model():
    """A model that knows the faults of forty photos."""
    outcomes = outcomes_of(np.linspace(0.999, 0.5, 40), np.arange(40) > 20)
    confidence_model = dataclasses.replace(CONFIDENCE_MODEL, outcomes=outcomes)
    return dataclasses.replace(BUNDLE, confidence_model=confidence_model)


def test_record_table_and_page_tell_it(source, model, tmp_path):
    results = cut_folder(source, tmp_path / "out", bundle=model)
    lines = manifest_lines(tmp_path / "out")
    with (tmp_path / "out" / TABLE).open() as file:
        table = {row["photo"]: row for row in csv.DictReader(file)}
    page = (tmp_path / "out" / "review.html").read_text()

    for line, result in zip(lines, results, strict=True):
        expected = model.confidence_model.clean(line["confidence"])
        assert line["clean"] == pytest.approx(expected, abs=1e-3)
        assert result.clean == pytest.approx(expected, abs=1e-3)
        assert float(table[line["stem"]]["clean"]) == pytest.approx(expected, abs=1e-3)
        assert f"without a fault: {100 * line['clean']:.0f}%" in page
    assert f"about {sum(line['clean'] for line in lines):.0f} of these masks have no fault" in page

    remove_review(tmp_path / "out")
    assert not (tmp_path / "out" / TABLE).exists()


def test_a_model_of_an_earlier_version_tells_nothing_of_it(source, tmp_path):
    old = dataclasses.replace(BUNDLE, confidence_model=CONFIDENCE_MODEL)
    cut_folder(source, tmp_path / "out", bundle=old)

    assert all("clean" not in line for line in manifest_lines(tmp_path / "out"))
    header = (tmp_path / "out" / TABLE).read_text().splitlines()[0]
    assert header == "photo,decision,confidence,area,reasons"
    assert "fault" not in (tmp_path / "out" / "review.html").read_text()
