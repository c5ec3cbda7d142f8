"""A network that learns against discriminators: who learns from what, what is seen, what is kept and said."""

import h5py
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from support.drawing import draw_set, samples_of
from support.training import train
from support.training_events import interrupting

from segmentation.config.adversaries import AdversarialConfig
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.events import Caution
from segmentation.core.size import Size
from segmentation.jobs.training_checks import check_before_data
from segmentation.models.registry import complete
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.adversaries.learner import Adversaries
from segmentation.training.adversaries.pictures import pictures_of
from segmentation.training.adversaries.watch import Watch, collapses
from segmentation.training.network import build_network, compile_network, load
from segmentation.training.objectives import build_loss
from segmentation.training.run_state import RunState

EPOCHS = 3
PLAIN = complete(
    RunConfig().replace(
        architecture="simple",
        filters=4,
        levels=1,
        input_size=Size(32, 32),
        epochs=EPOCHS,
        batch_size=2,
        learning_rate=0.01,
        optimizer="adamw",
        precision="float32",
    )
)
AGAINST = PLAIN.replace(adversarial=0.5, adversarial_warmup=1)
NAMES = ("adversarial_loss", "local_discriminator_loss", "whole_discriminator_loss")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return samples_of(draw_set(tmp_path_factory.mktemp("adversaries") / "pairs", garments=4))


@pytest.fixture(scope="module")
def trained(samples, tmp_path_factory):
    """Bundle, history and folder of a training without discriminators, and of one against them."""
    folder = tmp_path_factory.mktemp("trained")
    configs = {"plain": PLAIN, "against": AGAINST}
    return {name: (*train(samples, folder / name, one), folder / name) for name, one in configs.items()}


def build(weight=0.5, target="soft", loss=None, followed=1.0):
    """A learner that is compiled, with the network's first weights always the same."""
    config = AGAINST.replace(adversarial=weight, optimizer="sgd", learning_rate=1.0, adversarial_rate=1.0)
    keras.utils.set_random_seed(1)
    preprocessing = Preprocessing.from_config(config.preprocessing)
    network = build_network(config, preprocessing, 1, "float32", preprocessing.input_size)
    learner = Adversaries(network, weight, target, "float32")
    compile_network(config, learner, loss or build_loss(config.loss, 1), 0)
    learner.run_eagerly = True
    learner.followed.assign(followed)
    return learner


def batch(photos=2):
    """Photos of noise with a bright square, and its mask."""
    random = np.random.default_rng(0)
    masks = np.zeros((photos, 32, 32, 1), np.float32)
    masks[:, 8:20, 10:24] = 1
    return random.standard_normal((photos, 32, 32, 3)).astype(np.float32) + 2 * masks, masks


def step(learner):
    """Return the weights of network and discriminators after one step."""
    learner.train_on_batch(*batch())
    return learner.network.get_weights(), [*learner.local.get_weights(), *learner.whole.get_weights()]


def same(first, second):
    return all(np.array_equal(old, new) for old, new in zip(first, second, strict=True))


def test_in_the_warm_up_the_network_learns_as_without_and_then_not(trained):
    plain, against = (trained[name][1] for name in ("plain", "against"))
    for name in plain:
        assert against[name][0] == pytest.approx(plain[name][0], rel=1e-6), name
    assert against["loss"][2] != plain["loss"][2]


def test_the_losses_of_both_sides_are_in_the_history_of_trained_and_of_held_out_photos(trained):
    _, history, folder = trained["against"]
    written = (folder / "model" / "history.csv").read_text().splitlines()[0].split(",")

    for name in (*NAMES, *(f"val_{name}" for name in NAMES)):
        assert len(history[name]) == EPOCHS
        assert all(value > 0 for value in history[name])
        assert name in written
    assert not [name for name in trained["plain"][1] if "discriminator" in name]


def test_the_bundle_holds_the_network_alone(trained):
    (plain, *_), (against, *_) = trained["plain"], trained["against"]
    held = []
    for bundle in (plain, against):
        with h5py.File(bundle.weights) as file:
            names = []
            file.visititems(
                lambda name, item, names=names: names.append((name, getattr(item, "shape", None)))
            )
        held.append(names)

    assert held[0] == held[1]
    load(build().network, against.weights)


