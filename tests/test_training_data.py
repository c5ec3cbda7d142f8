"""The photos that a model is trained on, and those that it is judged on."""

from dataclasses import replace

import pytest
from support.bundles import CONFIG, write_bundle

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.data import DataConfig
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.options import options_of
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.datasets.ground_truth import truth_of
from segmentation.datasets.origin import PSEUDO
from segmentation.datasets.selection import random_subset, select_samples, without_predicted
from segmentation.images.files import read_photo
from segmentation.jobs.training_checks import check_before_data
from segmentation.jobs.training_choice import choose
from segmentation.jobs.training_data import with_drawn_photos
from segmentation.jobs.training_split import choose_split
from segmentation.models.registry import complete
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.synth import write_studio

SIZE = {"width": 96, "height": 144}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    write_studio(folder, 4, **SIZE, seed=0, workers=1)
    return discover(folder)


@pytest.fixture(scope="module")
def foldered(tmp_path_factory):
    """Three garments in train/ and one in val/."""
    root = tmp_path_factory.mktemp("foldered")
    write_studio(root / "train", 3, **SIZE, seed=1, workers=1)
    write_studio(root / "val", 1, **SIZE, seed=2, workers=1)
    return discover(root)


def bundle_of(split, folder):
    names = {"train": [sample.id for sample in split.train], "val": [sample.id for sample in split.val]}
    return ModelBundle(folder / "model", RunConfig(), Preprocessing(Size(64, 48)), split=names)


def test_the_folders_of_the_data_are_the_split_unless_folds_are_asked_for(foldered):
    by_folder = choose_split(foldered, DataConfig(), seed=0)
    by_fold = choose_split(foldered, DataConfig(folds=4, fold=2), seed=0)

    assert by_folder == foldered.folder_split
    assert len(by_fold.train) == 9
    assert {sample.group for sample in by_fold.train}.isdisjoint(sample.group for sample in by_fold.val)


def test_a_fold_that_there_is_not_is_refused(drawn):
    with pytest.raises(ConfigError, match=r"1 to 3.*received 4"):
        choose_split(drawn, DataConfig(folds=3, fold=4), seed=0)
    with pytest.raises(ConfigError, match="`folds`"):
        choose_split(drawn, DataConfig(fold=2), seed=0)


def test_a_model_of_one_fold_is_judged_on_that_fold_whatever_the_folders_say(foldered, tmp_path):
    split = choose_split(foldered, DataConfig(folds=4, fold=2), seed=0)

    assert select_samples(bundle_of(split, tmp_path), foldered) == split.val


def test_of_unknown_data_the_val_folder_is_judged_or_else_everything(foldered, drawn, tmp_path):
    stranger = bundle_of(choose_split(drawn, DataConfig(), seed=0), tmp_path)

    assert select_samples(stranger, foldered) == foldered.folder_split.val
    unsplit = discover(foldered.root / "train")
    assert select_samples(stranger, unsplit) == unsplit.samples


def test_the_photos_that_a_model_learned_from_are_judged_only_when_asked_for(drawn, tmp_path):
    split = choose_split(drawn, DataConfig(), seed=0)
    bundle = bundle_of(split, tmp_path)

    assert select_samples(bundle, drawn, "train") == split.train
    assert select_samples(bundle, drawn, "all") == drawn.samples
    learned = ModelBundle(
        tmp_path,
        RunConfig(),
        Preprocessing(Size(64, 48)),
        split={"train": [sample.id for sample in drawn.samples]},
    )
    with pytest.raises(DataError, match="was trained on 12 of its 12"):
        select_samples(learned, drawn)


