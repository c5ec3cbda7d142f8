"""Transfer learning: frozen levels, a lower rate for the backbone, and other classes."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from support.drawing import draw_set, samples_of
from support.program import run
from support.training import train as train_with
from support.training_events import Listening

from main import main
from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.saving import save_description
from segmentation.config.loss import LossConfig
from segmentation.config.run import RunConfig
from segmentation.config.training import TrainConfig
from segmentation.core.errors import ConfigError, TrainingError
from segmentation.core.labels import LabelMap
from segmentation.core.size import Size
from segmentation.models import registry
from segmentation.models.encoder import encode
from segmentation.models.parts import backbone_layers, head_layers
from segmentation.training.callbacks import Run
from segmentation.training.freezing import Phase, phases
from segmentation.training.network import compile_network, load_start
from segmentation.training.objectives import build_loss
from segmentation.training.optimizers import OPTIMIZERS, build_optimizer
from segmentation.training.run_state import RunState

LITE0 = "efficientnet-lite0"
RGB = ("red", "green", "blue")
CONFIG = registry.complete(
    RunConfig().replace(
        architecture="unet-256",
        backbone=LITE0,
        backbone_weights="none",
        filters=2,
        levels=2,
        input_size=Size(32, 32),
        epochs=1,
        batch_size=2,
        learning_rate=0.01,
        precision="float32",
    )
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return samples_of(draw_set(tmp_path_factory.mktemp("transfer") / "pairs"))


def train(samples, folder, config, **options):
    """A bundle that can be loaded, and the network of its weights."""
    bundle = save_description(train_with(samples, folder, config, **options)[0])
    network = build(config)
    network.load_weights(bundle.weights)
    return bundle, network


def build(config, classes=1):
    size = config.preprocessing.input_size
    return registry.build(config.model, (size.height, size.width, 3), classes)


def photos(shape=(32, 32, 3), count=2):
    return np.random.default_rng(0).standard_normal((count, *shape)).astype(np.float32)


# --- levels of a backbone ----------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", [LITE0, "mobilenet-v3", "resnet50"])
def test_the_levels_of_a_backbone_are_all_that_its_features_of_a_stride_depend_on(backbone):
    inputs = keras.Input((32, 32, 3))
    network = keras.Model(inputs, encode(inputs, backbone))
    before = {stride: np.array(features) for stride, features in network(photos()).items()}
    learned = network.get_weights()

    assert backbone_layers(network, 0) == []
    assert backbone_layers(network) == [layer for layer in network.layers if layer.weights]
    for level in range(1, 5):
        kept = backbone_layers(network, level)
        for layer in (layer for layer in backbone_layers(network) if layer not in kept):
            layer.set_weights([weights + 0.1 for weights in layer.get_weights()])
        same = {stride: (np.array(f) == before[stride]).all() for stride, f in network(photos()).items()}
        assert same == {2**n: n <= level for n in range(1, 6)}
        network.set_weights(learned)
        last = kept[-1]
        last.set_weights([weights + 0.1 for weights in last.get_weights()])
        assert (np.array(network(photos())[2**level]) != before[2**level]).any()
        network.set_weights(learned)


def test_a_network_without_a_backbone_has_no_levels_of_one():
    assert (
        backbone_layers(build(registry.complete(RunConfig().replace(architecture="simple", filters=2)))) == []
    )


def test_more_levels_than_the_network_halves_are_the_whole_backbone():
    network = build(CONFIG)

    assert backbone_layers(network, 2) == backbone_layers(network, 4) == backbone_layers(network)
    assert 0 < len(backbone_layers(network, 1)) < len(backbone_layers(network))


# --- frozen levels -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def start(samples, tmp_path_factory):
    return train(samples, tmp_path_factory.mktemp("start"), CONFIG)


@pytest.mark.parametrize("levels", [1, 5])
def test_frozen_levels_keep_weights_and_batch_statistics_bit_by_bit_and_all_others_learn(
    samples, tmp_path, start, levels
):
    bundle, before = start
    _, after = train(samples, tmp_path, CONFIG.replace(freeze=levels), start=bundle)
    kept = {layer.name for layer in backbone_layers(after, levels)}

    assert kept
    for old, new in zip(before.layers, after.layers, strict=True):
        assert old.name == new.name or not old.name.startswith("backbone.")
        for weights, others in zip(old.get_weights(), new.get_weights(), strict=True):
            assert (weights == others).all() == (new.name in kept), new.name


def test_what_is_frozen_at_first_learns_after_the_epochs_it_was_frozen_for(samples, tmp_path, start):
    bundle, before = start
    config = CONFIG.replace(freeze=5, freeze_epochs=1, epochs=2, schedule="fixed")
    train_with(samples, tmp_path, config, start=bundle)
    last = build(config)
    last.load_weights(tmp_path / "logs" / "epoch-0002.weights.h5")

    for old, new in zip(backbone_layers(before), backbone_layers(last), strict=True):
        assert all((w != v).any() for w, v in zip(old.get_weights(), new.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [Phase(0, 9, 0)]),
        ({"freeze": 3}, [Phase(0, 9, 3)]),
        ({"freeze": 3, "freeze_epochs": 4}, [Phase(0, 4, 3), Phase(4, 9, 0)]),
        ({"freeze": 3, "freeze_epochs": 9}, [Phase(0, 9, 3)]),
        ({"freeze": 3, "freeze_epochs": 20}, [Phase(0, 9, 3)]),
    ],
)
def test_the_phases_of_a_training_end_with_its_epochs(options, expected):
    assert phases(TrainConfig(epochs=9, **options)) == expected


def test_patience_is_for_what_is_no_longer_frozen(tmp_path):
    config = TrainConfig(epochs=9, freeze=3, freeze_epochs=4, patience=2)
    state = RunState(tmp_path, {}, {"val_dice": [0.9, 0.1, 0.1, 0.1]})
    run = Run(config, None, state, Listening(), stop=lambda: False)
    frozen, free = phases(config)

    run.phase = frozen
    assert not run.stalled()
    run.phase = free
    assert not run.stalled()
    state.history["val_dice"] += [0.2, 0.15, 0.2]
    assert run.stalled()


def test_frozen_batch_statistics_are_those_that_are_used_while_training():
    network = build(CONFIG)
    compile_network(CONFIG, network, build_loss(LossConfig(), 1), frozen=5)
    end = backbone_layers(network)[-1]
    backbone = keras.Model(network.input, end.output)

    np.testing.assert_array_equal(backbone(photos(), training=True), backbone(photos(), training=False))


# --- a lower rate ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_share_of_the_rate_is_what_an_optimizer_of_that_rate_would_do(name):
    random = np.random.default_rng(0)
    values, gradients = random.normal(size=(4, 3)), random.normal(size=(6, 2, 4, 3))

    def learned(rate, share):
        slow, fast = (keras.Variable(values, dtype="float32") for _ in range(2))
        config = TrainConfig(optimizer=name, learning_rate=rate, backbone_rate=share)
        optimizer = build_optimizer(config, [slow])
        optimizer.build([slow, fast])
        for step in gradients.astype(np.float32):
            optimizer.apply([keras.ops.convert_to_tensor(one) for one in step])
        return np.array(slow), np.array(fast)

    slow, fast = learned(0.05, share=0.1)
    assert np.abs(fast - values).max() > 1e-4
    np.testing.assert_allclose(fast, learned(0.05, share=1)[1], rtol=1e-6)
    np.testing.assert_allclose(slow - values, learned(0.005, share=1)[0] - values, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(learned(0.05, share=0)[0], values.astype(np.float32))


def test_the_backbone_moves_by_its_share_of_the_step_and_all_else_by_the_whole():
    moved = {}
    for share in (1.0, 0.1):
        keras.utils.set_random_seed(0)
        config = CONFIG.replace(backbone_rate=share, optimizer="sgd", learning_rate=1.0, levels=1)
        network = build(config)
        before = {variable.path: np.array(variable) for variable in network.trainable_variables}
        compile_network(config, network, build_loss(LossConfig(), 1), frozen=0)
        network.train_on_batch(photos(), (photos()[..., :1] > 0).astype(np.float32))
        moved[share] = {
            variable.path: np.array(variable) - before[variable.path]
            for variable in network.trainable_variables
        }
    for old, new in zip(moved[1.0].items(), moved[0.1].items(), strict=True):
        scale = 0.1 if "backbone" in old[0] else 1.0
        np.testing.assert_allclose(new[1], scale * old[1], atol=1e-6 + 1e-4 * np.abs(old[1]).max())
    assert sum("backbone" in path for path in moved[0.1]) > 3


def test_no_option_of_the_training_changes_what_a_model_is(start):
    bundle, _ = start
    config = bundle.config.replace(freeze=5, freeze_epochs=2, backbone_rate=0.1, average=0.9)

    assert dataclasses.replace(bundle, config=config).digest == bundle.digest
    older = bundle.config.to_json()
    for name in ("freeze", "freeze_epochs", "backbone_rate", "average"):
        del older["training"][name]
    assert RunConfig.from_json(older) == bundle.config


# --- other classes -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """Photos of yellow hair above a blue dress, with label maps, and groups of them."""
    folder, random = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for number in range(6):
        photo, labels = random.integers(110, 150, (48, 32, 3)).astype(np.uint8), np.zeros((48, 32), np.uint8)
        for value, colour, rows in ((1, (230, 190, 40), slice(4, 14)), (3, (40, 80, 220), slice(14, 40))):
            photo[rows, 4 + number : 20 + number], labels[rows, 4 + number : 20 + number] = colour, value
        Image.fromarray(photo).save(folder / "images" / f"{number}.png")
        Image.fromarray(labels).save(folder / "labels" / f"{number}.png")
    (folder / "labels.json").write_text(json.dumps({"0": "null", "1": "hair", "3": "dress"}))
    groups = {"background": ["null"], "hair": ["hair"], "dress": ["dress"]}
    (folder / "groups.json").write_text(json.dumps(groups))
    return folder


@pytest.mark.slow
def test_a_model_of_other_classes_gives_all_its_weights_but_those_of_the_head(samples, tmp_path, people):
    config = CONFIG.replace(backbone=None, backbone_weights=None, architecture="simple")
    before, network = train(samples, tmp_path / "models" / "garment", config)
    options = f"--classes {people / 'groups.json'} --epochs 1 --learning-rate 0 --holdout 0.4"
    given = ("--home", tmp_path, "--data", people, "--name", "people", "--model", before.path)
    done = run("train", *given, *options.split())

    assert done.stdout.splitlines()[1] == "model: the head starts from scratch, 1 class -> 3"
    after = load_bundle(tmp_path / "models" / "people")
    assert after.labels.names == ("background", "hair", "dress")
    assert after.preprocessing.mean == before.preprocessing.mean
    learned = build(after.config, classes=3)
    learned.load_weights(after.weights)
    (head,) = head_layers(learned)
    assert head.output.shape[-1] == 3
    kernels = [layer for layer in learned.layers if hasattr(layer, "kernel")]
    sources = [layer for layer in network.layers if hasattr(layer, "kernel")]
    assert len(kernels) > 3
    for new, old in zip(kernels, sources, strict=True):
        if new is not head:
            np.testing.assert_array_equal(new.kernel, old.kernel)


def test_a_head_of_as_many_other_classes_begins_anew_as_well(start):
    bundle, learned = start
    network, listening = build(CONFIG), Listening()
    own = head_layers(network)[0].get_weights()
    load_start(network, bundle, LabelMap(names=("shoe",)), RGB, listening)

    assert listening.notes == ["model: the head starts from scratch, other names or another order"]
    for new, old in zip(network.layers, learned.layers, strict=True):
        expected = own if new in head_layers(network) else old.get_weights()
        for weights, others in zip(new.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(weights, others)


def test_a_network_of_more_channels_scores_as_before_until_it_has_learned_of_them(start):
    bundle, learned = start
    seen, listening = photos((32, 32, 5)), Listening()
    wider = registry.build(CONFIG.model, (32, 32, 5), 1)
    load_start(wider, bundle, bundle.labels, ("red", "strokes", "green", "blue", "scores"), listening)

    expected = np.array(learned(seen[..., [0, 2, 3]], training=False))
    np.testing.assert_allclose(np.array(wider(seen, training=False)), expected, atol=1e-6)
    assert listening.notes == ["model: the network sees strokes and scores as well, at first without effect"]


def test_a_channel_that_is_left_out_is_told_of(start):
    bundle, learned = start
    narrower, listening = registry.build(CONFIG.model, (32, 32, 2), 1), Listening()
    load_start(narrower, bundle, bundle.labels, ("red", "blue"), listening)

    seen = photos()
    seen[..., 1] = 0
    expected = np.array(learned(seen, training=False))
    np.testing.assert_allclose(np.array(narrower(seen[..., [0, 2]], training=False)), expected, atol=1e-6)
    assert listening.notes == ["model: the network does not see green any more"]


def test_a_network_begins_to_see_grey_as_all_colours_and_colours_as_grey(start):
    bundle, learned = start
    grey, listening = registry.build(CONFIG.model, (32, 32, 1), 1), Listening()
    load_start(grey, bundle, bundle.labels, ("grey",), listening)
    seen = np.repeat(photos((32, 32, 1)), 3, axis=-1)

    expected = np.array(learned(seen, training=False))
    np.testing.assert_allclose(np.array(grey(seen[..., :1], training=False)), expected, atol=1e-5)
    assert listening.notes == []


def test_another_network_of_other_classes_does_not_fit(start):
    bundle, _ = start
    for options in ({"filters": 3}, {"levels": 3}):
        with pytest.raises(
            TrainingError, match="expected weights of the same architecture, filters and levels"
        ):
            load_start(build(CONFIG.replace(**options)), bundle, LabelMap(names=("shoe",)), RGB)


# --- as a user types it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--freeze 2", "--freeze: expected a network with a backbone, received unet-256 without"),
        ("--backbone-rate 0.1", "--backbone-rate: expected a network with a backbone"),
        ("--backbone efficientnet-lite0 --freeze-epochs 3", "--freeze-epochs: expected --freeze N beside it"),
        (
            "--backbone efficientnet-lite0 --backbone-weights none --freeze 5",
            "--freeze: expected a backbone that was trained before, received --backbone-weights none",
        ),
    ],
)
def test_what_cannot_be_frozen_or_slowed_is_refused_in_a_line(tmp_path, capsys, given, said):
    assert main(["train", "--home", str(tmp_path), *given.split()]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["--freeze 6", "--freeze -1", "--backbone-rate 1.5", "--freeze-epochs x"])
def test_values_that_cannot_be_are_refused_with_those_that_can(capsys, given):
    with pytest.raises(SystemExit):
        main(["train", *given.split()])
    assert f"argument {given.split()[0]}: expected" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["simple", "segnet", "autoencoder"])
def test_a_configuration_without_a_backbone_cannot_freeze_one(name):
    for options in ({"freeze": 1}, {"backbone_rate": 0.5}):
        with pytest.raises(ConfigError, match=f"received {name} without"):
            registry.complete(RunConfig().replace(architecture=name, **options))
