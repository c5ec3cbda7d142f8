"""One word for the time that goes into a mask: what it sets, and what is stronger than it."""

import numpy as np
import pytest
from PIL import Image
from support.drawing import draw_pair
from support.places import ROOT

import segmentation
from segmentation.bundle.bundle import load_bundle
from segmentation.config.jobs.compare import CompareOptions
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.submit import SubmitOptions
from segmentation.config.quality import QUALITIES, Quality
from segmentation.config.scoring import PRECISIONS, TEST_TIME, ScoringOptions
from segmentation.core.errors import ConfigError
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import load_scorer
from segmentation.inference.suitability import choose_passes

DEFAULT = ROOT / "models" / "default"


@pytest.fixture(scope="module")
def default():
    return load_bundle(DEFAULT)


def settings_of(bundle, **scoring):
    """Return what decides the scores of a bundle with these options, and the passes that are used."""
    options = ScoringOptions(**scoring)
    chosen = choose_passes(bundle, options)
    return chosen.digest, load_scorer(Ensemble((chosen,)), scoring=options).settings.plain()


def test_without_a_word_all_is_as_it_was():
    assert ScoringOptions().resolved == QUALITIES["standard"] == Quality("auto", "none", double_pass=True)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_quality_sets_what_the_options_could_have_set(quality):
    usual = QUALITIES[quality]
    assert usual.precision in PRECISIONS
    assert usual.tta in TEST_TIME
    assert ScoringOptions(quality=quality).resolved == usual


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("tta", TEST_TIME)
@pytest.mark.parametrize("double_pass", [True, False])
def test_an_option_that_is_given_is_stronger_than_the_quality(quality, precision, tta, double_pass):
    """Even one whose value is the usual one: `tta=none` is no averaging, in the best quality as well."""
    usual = QUALITIES[quality]
    given = {"precision": precision, "tta": tta, "double_pass": double_pass}
    for name, value in given.items():
        resolved = ScoringOptions(quality=quality, **{name: value}).resolved
        assert vars(resolved) == {**vars(usual), name: value}
    assert ScoringOptions(quality=quality, **given).resolved == Quality(**given)


@pytest.mark.parametrize(
    ("scoring", "both"),
    [
        ({"quality": "fast"}, False),
        ({"quality": "fast", "double_pass": True}, True),
        ({"quality": "standard"}, True),
        ({"quality": "best"}, True),
        ({"quality": "best", "double_pass": False}, False),
    ],
)
def test_fast_is_the_first_pass_alone_of_a_model_with_two(default, scoring, both):
    assert choose_passes(default, ScoringOptions(**scoring)) == (default if both else default.first)


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_quality_is_for_models_with_one_pass_and_of_classes_too(default, class_bundle, quality):
    for bundle in (default.first, load_bundle(class_bundle)):
        assert choose_passes(bundle, ScoringOptions(quality=quality)) == bundle


def test_a_second_pass_that_a_model_lacks_is_refused_in_every_quality(default):
    with pytest.raises(ConfigError, match="expected a model with two passes"):
        choose_passes(default.first, ScoringOptions(quality="fast", double_pass=True))


@pytest.mark.parametrize(
    ("quality", "written_out"),
    [
        ("fast", {"precision": "fastest", "double_pass": False}),
        ("standard", {"precision": "auto", "tta": "none"}),
        ("best", {"tta": QUALITIES["best"].tta}),
    ],
)
def test_a_quality_is_the_same_as_the_options_that_it_stands_for(default, quality, written_out):
    """So that photos that were cut out with the one are done with the other as well."""
    assert settings_of(default, quality=quality) == settings_of(default, **written_out)


def test_every_quality_has_settings_of_its_own(default):
    settings = [settings_of(default, quality=quality) for quality in QUALITIES]
    assert all(one != other for one in settings for other in settings if one is not other)


@pytest.mark.parametrize("kind", [PredictOptions, EvaluateOptions, SubmitOptions, CompareOptions])
def test_every_job_that_scores_has_the_qualities_and_refuses_others(kind):
    needed = {"models": ["a", "b"]} if kind is CompareOptions else {}
    assert kind.of(quality="best", **needed).scoring.resolved == QUALITIES["best"]
    with pytest.raises(ConfigError, match="`quality`: expected one of fast, standard, best, received '92'"):
        kind.of(quality="92", **needed)


def test_photos_are_cut_out_again_in_another_quality_and_not_in_the_same_by_other_words(tmp_path):
    """The quality of files is another option."""
    (tmp_path / "photos").mkdir()
    Image.fromarray(draw_pair(0, 240, 160)[0]).save(tmp_path / "photos" / "shirt.png")

    def cut(**options):
        (result,) = segmentation.predict_folder(
            tmp_path / "photos",
            home=tmp_path,
            output=tmp_path / "cut",
            save=True,
            workers=1,
            triage=False,
            **options,
        )
        return result.skipped, np.asarray(Image.open(tmp_path / "cut" / result.outputs["mask"]))

    skipped, standard = cut()
    assert not skipped
    skipped, best = cut(quality="best", format="png,jpg", jpeg_quality=80)
    assert not skipped
    assert (standard != best).any()
    skipped, same = cut(tta=QUALITIES["best"].tta, format="png,jpg", jpeg_quality=80)
    assert skipped
    np.testing.assert_array_equal(same, best)
    skipped, again = cut(quality="best", tta="none")
    assert not skipped
    np.testing.assert_array_equal(again, standard)