def test_a_resumed_training_ends_bit_by_bit_as_an_uninterrupted_one(samples, trained, tmp_path):
    _, expected, folder = trained["against"]
    _, begun = train(samples, tmp_path, AGAINST, tell=interrupting(2))
    _, history = train(samples, tmp_path, AGAINST, resuming=True)

    assert len(begun["loss"]) == 1
    assert history == expected
    ends = []
    for logs in (folder / "logs", tmp_path / "logs"):
        learner = build()
        load(learner, logs / f"epoch-{EPOCHS:04}.weights.h5")
        ends.append(learner.get_weights())
    assert same(*ends)


def test_each_side_learns_from_its_own_losses_alone():
    network, discriminators = step(build(weight=0.0))
    followed, same_discriminators = step(build(weight=5.0))
    before, untaught = (build(), build(followed=0.0))
    unfollowed, _ = step(untaught)

    assert same(discriminators, same_discriminators)
    assert not same(network, followed)
    assert same(network, unfollowed)
    assert not same(before.local.get_weights() + before.whole.get_weights(), discriminators)


def test_losses_are_those_of_a_computation_by_hand():
    learner = build()
    photos, masks = batch(3)
    learner.test_on_batch(photos, masks)
    figures = {name: float(value) for name, value in learner.get_metrics_result().items()}

    scores = np.array(learner.network(photos))
    expected = dict.fromkeys(NAMES, 0.0)
    for name in ("local", "whole"):
        true, made = (
            np.array(learner.discriminators[name](np.concatenate([photos, seen], -1)), np.float64)
            for seen in (masks, scores)
        )
        places = np.ones(true.shape)
        if name == "local":  # cells of 8 pixels that touch both sides of the edge
            inner = ndimage.grey_erosion(masks, (1, 3, 3, 1))
            edge = ndimage.grey_dilation(masks, (1, 3, 3, 1)) > inner
            places = edge.reshape(3, 4, 8, 4, 8, 1).any((2, 4)).astype(np.float64)
        told = (np.log1p(np.exp(-true)) + np.log1p(np.exp(made))) / 2
        expected[f"{name}_discriminator_loss"] = (told * places).sum() / places.sum()
        expected["adversarial_loss"] += (np.log1p(np.exp(-made)) * places).sum() / places.sum() / 2

    for name, value in expected.items():
        assert figures[name] == pytest.approx(value, rel=1e-4), name
    own = float(np.mean(build_loss(AGAINST.loss, 1)(masks, scores)))
    assert figures["loss"] == pytest.approx(own, rel=1e-4)


def test_what_both_sides_lose_counts_as_much_as_the_photo():
    photos, masks = batch()
    other = photos[::-1] * 3
    counted = build()
    counted.test_on_batch(np.concatenate([photos[:1], other[:1]]), masks, sample_weight=np.array([1.0, 0.0]))
    alone = build()
    alone.test_on_batch(photos[:1], masks[:1])

    for name in NAMES:
        weighed, whole = (float(one.get_metrics_result()[name]) for one in (counted, alone))
        assert weighed == pytest.approx(whole / 2, rel=1e-5), name


def test_kernels_of_discriminators_keep_a_spectral_norm_of_one():
    learner = build()
    learner.train_on_batch(*batch())
    for _ in range(25):  # each goes on with the power iteration where the one before ended
        learner.local(np.zeros((1, 8, 8, 4), np.float32), training=True)

    kernels = [weight for weight in learner.local.trainable_variables if len(weight.shape) > 1]
    norms = [np.linalg.norm(np.array(one).reshape(-1, one.shape[-1]), 2) for one in kernels]
    assert norms == pytest.approx([1] * len(norms), abs=0.05)


