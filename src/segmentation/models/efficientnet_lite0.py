"""EfficientNet-Lite0 as an encoder: a function from a photo to its features by stride."""

from typing import NamedTuple

import keras
from keras import layers

from segmentation.models.backbones import layer_prefix

_PREFIX = layer_prefix("efficientnet-lite0")  # after it comes the name of the torch module
_EPSILON = 1e-3
_STEM_FILTERS = 32


class _Stage(NamedTuple):
    """A row of the paper's table 1: blocks of the same width, the first of which has the stride."""

    repeats: int
    kernel_px: int
    stride: int
    expansion: int
    filters: int


_LITE0_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite0(
    inputs: keras.KerasTensor, *, levels: int = 5, momentum: float = 0.9
) -> dict[int, keras.KerasTensor]:
    """Build EfficientNet-Lite0 without its classifier: [N, H, W, C] -> features by stride, 2 to 2 ** levels.

    The features of stride s are [N, H / s, W / s, filters]: the last of that size, after the block's
    projection, which has no activation. Height and width must be multiples of 2 ** levels.
    `momentum` is that of the batch statistics.

    After Tan and Le 2019 and the Lite variants of the TensorFlow TPU repository: no squeeze-and-excite,
    ReLU6 for swish. Its ImageNet weights (see `pretrained`) were trained on (photo - 127) / 128. This
    program scales by the mean and deviation of its own training photos; the batch statistics behind the
    first convolution take nearly all of that difference away as soon as training starts.
    """
    tensor = _convolve(inputs, "_conv_stem", "_bn0", _STEM_FILTERS, 3, 2, momentum)  # [H / 2, W / 2, 32]
    tensor = layers.Activation("relu6")(tensor)
    features, stride, index = {}, 2, 0
    for stage in _LITE0_STAGES:
        stride *= stage.stride
        if stride > 2**levels:
            break
        for repeat in range(stage.repeats):
            step = stage.stride if repeat == 0 else 1
            tensor = _block(tensor, f"_blocks.{index}.", stage, step, momentum)
            index += 1
        features[stride] = tensor  # [H / stride, W / stride, stage.filters]
    return features


def _block(
    inputs: keras.KerasTensor, name: str, stage: _Stage, stride: int, momentum: float
) -> keras.KerasTensor:
    """Inverted bottleneck (Sandler et al. 2018): widen, filter each channel alone, narrow, add."""
    tensor, width = inputs, inputs.shape[-1]
    if stage.expansion > 1:
        width *= stage.expansion
        tensor = _convolve(tensor, f"{name}_expand_conv", f"{name}_bn0", width, 1, 1, momentum)
        tensor = layers.Activation("relu6")(tensor)
    depthwise = layers.DepthwiseConv2D(
        stage.kernel_px, stride, padding="same", use_bias=False, name=f"{_PREFIX}{name}_depthwise_conv"
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
    convolution = layers.Conv2D(
        filters, kernel_px, stride, padding="same", use_bias=False, name=_PREFIX + name
    )
    return _normalise(convolution(tensor), norm, momentum)


def _normalise(tensor: keras.KerasTensor, name: str, momentum: float) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=momentum, epsilon=_EPSILON, name=_PREFIX + name)(tensor)
