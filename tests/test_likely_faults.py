"""The places where a mask is likely to have a fault: how they are found, learned, kept and told."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from support.bundles import CONFIDENCE_MODEL, place_model, write_bundle
from support.desk import draw_results
from support.drawing import draw_pair, draw_set
from support.folder_job import BUNDLE, cut_folder, manifest_lines, red_score, scorer_knowing

from segmentation.bundle.bundle import load_bundle
from segmentation.confidence.candidates import find_candidates
from segmentation.confidence.doubts import Region, region_of_end, with_likely_faults
from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.confidence.look_doubts import look_doubts
from segmentation.confidence.place_fitting import KnownCandidate, fit_place_model, known_candidates
from segmentation.confidence.places import EXPECTED_FAULTS, FIGURES, MARKED
from segmentation.core.errors import BundleError
from segmentation.core.labels import BINARY
from segmentation.core.predictions import LikelyFault, Prediction
from segmentation.datasets.discover import discover
from segmentation.evaluation import calibration
from segmentation.evaluation.calibration import fit_confidence
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.fault_lessons import fault_lessons
from segmentation.evaluation.planted_faults import plant_fault
from segmentation.images.files import read_photo
from segmentation.metrics import masks as metrics
from segmentation.metrics.faults import faults_and_regions
from segmentation.outputs.result import line_of
from segmentation.reports.review import TABLE
from segmentation.retouch.desk import Desk
from segmentation.retouch.photos import find_cut_photos

HEIGHT, WIDTH = 288, 192
PLACES = place_model(differs=3.0, colours=4.0)
KNOWING = dataclasses.replace(CONFIDENCE_MODEL, places=PLACES)


def planted_into_garment(kind, seed):
    """The photo of a drawn garment, its mask, and the mask with a planted fault."""
    photo, alpha = draw_pair(seed, HEIGHT, WIDTH)
    scores = np.where(alpha > 0, np.float32(0.98), np.float32(0.01))
    return photo, alpha > 0, plant_fault(scores, 0.5, kind, np.random.default_rng(seed))


def box_of(fault, mask):
    """The pixels in the box of a fault."""
    there = np.zeros_like(mask)
    there[fault.top : fault.top + fault.height, fault.left : fault.left + fault.width] = True
    return there


# --- what may be a fault ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["added socket", "eaten hem", "shifted edge"])
def test_colours_find_a_fault_that_no_second_opinion_sees(kind):
    found = 0
    for seed in range(10):
        photo, before, planted = planted_into_garment(kind, seed)
        changed = planted.mask != before
        covered = np.zeros_like(changed)
        for region, figures in find_candidates(photo, planted.scores, planted.mask, planted.mask):
            covered[region.slices] |= region.pixels
            if changed[region.slices][region.pixels].mean() > 0.5:
                assert figures["colours"] > 0
        found += covered[changed].mean() > 0.3
    assert found >= 9


def test_nothing_speaks_against_a_mask_that_is_right():
    for seed in range(6):
        photo, alpha = draw_pair(seed, HEIGHT, WIDTH)
        mask = alpha > 0
        assert find_candidates(photo, mask.astype(np.float32), mask, mask) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_doubts_by_looks_are_finite_for_any_photo_and_the_same_from_the_other_side(height, width, seed):
    random = np.random.default_rng(seed)
    photo = random.integers(0, 256, (height, width, 3), np.uint8)
    mask = random.random((height, width)) < random.choice([0, 0.5, 0.9, 1])
    mirrored = look_doubts(photo[:, ::-1], mask[:, ::-1])

    for doubts, others in zip(look_doubts(photo, mask), mirrored, strict=True):
        assert doubts.shape == mask.shape
        assert doubts.dtype == np.float32
        assert np.abs(doubts).max() <= 20
        if height <= 432:  # where nothing is resized
            np.testing.assert_allclose(others[:, ::-1], doubts, atol=0.05)


def test_a_strip_of_knitwear_that_is_lost_is_known_by_its_texture_where_its_colour_is_that_of_the_wall():
    photo = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    photo[60:200, 40:140] += np.random.default_rng(1).choice([-30, 30], (140, 100, 1)).astype(np.uint8)
    garment = np.zeros((HEIGHT, WIDTH), bool)
    garment[60:200, 40:140] = True
    mask = garment.copy()
    mask[196:200] = False
    texture = look_doubts(photo, mask).texture

    assert texture[196:200, 50:130].mean() > 1 > 0 > texture[190:194, 50:130].mean()
    assert not look_doubts(photo, np.zeros_like(mask)).texture.any()


def test_a_torn_strap_joins_what_it_separates_and_an_island_is_detached():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[40:120, 90:102] = mask[140:250, 60:130] = mask[10:30, 10:40] = True
    whole = mask.copy()
    whole[120:140, 90:102] = True
    photo = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    found = find_candidates(photo, mask.astype(np.float32), mask, whole)
    figures = {region.inside: figures for region, figures in found if region.top in (10, 120)}

    assert (figures[False]["joins"], figures[False]["outside"], figures[False]["differs"]) == (1, 1, 1)
    assert (figures[True]["detached"], figures[True]["joins"]) == (1, 0)


# --- how it is learned -----------------------------------------------------------------------------------


def known_of(random, photos, telling=2.0):
    """Candidates whose thickness tells how likely they are faults."""
    known = []
    for photo in range(photos):
        for _ in range(4):
            figures = dict(zip(FIGURES, random.normal(size=len(FIGURES)), strict=True))
            odds = telling * figures["thickness"] - 1
            known.append(KnownCandidate(photo, figures, bool(random.random() < 1 / (1 + np.exp(-odds)))))
    return known


def test_what_tells_a_fault_is_learned_and_probabilities_are_shares():
    random = np.random.default_rng(0)
    known, further = known_of(random, 150), known_of(random, 150)
    garments = [str(photo // 2) for photo in range(150)]
    faulty = [any(one.fault for one in known if one.photo == photo) for photo in range(150)]
    model, expected = fit_place_model(known, garments, faulty)
    told = np.array([model.probability(one.figures) for one in further])
    faults = np.array([one.fault for one in further])

    assert max(model.weights, key=lambda name: abs(model.weights[name])) == "thickness"
    assert told.mean() == pytest.approx(faults.mean(), abs=0.04)
    assert roc_auc_score(faults, told) == pytest.approx(model.ranking, abs=0.05)
    assert expected.sum() == pytest.approx(sum(one.fault for one in known), rel=0.05)
    assert np.mean([model.clean(one) for one in expected]) == pytest.approx(1 - np.mean(faulty), abs=0.03)


def test_planted_faults_teach_but_do_not_raise_the_probabilities_of_real_ones():
    random = np.random.default_rng(1)
    known = known_of(random, 100)
    garments, faulty = [str(photo) for photo in range(100)], [True, False] * 50
    planted = [dataclasses.replace(one, planted=True, fault=True) for one in known_of(random, 100)]
    model, _expected = fit_place_model([*known, *planted], garments, faulty)

    told = np.mean([model.probability(one.figures) for one in known])
    assert told == pytest.approx(np.mean([one.fault for one in known]), abs=0.05)
    assert (model.candidates, model.planted) == (800, 400)


def test_too_few_faults_and_too_few_garments_teach_no_places():
    random = np.random.default_rng(2)
    known = known_of(random, 20)

    assert fit_place_model([], [], []) is None
    assert fit_place_model(known[:8], ["a", "b"], [True, False]) is None
    assert fit_place_model(known, ["one"] * 20, [True] * 20) is None
    right = [dataclasses.replace(one, fault=False) for one in known]
    assert fit_place_model(right, [str(photo) for photo in range(20)], [False] * 20) is None


@given(st.floats(0, 30), st.floats(0, 30))
def test_more_expected_faults_never_make_a_mask_more_likely_to_be_clean(less, more):
    less, more = sorted((less, more))
    assert 0 <= PLACES.clean(more) <= PLACES.clean(less) <= 1


def test_lessons_are_what_is_a_fault_by_the_ground_truth_and_planted_ones():
    photo, alpha = draw_pair(3, HEIGHT, WIDTH)
    target = alpha > 0
    mask = target.copy()
    rows, _columns = np.nonzero(target)
    mask[rows.min() : rows.min() + 20] = False  # a lost top
    prediction = Prediction("a", mask[..., np.newaxis].astype(np.float32), BINARY, 0.5)
    lessons = fault_lessons(0, photo, prediction, target, target, (5, 100))

    assert {one.photo for one in lessons} == {0}
    assert any(one.fault and not one.planted for one in lessons)
    assert any(one.planted for one in lessons)
    assert all(one.fault for one in lessons if one.planted)
    assert lessons == fault_lessons(0, photo, prediction, target, target, (5, 100))


def test_a_candidate_is_a_fault_where_it_has_a_good_part_of_one():
    places = np.zeros((40, 40), np.int32)
    places[10:20, 10:20] = 1
    figures = dict.fromkeys(FIGURES, 0.0)
    regions = [
        Region(10, 10, np.ones((10, 10), bool), True),
        Region(0, 0, np.ones((16, 40), bool), True),  # with half of it
        Region(0, 0, np.ones((12, 40), bool), True),
        Region(30, 30, np.ones((5, 5), bool), False),
    ]
    known = known_candidates(0, [(region, figures) for region in regions], places)
    assert [one.fault for one in known] == [True, True, False, False]


def test_a_calibration_learns_places_from_the_faults_of_its_masks(tmp_path, monkeypatch):
    samples = discover(draw_set(tmp_path / "pairs", 8, 192, 128), check=False).samples

    def losing(photo):
        """Lose a corner of the garment, and be unsure beside it where nothing is lost."""
        scores = red_score(photo)
        rows, columns = np.nonzero(scores[..., 0] > 0.5)
        scores[: rows.min() + 16] = 0
        scores[rows.max() - 16 :, : columns.min() + 40] *= 0.7
        return scores

    monkeypatch.setattr(calibration, "load_score", lambda _bundle: (losing, [red_score]))
    model = dataclasses.replace(BUNDLE, split={"train": [], "val": []})
    known = fit_confidence(model, samples)

    assert known.places is not None
    assert known.places.planted > 0
    assert known.places.ranking > 0.7
    assert len(known.outcomes.expected_faults) == len(samples)
    assert min(known.outcomes.expected_faults) > 0


# --- where it is kept and told ---------------------------------------------------------------------------


def test_what_was_learned_is_read_back_from_a_bundle_as_plain_numbers(tmp_path):
    bundle = write_bundle(tmp_path / "model", confidence_model=KNOWING)
    assert load_bundle(bundle.path).confidence_model == KNOWING

    description = json.loads((bundle.path / "bundle.json").read_text())
    description["experience"]["places"]["clean_slope"] = -1
    (bundle.path / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match=r"places\.clean_slope: expected a number from 0"):
        load_bundle(bundle.path)


def test_a_prediction_says_where_and_how_likely_and_marks_it_as_doubtful():
    photo, before, planted = planted_into_garment("eaten hem", 2)
    prediction = Prediction("a", planted.scores[..., np.newaxis], BINARY, 0.5)
    judged = ConfidenceEstimator(lambda _photo: before[..., np.newaxis].astype(np.float32), 0.5, KNOWING)(
        photo, prediction
    )
    likeliest, fault = judged.likely_faults[0], planted.fault

    assert likeliest.kind == "missed"
    assert "the second opinion differs" in likeliest.signs
    assert MARKED <= likeliest.probability <= 1
    assert likeliest.left < fault.left + fault.width
    assert likeliest.top < fault.top + fault.height
    middle = fault.top + fault.height // 2, fault.left + fault.width // 2
    assert judged.doubtful[middle] or judged.doubtful[fault.top : fault.top + fault.height].any()
    assert judged.clean == round(PLACES.clean(judged.features[EXPECTED_FAULTS]), 4)
    _found, where = faults_and_regions(planted.mask, before)
    assert judged.doubtful[where > 0].mean() > 0.5


def test_record_table_and_page_tell_the_likely_faults(tmp_path):
    results = draw_results(tmp_path, knowing=KNOWING)
    lines = manifest_lines(results)
    told = {line["stem"]: line["likely_faults"] for line in lines}
    with (results / TABLE).open() as file:
        table = {row["photo"]: row["likely_faults"] for row in csv.DictReader(file)}
    page = (results / "review.html").read_text()

    assert all(told.values())
    for stem, likely in told.items():
        probabilities = [one["probability"] for one in likely]
        assert probabilities == sorted(probabilities, reverse=True)
        assert table[stem] == "; ".join(f"{one:.2f}" for one in probabilities)
        assert "likely faults: " + ", ".join(f"{100 * one:.0f}%" for one in probabilities) in page
        assert {one["kind"] for one in likely} <= {"missed", "excess"}


def test_a_photo_that_is_done_is_told_with_all_that_was_told_when_it_was_made(tmp_path):
    results = draw_results(tmp_path, knowing=KNOWING)
    again = cut_folder(tmp_path / "photos", results, scorer=scorer_knowing(KNOWING))

    assert all(result.skipped and result.likely_faults and result.clean and result.size for result in again)
    for line, result in zip(manifest_lines(results), again, strict=True):
        assert json.loads(json.dumps(line_of(result))).items() <= line.items()


def test_a_model_that_knows_no_places_tells_none(tmp_path):
    results = draw_results(tmp_path)

    assert all("likely_faults" not in line for line in manifest_lines(results))
    assert "likely" not in (results / TABLE).read_text()
    assert "likely" not in (results / "review.html").read_text()
    assert all(photo.likely_faults == () for photo in find_cut_photos(results).values())


def test_marked_places_are_regions_of_the_review_with_their_probability(tmp_path):
    results = draw_results(tmp_path, knowing=KNOWING)
    with Desk(results) as desk:
        for photo in desk.photos():
            likely = [region.likely for region in desk.regions(photo) if region.likely]
            assert {one.probability for one in likely} == {one.probability for one in photo.likely_faults}


@pytest.mark.parametrize("kind", ["excess", "missed"])
def test_an_end_that_other_sides_make_doubtful_is_a_region_of_garment_or_of_its_colours(kind):
    photo, alpha = draw_pair(3, HEIGHT, WIDTH)
    rows = np.flatnonzero((alpha > 0).any(axis=1))
    middle, last = int(rows.mean()), int(rows[-1]) + 1
    mask = alpha > 0
    if kind == "missed":
        mask[last - 6 :] = False
    end = LikelyFault(0, last - 6 if kind == "missed" else middle, WIDTH, 6, 0.5, kind)
    (region,) = region_of_end(end, mask, photo)
    there = np.zeros_like(mask)
    there[region.slices] = region.pixels

    assert (region.inside, region.likely) == (kind == "excess", end)
    assert (mask[there] == region.inside).all()
    assert metrics.dice(metrics.counts(there, (alpha > 0) & box_of(end, mask))) > 0.8
    assert region_of_end(end, np.full_like(mask, kind == "missed"), photo) == []


def test_an_odd_end_comes_from_the_record_onto_the_desk(tmp_path):
    results = draw_results(tmp_path, knowing=KNOWING)
    manifest = results / "predictions.jsonl"
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    width, height = lines[0]["size"]
    end = {"left": 0, "top": height // 2, "width": width, "height": 9, "probability": 0.4, "kind": "excess"}
    lines[0]["odd_end"] = end | {"signs": ["goes further than from the garment's other sides"]}
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))

    with Desk(results) as desk:
        (photo,) = (one for one in desk.photos() if one.odd_end)
        assert photo.stem == lines[0]["stem"]
        (region,) = (one for one in desk.regions(photo) if one.likely == photo.odd_end)
        assert region.inside
        assert region.top >= height // 2


@given(st.lists(st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 20)] * 2, st.booleans()), max_size=5))
def test_a_likely_fault_finds_its_own_region_again(boxes):
    regions = [Region(left, top, np.ones((h, w), bool), inside) for left, top, w, h, inside in boxes]
    likely = [
        LikelyFault(one.left, one.top, *one.pixels.shape[::-1], 0.5, "excess" if one.inside else "missed")
        for one in regions
    ]
    for place, fault in enumerate(likely):
        matched = with_likely_faults(regions, [fault])
        found = [number for number, one in enumerate(matched) if one.likely]
        assert len(found) == 1
        assert likely[found[0]] == likely[place]


def test_an_evaluation_says_how_many_faults_lie_under_a_marked_place(tmp_path):
    samples = discover(draw_set(tmp_path / "pairs", 4, 192, 128), check=False).samples

    def losing(photo):
        """Lose a shoulder, but not in the lightest photos."""
        scores = red_score(photo)
        rows, columns = np.nonzero(scores[..., 0] > 0.5)
        if photo.mean() < middle:
            scores[: rows.min() + 16, : int(columns.mean())] = 0
        return scores

    middle = np.median([read_photo(sample.photo).mean() for sample in samples])
    estimator = ConfidenceEstimator(red_score, 0.5, KNOWING)
    found = evaluate(losing, samples, 0.5, estimator=estimator)
    old = evaluate(losing, samples, 0.5, estimator=ConfidenceEstimator(red_score, 0.5, CONFIDENCE_MODEL))
    figures = found.summary()

    assert found.clean == len(samples) // 2
    assert figures["marked_mean_without_fault"] == 0
    assert figures["faults_aurc"] == figures["faults_aurc_best"]
    assert figures["faults_marked_rate"] == 1
    assert figures["marked_mean"] >= figures["faults_mean"]
    assert figures["clean_rate_expected"] == pytest.approx(
        np.mean([row.clean_expected for row in found.rows])
    )
    assert {"clean_expected", "marked", "faults_marked"} <= found.rows[0].plain().keys()
    assert "marked_mean" not in old.summary()
    assert not {"clean_expected", "marked", "faults_marked"} & old.rows[0].plain().keys()
    assert any("in the order of likely faults AURC" in line for line in found.triage.lines())