@pytest.mark.parametrize(
    ("given", "used_with"),
    [
        ({"guide": "truth"}, {"second_pass": ["first"]}),
        ({"margin_px": 20}, {"second_pass": ["first"]}),
        ({"crop_focus": 0.5}, {"crops": "32x32"}),
        ({"crop_focus": 0.5}, {"sees": "tiles"}),
        ({"held_out_from": "model"}, {"model": "first", "architecture": None}),
        ({"boundary_width": 41}, {"boundary_weight": 2.0}),
        ({"boundary_width": 41}, {"boundary_weight": 0.0}),  # as a row of an experiment without the weight
        ({"boundary_width": 21}, {"preset": "carvana", "architecture": None, "input_size": "128x128"}),
        ({"thin_width": 5}, {"thin_weight": 1.0}),
        ({"fault_width": 5}, {"fault_weight": 1.0}),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(tmp_path, given, used_with):
    write_bundle(tmp_path / "first")
    name = next(iter(given))
    some = {"architecture": "unet-256", "input_size": "64x64", **given}
    usual = {found.name: found.default for found in options_of(RunConfig)}

    def check(options):
        chosen = {name: value for name, value in options.items() if value is not None}
        choice = choose(TrainOptions.of(**chosen), tmp_path)
        check_before_data(choice.config, choice.start, second_pass=bool(choice.first_passes))

    with pytest.raises(ConfigError, match=f"`{name}.*`: expected .* with it, received none"):
        check(some)
    check({**some, **used_with})
    check({**some, name: usual[name]})  # as files of options have it


def test_weights_of_a_backbone_are_refused_beside_a_model_that_brings_its_own(tmp_path):
    backbone = {"architecture": "unet-256", "backbone": "resnet50"}
    config = CONFIG.replace(**backbone, backbone_weights="none")
    write_bundle(tmp_path / "learned", config=config)
    with pytest.raises(ConfigError, match="`backbone_weights=imagenet`: expected without `model`"):
        choose(TrainOptions.of(model="learned", backbone_weights="imagenet"), tmp_path)
    choose(TrainOptions.of(model="learned", backbone_weights="none"), tmp_path)  # as its config.toml has it


def test_crops_of_mattes_have_no_focus(tmp_path):
    matte = {"target": "alpha", "architecture": "matte-efficientnet-lite0", "crops": "32x32"}
    choose(TrainOptions.of(**matte), tmp_path)
    with pytest.raises(ConfigError, match=r"`crop_focus`: expected .* no matte"):
        choose(TrainOptions.of(**matte, crop_focus=0.5), tmp_path)


def test_predictions_are_no_truth_to_judge_by(drawn, tmp_path):
    bundle = bundle_of(choose_split(drawn, DataConfig(), seed=0), tmp_path)
    real, predicted = drawn.samples[0], [replace(one, origin=PSEUDO) for one in drawn.samples[1:]]
    mixed = replace(drawn, samples=(real, *predicted))

    assert without_predicted(mixed.samples) == select_samples(bundle, mixed, "all") == (real,)
    assert without_predicted([]) == ()
    for side in ("held-out", "train", "all"):
        with pytest.raises(DataError, match="to judge by, received predictions alone"):
            select_samples(bundle, replace(drawn, samples=tuple(predicted)), side)


def test_drawn_garments_are_learned_from_and_never_held_out(foldered, tmp_path):
    config = complete(RunConfig().replace(synthetic=2, architecture="simple", input_size=Size(96, 64)))
    split = with_drawn_photos(foldered.folder_split, config, tmp_path, None)

    assert split.val == foldered.folder_split.val
    added = [sample for sample in split.train if sample.origin == "synthetic"]
    assert len(added) == 6
    assert len(split.train) == len(foldered.folder_split.train) + 6


def test_rooms_without_a_garment_are_learned_from_and_never_held_out(foldered, tmp_path):
    config = complete(RunConfig().replace(empty_rooms=3, architecture="simple", input_size=Size(96, 64)))
    split = with_drawn_photos(foldered.folder_split, config, tmp_path, None)

    assert split.val == foldered.folder_split.val
    added = split.train[len(foldered.folder_split.train) :]
    assert [sample.origin for sample in added] == ["synthetic"] * 3
    for sample in added:
        photo, truth = read_photo(sample.photo), truth_of(sample).read()
        assert not truth.any()
        assert truth.shape == photo.shape[:2] == (192, 128)
    assert with_drawn_photos(foldered.folder_split, config, tmp_path, None) == split


def test_a_garment_that_the_data_has_is_not_drawn_into_the_training(drawn, tmp_path):
    config = complete(RunConfig().replace(synthetic=6, architecture="simple", input_size=Size(96, 64)))
    split = choose_split(drawn, config.data, seed=0)
    extended = with_drawn_photos(split, config, tmp_path, None)

    added = {sample.group for sample in extended.train} - {sample.group for sample in split.train}
    assert len(added) == 2  # garments 4 and 5: the first four are those of the set
    assert added.isdisjoint(sample.group for sample in split.val)


def test_a_random_subset_is_the_same_for_the_same_seed(drawn):
    assert random_subset(drawn.samples, 5, seed=1) == random_subset(drawn.samples, 5, seed=1)
    assert random_subset(drawn.samples, 5, seed=1) != random_subset(drawn.samples, 5, seed=2)
    assert set(random_subset(drawn.samples, 5, seed=1)) < set(drawn.samples)
    assert random_subset(drawn.samples, None, seed=1) == drawn.samples
