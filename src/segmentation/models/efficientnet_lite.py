"""EfficientNet-Lite as an encoder: a function from a photo to its features by stride."""

import math
from typing import NamedTuple

import keras
from keras import layers

from segmentation.models.batch_norm import BatchNormalization

_EPSILON = 1e-3
_STEM_FILTERS = 32  # of every variant
_FILTER_STEP = 8  # scaled filters are a multiple of it


class _Stage(NamedTuple):
    """A row of the paper's table 1: blocks of the same width, the first of which has the stride."""

    repeats: int
    kernel_px: int
    stride: int
    expansion: int
    filters: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite(
    inputs: keras.KerasTensor,
    prefix: str,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    levels: int = 5,
    momentum: float = 0.9,
) -> dict[int, keras.KerasTensor]:
    """Build EfficientNet-Lite without its classifier: [N, H, W, C] -> features by stride, 2 to 2 ** levels.

    The features of stride s are [N, H / s, W / s, filters]: the last of that size, after the block's
    projection, which has no activation. Height and width must be multiples of 2 ** levels. `width` and
    `depth` scale the filters and the repeats of Lite0, whose values are 1. Layers are named `prefix` and
    the name of the torch module; `momentum` is that of the batch statistics.

    After Tan and Le 2019 and the Lite variants of the TensorFlow TPU repository: no squeeze-and-excite,
    ReLU6 for swish, and a stem, a first and a last stage that do not grow. Their ImageNet weights (see
    `pretrained`) were trained on (photo - 127) / 128. This program scales by the mean and deviation of its
    own training photos; the batch statistics behind the first convolution take nearly all of that difference
    away as soon as training starts.
    """
    tensor = _convolve(inputs, f"{prefix}_conv_stem", f"{prefix}_bn0", _STEM_FILTERS, 3, 2, momentum)
    tensor = layers.Activation("relu6")(tensor)  # [H / 2, W / 2, 32]
    features, stride, index = {}, 2, 0
    for stage in _scaled(width, depth):
        stride *= stage.stride
        if stride > 2**levels:
            break
        for repeat in range(stage.repeats):
            step = stage.stride if repeat == 0 else 1
            tensor = _block(tensor, f"{prefix}_blocks.{index}.", stage, step, momentum)
            index += 1
        features[stride] = tensor  # [H / stride, W / stride, stage.filters]
    return features


def _scaled(width: float, depth: float) -> list[_Stage]:
    """Return the stages with scaled filters, in steps of eight, and repeats, but those of the two ends."""
    stages = [stage._replace(filters=_rounded(stage.filters * width)) for stage in _STAGES]
    between = [stage._replace(repeats=math.ceil(stage.repeats * depth)) for stage in stages[1:-1]]
    return [stages[0], *between, stages[-1]]


def _rounded(filters: float) -> int:
    """Return the nearest multiple of the step that is no less than nine tenths of `filters`."""
    nearest = max(_FILTER_STEP, int(filters + _FILTER_STEP / 2) // _FILTER_STEP * _FILTER_STEP)
    return nearest if nearest >= 0.9 * filters else nearest + _FILTER_STEP


def _block(
    inputs: keras.KerasTensor, name: str, stage: _Stage, stride: int, momentum: float
) -> keras.KerasTensor:
    """Build an inverted bottleneck (Sandler et al. 2018): widen, filter each channel alone, narrow, add."""
    tensor, width = inputs, inputs.shape[-1]
    if stage.expansion > 1:
        width *= stage.expansion
        tensor = _convolve(tensor, f"{name}_expand_conv", f"{name}_bn0", width, 1, 1, momentum)
        tensor = layers.Activation("relu6")(tensor)
    depthwise = layers.DepthwiseConv2D(
        stage.kernel_px, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )
    tensor = layers.Activation("relu6")(_normalise(depthwise(tensor), f"{name}_bn1", momentum))
    tensor = _convolve(tensor, f"{name}_project_conv", f"{name}_bn2", stage.filters, 1, 1, momentum)
    return layers.Add()([tensor, inputs]) if tensor.shape == inputs.shape else tensor


def _convolve(
    tensor: keras.KerasTensor,
    name: str,
    norm: str,
    filters: int,
    kernel_px: int,
    stride: int,
    momentum: float,
) -> keras.KerasTensor:
    convolution = layers.Conv2D(filters, kernel_px, stride, padding="same", use_bias=False, name=name)
    return _normalise(convolution(tensor), norm, momentum)


def _normalise(tensor: keras.KerasTensor, name: str, momentum: float) -> keras.KerasTensor:
    return BatchNormalization(momentum=momentum, epsilon=_EPSILON, name=name)(tensor)
