"""A photo is known by its content: a camera gives every shoot the same names, and copies have others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.drawing import draw_pair

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.confidence.model import ConfidenceModel
from segmentation.config.run import RunConfig
from segmentation.core.digests import content_of
from segmentation.core.errors import DataError
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.core.viewpoint_names import VIEWS, group_and_view
from segmentation.core.workspace import Workspace
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.exclusion import without
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.selection import new_to, select_samples
from segmentation.datasets.split import Split
from segmentation.evaluation.audit import unbiased_scores
from segmentation.evaluation.calibration import fit_confidence
from segmentation.evaluation.candidates import judged_together, unseen_by_all
from segmentation.inference.first_pass_scores import write_first_pass_scores
from segmentation.jobs.context import Context
from segmentation.jobs.training_split import split_of, split_of_source, with_source
from segmentation.preprocessing.preprocessing import Preprocessing


def shoot(folder: Path, seed: int, names: list[str]) -> Dataset:
    """Photos and masks under these names; other seeds are other photos."""
    for number, name in enumerate(names):
        photo, alpha = draw_pair(100 * seed + number)
        for part in ("images", "masks"):
            (folder / part / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(folder / "images" / f"{name}.png")
        Image.fromarray(alpha).save(folder / "masks" / f"{name}.png")
    return discover(folder)


def model(train, val=(), *, records_contents: bool = True, name: str = "model") -> ModelBundle:
    contents = {sample.id: content_of(sample.photo) for sample in (*train, *val)}
    split = {"train": [sample.id for sample in train], "val": [sample.id for sample in val]}
    return ModelBundle(
        Path(name),
        RunConfig(),
        Preprocessing(Size(64, 48)),
        split=split,
        contents=contents if records_contents else {},
    )


def ids(samples) -> list[str]:
    return [sample.id for sample in samples]


CAMERA = ["IMG_0001", "IMG_0002", "IMG_0003"]


@pytest.fixture
def first(tmp_path) -> Dataset:
    return shoot(tmp_path / "first", 1, CAMERA)


@pytest.fixture
def second(tmp_path) -> Dataset:
    """Other photos under the same names."""
    return shoot(tmp_path / "second", 2, CAMERA)


@pytest.fixture
def renamed(tmp_path) -> Dataset:
    """The photos of the first shoot under other names."""
    return shoot(tmp_path / "renamed", 1, ["dress", "coat", "shirt"])


def test_photos_of_another_shoot_are_new_whatever_they_are_called(first, second):
    known = model(first.samples[:2], first.samples[2:])

    assert ids(select_samples(known, second)) == CAMERA
    assert ids(judged_together({"a": known, "b": known}, second)) == CAMERA
    assert ids(unseen_by_all({"a": known, "b": known}, second)) == CAMERA
    assert ids(KnownPhotos.trained_on(known).namesakes(second.samples)) == CAMERA[:2]


def test_photos_that_were_trained_on_are_known_under_other_names(first, renamed):
    known = model(first.samples)

    assert ids(select_samples(known, renamed, "train")) == ids(renamed.samples)
    with pytest.raises(DataError, match="was trained on 3 of its 3"):
        select_samples(known, renamed)
    with pytest.raises(DataError, match="none of the models was trained"):
        unseen_by_all({"model": known}, renamed)
    with pytest.raises(DataError, match="expected a model that was not trained on coat"):
        unbiased_scores([known], renamed.samples)
    with pytest.raises(DataError, match="expected a model that was not trained on coat"):
        write_first_pass_scores(renamed.samples, [], renamed.root)


def test_held_out_photos_are_held_out_under_other_names(first, renamed):
    known = model(first.samples[:2], first.samples[2:])
    assert [content_of(sample.photo) for sample in select_samples(known, renamed)] == [
        content_of(first.samples[2].photo)
    ]


def test_a_photo_on_both_sides_is_not_held_out(first):
    known = model(first.samples, [replace(first.samples[0], id="copy")])
    with pytest.raises(DataError, match="found none"):
        select_samples(known, first)


def test_a_garment_is_known_when_one_of_its_views_was_trained_on(tmp_path):
    front = shoot(tmp_path / "front", 1, ["coat_Front", "dress_Front"])
    back = shoot(tmp_path / "back", 2, ["coat_Back", "skirt_Back"])
    known = model(front.samples)

    assert ids(select_samples(known, back)) == ["skirt_Back"]
    assert ids(unseen_by_all({"model": known}, back)) == ["skirt_Back"]


def test_a_garment_of_a_further_folder_is_known_by_its_other_views_as_well(tmp_path):
    first = shoot(tmp_path / "first", 1, ["2_Front"])
    further = shoot(tmp_path / "further", 2, ["8_Front"])
    back = shoot(tmp_path / "back", 3, ["8_Back", "9_Back"])
    split = with_source(Split(first.samples, ()), further.root, Split(further.samples, ()), 1)
    several, single = model(split.train), model(further.samples)

    assert ids(select_samples(several, back)) == ["9_Back"]
    in_training = with_source(Split(first.samples, ()), back.root, Split(back.samples, ()), 1).train
    for known in (several, single):
        assert KnownPhotos.trained_on(known).garments(in_training) >= {"back/8"}
        assert "back/9" not in KnownPhotos.trained_on(known).garments(in_training)
    again = shoot(tmp_path / "again", 4, ["8_Front", "8_Back"])
    assert ids(select_samples(several, again)) == ids(again.samples)


def test_the_name_of_a_garment_that_another_shoot_uses_again_is_another_garment(tmp_path):
    spring = shoot(tmp_path / "spring", 1, ["001_Front", "002_Front"])
    autumn = shoot(tmp_path / "autumn", 2, ["001_Front", "001_Back", "002_Front"])

    assert ids(select_samples(model(spring.samples), autumn)) == ids(autumn.samples)


def test_a_model_without_contents_knows_photos_by_their_names(first, second, renamed):
    known = model(first.samples[:2], records_contents=False)

    assert ids(select_samples(known, second)) == CAMERA[2:]
    assert ids(select_samples(known, renamed)) == ids(renamed.samples)
    assert KnownPhotos.trained_on(known).names_alone == set(CAMERA[:2])


def test_what_any_pass_was_trained_on_is_known(first, renamed):
    double = replace(model(first.samples[:1]), first=model(first.samples[1:2]))
    assert len(KnownPhotos.trained_on(double).among(renamed.samples)) == 2


def test_a_photo_that_changed_between_two_looks_is_another(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(b"one")
    before = content_of(path)
    path.write_bytes(b"another")
    assert content_of(path) != before
    with pytest.raises(DataError, match="expected a readable file"):
        content_of(tmp_path / "absent")


def test_sources_of_one_name_stay_apart(tmp_path):
    main = shoot(tmp_path / "main", 1, ["photos/IMG_0001", "IMG_0002"])
    others = [shoot(tmp_path / place / "photos", seed, CAMERA) for place, seed in (("a", 2), ("b", 3))]
    split = Split(main.samples[:1], main.samples[1:])
    for number, other in enumerate(others, start=1):
        split = with_source(split, other.root, Split(other.samples[:2], other.samples[2:]), number)

    everything = split.train + split.val
    assert len({sample.id.casefold() for sample in everything}) == len(everything) == 8
    assert len({sample.group for sample in everything}) == 8
    assert [sample.source for sample in split.train] == [0, 1, 1, 2, 2]
    assert [sample.source for sample in split.val] == [0, 1, 2]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 3, 2, 1), (1, 2, 3, 0)])
def test_nothing_is_learned_of_a_held_out_garment_whichever_folder_holds_it_out(tmp_path, order):
    names = [f"{number}_Front" for number in range(8)]
    studio = shoot(tmp_path / "studio", 1, [f"a{name}" for name in names])
    packshots = shoot(tmp_path / "packshots", 2, names)
    composed = shoot(tmp_path / "composed", 3, [f"new{name}" for name in names])
    composed = replace(
        composed,
        samples=tuple(
            replace(one, origin="composed", group=one.group.removeprefix("new")) for one in composed.samples
        ),
    )
    predicted = shoot(tmp_path / "predicted", 4, [f"{number}_Back" for number in range(8)])
    predicted = replace(predicted, samples=tuple(replace(one, origin="pseudo") for one in predicted.samples))
    datasets = [[studio, packshots, composed, predicted][number] for number in order]
    config = RunConfig().replace(held_out_from="all", holdout=0.25)
    told = []
    split = split_of(datasets, config, Context(Workspace(tmp_path), told.append))

    held_out = {group_and_view(sample.photo.stem)[0] for sample in split.val}
    made = [sample for sample in split.train if sample.origin != "real"]
    shown = {group_and_view(sample.photo.stem)[0].removeprefix("new") for sample in made}
    assert len(held_out) == 4
    assert shown == {str(number) for number in range(8)} - held_out
    assert sum("left out: 2 predicted or composed pairs" in event.text for event in told) == 2


@pytest.mark.parametrize("options", [{"holdout": 0.3}, {"folds": 3}, {"held_out_from": "model"}])
def test_excluding_pairs_does_not_choose_others_to_hold_out(tmp_path, options):
    pairs = shoot(tmp_path / "pairs", 1, [f"{number}_Front" for number in range(12)])
    config, context = RunConfig().replace(**options), Context(Workspace(tmp_path))
    start = model(pairs.samples[:8], pairs.samples[8:])
    before = split_of([pairs], config, context, start)
    wrong = {before.train[0].id, before.val[0].id}
    left = without(pairs, wrong)
    after = split_of([left], config, context, start)

    assert after == Split(before.train[1:], before.val[1:])
    assert split_of([without(pairs, [before.train[0].id])], config, context, start).val == before.val
    with pytest.raises(DataError, match="none on one side"):
        split_of([without(pairs, ids(before.val))], config, context, start)


def test_a_run_that_chose_its_held_out_photos_after_excluding_goes_on_with_them(tmp_path):
    pairs = shoot(tmp_path / "pairs", 1, [f"{number}_Front" for number in range(12)])
    config, context = RunConfig().replace(holdout=0.3), Context(Workspace(tmp_path))
    left = without(pairs, ["0_Front", "3_Front"])
    before = split_of([replace(left, whole=None)], config, context)

    assert before != split_of([left], config, context)
    assert split_of([left], config, context, held_out=ids(before.val)) == before


@pytest.mark.parametrize("chosen", ["before", "after"])
def test_a_run_that_goes_on_says_once_what_its_split_leaves_out(tmp_path, chosen):
    pairs = shoot(tmp_path / "pairs", 1, [f"{number}_Front" for number in range(12)])
    pairs = replace(pairs, folder_split=Split(pairs.samples[:8], pairs.samples[8:]))
    config = RunConfig().replace(folds=3)
    left = without(pairs, ["0_Front", "3_Front"])
    begun = left if chosen == "before" else replace(left, whole=None)
    held_out = ids(split_of([begun], config, Context(Workspace(tmp_path))).val)

    told = []
    split = split_of([left], config, Context(Workspace(tmp_path), told.append), held_out=held_out)
    assert ids(split.val) == held_out
    assert [event.text.partition(" ")[0] for event in told] == ["`folds`"]


def test_a_copy_of_a_photo_that_a_later_folder_holds_out_is_told(tmp_path):
    first = shoot(tmp_path / "first", 1, CAMERA)
    copies = shoot(tmp_path / "copies", 1, ["c", "a", "b"])
    told = []
    context = Context(Workspace(tmp_path), told.append)
    split_of([first, copies], RunConfig().replace(held_out_from="all", holdout=0.3), context)
    assert {
        folder.name for folder in (first.root, copies.root) for event in told if str(folder) in event.text
    } == {"first", "copies"}


@pytest.mark.parametrize("folds", [0, 3])
def test_photos_of_every_source_are_held_out_where_that_is_asked_for(tmp_path, folds):
    packshots = shoot(tmp_path / "packshots", 1, CAMERA)
    config = RunConfig().replace(folds=folds, holdout=0.3)

    assert split_of_source(packshots, config) == Split(packshots.samples, ())
    split = split_of_source(packshots, config.replace(held_out_from="all"))
    assert len(split.val) == 1
    assert {*split.train, *split.val} == {*packshots.samples}


def test_what_a_model_held_out_stays_so_where_that_is_asked_for(tmp_path):
    fresh = shoot(tmp_path / "fresh", 1, CAMERA)
    before = shoot(tmp_path / "before", 2, [f"{number}_{view}" for number in range(6) for view in VIEWS[:2]])
    start = model(before.samples[:4], before.samples[4:])  # a fold, say, which no share would draw
    config = RunConfig().replace(held_out_from="model", holdout=0.3)
    split = split_of([fresh, before], config, Context(Workspace(tmp_path)), start)

    assert ids(sample for sample in split.val if sample.source) == [
        f"before/{one.id}" for one in before.samples[4:]
    ]
    assert len([sample for sample in split.val if not sample.source]) == 1
    alone = split_of([before], config, Context(Workspace(tmp_path)), start)
    assert alone == Split(before.samples[:4], before.samples[4:])


def test_first_pass_scores_are_of_models_that_do_not_know_the_garment_if_there_are_any(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "segmentation.inference.first_pass_scores.load_score",
        lambda bundle, **_options: (
            lambda photo: np.full((*photo.shape[:2], 1), float(bundle.name), np.float32),
            ["none"],
        ),
    )
    front = shoot(tmp_path / "front", 1, ["coat_Front"])
    back = shoot(tmp_path / "back", 2, ["coat_Back"])
    knows, does_not = model(front.samples, name="1"), model((), name="0")

    def written(*models):
        (scored,) = write_first_pass_scores(back.samples, models, tmp_path / "scores")
        return int(scored.first_scores.read().max())

    assert written(knows, does_not) == 0
    assert written(knows) == 255  # better than none
    with pytest.raises(DataError, match="expected a model that was not trained on coat_Front"):
        write_first_pass_scores(front.samples, [knows], tmp_path / "scores")


def test_a_confidence_is_not_fitted_on_other_views_of_garments_that_were_trained_on(tmp_path, monkeypatch):
    monkeypatch.setattr("segmentation.evaluation.calibration.load_score", lambda _bundle: (None, [None]))
    monkeypatch.setattr("segmentation.evaluation.calibration.estimator_for", lambda *_arguments: None)
    front = shoot(tmp_path / "front", 1, [f"{number}_Front" for number in range(14)])
    back = shoot(tmp_path / "back", 2, [f"{number}_Back" for number in range(14)])

    with pytest.raises(DataError, match=r"garments that it was not trained on .* received 0"):
        fit_confidence(model(front.samples), back.samples)


def test_a_held_out_garment_is_not_taken_for_one_of_its_name_in_a_further_folder(tmp_path):
    main = shoot(tmp_path / "main", 1, ["1_Front", "8_Back"])
    further = shoot(tmp_path / "further", 2, ["8_Front"])
    split = with_source(
        Split(main.samples[:1], main.samples[1:]), further.root, Split(further.samples, ()), 1
    )
    known = model(split.train, split.val)

    assert ids(judged_together({"model": known}, main)) == ["8_Back"]
    assert new_to(known, main.samples) == {"8_Back"}


def test_predicted_pairs_are_never_held_out(tmp_path):
    predicted = shoot(tmp_path / "predicted", 1, CAMERA)
    predicted = replace(predicted, samples=tuple(replace(one, origin="pseudo") for one in predicted.samples))

    split = split_of_source(predicted, RunConfig().replace(held_out_from="all"))
    assert split == Split(predicted.samples, ())


def test_first_pass_scores_of_names_that_differ_by_case_have_files_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "segmentation.inference.first_pass_scores.load_score",
        lambda _bundle, **_options: (lambda photo: photo[..., :1] / 255.0, ["none"]),
    )
    folder = shoot(tmp_path / "set", 1, ["Dress", "dress"])
    samples = write_first_pass_scores(folder.samples, [model(())], tmp_path / "scores")

    paths = [sample.first_scores.path for sample in samples]
    assert len({str(path).casefold() for path in paths}) == 2
    assert all(path.is_file() for path in paths)


def test_contents_come_back_with_a_bundle(tmp_path):
    from support.bundles import write_bundle

    from segmentation.bundle.saving import save_description

    bundle = write_bundle(tmp_path / "models" / "coats")
    save_description(replace(bundle, contents={"a": "0123456789abcdef"}))
    loaded = load_bundle(bundle.path)
    assert loaded.photos("train") == (("a", "0123456789abcdef"), ("b", ""))


def test_what_a_confidence_was_fitted_on_is_known_by_content(first, second, renamed):
    names, contents = ids(first.samples), [content_of(sample.photo) for sample in first.samples]
    model = ConfidenceModel(tuple(names), {}, {}, 0.0, 0.0, 0.0)
    recorded = replace(model, contents=tuple(contents))

    assert len(KnownPhotos.of_confidence(recorded).among(renamed.samples)) == 3
    assert KnownPhotos.of_confidence(recorded).among(second.samples) == ()
    assert ids(KnownPhotos.of_confidence(model).among(second.samples)) == CAMERA


def test_a_sample_without_a_file_is_known_by_its_name(first):
    known = KnownPhotos.of(first.samples)
    assert Sample("IMG_0001", Path("gone")) in known
    assert Sample("IMG_0009", Path("gone")) not in known
