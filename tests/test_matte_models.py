"""Models that find the alpha in a trimap: they begin with a first alpha, and keep what is known."""

import dataclasses

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mattes import draw_matte

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.bundle.finding import find_bundle
from segmentation.bundle.saving import save_description
from segmentation.config.experiment_file import experiment_of
from segmentation.config.files import MatteOptions
from segmentation.config.run import RunConfig
from segmentation.config.scoring import ScoringOptions
from segmentation.core.errors import ConfigError, SegmentationError
from segmentation.core.labels import BINARY
from segmentation.core.predictions import Prediction
from segmentation.images.files import write_image
from segmentation.images.refinement import refine
from segmentation.images.trimaps import UNKNOWN, soft_trimap, unsure_trimap
from segmentation.inference.engines import load_engine
from segmentation.inference.matting import load_matte, load_matte_pass, matte_bundles
from segmentation.inference.scorer import find_models
from segmentation.jobs.experiment_cells import Place, cells_of
from segmentation.jobs.openvino_export import with_openvino
from segmentation.models import registry
from segmentation.preprocessing.matting import with_trimap
from segmentation.preprocessing.preprocessing import Preprocessing

OPTIONS = {
    "target": "alpha",
    "architecture": "matte-efficientnet-lite0",
    "filters": 4,
    "levels": 2,
    "backbone_weights": "none",
    "input_size": "64x64",
    "prior": "guided-filter",
}


def make_bundle(folder, *, trained=False, **options):
    """A bundle of a network that was never trained, or one whose last convolution does something."""
    config = registry.complete(RunConfig().replace(**OPTIONS | options))
    way = Preprocessing.from_config(config.preprocessing, guides=config.guides)
    mean, std = [120.0, 110.0, 100.0], [60.0, 55.0, 50.0]
    count = len(config.guides)
    way = dataclasses.replace(way, mean=(*mean, *[0.0] * count), std=(*std, *[255.0] * count))
    keras.utils.set_random_seed(0)
    network = registry.build(config.model, (64, 64, way.channels))
    if trained:
        random = np.random.default_rng(0)
        for variable in network.weights:
            if "kernel" in variable.path and not np.any(variable):
                variable.assign(random.normal(0, 0.3, variable.shape))
    folder.mkdir(parents=True)
    bundle = ModelBundle(folder, config, way)
    network.save_weights(bundle.weights)
    save_description(bundle)
    return load_bundle(folder)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("models") / "hair", trained=True)


def start(seed=0, height=96, width=80):
    """A photo, and the trimap of its true alpha, which is also what a matte begins with."""
    photo, alpha = draw_matte(seed, height, width)
    return photo, soft_trimap(alpha, 0.05, 0.05)


def test_an_untrained_network_returns_the_alpha_that_it_is_given(tmp_path):
    photo, known = start()
    found = load_matte(make_bundle(tmp_path / "new"), engine="keras")(photo, known, known)
    expected = refine(photo, known, known, method="guided-filter")
    np.testing.assert_allclose(found.astype(int), expected, atol=4)  # a first alpha may be wrong by 0.01


def test_without_a_first_alpha_it_begins_with_one_half(tmp_path):
    photo, known = start()
    found = load_matte(make_bundle(tmp_path / "new", prior="none"), engine="keras")(photo, known, known)
    np.testing.assert_allclose(found[known == UNKNOWN], 128, atol=1)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 5), st.integers(40, 150), st.integers(40, 150), st.sampled_from([np.uint8, np.uint16]))
def test_what_is_known_is_never_changed(bundle, seed, height, width, kind):
    photo, known = start(seed, height, width)
    alpha = np.random.default_rng(seed).integers(0, np.iinfo(kind).max, known.shape, kind)
    before = alpha.copy()
    found = load_matte(bundle, engine="keras")(photo, alpha, known)
    assert found.dtype == kind
    np.testing.assert_array_equal(alpha, before)
    np.testing.assert_array_equal(found[known != UNKNOWN], alpha[known != UNKNOWN])
    assert (found[known == UNKNOWN] != alpha[known == UNKNOWN]).any()


def test_a_photo_of_which_all_is_known_stays_as_it_is(bundle):
    photo, known = start()
    known = np.where(known == UNKNOWN, 0, known).astype(np.uint8)
    np.testing.assert_array_equal(load_matte(bundle, engine="keras")(photo, known, known), known)


def test_a_tile_sees_the_photo_at_its_own_resolution(bundle):
    """The matte of a photo as large as the input is the scores without what is only just visible."""
    photo, known = start(2, 64, 64)
    found = load_matte(bundle, engine="keras")(photo, known, known)
    scores = load_engine(bundle, engine="keras")(with_trimap(photo, known, "guided-filter"))[..., 0]
    part = np.argwhere(known == UNKNOWN)
    assert part.min() < 16  # else it would see less of the photo
    assert part.max() > 48
    scores = scores[known == UNKNOWN]
    haze = (scores > 0) & (scores < 0.01)
    assert haze.any()
    found = found[known == UNKNOWN]
    assert (found[haze] == 0).all()
    np.testing.assert_allclose(found, np.clip((scores - 0.01) / 0.98, 0, 1) * 255, atol=0.51)


