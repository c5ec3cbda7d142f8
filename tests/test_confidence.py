"""The confidence in a mask: what speaks against it, what that means, and how a model of it is fitted."""

import dataclasses
import json
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from scipy.stats import spearmanr
from support.bundles import write_bundle
from support.drawing import BACKGROUND, GARMENT, draw_set, ellipse
from support.folder_job import BUNDLE, red_score

from segmentation.bundle.bundle import load_bundle
from segmentation.confidence.edge_distances import DISTANCES_PX, EdgeDistances
from segmentation.confidence.estimator import ConfidenceEstimator, estimator_for
from segmentation.confidence.features import extract_features
from segmentation.confidence.fitting import fit_confidence_model
from segmentation.confidence.model import (
    DOUBTS,
    DRIFT,
    LEAST_AREA,
    MOST_AREA,
    NARROWEST,
    SHAPE,
    SIGNS,
    ConfidenceModel,
    dice_of,
    error_of,
    signs_of,
    unlike,
    usual_of,
)
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.config.faults import FaultOptions
from segmentation.core.errors import DataError
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import Prediction
from segmentation.datasets.discover import discover
from segmentation.datasets.origin import PSEUDO
from segmentation.evaluation import calibration
from segmentation.evaluation.calibration import FEWEST_PHOTOS, fit_confidence
from segmentation.evaluation.evaluate import evaluate
from segmentation.images.files import read_photo
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.predict import predict
from segmentation.scores.augmentation import averaged, mirrored

CENTRE, RADII = (0.5, 0.45), (0.3, 0.25)


def scene(height=432, lost=0.0):
    """A photo, soft scores of its garment, and a second mask that lost a `lost` share of the width."""
    width = round(height * 2 / 3)
    mask = ellipse(height, width, CENTRE, RADII)
    photo = np.where(mask[..., np.newaxis], np.array(GARMENT), np.array(BACKGROUND)).astype(np.uint8)
    scores = cv2.GaussianBlur(np.where(mask, 0.95, 0.05).astype(np.float32), (0, 0), height / 300)
    second = mask.copy()
    second[:, : round(width * (CENTRE[1] - RADII[1] + lost))] = False
    return photo, scores, second


def of_masks(mask, second):
    """The evidence of two masks alone."""
    photo = np.full((*mask.shape, 3), 128, np.uint8)
    return extract_features(photo, mask.astype(np.float32), 0.5, second)


# --- evidence --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [1728, 1001, 300, 216])
def test_a_photo_says_the_same_at_any_size(height):
    expected = extract_features(*scene(432, lost=0.1)[:2], 0.5, scene(432, lost=0.1)[2])
    photo, scores, second = scene(height, lost=0.1)
    features = extract_features(photo, scores, 0.5, second)

    assert features.keys() == expected.keys()
    expected.pop("sharpness")  # which is about the pixels
    for name, value in expected.items():
        assert features[name] == pytest.approx(value, rel=0.08, abs=0.01), name


def test_an_edge_has_a_width_in_the_smallest_photo():
    photo, scores, _ = scene(64)
    mask = scores >= 0.5
    thinner = cv2.erode(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))).astype(
        bool
    )
    features = extract_features(photo, scores, 0.5, thinner)

    assert features["softness"] == pytest.approx(0.1, abs=0.02)
    assert features["disagreement"] > 0.02
    assert features["thick_disagreement"] == 0


def test_a_mirrored_photo_says_the_same_from_the_other_side():
    photo, scores, second = scene(700, lost=0.2)
    features = extract_features(photo, scores, 0.5, second)
    other = extract_features(
        *(np.ascontiguousarray(part[:, ::-1]) for part in (photo, scores)), 0.5, second[:, ::-1]
    )

    assert other.pop("across") == pytest.approx(1 - features.pop("across"), abs=0.005)
    assert other == pytest.approx(features, rel=0.02, abs=0.002)


def test_equal_masks_do_not_disagree():
    photo, scores, _ = scene(600)
    features = extract_features(photo, scores, 0.5, scores >= 0.5)

    assert features["disagreement"] == pytest.approx(0, abs=0.002)
    assert features["thick_disagreement"] == 0
    assert features["fragments"] == 0


