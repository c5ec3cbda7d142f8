"""`adapt`: what a person corrected makes the next model better, and never worse."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from support.bundles import write_bundle
from support.corrected import NETWORK, context, correct, predict_blue, train_red
from support.desk import draw_results, read
from support.drawing import BACKGROUND, GARMENT, draw_set, ellipse

from segmentation.bundle.bundle import load_bundle
from segmentation.config.jobs.adapt import AdaptOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.errors import ConfigError, DataError, TrainingError
from segmentation.core.events import Caution, Note
from segmentation.datasets.discover import discover
from segmentation.jobs.adapt import adapt
from segmentation.jobs.recipe import StepStarted
from segmentation.jobs.train import train
from segmentation.retouch.desk import Desk
from segmentation.retouch.operations import Area
from segmentation.training.progress import EpochDone


class Told:
    """A receiver that remembers what a job told, and interrupts it after the first epoch if asked to."""

    def __init__(self, interrupt=False):
        self.events, self._interrupt = [], interrupt

    def __call__(self, event):
        self.events.append(event)
        if self._interrupt and isinstance(event, EpochDone):
            raise KeyboardInterrupt

    @property
    def text(self):
        return "\n".join(event.text for event in self.events if isinstance(event, Note | Caution))

    @property
    def trainings(self):
        return [event.step for event in self.events if isinstance(event, StepStarted)]


def options(results, name="blue", **more):
    return AdaptOptions.of(**{"from_": results, "name": name, "epochs": 2, **more})


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model that knows red garments alone, and corrected results of it on blue ones."""
    home = tmp_path_factory.mktemp("home")
    train_red(home)
    correct(home / "shoot" / "results", predict_blue(home, home / "shoot", 12))
    return home


def test_a_model_learns_what_was_corrected_and_goes_on_after_an_interruption(home):
    results, before = home / "shoot" / "results", load_bundle(home / "models" / "red").digest
    stopped = adapt(options(results), context(home, Told(interrupt=True)))
    assert stopped.verdict is None
    assert not (home / "models" / "blue").exists()
    with pytest.raises(ConfigError, match=r"unfinished adaptation .*`resume`"):
        adapt(options(results), context(home))
    with pytest.raises(TrainingError, match=r"`epochs` is 2, expected 9"):
        adapt(options(results, epochs=9, resume=True), context(home))

    told = Told()
    done = adapt(options(results, resume=True), context(home, told))

    assert done.taken
    assert done.model == home / "models" / "blue"
    assert [event.epoch for event in told.events if isinstance(event, EpochDone)] == [2]
    assert done.verdict.corrections.change.low > 0.01
    assert done.verdict.validation.photos == 2
    assert [report.is_file() for report in done.reports] == [True, True]
    new = load_bundle(done.model)
    assert new.provenance["adapted"]["verdict"] == str(done.verdict)
    assert load_bundle(home / "models" / "red").digest == before
    work = home / "results" / "adapt" / "blue"
    learned, judged = discover(work / "corrections"), discover(work / "held-out")
    assert {sample.group for sample in learned.samples}.isdisjoint(sample.group for sample in judged.samples)
    assert len(learned.samples) + len(judged.samples) == 24
    assert {sample.origin for sample in (*learned.samples, *judged.samples)} == {"retouched"}
    record = json.loads((work / "held-out" / "origin.json").read_text())
    assert (record["model"], record["from"]) == ("red", [str(results)])
    known = {name for side in new.split.values() for name in side}
    assert not known & {sample.id for sample in judged.samples}
    assert any(name.startswith("data/") for name in new.split["train"])  # replayed

    with pytest.raises(ConfigError, match=r"exists; choose another name, or add `overwrite`"):
        adapt(options(results), context(home))


@pytest.mark.slow
def test_a_model_that_costs_more_than_it_gains_replaces_none(home, tmp_path):
    """The validation set takes no blue part for garment, so that a model trained on blue is worse there."""
    shutil.copytree(home / "models" / "red", home / "models" / "taken")
    before = (home / "models" / "taken" / "bundle.json").read_bytes()
    both = tmp_path / "both"
    for name in ("images", "masks"):
        (both / name).mkdir(parents=True)
    for number in range(4):
        red = ellipse(64, 48, centre=(0.5, 0.25), radii=(0.25, 0.15))
        blue = ellipse(64, 48, centre=(0.5, 0.75), radii=(0.3, 0.2))
        photo = np.full((64, 48, 3), BACKGROUND, np.uint8)
        photo[red], photo[blue] = GARMENT, GARMENT[::-1]
        photo[number, :] = 0  # each is another photo
        Image.fromarray(photo).save(both / "images" / f"{number}_Front.png")
        Image.fromarray((red * 255).astype(np.uint8)).save(both / "masks" / f"{number}_Front.png")

    done = adapt(options(home / "shoot" / "results", "taken", validation=both, overwrite=True), context(home))

    assert done.verdict.gains
    assert done.verdict.loses
    assert not done.taken
    assert "the new taken is better than taken" in str(done.verdict)
    assert (home / "models" / "taken" / "bundle.json").read_bytes() == before
    assert done.model == home / "results" / "adapt" / "taken" / "models" / "taken"
    assert load_bundle(done.model).name == "taken"


