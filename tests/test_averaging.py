"""The average of a network's weights: what it is, that it is judged and kept, and that it changes no step."""

import keras
import numpy as np
import pytest
from support.drawing import draw_set, samples_of
from support.training import train
from support.training_events import interrupting

from segmentation.config.loss import LossConfig
from segmentation.config.run import RunConfig
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.training.averaging import exchange
from segmentation.training.network import build_network, compile_network, load
from segmentation.training.objectives import build_loss

EPOCHS = 4
CONFIG = registry.complete(
    RunConfig().replace(
        architecture="unet-256",
        backbone="efficientnet-lite0",
        backbone_weights="none",
        filters=2,
        levels=1,
        input_size=Size(16, 16),
        epochs=EPOCHS,
        batch_size=1,
        learning_rate=0.01,
        optimizer="adamw",
        precision="float32",
        average=0.6,
    )
)
FROZEN_AND_SLOWER = {"freeze": 5, "freeze_epochs": 2, "backbone_rate": 0.1}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return samples_of(draw_set(tmp_path_factory.mktemp("averaging") / "pairs", garments=4))


def build(config, policy="float32", frozen=0):
    keras.utils.set_random_seed(0)
    preprocessing = Preprocessing.from_config(config.preprocessing)
    network = build_network(config, preprocessing, 1, policy, preprocessing.input_size)
    compile_network(config, network, build_loss(LossConfig(), 1), frozen)
    return network


def read(config, path):
    """The weights in a file, and those that they change places with."""
    network = build(config)
    load(network, path)
    weights = network.get_weights()
    exchange(network)
    return weights, network.get_weights()


def check_same(expected, found):
    for old, new in zip(expected, found, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("options", [{}, FROZEN_AND_SLOWER], ids=["all alike", "frozen and slower"])
def test_the_average_is_that_of_a_hand_computation(options, policy):
    network = build(CONFIG.replace(**options), policy, frozen=1 if options else 0)
    random, average, steps = np.random.default_rng(0), None, 0
    for _ in range(12):
        photos = random.standard_normal((2, 16, 16, 3)).astype(np.float32)
        network.train_on_batch(photos, (photos[..., :1] > 0).astype(np.float32))
        if int(network.optimizer.iterations) == steps:  # float16 skips steps until its loss has a scale
            continue
        steps += 1
        keeps = min(0.6, (steps - 1) / (steps + 8))
        weights = [np.array(weight, np.float64) for weight in network.weights]
        average = weights if steps == 1 else average
        average = [keeps * old + (1 - keeps) * new for old, new in zip(average, weights, strict=True)]

    learned = network.get_weights()
    assert steps > 8
    exchange(network)
    for expected, found in zip(average, network.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert any((old != new).any() for old, new in zip(learned, network.get_weights(), strict=True))
    exchange(network)
    check_same(learned, network.get_weights())


def test_before_the_first_step_there_is_no_average_to_take():
    network = build(CONFIG)
    before = network.get_weights()
    exchange(network)

    check_same(before, network.get_weights())


@pytest.mark.slow
def test_it_changes_no_step_of_the_training_and_is_what_is_judged_and_kept(samples, tmp_path):
    bundle, averaged = train(samples, tmp_path / "averaged", CONFIG)
    _, plain = train(samples, tmp_path / "plain", CONFIG.replace(average=0))
    last = f"logs/epoch-{EPOCHS:04}.weights.h5"
    best = f"logs/epoch-{bundle.provenance['best_epoch']:04}.weights.h5"

    assert [name for name in plain if plain[name] != averaged[name] and not name.startswith("val_")] == []
    assert plain["val_loss"] != averaged["val_loss"]
    check_same(read(CONFIG, tmp_path / "plain" / last)[0], read(CONFIG, tmp_path / "averaged" / last)[1])
    judged, kept = read(CONFIG, tmp_path / "averaged" / best)[0], read(CONFIG, bundle.weights)[0]
    for expected, found in zip(judged, kept, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2**-11, atol=2**-25)  # kept in half precision


@pytest.mark.parametrize(
    ("options", "interrupted_epoch"),
    [
        pytest.param({}, 3, id="one phase", marks=pytest.mark.slow),
        pytest.param(FROZEN_AND_SLOWER, 3, id="between two phases"),
        pytest.param(FROZEN_AND_SLOWER, 4, id="in the second phase", marks=pytest.mark.slow),
    ],
)
def test_a_resumed_training_ends_bit_by_bit_as_an_uninterrupted_one(
    samples, tmp_path, options, interrupted_epoch
):
    config = CONFIG.replace(**options)
    _, expected = train(samples, tmp_path / "whole", config)
    _, begun = train(samples, tmp_path / "parts", config, tell=interrupting(interrupted_epoch))
    _, history = train(samples, tmp_path / "parts", config, resuming=True)
    ends = [tmp_path / folder / "logs" / f"epoch-{EPOCHS:04}.weights.h5" for folder in ("whole", "parts")]

    assert len(begun["loss"]) == interrupted_epoch - 1
    assert history == expected
    for expected, found in zip(*(read(config, path) for path in ends), strict=True):
        check_same(expected, found)