def test_a_shifted_edge_is_told_from_a_missing_sleeve():
    mask = np.zeros((432, 288), bool)
    mask[100:340, 60:228] = True
    shifted, without_sleeve = np.roll(mask, 1, axis=1), mask.copy()
    without_sleeve[100:140, 60:72] = False
    thin, thick = of_masks(mask, shifted), of_masks(mask, without_sleeve)

    assert thin["disagreement"] == pytest.approx(1 / 168)
    assert thick["disagreement"] == pytest.approx(480 / (2 * mask.sum() - 480))
    assert thin["thick_disagreement"] == 0
    assert thick["thick_disagreement"] > 0.6 * 480 / mask.sum()


def test_fragments_are_what_is_not_in_the_largest_region():
    mask = np.zeros((432, 288), bool)
    mask[50:150, 50:200] = mask[200:250, 50:150] = True
    joined = mask.copy()
    joined[150:200, 60:63] = True

    assert of_masks(mask, mask)["fragments"] == pytest.approx(5000 / 20000)
    assert of_masks(joined, joined)["fragments"] == 0


def garment_with(*parts, height=432):
    """The mask of a large garment and of other parts: rows and columns in shares of the height."""
    mask = np.zeros((height, height * 2 // 3), bool)
    for top, left, rows, columns in ((0.3, 0.2, 0.5, 0.25), *parts):
        top, left, rows, columns = (round(share * height) for share in (top, left, rows, columns))
        mask[top : top + rows, left : left + columns] = True
    return mask


@pytest.mark.parametrize("height", [216, 432, 1728])
@pytest.mark.parametrize(
    ("parts", "garments", "islands"),
    [
        ((), 1, 0),
        (((0.1, 0.1, 0.02, 0.02),), 1, 1),
        (((0.1, 0.1, 0.02, 0.02), (0.1, 0.5, 0.1, 0.01)), 1, 2),
        (((0.25, 0.3, 0.04, 0.01), (0.2, 0.3, 0.04, 0.01)), 1, 2),  # a strap that is torn twice
        (((0.1, 0.5, 0.4, 0.1),), 2, 0),
    ],
)
def test_garments_and_detached_parts_are_counted_at_any_size(height, parts, garments, islands):
    mask = garment_with(*parts, height=height)
    features = of_masks(mask, mask)

    assert (features["garments"], features["islands"]) == (garments, islands)


def test_a_speck_that_nobody_sees_is_no_part():
    mask = garment_with(height=1728)
    mask[10:14, 10:14] = True

    assert of_masks(mask, mask)["islands"] == 0


@pytest.mark.parametrize("height", [432, 1728])
@pytest.mark.parametrize("seen_by_both", [True, False])
def test_a_strap_that_fades_is_a_faint_part_where_the_second_opinion_sees_it(height, seen_by_both):
    strap = garment_with((0.1, 0.3, 0.2, 0.02), height=height) & ~garment_with(height=height)
    scores = np.where(garment_with(height=height), 0.95, np.where(strap, 0.2, 0.02)).astype(np.float32)
    second = garment_with(height=height) | strap if seen_by_both else garment_with(height=height)
    photo = np.full((*scores.shape, 3), 128, np.uint8)

    assert extract_features(photo, scores, 0.5, second)["faint_parts"] == seen_by_both


def test_size_and_place_are_shares_of_the_photo():
    mask = np.zeros((864, 576), bool)
    mask[216:648, 0:288] = True
    features = of_masks(mask, mask)

    assert features["area"] == pytest.approx(0.25)
    assert (features["height"], features["across"], features["down"]) == pytest.approx((0.5, 0.25, 0.5))
    assert features["outline"] == pytest.approx(2 * (432 + 288) / np.sqrt(432 * 288), rel=0.02)


def test_a_hole_lengthens_the_outline():
    mask = np.zeros((432, 288), bool)
    mask[100:300, 50:250] = True
    holed = mask.copy()
    holed[150:250, 100:200] = False

    assert of_masks(holed, holed)["outline"] > 1.4 * of_masks(mask, mask)["outline"]


def test_colours_are_those_of_the_border_and_of_the_garment():
    photo, scores, second = scene(600)
    features = extract_features(photo, scores, 0.5, second)
    for part, colour in (("backdrop", BACKGROUND), ("garment", GARMENT)):
        pixel = np.array([[colour]], np.float32) / 255
        expected = cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0]
        found = [features[f"{part}_{name}"] for name in ("lightness", "green_red", "blue_yellow")]
        assert found == pytest.approx(expected, abs=1)


sides = st.integers(1, 40) | st.sampled_from([433, 1500])


@settings(max_examples=40)
@given(sides, sides, st.sampled_from(["nothing", "everything", "anything"]), st.integers(0, 2**32 - 1))
def test_any_photo_gives_finite_figures(height, width, found, seed):
    random = np.random.default_rng(seed)
    photo = random.integers(0, 256, (height, width, 3), np.uint8)
    scores = random.random((height, width), np.float32)
    scores = {"nothing": scores * 0, "everything": scores * 0 + 1}.get(found, scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features = extract_features(photo, scores, 0.5, random.random((height, width)) < 0.5)
        confidence = AN_EXPERIENCE.confidence(features)

    assert np.isfinite(list(features.values())).all()
    assert {*DOUBTS, *SHAPE} <= features.keys()
    assert all(0 <= features[name] <= 1 for name in ("disagreement", "softness", "fragments", "area"))
    assert 0 <= confidence <= 1
    if found != "anything":
        assert confidence == 0


# --- the second opinion ----------------------------------------------------------------------------------


def left_score(photo):
    """Red, but only in the left half of what it is shown."""
    scores = red_score(photo).copy()
    scores[:, photo.shape[1] // 2 :] = 0
    return scores


def test_a_mirrored_score_function_lays_its_scores_back_over_the_photo():
    photo = scene(60)[0]
    middle = photo.shape[1] // 2

    np.testing.assert_array_equal(mirrored(red_score)(photo), red_score(photo))
    np.testing.assert_array_equal(mirrored(mirrored(left_score))(photo), left_score(photo))
    assert not mirrored(left_score)(photo)[:, :middle].any()
    np.testing.assert_array_equal(mirrored(left_score)(photo)[:, middle:], red_score(photo)[:, middle:])


def test_one_judge_of_several_models_asks_for_their_mean():
    estimator = estimator_for([red_score, left_score], 0.5, None)
    photo = scene(60)[0]

    assert estimator.threshold == 0.5
    expected = averaged([red_score, mirrored(left_score)])(photo)
    np.testing.assert_allclose(estimator.second(photo), expected)


def test_a_judge_of_a_double_pass_asks_its_first_pass():
    bundle = dataclasses.replace(BUNDLE, threshold=0.9, first=dataclasses.replace(BUNDLE, threshold=0.3))

    assert Ensemble((bundle,)).first_threshold == 0.3


def test_doubtful_is_where_a_second_look_differs_or_scores_are_unsure():
    photo, scores, _ = scene(600)
    scores[:10, :10] = 0.4
    prediction = Prediction("a", scores[..., np.newaxis], LabelMap(), 0.5)
    judged = ConfidenceEstimator(mirrored(left_score), 0.5, AN_EXPERIENCE)(photo, prediction)
    sure = ConfidenceEstimator(red_score, 0.5, AN_EXPERIENCE)(photo, prediction)
    middle = photo.shape[1] // 2
    certain = scores[:, :middle] > 0.9

    assert judged.doubtful[:10, :10].all()
    np.testing.assert_array_equal(judged.doubtful[:, :middle][certain], True)
    assert not judged.doubtful[:, middle:][scores[:, middle:] > 0.9].any()
    assert not sure.doubtful[scores > 0.9].any()
    assert judged.confidence < sure.confidence
    np.testing.assert_array_equal(judged.scores, prediction.scores)


def test_nothing_is_said_of_a_prediction_unless_it_was_asked_for():
    photo = scene(60)[0]
    plain = predict(red_score, BUNDLE, "a", photo, 0.5)
    unknown = predict(red_score, BUNDLE, "a", photo, 0.5, ConfidenceEstimator(red_score, 0.5))

    assert (plain.confidence, plain.features, plain.doubtful) == (None, {}, None)
    assert unknown.confidence is None
    assert unknown.features["disagreement"] == 0


# --- confidence ------------------------------------------------------------------------------------------


USUAL = {
    "disagreement": (-1.8, 0.3),
    "thick_disagreement": (-2.7, 0.4),
    "softness": (-0.8, 0.1),
    "fragments": (-2.9, 0.2),
    "area": (-1.1, 0.2),
    "outline": (0.75, 0.1),
    "lightness": (80.0, 5.0),
    "height": (0.4, 0.05),
    "across": (0.5, 0.03),
}
AN_EXPERIENCE = ConfidenceModel(
    ("a",), USUAL, dict.fromkeys(SIGNS, 0.3), bias=0.1, error=0.01, correlation=0.5
)
ORDINARY = {
    **{name: 10 ** USUAL[name][0] - 0.001 for name in (*DOUBTS, *SHAPE)},
    **{"lightness": 80.0, "height": 0.4, "across": 0.5},
}


def unusual_value(name, deviations):
    """A measure so many standard deviations from the mean of its logarithm."""
    mean, deviation = USUAL[name]
    return 10 ** (mean + deviations * deviation) - 0.001


def known_outcomes(confidence, faulty, odd, garments, expected):
    return FaultOutcomes(confidence, faulty, odd, garments, 5, 100, expected)


figures = st.floats(-1e6, 1e6)
distances = st.lists(st.floats(0, 1), min_size=len(DISTANCES_PX), max_size=len(DISTANCES_PX)).map(tuple)
experiences = st.builds(
    ConfidenceModel,
    samples=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    usual=st.fixed_dictionaries(
        {name: st.tuples(figures, st.floats(NARROWEST, 1e6)) for name in (*DOUBTS, *SHAPE)},
        optional=dict.fromkeys(sorted(DRIFT.keys() - SHAPE), st.tuples(figures, st.floats(NARROWEST, 1e6))),
    ),
    weights=st.fixed_dictionaries(dict.fromkeys(SIGNS, st.floats(0, 1e6))),
    bias=figures,
    error=st.floats(0, 1),
    correlation=st.floats(-1, 1),
    outcomes=st.none()
    | st.lists(
        st.tuples(st.floats(0, 1), st.booleans(), st.booleans(), st.integers(0, 9), st.floats(0, 99))
    ).map(lambda rows: known_outcomes(*(zip(*rows, strict=True) if rows else [()] * 5))),
    edges=st.none() | st.builds(EdgeDistances, st.integers(1, 99), distances, distances),
)
shares = st.floats(0, 1)
evidences = st.fixed_dictionaries(
    {
        **dict.fromkeys(DOUBTS, shares),
        "area": st.floats(LEAST_AREA, MOST_AREA),
        "outline": st.floats(0, 1000),
    },
    optional={"lightness": st.floats(0, 100), "height": shares, "across": shares},
)


@given(experiences, evidences, st.sampled_from(DOUBTS), shares)
def test_no_doubt_that_grows_raises_the_confidence(confidence_model, features, name, value):
    smaller, larger = sorted((features[name], value))
    certain = confidence_model.confidence({**features, name: smaller})
    doubtful = confidence_model.confidence({**features, name: larger})

    assert 0 <= doubtful <= certain <= 1
    assert set(confidence_model.doubts(features)) <= set(SIGNS.values())
    assert np.isfinite(list(confidence_model.deviations(features).values())).all()


@given(
    evidences,
    st.sampled_from(SHAPE),
    st.lists(st.floats(0, 3), min_size=2, max_size=2),
    st.sampled_from([-1, 1]),
)
def test_no_size_or_outline_less_usual_raises_the_confidence(features, name, deviations, side):
    usual, unusual = (
        AN_EXPERIENCE.confidence({**features, name: unusual_value(name, side * deviation)})
        for deviation in sorted(deviations)
    )

    assert 0 < unusual <= usual <= 1


@pytest.mark.parametrize("name", SHAPE)
def test_too_much_speaks_against_a_mask_as_too_little_does(name):
    ordinary = AN_EXPERIENCE.confidence(ORDINARY)
    little, much = (
        AN_EXPERIENCE.confidence({**ORDINARY, name: unusual_value(name, deviation)}) for deviation in (-2, 2)
    )

    assert little == pytest.approx(much)
    assert little < ordinary


@given(
    experiences,
    evidences,
    st.floats(0, LEAST_AREA, exclude_max=True) | st.floats(MOST_AREA, 1, exclude_min=True),
)
def test_where_nothing_or_everything_was_found_there_is_no_confidence(confidence_model, features, area):
    assert confidence_model.confidence({**features, "area": area}) == 0


@given(st.floats(0, 1))
def test_an_error_is_turned_back_into_its_dice(dice):
    assert dice_of(error_of(np.float64(dice))) == pytest.approx(max(dice, 0.001), abs=1e-9)


def test_doubts_name_what_tells_most_first_and_nothing_of_an_ordinary_mask():
    doubtful = ORDINARY | {"fragments": 0.3, "thick_disagreement": 0.02, "disagreement": 0.02}

    assert AN_EXPERIENCE.doubts(ORDINARY) == []
    assert AN_EXPERIENCE.doubts(doubtful) == ["in separate parts", "whole parts are doubtful"]


def test_a_real_mask_elsewhere_in_the_frame_is_told_as_such():
    photo, mask = np.full((200, 100, 3), 128, np.uint8), np.zeros((200, 100), bool)
    mask[150:198, 70:98] = True
    found = extract_features(photo, mask.astype(np.float32), 0.5, mask)
    deviations = AN_EXPERIENCE.deviations(
        {**ORDINARY, **{name: found[name] for name in ("height", "across")}}
    )

    assert unlike(deviations) == ["of a garment further right"]


def test_a_photo_unlike_those_known_is_told_by_what_it_is_unlike():
    odd = ORDINARY | {"lightness": 50.0, "height": 0.65, "across": 0.56}
    deviations = AN_EXPERIENCE.deviations(odd)

    assert deviations["lightness"] == pytest.approx(-6)
    assert unlike(deviations) == ["darker", "of a garment larger in the frame"]
    assert unlike(AN_EXPERIENCE.deviations(ORDINARY)) == []


def test_a_measure_that_is_not_known_is_not_held_against_a_photo():
    """An empty mask has no height, so that a confidence model fitted with one among its photos knows none."""
    rows = [ORDINARY, {name: value for name, value in ORDINARY.items() if name != "height"}]
    confidence_model = dataclasses.replace(AN_EXPERIENCE, usual=usual_of(rows))

    assert "height" not in confidence_model.usual
    assert "height" not in confidence_model.deviations(ORDINARY | {"height": 0.9})


def test_what_is_usual_is_mean_and_deviation_and_never_narrower_than_can_be_seen():
    rows = [ORDINARY | {"lightness": lightness, "area": area} for lightness, area in ((70, 0.1), (90, 0.2))]
    usual = usual_of(rows)

    assert usual["lightness"] == (80, 10)
    assert usual["area"] == pytest.approx((np.log10([0.101, 0.201]).mean(), np.log10([0.101, 0.201]).std()))
    assert usual["fragments"][1] == NARROWEST
    assert usual["height"] == (0.4, 0.02)


# --- fitting it ------------------------------------------------------------------------------------------


def made_up(count=240, seed=0):
    """Photos whose error is 0.3 x disagreement^0.8, give or take a quarter, whatever else they are like."""
    random = np.random.default_rng(seed)
    features = [
        {
            "disagreement": float(10 ** random.normal(-1.6, 0.4)),
            "thick_disagreement": float(10 ** random.normal(-2.5, 0.3)),
            "softness": float(random.uniform(0.1, 0.3)),
            "fragments": 0.0,
            "area": float(random.uniform(0.05, 0.2)),
            "outline": float(random.uniform(4, 8)),
            "lightness": float(random.normal(80, 4)),
        }
        for _ in range(count)
    ]
    disagreement = np.array([one["disagreement"] for one in features])
    error = 0.3 * disagreement**0.8 * 10 ** random.normal(0, 0.1, count)
    return features, np.clip(1 - error, 0, 1)


def learned(features, dice, views=1):
    """Return what is learned where `views` photos in succession show one garment."""
    names = [str(number) for number in range(len(dice))]
    return fit_confidence_model(features, dice, names, [str(number // views) for number in range(len(dice))])


def test_order_and_scale_of_the_error_are_learned():
    confidence_model = learned(*made_up())
    features, dice = made_up(seed=1)
    confidence = np.array([confidence_model.confidence(one) for one in features])

    assert confidence_model.photos == 240
    assert spearmanr(confidence, dice).statistic > 0.85
    assert np.median(1 - confidence) == pytest.approx(np.median(1 - dice), rel=0.1)
    assert confidence_model.weights["disagreement"] == pytest.approx(0.8, abs=0.1)
    others = [weight for name, weight in confidence_model.weights.items() if name != "disagreement"]
    assert max(others) < 0.1
    assert features[int(np.argmin(confidence))]["disagreement"] > 0.1


def test_what_lowers_the_error_is_no_reason_for_confidence():
    features, dice = made_up()
    turned = [
        one | {"softness": float(1.2 - quality)} for one, quality in zip(features, 2 - dice, strict=True)
    ]
    confidence_model = learned(turned, dice)

    assert min(confidence_model.weights.values()) >= 0
    assert confidence_model.weights["softness"] == 0


def test_the_recorded_figures_are_those_of_photos_that_were_left_out():
    """Against a fit without a penalty, by scipy, of all photos but each in turn."""
    features, dice = made_up(60, seed=3)
    confidence_model = learned(features, dice)
    signs = np.array([list(signs_of(one, confidence_model.usual).values()) for one in features])
    # a weight of either sign for the constant
    design = np.column_stack([signs, np.ones(len(dice)), -np.ones(len(dice))])
    expected = []
    for place in range(len(dice)):
        others = np.arange(len(dice)) != place
        weights, _ = nnls(design[others] + 0.0, np.log10(1.001 - dice[others]))
        expected.append(1.001 - 10 ** (design[place] @ weights))

    assert confidence_model.error == pytest.approx(np.abs(expected - dice).mean(), rel=0.25)
    assert confidence_model.correlation == pytest.approx(spearmanr(expected, dice).statistic, abs=0.1)
    assert confidence_model.correlation > 0.5


@pytest.mark.parametrize("dice", [0.97, 1.0])
def test_photos_that_all_did_alike_teach_that_and_no_order(dice):
    features, _ = made_up(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        confidence_model = learned(features, [dice] * 20)

    assert confidence_model.correlation == 0
    assert confidence_model.error == pytest.approx(0, abs=1e-6)
    assert confidence_model.confidence(features[0]) == pytest.approx(dice, abs=1e-6)


def test_views_of_a_garment_do_not_vouch_for_each_other():
    """Each garment has its own error and its own evidence, which say nothing of other garments."""
    features, dice = made_up(40)
    shuffled = np.random.default_rng(5).permutation(dice)
    thrice = [one for one in features for _ in range(3)], np.repeat(shuffled, 3)

    assert learned(*thrice, views=3).error > learned(*thrice).error


def test_photos_of_one_garment_are_not_enough():
    features, dice = made_up(20)
    with pytest.raises(DataError, match="several garments"):
        learned(features, dice, views=20)


def test_doubts_that_mean_nothing_make_no_order():
    features, dice = made_up()
    shuffled = np.random.default_rng(5).permutation(dice)

    assert abs(learned(features, shuffled).correlation) < 0.25


# --- from which photos it is fitted ----------------------------------------------------------------------


@pytest.fixture
def pairs(tmp_path):
    """Sixteen photos of eight drawn garments."""
    return discover(draw_set(tmp_path / "pairs", 8), check=False).samples


@pytest.fixture
def seen(monkeypatch):
    """Models that cut out by colour, and the photos that each of them has been shown, by their content."""
    shown = {}

    def load(bundle):
        def score(photo):
            shown.setdefault(bundle.path.name, set()).add(photo.tobytes())
            return red_score(photo)

        return score, [red_score]

    monkeypatch.setattr(calibration, "load_score", load)
    return shown


def a_model(name, learned, **fields):
    ids = [sample.id for sample in learned]
    return dataclasses.replace(BUNDLE, path=BUNDLE.path / name, split={"train": ids, "val": []}, **fields)


def contents(samples):
    return {read_photo(sample.photo).tobytes() for sample in samples}


def test_a_model_is_judged_by_garments_that_it_has_not_learned(pairs, seen):
    confidence_model = fit_confidence(a_model("one", pairs[:3]), pairs)

    assert confidence_model.photos == 12  # the other view of the second garment is none either
    assert seen == {"one": contents(pairs[4:])}


def test_a_model_is_not_judged_by_predictions(pairs, seen):
    mixed = [dataclasses.replace(one, origin=PSEUDO) for one in pairs[:3]] + list(pairs[3:])

    assert fit_confidence(a_model("one", ()), mixed).photos == 13
    assert seen == {"one": contents(pairs[3:])}


def test_what_a_first_pass_has_learned_is_no_photo_to_judge_by(pairs, seen):
    model = a_model("two", pairs[:1], first=a_model("first", pairs[1:3]))

    assert fit_confidence(model, pairs).photos == 12
    assert seen == {"two": contents(pairs[4:])}


def test_models_of_the_folds_stand_in_for_a_model_that_has_learned_all(pairs, seen):
    whole = a_model("whole", pairs)
    folds = [a_model("fold1", pairs[:8]), a_model("fold2", pairs[8:])]

    assert fit_confidence(whole, pairs, folds).photos == 16
    assert seen == {"fold1": contents(pairs[8:]), "fold2": contents(pairs[:8])}


def test_photos_that_every_model_has_learned_are_left_out(pairs, seen):
    folds = [a_model("fold1", pairs[:10]), a_model("fold2", pairs[9:])]

    assert fit_confidence(a_model("whole", pairs), pairs, folds).photos == 14
    assert contents(pairs[8:10]).isdisjoint(seen["fold1"] | seen["fold2"])


@pytest.mark.usefixtures("seen")
def test_photos_without_a_garment_found_teach_nothing_of_the_others(pairs, monkeypatch):
    def load(_bundle):
        blind = contents(pairs[:2])
        return (lambda photo: red_score(photo) * (photo.tobytes() not in blind)), [red_score]

    expected = fit_confidence(a_model("one", ()), pairs[2:])
    monkeypatch.setattr(calibration, "load_score", load)

    assert fit_confidence(a_model("one", ()), pairs) == expected


@pytest.mark.parametrize("kept", [0, 2, FEWEST_PHOTOS - 2])
@pytest.mark.usefixtures("seen")
def test_too_few_photos_are_refused_with_the_way_out(pairs, kept):
    with pytest.raises(DataError, match=rf"one: expected at least 12 .* received {kept}; .*`fold_model`"):
        fit_confidence(a_model("one", pairs[kept:]), pairs)


@pytest.mark.usefixtures("seen")
def test_a_calibration_records_which_masks_had_a_fault_as_an_evaluation_measures_them(pairs):
    small = FaultOptions(fault_thickness_px=3, fault_area_px=0)
    for options in (FaultOptions(), small):
        measured = evaluate(red_score, pairs, BUNDLE.threshold, fault_options=options)
        outcomes = fit_confidence(a_model("one", ()), pairs, fault_options=options).outcomes

        assert outcomes.faulty == tuple(not row.clean for row in measured.rows)
        assert (outcomes.thickness_px, outcomes.area_px) == (
            options.fault_thickness_px,
            options.fault_area_px,
        )
        groups = [sample.group for sample in pairs]
        assert [outcomes.garments.index(one) for one in outcomes.garments] == list(map(groups.index, groups))


@pytest.mark.usefixtures("seen")
def test_progress_counts_every_photo(pairs):
    told = []
    fit_confidence(a_model("one", pairs[:3]), pairs, on_progress=lambda *done: told.append(done))

    assert told == [(done, 16) for done in range(1, 17)]


# --- keeping it ------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(experiences)
def test_experience_is_read_back_as_it_was_written(tmp_path_factory, confidence_model):
    bundle = write_bundle(tmp_path_factory.mktemp("bundle") / "model", confidence_model=confidence_model)

    assert load_bundle(bundle.path).confidence_model == confidence_model


def test_experience_does_not_change_what_a_model_is(tmp_path):
    bundle = write_bundle(tmp_path / "model", confidence_model=None)

    assert dataclasses.replace(bundle, confidence_model=AN_EXPERIENCE).digest == bundle.digest


def test_a_bundle_of_an_earlier_version_has_no_experience(tmp_path):
    bundle = write_bundle(tmp_path / "model", confidence_model=AN_EXPERIENCE)
    description = json.loads((bundle.path / "bundle.json").read_text())
    del description["experience"]
    (bundle.path / "bundle.json").write_text(json.dumps(description))

    assert load_bundle(bundle.path).confidence_model is None