@pytest.mark.slow
def test_both_passes_learn_and_the_second_sees_what_its_first_does_not_know(home, tmp_path):
    data = draw_set(tmp_path / "more", garments=4, height=72)  # other photos than those of red
    second = TrainOptions.of(data=data, name="pair", second_pass=["red"], **{**NETWORK, "epochs": 1})
    train(second, context(home))
    masks = predict_blue(home, tmp_path / "shoot", 12, model="pair", first=300)
    correct(tmp_path / "shoot" / "results", masks)

    told = Told()
    done = adapt(options(tmp_path / "shoot" / "results", "pair-blue", epochs=1), context(home, told))

    first, last = told.trainings
    assert first.options.model == str((home / "models" / "pair" / "first").absolute())
    assert last.options.model == str((home / "models" / "pair").absolute())
    assert last.options.second_pass[0] == "pair-blue-first"
    assert first.options.data[1:] == (home / "data", data)
    assert last.options.data[1:] == (data,)  # the first pass was trained on the others
    assert "the second pass does not see" in told.text
    assert load_bundle(done.model).first.digest != load_bundle(home / "models" / "pair").first.digest


# Corrections that cannot be trained on


@pytest.fixture
def drawn(tmp_path):
    """A home with a model without a network, and its results on six photos."""
    bundle = write_bundle(tmp_path / "models" / "drawn", split={"train": [], "val": []})
    return tmp_path, draw_results(tmp_path / "shoot", model_bundle=bundle), bundle


def shifted(results, *names):
    """Correct masks: each is moved."""
    correct(results, {name: np.roll(read(results / "masks" / f"{name}.png"), 5, axis=0) for name in names})


NAMES = ("a_Front", "a_Back", "b_Front", "c_Front", "d_Front", "e_Front")


def test_results_that_nobody_corrected_are_refused(drawn):
    home, results, _bundle = drawn
    with pytest.raises(DataError, match="masks that a person corrected, found none; correct some and accept"):
        adapt(options(results), context(home))
    assert not (home / "results").exists()


def test_too_few_corrections_say_how_many_are_needed(drawn):
    home, results, _bundle = drawn
    shifted(results, *NAMES)
    with pytest.raises(DataError, match="at least 12 photos that are corrected, received 6; correct 6 more"):
        adapt(options(results), context(home))
    assert not (home / "results").exists()


def test_corrections_of_several_models_are_refused_unless_one_is_named(drawn, tmp_path):
    home, results, bundle = drawn
    other = dataclasses.replace(bundle, config=bundle.config.replace(filters=8))
    more = draw_results(tmp_path / "more", names=NAMES[:2], size=(96, 132), model_bundle=other)
    shifted(results, *NAMES)
    shifted(more, *NAMES[:1])

    with pytest.raises(DataError, match=r"received those of 2 .* name the one to go on from with `model`"):
        adapt(options([results, more]), context(home))
    with pytest.raises(DataError, match="corrected, received 7"):
        adapt(options([results, more], model="drawn"), context(home))


def test_a_model_that_is_gone_is_named_by_the_person(drawn):
    home, results, _bundle = drawn
    shifted(results, *NAMES)
    (home / "models" / "drawn").rename(home / "moved")
    with pytest.raises(DataError, match=r"is not in .*models; name one to go on from with `model`"):
        adapt(options(results), context(home))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda photo: photo.unlink(), "cannot be read .* bring the photo back"),
        (lambda photo: Image.new("RGB", (96, 128)).save(photo), "received another; run predict again"),
    ],
    ids=["gone", "changed"],
)
def test_photos_that_are_not_those_that_were_cut_out_are_refused(drawn, harm, words):
    home, results, _bundle = drawn
    shifted(results, *NAMES)
    harm(home / "shoot" / "photos" / "c_Front.png")
    with pytest.raises(DataError, match=f"1 corrected photo cannot be trained on, such as .*{words}"):
        adapt(options(results), context(home))


def test_a_review_counts_where_a_photo_is_changed_and_accepted(drawn):
    home, results, _bundle = drawn
    whole = Area(True, ((5, 5), (90, 5), (90, 60), (5, 60)))
    with Desk(results) as desk:
        photos = {photo.stem: photo for photo in desk.photos()}
        for name in ("a_Front", "b_Front", "c_Front"):
            desk.edit(photos[name], 0, whole)
        for name, decision in (("a_Front", "accepted"), ("b_Front", "redo"), ("d_Front", "accepted")):
            desk.decide(photos[name], desk.state_of(name).revision, decision)
        for photo in desk.writing.pending():
            desk.writing.write(photo)

    told = Told()
    with pytest.raises(DataError, match="received 1; correct 11 more"):
        adapt(options(results), context(home, told))
    assert "2 photos such as b_Front, changed in a review and not accepted" in told.text


def test_shares_belong_to_what_is_replayed(drawn, tmp_path):
    home, results, _bundle = drawn
    shifted(results, *NAMES)
    pairs = draw_set(tmp_path / "pairs")
    with pytest.raises(ConfigError, match=r"a share for the corrections and each `replay`, 2"):
        adapt(options(results, replay=pairs, mix="0.5,0.3,0.2"), context(home))


def test_there_is_nothing_to_resume_before_the_beginning(drawn):
    home, results, _bundle = drawn
    with pytest.raises(TrainingError, match=r"no interrupted adaptation in .*; start it without `resume`"):
        adapt(options(results, resume=True), context(home))
