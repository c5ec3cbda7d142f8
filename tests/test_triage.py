"""The photos of a folder that need a person, how they are found, and what that is worth."""

import csv
import dataclasses
import json
import os
import re
import shutil
import signal
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from support.bundles import CONFIDENCE_MODEL
from support.drawing import draw_set, ellipse
from support.folder_job import BUNDLE, cut_folder, draw, made, manifest_lines, pictures, red_score
from support.places import ROOT
from support.program import run, signalled

from segmentation.confidence.assessment import Triage
from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.confidence.features import extract_features
from segmentation.confidence.model import (
    DOUBTS,
    EVERYTHING,
    LEAST_AREA,
    NOTHING,
    SHAPE,
    SIGNS,
    ConfidenceModel,
    error_of,
)
from segmentation.confidence.place_fitting import share_of_wrong_ends
from segmentation.confidence.places import FIGURES, PlaceModel
from segmentation.confidence.triage import FolderTriage, Row, triage_folder
from segmentation.confidence.verdict import Limits, Verdict, triage_photo
from segmentation.confidence.viewpoints import OddView, View, odd_views
from segmentation.core.errors import ConfigError
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.datasets.discover import discover
from segmentation.evaluation.evaluate import evaluate
from segmentation.metrics.intervals import rank_correlation
from segmentation.outputs.manifest import Manifest
from segmentation.outputs.result import Result
from segmentation.reports.evaluation import write_evaluation
from segmentation.reports.review import REVIEW, TABLE, remove_review, write_review
from segmentation.reports.review import draw as draw_contact
from segmentation.scores.augmentation import mirrored
from segmentation.synth import write_studio

LIMITS = Limits(auto=0.985, redo=0.92)
OUTLINE, TINT = (255, 0, 150), (255, 200, 0)
NASTY = "<script>alert(1)<b>.png"

USUAL = {
    **{"disagreement": (-1.8, 0.3), "thick_disagreement": (-2.7, 0.4), "softness": (-0.8, 0.1)},
    **{"fragments": (-2.9, 0.2), "area": (-1.1, 0.2), "outline": (0.75, 0.1), "lightness": (80.0, 5.0)},
}
WEIGHTS = dict.fromkeys(SIGNS, 0.3) | {"disagreement": 1.2}
KNOWING = ConfidenceModel(("known",), USUAL, WEIGHTS, bias=2.08, error=0.01, correlation=0.5)
ORDINARY = {**{name: 10 ** USUAL[name][0] - 0.001 for name in (*DOUBTS, *SHAPE)}, "lightness": 80.0}


# --- what confidence is worth ----------------------------------------------------------------------------


def triage_of(confidence, dice, garments=None, known=0):
    garments = tuple(map(str, range(len(dice)))) if garments is None else garments
    return Triage(np.array(confidence, float), np.array(dice, float), garments, KNOWING, known)


FIVE = triage_of([0.9, 0.99, 0.5, 0.8, 0.7], [0.99, 1.0, 0.6, 0.7, 0.985])
pairs = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=30).map(
    lambda rows: triage_of(*np.transpose(rows) / 20)
)


def test_risk_is_the_mean_error_of_the_most_certain():
    errors = [0.0, 0.01, 0.3, 0.015, 0.4]

    assert FIVE.risk() == pytest.approx([np.mean(errors[:count]) for count in range(1, 6)])
    errors.sort()
    assert FIVE.best_risk() == pytest.approx([np.mean(errors[:count]) for count in range(1, 6)])


@given(pairs)
def test_no_order_is_better_than_the_best_and_all_end_at_the_mean_error(triage):
    assert (triage.best_risk() <= triage.risk() + 1e-12).all()
    assert triage.risk()[-1] == pytest.approx(1 - triage.dice.mean())
    assert triage.best_risk()[-1] == pytest.approx(1 - triage.dice.mean())


def test_a_bad_mask_is_caught_where_its_photo_is_among_the_reviewed():
    # reviewed first: those of confidence 0.5 (bad), 0.7 (good), 0.8 (bad)
    assert FIVE.caught(0.2) == 0.5
    assert FIVE.caught(0.4) == 0.5
    assert FIVE.caught(0.6) == 1
    assert FIVE.caught(0.1) == 0.5  # a part of a photo is reviewed as a whole
    assert FIVE.caught(0) == 0
    assert FIVE.caught(0.4, below=0.99) == pytest.approx(2 / 3)
    assert np.isnan(FIVE.caught(0.2, below=0.5))


def test_the_worst_masks_are_counted_among_as_many_reviewed():
    assert FIVE.worst_caught(0.2) == 1
    assert FIVE.worst_caught(0.4) == 0.5


def test_reviewing_a_tenth_of_ten_photos_is_reviewing_one():
    triage = triage_of(np.arange(10) / 10, [0.5, 0.6, *[1.0] * 8])

    assert triage.caught(0.1) == 0.5
    assert triage.caught(0.2) == 1


@given(pairs, st.floats(0, 1))
def test_shares_caught_grow_with_the_review_up_to_all(triage, share):
    if (triage.dice < 0.98).any():
        assert 0 <= triage.caught(share) <= triage.caught(1) == 1


@given(pairs)
def test_the_correlation_is_spearmans_and_none_where_all_are_equal(triage):
    found = rank_correlation(triage.confidence, triage.dice)

    if np.ptp(triage.confidence) and np.ptp(triage.dice):
        assert found == pytest.approx(spearmanr(triage.confidence, triage.dice).statistic)
    else:
        assert found == 0


def test_the_interval_is_as_wide_as_chance():
    random = np.random.default_rng(0)
    dice = random.random(200)
    noisy = dice + random.normal(0, 0.5, 200)
    found, low, high = triage_of(noisy, dice).correlation

    assert found == pytest.approx(spearmanr(noisy, dice).statistic)
    assert low < found < high
    assert 0.1 < high - low < 0.4  # about 4 (1 - r^2) / sqrt(200)