def test_openvino_finds_the_alpha_that_keras_finds(tmp_path):
    bundle = make_bundle(tmp_path / "hair", trained=True)
    path = tmp_path / "photo.png"
    write_image(path, start()[0])
    bundle, difference = with_openvino(bundle, [path], [])
    save_description(bundle)
    bundle = load_bundle(bundle.path)
    assert difference < 1e-4
    photo, known = start(1, 120, 90)
    found = [
        load_matte(bundle, engine=engine)(photo, known, known).astype(int) for engine in ("openvino", "keras")
    ]
    assert np.ptp(found[1][known == UNKNOWN]) > 20
    np.testing.assert_allclose(*found, atol=1)


def test_a_bundle_records_what_its_network_sees(bundle, tmp_path):
    assert bundle.matte
    assert bundle.preprocessing.guides == ("trimap", "alpha")
    assert bundle.preprocessing.channels == 5
    other = make_bundle(tmp_path / "other", prior="closed-form")
    same = dataclasses.replace(other, config=other.config.replace(prior="closed-form-half"))
    assert other.digest != same.digest


def test_a_model_of_masks_is_no_matte_and_a_matte_makes_no_masks(bundle):
    models = bundle.path.parent
    assert matte_bundles("closed-form", models) == ()
    with pytest.raises(
        ConfigError, match=r"`matte`: expected a model of .*received default, which makes masks"
    ):
        matte_bundles("default", models)
    with pytest.raises(ConfigError, match=r"`model`: expected a model that makes masks, received hair"):
        find_models(["hair"], models)


def test_the_last_pass_looks_where_the_scores_leave_alpha_open(bundle):
    photo, alpha = draw_matte(3)
    scores = (alpha.astype(np.float32) / 255)[..., np.newaxis]
    prediction = Prediction("photo", scores, BINARY, 0.5)
    options = MatteOptions(matte="guided-filter", matte_width=0.03)
    matte = load_matte_pass(options, bundle.path.parent, ScoringOptions())
    found = matte(photo, alpha, prediction)
    known = unsure_trimap(photo, scores[..., 0], 0.5, 0.03)
    np.testing.assert_array_equal(found, refine(photo, alpha, known, method="guided-filter"))
    assert load_matte_pass(MatteOptions(), bundle.path.parent, ScoringOptions()) is None
    assert matte.settings == {"matte": "guided-filter", "matte_band": "scores", "matte_width": 0.03}
    by_model = load_matte_pass(MatteOptions(matte="hair"), bundle.path.parent, ScoringOptions(engine="keras"))
    assert by_model.settings["matte"] == [bundle.digest]


def test_several_models_give_the_mean_of_their_alphas(tmp_path):
    make_bundle(tmp_path / "models" / "new")
    trained = make_bundle(tmp_path / "models" / "hair", trained=True)
    photo, known = start(4)
    prediction = Prediction("photo", (known == 255).astype(np.float32)[..., None], BINARY, 0.5)
    scoring = ScoringOptions(engine="keras")

    def found(name):
        options = MatteOptions(matte=name, matte_width=0.05)
        return load_matte_pass(options, trained.path.parent, scoring)(photo, known, prediction).astype(float)

    np.testing.assert_allclose(found("new+hair"), (found("new") + found("hair")) / 2, atol=0.51)


def test_superpixels_without_scikit_image_say_how_to_get_it(bundle, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skimage.segmentation", None)
    options = MatteOptions(matte="guided-filter", matte_band="superpixels")
    with pytest.raises(SegmentationError, match=r"scikit-image is needed.*garment-cutout\[matting\]"):
        load_matte_pass(options, bundle.path.parent, ScoringOptions())


def test_a_matte_beside_a_model_of_masks_is_not_taken_for_it(tmp_path):
    make_bundle(tmp_path / "models" / "hair")
    masks = {"target": "soft", "architecture": "simple", "backbone_weights": None, "prior": "none"}
    make_bundle(tmp_path / "models" / "shoes", **masks)
    assert find_bundle(None, tmp_path / "models").name == "shoes"


@pytest.mark.parametrize("where", ["base", "level"])
def test_an_experiment_refuses_a_model_of_mattes_to_begin_with(bundle, tmp_path, where):
    begun = {"model": str(bundle.path)}
    tables = {"base": begun} if where == "base" else {"factors": {"start": {"levels": {"hair": begun}}}}

    with pytest.raises(ConfigError, match=r"hair: expected a model of masks, received one of mattes"):
        cells_of(experiment_of(tables, "mine"), [], Place(tmp_path, tmp_path), tmp_path)