@settings(deadline=None, max_examples=30)
@given(arrays(np.float32, (1, 8, 8, 1), elements=st.floats(0, 1, width=32)))
def test_a_matte_is_judged_in_its_band_and_known_elsewhere(alpha):
    band = (alpha > 0.3).astype(np.float32)
    targets = np.concatenate([alpha, band, alpha], axis=-1)
    scores = 1 - alpha
    true, made, edge = (np.array(one) for one in pictures_of(targets, scores, "alpha"))

    np.testing.assert_array_equal(true, alpha)
    np.testing.assert_allclose(made, np.where(band > 0, scores, alpha), atol=1e-6)
    np.testing.assert_array_equal(edge, band)


def test_what_is_ignored_among_classes_is_seen_on_neither_side():
    targets = np.zeros((1, 8, 8, 3), np.float32)
    targets[:, :4, :, 0] = targets[:, 4:6, :, 1] = 1  # and the last two rows are ignored
    scores = np.full((1, 8, 8, 3), 1 / 3, np.float32)
    made = np.array(pictures_of(targets, scores, "soft").made)

    assert (made[:, 6:] == 0).all()
    np.testing.assert_array_equal(made[:, :6], scores[:, :6])


def test_a_picture_without_an_edge_has_no_place_along_it():
    empty = np.zeros((2, 20, 24, 1), np.float32)
    assert not np.array(pictures_of(empty, empty, "soft").places(8)).any()


def history_of(local, whole, dice):
    losses = {"local_discriminator_loss": local, "whole_discriminator_loss": whole}
    return {**losses, "val_dice": dice}


@pytest.mark.parametrize(
    ("local", "whole", "dice", "words"),
    [
        ([0.7, 0.6, 0.6], [0.7, 0.6, 0.5], [0.5, 0.6, 0.7], []),
        ([0.7, 0.04, 0.03], [0.7, 0.6, 0.5], [0.5, 0.6, 0.7], ["the discriminator along the edge tells all"]),
        ([0.7, 0.6, 0.6], [0.6, 0.04, 0.03], [0.5, 0.6, 0.7], ["the discriminator of the whole picture"]),
        ([0.7, 0.6, 0.03], [0.7, 0.6, 0.5], [0.5, 0.6, 0.7], []),  # once may be chance
        ([0.01, 0.01, 0.01], [0.7, 0.6, 0.5], [0.5, 0.6, 0.7], []),  # said before
        ([0.7] * 4, [0.7] * 4, [0.9, 0.9, 0.7, 0.6], ["Dice 0.600 after 0.900; lower `adversarial` (0.5)"]),
        ([0.7] * 4, [0.7] * 4, [0.9, 0.9, 0.7, 0.85], []),
    ],
)
def test_a_collapse_is_said_once_in_words(local, whole, dice, words):
    found = collapses(history_of(local, whole, dice), AdversarialConfig(0.5, 1))
    assert len(found) == len(words)
    for one, expected in zip(found, words, strict=True):
        assert expected in one


def test_a_collapse_is_told_after_the_epoch_that_had_it_and_not_of_one_cut_short(tmp_path):
    told = []
    history = {"loss": [1, 1], **history_of([0.01, 0.01], [0.7, 0.7], [0.9, 0.9])}
    watch = Watch(AGAINST.adversaries, RunState(tmp_path, {}, history), told.append)
    watch.on_epoch_end(2)
    assert not told
    watch.on_epoch_end(1)
    (event,) = told
    assert isinstance(event, Caution)
    assert "along the edge" in event.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adversarial_rate": 0.1}, "`adversarial_rate`: expected `adversarial` above 0 with it"),
        ({"adversarial_warmup": 2}, "`adversarial_warmup`: expected `adversarial` above 0 with it"),
        ({"adversarial": 0.1, "adversarial_rate": 0}, "expected a share above 0, received 0"),
        (
            {"adversarial": 0.1, "architecture": "mask-rcnn", "backbone_weights": "none"},
            "`adversarial`: expected without `architecture=mask-rcnn`",
        ),
    ],
)
def test_what_would_be_ignored_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        check_before_data(RunConfig().replace(**options), None, second_pass=False)


def test_a_saved_configuration_without_discriminators_is_taken_again():
    usual = vars(AdversarialConfig())
    check_before_data(RunConfig.from_json(PLAIN.to_json()).replace(**usual), None, second_pass=False)