def test_views_of_a_garment_make_the_interval_no_narrower():
    random = np.random.default_rng(0)
    dice = random.random(60)
    noisy = dice + random.normal(0, 0.5, 60)
    garments = tuple(str(place // 3) for place in range(180))
    single, thrice = triage_of(noisy, dice), triage_of(np.repeat(noisy, 3), np.repeat(dice, 3), garments)

    widths = [high - low for _, low, high in (single.correlation, thrice.correlation)]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_views_of_a_single_garment_are_resampled_one_by_one():
    found, low, high = triage_of(
        [0.9, 0.8, 0.6, 0.7, 0.5], [0.99, 0.9, 0.95, 0.8, 0.7], ("a",) * 5
    ).correlation

    assert low < found < high


def test_a_person_is_told_where_the_photos_taught_the_model_its_confidence():
    told = triage_of([0.9, 0.8, 0.7, 0.6, 0.5], [0.99] * 5, known=3).lines()

    assert told[-1].startswith("this flatters it, since 3 of these photos were used to fit the confidence")
    assert "0.0100 on average" in told[-1]


def test_the_summary_is_plain_json_and_says_nothing_of_bad_masks_where_there_are_none():
    summary = FIVE.summary()
    good = triage_of([0.9, 0.8, 0.7, 0.6, 0.5], [0.99] * 5).summary()

    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert json.loads(json.dumps(good, allow_nan=False)) == good
    assert summary["caught_by_reviewing_20%"] == 0.5
    assert summary["confidence_error_mean"] == pytest.approx(np.mean([0.09, 0.01, 0.1, 0.1, 0.285]))
    assert good["caught_by_reviewing_20%"] is None


def test_a_person_is_told_how_many_bad_masks_a_review_finds():
    by_ten, by_twenty, order = FIVE.lines()

    assert by_ten == "review the least certain 10% and you catch 50% of the 2 masks below 0.98"
    assert by_twenty == "review the least certain 20% and you catch 50% of the 2 masks below 0.98"
    assert order.startswith("confidence and Dice have a rank correlation of 0.90 (95% interval ")
    good = triage_of([0.9] * 5, [0.99] * 5).lines()
    assert good[0] == "no mask is below 0.98"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Six photos of three drawn garments, with their ground truth."""
    return discover(draw_set(tmp_path_factory.mktemp("drawn") / "pairs"), check=False).samples


def evaluated(samples, folder, threshold=0.5, estimator=None):
    """The figures, the rows and the report of an evaluation."""
    evaluation = evaluate(red_score, samples, threshold, estimator=estimator)
    write_evaluation(evaluation, red_score, samples, folder, "shoes")
    rows = list(csv.DictReader((folder / "per_image.csv").open()))
    return json.loads((folder / "metrics.json").read_text()), rows, (folder / "report.html").read_text()


def test_an_evaluation_with_a_judge_tells_what_confidence_is_worth(drawn, tmp_path):
    figures, rows, report = evaluated(drawn, tmp_path, estimator=ESTIMATOR)
    confidence, dice = ([float(row[name]) for row in rows] for name in ("confidence", "dice"))

    assert figures["confidence_error_mean"] == pytest.approx(
        np.abs(np.subtract(confidence, dice)).mean(), abs=1e-5
    )
    assert figures["confidence_correlation"] == triage_of(confidence, dice).correlation[0]
    assert "How reliable the confidence is" in report
    for line in triage_of(confidence, dice).lines():
        assert line[1:].partition(" (95%")[0] in report


@pytest.mark.parametrize(
    ("threshold", "estimator"), [(0.5, None), (0.5, ConfidenceEstimator(red_score, 0.5)), (None, "ESTIMATOR")]
)
def test_an_evaluation_without_confidence_says_nothing_of_it(drawn, tmp_path, threshold, estimator):
    figures, rows, report = evaluated(
        drawn, tmp_path, threshold, ESTIMATOR if estimator == "ESTIMATOR" else estimator
    )

    assert not any("confidence" in name or "caught" in name for name in figures)
    assert {row["confidence"] for row in rows} == {""}
    assert "How reliable the confidence is" not in report


def test_of_fewer_than_five_photos_no_order_is_told(drawn, tmp_path):
    figures, rows, _ = evaluated(drawn[:4], tmp_path, estimator=ESTIMATOR)

    assert "confidence_correlation" not in figures
    assert all(row["confidence"] for row in rows)


# --- verdicts --------------------------------------------------------------------------------------------


def evidence_of(confidence, **others):
    """Evidence of an otherwise ordinary photo, with the disagreement that gives a confidence."""
    usual, weight = ORDINARY["disagreement"], KNOWING.weights["disagreement"]
    larger = (error_of(confidence) - error_of(KNOWING.confidence(ORDINARY))) / weight
    return ORDINARY | {"disagreement": (usual + 0.001) * 10**larger - 0.001} | others


def verdict_of(confidence, limits=LIMITS, **others):
    features = evidence_of(confidence, **others)
    return triage_photo(features, KNOWING.confidence(features), KNOWING, limits)


def test_limits_that_cross_are_refused():
    with pytest.raises(
        ConfigError, match=r"`redo_below`: expected at most `auto_from`, 0\.9, received 0\.95"
    ):
        Limits(0.9, 0.95)
    assert Limits(0.9, 0.9).auto == 0.9


@pytest.mark.parametrize(("confidence", "decision"), [(0.99, "auto"), (0.95, "review"), (0.8, "redo")])
def test_the_limits_decide(confidence, decision):
    assert verdict_of(confidence).decision == decision


def test_a_certain_mask_needs_no_reason_and_others_have_one():
    assert verdict_of(0.99).reasons == ()
    assert verdict_of(0.9).reasons == ("the second opinion differs",)


def test_where_nothing_tells_more_than_usual_the_limit_itself_is_the_reason():
    confidence = KNOWING.confidence(ORDINARY)

    assert KNOWING.doubts(ORDINARY) == []
    verdict = triage_photo(ORDINARY, confidence, KNOWING, Limits(0.999, 0.9))
    assert verdict == Verdict("review", ("confidence below 0.999",))


@pytest.mark.parametrize(("area", "found"), [(0.0, NOTHING), (0.99, EVERYTHING)])
@pytest.mark.parametrize(("limits", "decision"), [(LIMITS, "redo"), (Limits(0, 0), "review")])
def test_where_no_garment_was_found_a_person_looks_whatever_the_limits(area, found, limits, decision):
    features = ORDINARY | {"area": area}
    verdict = triage_photo(features, KNOWING.confidence(features), KNOWING, limits)

    assert verdict == Verdict(decision, (found,))


def test_a_photo_unlike_those_known_is_looked_at_however_certain():
    verdict = verdict_of(0.99, lightness=40.0)

    assert verdict == Verdict("review", ("unlike the photos that the model knows: darker",))
    assert verdict_of(0.8, lightness=40.0).decision == "redo"
    assert "unlike the photos that the model knows: darker" in verdict_of(0.8, lightness=40.0).reasons


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({"garments": 2}, "two garments, or one in two parts"),
        ({"garments": 3}, "three garments, or one in three parts"),
        ({"garments": 1, "islands": 1}, "a detached part"),
        ({"garments": 1, "islands": 4}, "4 detached parts"),
        ({"garments": 1, "faint_parts": 1}, "a faint part may be missing"),
    ],
)
def test_a_mask_in_parts_or_with_a_part_lost_is_looked_at_however_certain(counts, reason):
    assert verdict_of(0.99, **counts) == Verdict("review", (reason,))
    assert verdict_of(0.8, **counts).decision == "redo"
    assert verdict_of(0.8, **counts).reasons[0] == reason


def test_where_two_opinions_share_no_garment_that_is_said_first():
    verdict = verdict_of(0.95, thick_disagreement=0.5)

    assert verdict.decision != "auto"
    assert verdict.reasons[0] == "no garment that the model is sure of"
    assert "no garment" not in " ".join(verdict_of(0.95, thick_disagreement=0.5, garments=2).reasons)
    assert "no garment" not in " ".join(verdict_of(0.95, thick_disagreement=0.2).reasons)


def test_a_photo_unlike_the_others_of_its_garment_is_looked_at_however_certain():
    assert verdict_of(0.99).besides("too small") == Verdict("review", ("too small",))
    assert verdict_of(0.8).besides("too small").decision == "redo"


evidences = st.fixed_dictionaries(
    {
        **dict.fromkeys(DOUBTS, st.floats(0, 1)),
        **{"area": st.floats(0, 1), "outline": st.floats(0, 100), "lightness": st.floats(0, 100)},
    }
)


@given(evidences, st.floats(0, 1), st.floats(0, 1))
def test_whoever_has_to_look_is_told_why(features, one, other):
    limits = Limits(max(one, other), min(one, other))
    verdict = triage_photo(features, KNOWING.confidence(features), KNOWING, limits)

    assert bool(verdict.reasons) == (verdict.decision != "auto")
    if verdict.decision == "auto":
        assert KNOWING.confidence(features) >= limits.auto
        assert features["area"] >= LEAST_AREA


def record(stem, features, **others):
    plain = {"stem": stem, "input": f"/in/{stem}.jpg", "error": None, "evidence": features, "area": 0.1}
    return {**plain, "outputs": {"mask": f"masks/{stem}.png", "cutout-psd": f"cutouts/{stem}.psd"}, **others}


def test_a_folder_is_sorted_by_what_is_to_be_done_and_the_least_certain_first():
    confidences = {"a": 0.99, "b": 0.95, "c": 0.7, "d": 0.94, "e": 0.5, "f": 0.995}
    records = [record(stem, evidence_of(confidence)) for stem, confidence in confidences.items()]
    triage = triage_folder(records, KNOWING, LIMITS)

    assert [row.stem for row in triage.rows] == ["e", "c", "d", "b", "a", "f"]
    assert triage.counts == {"redo": 2, "review": 2, "auto": 2}
    assert [row.confidence for row in triage.rows] == pytest.approx(
        [0.5, 0.7, 0.94, 0.95, 0.99, 0.995], abs=1e-4
    )
    assert triage.rows[0].cutout == "cutouts/e.psd"
    assert triage.shifts == []


def test_failures_and_photos_that_nobody_judged_are_left_out():
    records = [
        record("a", {}),
        record("b", evidence_of(0.9), error="no picture"),
        record("c", evidence_of(0.9)),
    ]

    triage = triage_folder(records, KNOWING, LIMITS)

    assert [row.stem for row in triage.rows] == ["c"]
    assert triage.failures == {"b": "no picture"}
    assert triage.counts["failed"] == triage.others == 1
    assert triage_folder([], KNOWING, LIMITS) == FolderTriage((), {})


def test_photos_of_another_model_are_not_judged_by_what_this_one_knows():
    records = [record(name, evidence_of(0.9), key={"model": name}) for name in ("ours", "theirs")]
    triage = triage_folder(records, KNOWING, LIMITS, lambda record: record["key"]["model"] == "ours")

    assert [row.stem for row in triage.rows] == ["ours"]
    assert triage.others == 1


def test_a_damaged_record_is_no_reason_to_lose_the_review_of_the_others():
    torn = {name: value for name, value in evidence_of(0.9).items() if name != "area"}

    assert triage_folder([record("a", torn)], KNOWING, LIMITS).others == 1


def test_a_folder_of_another_kind_is_told_though_no_photo_stands_out():
    lights = (6, 9, 12) * 4
    records = [record(str(n), evidence_of(0.99, lightness=80 - light)) for n, light in enumerate(lights)]
    triage = triage_folder(records, KNOWING, LIMITS)

    assert triage.counts["auto"] == 12
    assert triage.shifts == ["darker (-1.8 standard deviations)"]
    assert triage_folder(records[:6], KNOWING, LIMITS).shifts == []


# --- viewpoints ------------------------------------------------------------------------------------------


def a_view(stem, confidence=0.99, radii=(0.3, 0.25), colour=(150, 40, 60), lower_half=True):
    mask = ellipse(432, 288, radii=radii)
    photo = np.where(mask[..., np.newaxis], np.array(colour), 200).astype(np.uint8)
    if not lower_half:
        mask[216:] = False
    return View.of(stem, confidence, extract_features(photo, mask.astype(np.float32), 0.5, mask))


VIEWS = ("7_Front", "7_FrontRight", "7_Back")


def test_views_that_go_together_are_not_flagged():
    views = [
        a_view(stem, radii=radii)
        for stem, radii in zip(VIEWS, ((0.3, 0.25), (0.29, 0.2), (0.31, 0.24)), strict=True)
    ]

    assert odd_views(views) == {}
    assert odd_views(views[:2]) == {}
    assert odd_views(views[:1]) == {}


@pytest.mark.parametrize("lost", range(3))
def test_a_view_whose_mask_lost_its_lower_half_is_flagged(lost):
    views = [a_view(stem, lower_half=number != lost) for number, stem in enumerate(VIEWS)]
    found = odd_views(views)

    assert found.keys() == {VIEWS[lost]}
    assert "0.50 times as high" in found[VIEWS[lost]].reason
    assert "times as large" in found[VIEWS[lost]].reason


def test_a_sleeve_that_one_of_two_opposite_views_has_lost_is_flagged():
    front, back = a_view("7_Front", radii=(0.3, 0.25)), a_view("7_Back", 0.9, radii=(0.3, 0.2))
    aside = a_view("7_FrontRight", radii=(0.3, 0.2))  # narrower as well, and may be

    assert odd_views([front, aside, back]) == {
        "7_Back": OddView("not as from the garment's other sides: 0.81 times as wide")
    }
    assert odd_views([front, aside]) == odd_views([aside, back]) == {}
    assert odd_views([front, aside, back._replace(width=None)]) == {}  # by an earlier version


def test_a_view_in_another_colour_is_flagged():
    views = [a_view("7_Front"), a_view("7_Back", colour=(40, 60, 150)), a_view("7_FrontRight")]

    assert odd_views(views) == {"7_Back": OddView("not as from the garment's other sides: of another colour")}


def test_of_two_the_less_certain_is_flagged():
    whole, half = a_view("7_Front", 0.9), a_view("7_Back", 0.95, lower_half=False)

    assert odd_views([whole, half]).keys() == {"7_Front"}
    assert "2.00 times as high" in odd_views([whole, half])["7_Front"].reason
    assert odd_views([whole._replace(confidence=0.97), half]).keys() == {"7_Back"}


@pytest.mark.parametrize("upside_down", [False, True])
def test_the_end_that_is_lost_is_marked_where_the_model_knows_faults(upside_down):
    colours = dict.fromkeys((f"garment_{name}" for name in ("lightness", "green_red", "blue_yellow")), 9.0)
    whole = evidence_of(0.99, height=0.6, across=0.5, down=0.5, **colours)
    half = whole | {"height": 0.3, "down": 0.65 if upside_down else 0.35}
    others = [(f"7_{side}", whole) for side in ("Front", "FrontRight")]
    records = [record(*view, size=[200, 400]) for view in [("7_Back", half), *others]]
    places = PlaceModel(dict.fromkeys(FIGURES, 0.0), 0.0, 0.0, 1.0, ranking=0.9, candidates=40, planted=0)
    old, unmet, new = (
        {row.stem: row for row in triage_folder(records, model, LIMITS).rows}
        for model in (
            KNOWING,
            dataclasses.replace(KNOWING, places=places),
            dataclasses.replace(KNOWING, places=dataclasses.replace(places, odd_ends=0.5)),
        )
    )
    end = new["7_Back"].odd_end

    assert all(row.odd_end is None for row in old.values())
    assert [row.stem for row in new.values() if row.odd_end] == ["7_Back"]
    assert (end.kind, end.probability, end.top, end.height) == (
        "missed",
        0.5,
        80 if upside_down else 200,
        120,
    )
    assert end.signs == ("goes less far than from the garment's other sides",)
    assert 0.5 in new["7_Back"].likely
    assert new["7_Back"].fields["odd_end"]["kind"] == "missed"
    assert "odd_end" not in new["7_Front"].fields
    assert unmet["7_Back"].odd_end == dataclasses.replace(end, probability=None)
    assert not unmet["7_Back"].likely


def test_a_mask_that_is_probably_wrong_at_an_end_is_as_much_less_likely_without_a_fault():
    colours = dict.fromkeys((f"garment_{name}" for name in ("lightness", "green_red", "blue_yellow")), 9.0)
    whole = evidence_of(0.99, height=0.6, across=0.5, down=0.5, expected_faults=0.1, **colours)
    half = whole | {"height": 0.3, "down": 0.35}
    records = [
        record(stem, of, size=[200, 400])
        for stem, of in (("7_Back", half), ("7_Front", whole), ("7_FrontRight", whole))
    ]
    places = PlaceModel(dict.fromkeys(FIGURES, 0.0), 0.0, 2.0, 1.0, ranking=0.9, candidates=40, planted=0)

    def triaged(odd_ends):
        known = dataclasses.replace(KNOWING, places=dataclasses.replace(places, odd_ends=odd_ends))
        return triage_folder(records, known, LIMITS)

    unmet, seldom, often = ({row.stem: row.clean for row in triaged(odd).rows} for odd in (None, 0.1, 0.8))
    assert unmet["7_Back"] == unmet["7_Front"] > 0.9
    assert seldom["7_Back"] == pytest.approx(0.9 * unmet["7_Back"], abs=1e-4)
    assert often["7_Back"] == pytest.approx(0.2 * unmet["7_Back"], abs=1e-4)
    assert often["7_Front"] == unmet["7_Front"]
    assert triaged(0.8).clean == pytest.approx(2.2 * unmet["7_Front"], abs=1e-3)


def test_how_often_an_odd_end_is_wrong_is_learned_from_the_true_masks():
    views = [a_view("7_Front"), a_view("7_FrontRight"), a_view("7_Back", lower_half=False)]
    views += [view._replace(stem=view.stem.replace("7", "8")) for view in views]
    whole, half = (0.2, 0.8), (0.2, 0.5)
    lost = {view.stem: whole for view in views}

    assert share_of_wrong_ends(views, lost) == 3 / 4
    assert share_of_wrong_ends(views, lost | {"8_Back": half}) == 2 / 4
    assert share_of_wrong_ends(views, lost | {"7_Back": half, "8_Back": half}) == 1 / 4
    assert share_of_wrong_ends(views[:2], lost) is None


def test_photos_whose_names_do_not_go_together_are_never_compared():
    names = ("IMG_01", "IMG_02", "a/7_Front", "b/7_Back", "7_Front", "8_Back")
    views = [a_view(stem, lower_half=bool(number % 2)) for number, stem in enumerate(names)]

    assert odd_views(views) == {}


def test_a_detail_is_not_held_against_the_whole_garment():
    assert odd_views([a_view("7_Front"), a_view("7_Detail", 0.5, radii=(0.49, 0.49))]) == {}


def test_where_nothing_was_found_there_is_nothing_to_compare():
    empty = np.zeros((432, 288), bool)

    assert (
        View.of(
            "7_Front",
            0.0,
            extract_features(np.zeros((432, 288, 3), np.uint8), empty.astype(np.float32), 0.5, empty),
        )
        is None
    )


views = st.builds(
    View,
    stem=st.sampled_from(
        [f"{garment}_{side}" for garment in "78" for side in ("Front", "Back", "FrontRight", "Detail")]
    ),
    confidence=st.sampled_from([0.5, 0.9]),
    height=st.floats(0.01, 1),
    area=st.floats(0.001, 0.9),
    colour=st.tuples(st.floats(0, 100), st.floats(-100, 100), st.floats(-100, 100)),
    across=st.floats(0, 1),
    down=st.floats(0, 1),
)


@given(
    st.lists(views, unique_by=lambda view: view.stem, max_size=8).flatmap(
        lambda found: st.tuples(st.just(found), st.permutations(found))
    )
)
def test_the_order_of_the_photos_does_not_matter(lists):
    found, permuted = lists

    assert odd_views(found) == odd_views(permuted)


# --- the manifest ----------------------------------------------------------------------------------------


ESTIMATOR = ConfidenceEstimator(mirrored(red_score), 0.5, CONFIDENCE_MODEL)
TRIAGED = {
    "bundle": dataclasses.replace(BUNDLE, confidence_model=CONFIDENCE_MODEL),
    "estimator": ESTIMATOR,
    "auto_from": LIMITS.auto,
    "redo_below": LIMITS.redo,
}


def test_results_have_evidence_confidence_and_a_verdict(source, tmp_path):
    cut_folder(source, tmp_path / "out", **TRIAGED)
    for line in manifest_lines(tmp_path / "out"):
        assert line["confidence"] == pytest.approx(CONFIDENCE_MODEL.confidence(line["evidence"]), abs=2e-5)
        assert line["decision"] in ("auto", "review", "redo")
        assert bool(line["reasons"]) == (line["decision"] != "auto")
        assert line["outputs"]["review"] == f"review/{line['stem']}.jpg"
        assert (tmp_path / "out" / line["outputs"]["review"]).is_file()


def test_records_are_the_last_lines_of_each_photo(source, tmp_path):
    cut_folder(source, tmp_path / "out")
    with Manifest(tmp_path / "out", {}) as manifest:
        manifest.append(Result(str(source / "b.png"), "b", error="torn"))
        manifest.append(Result(str(source / "b.png"), "b", area=0.25))
        manifest.append(Result(str(source / "new.png"), "new", area=0.5))
        records = list(manifest.records())

    assert sorted(one["stem"] for one in records) == ["a", "b", "c", "d", "new", "x/a", "x/e"]
    (again,) = (one for one in records if one["stem"] == "b")
    assert (again["area"], again["error"]) == (0.25, None)
    assert records == manifest_lines(tmp_path / "out")


def test_a_revision_changes_what_it_is_asked_to_and_photos_still_count_as_done(source, tmp_path):
    output = tmp_path / "out"
    cut_folder(source, output, **TRIAGED)
    before, files = manifest_lines(output), pictures(output)
    with Manifest(output, {}) as manifest:
        manifest.revise({"x/a": {"decision": "redo"}})
    after = manifest_lines(output)

    assert after == [line | {"decision": "redo"} if line["stem"] == "x/a" else line for line in before]
    assert pictures(output) == files
    assert made(cut_folder(source, output, **TRIAGED)) == []
    assert manifest_lines(output) == after


def test_a_job_that_fails_revises_nothing(source, tmp_path):
    cut_folder(source, tmp_path / "out", **TRIAGED)
    before = manifest_lines(tmp_path / "out")

    def fail():
        with Manifest(tmp_path / "out", {}) as manifest:
            manifest.revise({"a": {"decision": "redo"}})
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert manifest_lines(tmp_path / "out") == before


# --- the contact picture ---------------------------------------------------------------------------------


def a_prediction(mask, doubtful=None):
    return Prediction("a", mask.astype(np.float32)[..., np.newaxis], LabelMap(), 0.5, doubtful=doubtful)


def near(picture, colour, tolerance=12):
    """bool [h, w]: the pixels of nearly a colour."""
    return np.abs(picture.astype(int) - colour).max(axis=2) <= tolerance


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (3, 2), (1, 900), (2000, 1), (1500, 1000), (400, 3000), (200, 150)]
)
@pytest.mark.parametrize("value", [False, True])
def test_a_contact_picture_is_small_and_never_larger_than_its_photo(height, width, value):
    photo = np.full((height, width, 3), 90, np.uint8)
    picture = draw_contact(
        photo, a_prediction(np.full((height, width), value), np.full((height, width), value))
    )

    assert picture.dtype == np.uint8
    assert 1 <= picture.shape[0] <= min(640, height)
    assert 1 <= picture.shape[1] <= min(480, width)


def test_a_contact_picture_shows_the_garment_with_its_edge_and_what_is_doubtful():
    photo = np.full((600, 500, 3), 90, np.uint8)
    mask, doubtful = np.zeros((2, 600, 500), bool)
    mask[100:300, 200:300] = True
    doubtful[150:200, 220:260] = True
    picture = draw_contact(photo, a_prediction(mask, doubtful))
    outline, tinted = near(picture, OUTLINE, 60), near(picture, 0.6 * np.array(TINT) + 0.4 * 90)

    assert picture.shape[:2] == (300, 200)  # the garment and a margin of a quarter of its height
    assert outline[50, 52:148].all()
    assert outline[249, 52:148].all()
    assert outline[52:248, 50].all()
    assert not outline[54:246, 54:146].any()
    np.testing.assert_array_equal(np.argwhere(tinted)[[0, -1]], [(100, 70), (149, 109)])
    assert (picture[~outline & ~tinted] == 90)[-1].all()
    assert (picture[:48] == 90).all()


def test_outline_and_tint_stay_where_they_are_in_a_large_photo():
    photo = np.full((3000, 2000, 3), 90, np.uint8)
    mask, doubtful = np.zeros((2, 3000, 2000), bool)
    mask[500:2500, 500:1500] = True
    doubtful[1000:1500, 800:1200] = True
    picture = draw_contact(photo, a_prediction(mask, doubtful))
    scale = 640 / 3000
    outline, tinted = near(picture, OUTLINE, 60), near(picture, 0.6 * np.array(TINT) + 0.4 * 90)

    assert picture.shape[:2] == (640, round(2000 * scale))
    assert np.argwhere(tinted).mean(axis=0) / scale == pytest.approx([1250, 1000], abs=4)
    assert np.argwhere(outline)[[0, -1], 0] / scale == pytest.approx([500, 2500], abs=8)


@pytest.mark.parametrize("score", [0.15, 0.4])
def test_a_contact_picture_shows_what_the_mask_lost(score):
    photo = np.full((900, 800, 3), 90, np.uint8)
    photo[50:60, 700:710] = 200  # the end of a sleeve, of which the scores only hint
    mask = np.zeros((900, 800), bool)
    mask[500:700, 200:400] = True
    scores = np.where(mask, np.float32(0.9), np.float32(0))
    scores[50:60, 700:710] = score
    prediction = dataclasses.replace(a_prediction(mask), scores=scores[..., np.newaxis], threshold=0.5)

    picture = draw_contact(photo, prediction)
    assert near(picture, np.full(3, 200), 60).any()


def test_where_nothing_was_found_the_doubtful_place_is_shown():
    photo = np.full((600, 500, 3), 90, np.uint8)
    doubtful = np.zeros((600, 500), bool)
    doubtful[100:200, 200:250] = True

    assert draw_contact(photo, a_prediction(doubtful & False, doubtful)).shape[:2] == (150, 100)
    assert draw_contact(photo, a_prediction(doubtful & False)).shape[:2] == (576, 480)


# --- the page --------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """A page's contents as a browser would show and fetch them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.links, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        self.sources += [values["src"]] if "src" in values else []
        self.links += [values["href"]] if "href" in values else []

    def handle_data(self, data):
        self.text += data


def read_page(folder):
    text = (folder / REVIEW).read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "")
    return Page(text)


def reached(folder, address):
    """The file that a browser opens."""
    path, _, fragment = address.partition("#")
    assert not fragment
    assert "?" not in path
    return folder / os.fsdecode(unquote_to_bytes(path))


def a_row(stem, confidence, decision="review", reasons=("unsure of the edge",)):
    return Row(stem, confidence, 0.1, Verdict(decision, reasons), f"cutouts/{stem}.png")


def written(folder, *rows, drift=(), caution=""):
    write_review(folder, FolderTriage(tuple(rows), dict(drift)), LIMITS, "shoes & hats", caution)
    return read_page(folder)


def table(folder):
    return list(csv.DictReader((folder / TABLE).open(encoding="utf-8", newline="")))


def test_the_head_of_the_page_counts_what_its_tiles_count(tmp_path):
    records = [record("a", {}, error="a.jpg: is no image"), record("b", evidence_of(0.9))]
    triage = triage_folder(records, KNOWING, LIMITS)
    write_review(tmp_path, triage, LIMITS, "shoes")

    assert triage.photos == sum(triage.counts.values()) == 2
    assert "2 photos, least certain first" in read_page(tmp_path).text


def test_the_page_names_the_photos_that_failed_and_why(tmp_path):
    error = "<a.jpg>: is no image; remove it"
    write_review(tmp_path, triage_folder([record("a", {}, error=error)], KNOWING, LIMITS), LIMITS, "shoes")

    page = read_page(tmp_path)
    assert "Failed (1)" in page.text
    assert error in page.text
    (row,) = table(tmp_path)
    assert (row["photo"], row["decision"], row["reasons"]) == ("a", "failed", error)


def test_what_is_shown_reaches_a_limit_only_where_the_confidence_does(tmp_path):
    page = written(tmp_path, a_row("a", 0.98496))

    assert "0.984" in page.text
    assert "0.985 a" not in page.text


def test_the_page_says_what_kind_of_photos_they_are_where_the_model_does_not_know_it(tmp_path):
    rows = [a_row(str(number), 0.95) for number in range(10)]
    page = written(tmp_path, *rows, drift={"lightness": -1.5, "contrast": 0.5})

    assert "darker (-1.5 standard deviations)" in page.text
    assert "contrast" not in page.text


def test_the_page_says_where_confidence_is_a_rough_guide(tmp_path):
    assert "rough guide" not in written(tmp_path).text
    assert (
        "rough guide here: it was learned without --tta"
        in written(tmp_path, caution="it was learned without --tta").text
    )


def test_only_pages_and_tables_of_a_review_are_removed(tmp_path):
    written(tmp_path)
    remove_review(tmp_path)
    assert list(tmp_path.iterdir()) == []

    (tmp_path / TABLE).write_text("my own table")
    (tmp_path / REVIEW).write_text("<!DOCTYPE html>\n<html lang='en'>my own page")
    remove_review(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {TABLE, REVIEW}


def test_the_page_shows_the_photos_in_their_order_and_the_table_holds_the_same(tmp_path):
    rows = a_row("c", 0.5, "redo"), a_row("b", 0.95), a_row("d", 0.96), a_row("a", 0.99, "auto", ())
    page = written(tmp_path, *rows)

    assert page.sources == [f"review/{stem}.jpg" for stem in "cbda"]
    assert page.links == [f"cutouts/{stem}.png" for stem in "cbda"]
    for words in (
        "4 photos, least certain first",
        "shoes & hats",
        "0.985",
    ):
        assert words in page.text
    assert page.text.count("unsure of the edge") == 3
    for words in (
        "Redo: quicker by hand (1)",
        "Review: have a look (2)",
        "Auto: can be taken as they are (1)",
    ):
        assert words in page.text
    assert table(tmp_path)[0] == {
        "photo": "c",
        "decision": "redo",
        "confidence": "0.50000",
        "area": "0.1000",
        "reasons": "unsure of the edge",
    }
    assert [row["photo"] for row in table(tmp_path)] == list("cbda")


def test_a_page_of_nothing_is_still_a_page(tmp_path):
    assert "0 photos" in written(tmp_path).text
    assert table(tmp_path) == []


def test_a_page_has_an_end_and_says_how_many_more_there_are(tmp_path):
    page = written(tmp_path, *(a_row(f"{number}", 0.9) for number in range(1003)))

    assert len(page.sources) == 1000
    assert "3 more photos, all more certain, are in triage.csv" in page.text
    assert len(table(tmp_path)) == 1003


NAMES = [
    NASTY,
    "quotes \"'`.png",
    "100%.png",
    "50%20.png",
    "a#b?c=d&amp;.png",
    " spaces  and {{ braces }}.png",
    "javascript:alert(1).png",
    "größe.png",
    os.fsdecode(b"not\xffutf8.png"),
    "two\nlines.png",
    "x/in a folder.png",
]


def test_names_of_any_kind_are_text_and_lead_to_their_files(tmp_path):
    for number, name in enumerate(NAMES):
        draw(tmp_path / "in" / name, number)
    output = tmp_path / "out"
    cut_folder(tmp_path / "in", output, **TRIAGED)
    triage = triage_folder(manifest_lines(output), CONFIDENCE_MODEL, LIMITS)
    write_review(output, triage, LIMITS, "shoes")
    page = read_page(output)

    assert len(page.sources) == len(page.links) == len(NAMES)
    shown = [reached(output, address) for address in page.sources]
    opened = [reached(output, address) for address in page.links]
    assert [path.relative_to(output / "review").with_suffix("").as_posix() for path in shown] == [
        row.stem for row in triage.rows
    ]
    assert [path.relative_to(output / "cutouts").with_suffix("").as_posix() for path in opened] == [
        row.stem for row in triage.rows
    ]
    assert all(path.is_file() for path in (*shown, *opened))
    assert "script" not in page.tags
    assert "b" in page.tags
    for words in ("<script>alert(1)<b>", "{{ braces }}", "größe", "100%", r"not\udcffutf8", r"two\nlines"):
        assert words in page.text
    assert len(table(output)) == len(NAMES)


# --- the commands ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def studio_pairs(tmp_path_factory):
    """Twelve pairs of four drawn garments."""
    folder = tmp_path_factory.mktemp("studio")
    write_studio(folder, 4, width=288, height=432, seed=11, workers=1)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory, studio_pairs):
    """A home with two copies of the model that comes with the program, one of which is calibrated."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "models" / "default", home / "models" / "unjudged")
    description = home / "models" / "unjudged" / "bundle.json"
    description.write_text(json.dumps(json.loads(description.read_text()) | {"experience": None}))
    before = description.read_bytes()
    copying = ("calibrate", "--home", home, "--model", "unjudged", "--data", studio_pairs, "--name", "judged")
    shown = run(*copying).stdout
    assert "judged: fitted on 12 photos that it was not trained on" in shown
    assert description.read_bytes() == before
    assert re.search(r"of 12 masks have a fault \(at least 5 px thick, more than 100 px\); ", shown)
    return home


@pytest.fixture(scope="module")
def photos(studio_pairs, tmp_path_factory):
    """Three photos of one garment, in a folder of their own."""
    folder = tmp_path_factory.mktemp("in")
    for photo in sorted((studio_pairs / "images").iterdir())[:3]:
        shutil.copy2(photo, folder)
    return folder


def predicting(home, photos, output, *options, model="judged"):
    return (
        "predict",
        "--home",
        home,
        "--model",
        model,
        "--input",
        photos,
        "--save",
        "--output",
        output,
        *options,
    )


def decisions(output):
    return {line["stem"]: line["decision"] for line in manifest_lines(output)}


def test_predict_sorts_a_folder_and_sorts_it_anew_without_making_it_again(home, photos, tmp_path):
    output = tmp_path / "out"
    shown = run(*predicting(home, photos, output)).stdout
    lines, files = manifest_lines(output), pictures(output)
    page = read_page(output)

    assert str(output / REVIEW) in shown
    for line in lines:
        assert 0.9 < line["confidence"] <= 1
        assert bool(line["reasons"]) == (line["decision"] != "auto")
    by_photo = {row["photo"]: row for row in table(output)}
    assert {stem: row["decision"] for stem, row in by_photo.items()} == decisions(output)
    assert "3 photos" in page.text
    assert len(page.sources) == len(page.links) == 3
    assert all(reached(output, address).is_file() for address in (*page.sources, *page.links))

    again = run(*predicting(home, photos, output, "--auto-from", 1, "--redo-below", 1)).stdout
    assert "3 skipped as done" in again
    assert "0 auto, 0 review, 3 redo" in again
    assert set(decisions(output).values()) == {"redo"} != set(by_photo)
    assert all(line["reasons"] for line in manifest_lines(output))
    kept = pictures(output)
    changed = {name for name in files if files[name] != kept[name]}
    assert changed == {REVIEW, TABLE}
    assert {row["decision"] for row in table(output)} == {"redo"}


def test_what_was_made_without_triage_is_made_again_with_it(home, photos, tmp_path):
    output = tmp_path / "out"
    shown = run(*predicting(home, photos, output, "--no-triage")).stdout

    assert "review" not in shown
    assert "no confidence model" not in shown
    assert {path.name for path in output.iterdir()} == {"masks", "cutouts", "predictions.jsonl"}
    for line in manifest_lines(output):
        assert (line["confidence"], line["decision"], line["reasons"], line["evidence"]) == (
            None,
            None,
            [],
            {},
        )

    assert "skipped" not in run(*predicting(home, photos, output)).stdout
    assert None not in decisions(output).values()
    assert len(table(output)) == 3

    run(*predicting(home, photos, output, "--no-triage"))
    assert not (output / REVIEW).exists()
    assert not (output / TABLE).exists()


def test_a_model_that_was_never_judged_says_what_to_do(home, photos, tmp_path):
    shown = run(*predicting(home, photos, tmp_path / "out", model="unjudged")).stdout
    (line,) = (line for line in shown.splitlines() if "no confidence model" in line)

    assert "python main.py calibrate --model unjudged" in line
    assert not (tmp_path / "out" / REVIEW).exists()


def test_predict_without_files_shows_confidence_and_decision(home, photos):
    photo = sorted(photos.iterdir())[0]
    shown = run("predict", "--home", home, "--model", "judged", "--input", photo).stdout
    (line,) = (line for line in shown.splitlines() if photo.name in line)

    assert any(f" {decision} " in line for decision in ("auto", "review", "redo"))
    assert " 0.9" in line


def test_eval_tells_what_confidence_is_worth(home, studio_pairs, tmp_path):
    options = ("--data", studio_pairs, "--size", 5, "--report-images", 0, "--output", tmp_path)
    shown = run("eval", "--home", home, "--model", "judged", *options).stdout
    figures = json.loads((tmp_path / "metrics.json").read_text())
    rows = list(csv.DictReader((tmp_path / "per_image.csv").open()))
    triage = triage_of(*([float(row[name]) for row in rows] for name in ("confidence", "dice")))

    for line in triage.lines():
        found = line.partition(" (95%")[0]
        assert found in shown
        assert found[1:] in (tmp_path / "report.html").read_text()
    assert figures["confidence_correlation"] == pytest.approx(triage.correlation[0])
    assert figures["confidence_error_mean"] < 0.05


def test_limits_that_cross_are_refused_in_one_line(home, photos, tmp_path):
    crossed = ("--auto-from", 0.9, "--redo-below", 0.95)
    done = run(*predicting(home, photos, tmp_path / "out", *crossed), check=2)
    (line,) = done.stderr.strip().splitlines()

    assert line.startswith("error: ")
    assert "--redo-below: expected at most --auto-from, 0.9, received 0.95" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--save", "--auto-from", 1.5), "a number from 0 to 1"),
        (("--save", "--redo-below", "nan"), "a number from 0 to 1"),
    ],
)
def test_limits_that_mean_nothing_are_refused(home, photos, arguments, words):
    assert (
        words
        in run("predict", "--home", home, "--model", "judged", "--input", photos, *arguments, check=2).stderr
    )


def test_a_job_that_is_stopped_leaves_a_review_of_what_is_done(home, photos, tmp_path):
    for number in range(20):
        for photo in photos.iterdir():
            (tmp_path / "in" / f"{number}").mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, tmp_path / "in" / f"{number}")
    output = tmp_path / "out"
    command = predicting(home, tmp_path / "in", output, "--json")
    done = signalled(signal.SIGINT, '"error": null', *command, times=2)
    page = read_page(output)

    assert done.returncode == 130, done.stderr
    assert 2 <= len(manifest_lines(output)) < 60
    assert len(page.sources) == len(table(output)) == len(manifest_lines(output))
    assert all(reached(output, address).is_file() for address in (*page.sources, *page.links))
