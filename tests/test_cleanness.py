"""The probability that a mask has no fault, and where it is told."""

import csv
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from support.bundles import CONFIDENCE_MODEL
from support.folder_job import BUNDLE, cut_folder, manifest_lines, scorer_knowing

from segmentation.confidence.assessment import Triage
from segmentation.confidence.cleanness import fit_cleanness, in_percent
from segmentation.confidence.model import DOUBTS, SHAPE
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.confidence.places import EXPECTED_FAULTS, FIGURES, PlaceModel
from segmentation.confidence.promise import Promise
from segmentation.confidence.triage import triage_folder
from segmentation.confidence.verdict import Limits, Verdict, triage_photo
from segmentation.core.errors import ConfigError
from segmentation.jobs.triage_limits import USUAL
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


# --- what is taken as it is ------------------------------------------------------------------------------

PLACES = PlaceModel(  # the odds of being clean are 1 to 0.05 + the expected faults
    dict.fromkeys(FIGURES, 0.0), 0.0, 0.0, float(np.log(10)), ranking=0.9, candidates=40, planted=0
)
KNOWING = dataclasses.replace(CONFIDENCE_MODEL, places=PLACES)
ORDINARY = {
    **dict.fromkeys((*DOUBTS, *SHAPE), 10 ** (-1.5) - 0.001),
    **{"lightness": 70.0, "height": 0.6, "across": 0.5, "down": 0.5},
    **{f"garment_{name}": 9.0 for name in ("lightness", "green_red", "blue_yellow")},
}


def features_of(clean, **others):
    """The features of a mask that has no fault with this probability, at most 0.95."""
    return {**ORDINARY, EXPECTED_FAULTS: (1 - clean) / clean - 0.05, **others}


def verdict_on(clean, confidence=0.99, known=KNOWING, at_least=USUAL.clean, promise=None):
    limits = dataclasses.replace(USUAL, clean=at_least, promise=promise)
    return triage_photo(features_of(clean), confidence, known, limits)


def test_a_mask_that_probably_has_a_fault_is_looked_at_however_confident_the_model_is():
    assert verdict_on(0.9) == verdict_on(0.51) == Verdict("auto")
    assert verdict_on(0.07) == Verdict("review", ("probably has a fault: 7% clean",))
    assert verdict_on(0.07, known=CONFIDENCE_MODEL) == Verdict("auto")  # which knows no faults


def test_what_makes_the_model_doubt_stands_beside_it():
    vague = features_of(0.07, softness=0.2)
    verdict = triage_photo(vague, 0.99, KNOWING, USUAL)

    assert verdict == Verdict("review", ("unsure of the edge", "probably has a fault: 7% clean"))
    assert triage_photo(vague, 0.99, CONFIDENCE_MODEL, USUAL) == Verdict("auto")


def test_a_mask_that_is_uncertain_as_well_says_both():
    assert verdict_on(0.07, 0.95).reasons == ("confidence below 0.985", "probably has a fault: 7% clean")
    assert verdict_on(0.07, 0.5).decision == "redo"
    assert verdict_on(0.9, 0.95).reasons == ("confidence below 0.985",)


def test_how_likely_a_mask_has_to_be_clean_is_for_the_user_to_say():
    assert verdict_on(0.07, at_least=0.05).decision == "auto"
    assert verdict_on(0.07, at_least=0).decision == "auto"
    assert verdict_on(0.9, at_least=0.95) == Verdict("review", ("may have a fault: 90% clean",))


def test_where_no_garment_was_found_nothing_more_is_said():
    nothing = triage_photo(features_of(0.5, area=0.0), 0.0, KNOWING, USUAL)
    assert nothing == Verdict("redo", ("no garment found",))


@given(st.integers(0, 10000), st.integers(0, 100))
def test_what_is_shown_as_clean_enough_is_no_less(ten_thousandths, limit):
    shown = int(in_percent(ten_thousandths / 10000).rstrip("%"))
    assert (shown >= limit) == (ten_thousandths >= 100 * limit)


def test_a_promise_decides_alone():
    promise = Promise(0.05, 0.9, limit=0.01, photos=100, faulty=0, known=100, by_faults=True)
    known = dataclasses.replace(
        KNOWING, outcomes=dataclasses.replace(outcomes_of([0.9], [False]), expected_faults=(0.1,))
    )

    assert verdict_on(0.07, known=known, promise=promise).decision == "auto"


def test_what_other_viewpoints_say_of_an_end_is_counted_in():
    """The back is half as high as the two other sides, where a mask is wrong in six of ten cases."""
    known = dataclasses.replace(KNOWING, places=dataclasses.replace(PLACES, odd_ends=0.6))
    views = {"7_Back": (0.3, 0.35), "7_Front": (0.6, 0.5), "7_FrontRight": (0.6, 0.5)}
    records = [
        {
            **{"stem": stem, "error": None, "outputs": {}, "area": 0.1, "size": [200, 400]},
            "evidence": features_of(0.9, height=height, down=down, softness=0.0),
        }
        for stem, (height, down) in views.items()
    ]
    rows = {row.stem: row for row in triage_folder(records, known, Limits(0.1, 0.1, clean=0.5)).rows}

    assert rows["7_Back"].clean == pytest.approx(0.36)
    assert rows["7_Back"].verdict.reasons[-1] == "probably has a fault: 36% clean"
    assert "not as from the garment's other sides" in rows["7_Back"].verdict.reasons[0]
    assert rows["7_Front"].verdict.decision == "auto"


@pytest.mark.parametrize(
    ("known", "options", "words"),
    [
        (CONFIDENCE_MODEL, {"clean_from": 0.3}, "`clean_from`: expected a model that knows .* had faults"),
        (KNOWING, {"clean_from": 0.3, "promise": 0.05}, "`promise`: expected without `clean_from`"),
    ],
)
def test_a_limit_that_would_do_nothing_is_refused(source, tmp_path, known, options, words):
    with pytest.raises(ConfigError, match=words):
        cut_folder(source, tmp_path / "out", scorer=scorer_knowing(known), **options)
    assert not (tmp_path / "out").exists()


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
        assert f"without a fault: {in_percent(line['clean'])}" in page
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
