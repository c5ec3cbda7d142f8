"""Networks with dilated convolutions, which see as much as a coarse network at a finer resolution."""

from typing import Any

import keras
from keras import layers

from segmentation.core.size import InputShape
from segmentation.models.backbones import LEVELS
from segmentation.models.blocks import conv_norm_relu, scores, upsample
from segmentation.models.encoder import encode

_DROPOUT = 0.5
_MULTI_GRID = (1, 2, 4)


def atrous(
    input_shape: InputShape,
    *,
    backbone: str,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build a dilated backbone: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1].

    The picture is halved `levels` times, so that the output stride is 2 ** levels; where the backbone would
    halve it again, the kernels that follow are dilated (Yu and Koltun 2016, Chen et al. 2016). One
    convolution of `filters` and the scores follow, enlarged bilinearly. Height and width must be multiples of
    2 ** levels. The weights are random: see `pretrained.load_backbone`.
    """
    inputs = keras.Input(input_shape)
    tensor = _encode(inputs, backbone, levels, momentum)
    tensor = conv_norm_relu(tensor, filters, name="head", norm=norm, momentum=momentum)
    return _model(inputs, tensor, classes, levels)


def deeplab_v3(
    input_shape: InputShape,
    *,
    backbone: str,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build DeepLabv3: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1], float32.

    A dilated backbone as in `atrous`, followed by the atrous spatial pyramid pooling of Chen et al.
    2017: side by side a 1x1 convolution, three 3x3 ones of `aspp_rates`, and the mean of the whole picture,
    each of `filters`. The last three residual blocks have the paper's multi-grid, 1, 2 and 4 times the rate;
    MobileNetV3 ends in blocks of another kind and has none. Height and width must be multiples of
    2 ** levels. The weights are random: see `pretrained.load_backbone`.
    """
    norms: dict[str, Any] = {"norm": norm, "momentum": momentum}
    inputs = keras.Input(input_shape)
    tensor = _encode(inputs, backbone, levels, momentum, _MULTI_GRID)  # [H / 2 ** levels, W / 2 ** levels, C]
    branches = [conv_norm_relu(tensor, filters, 1, name="aspp0", **norms)]
    for number, rate in enumerate(aspp_rates(2**levels), start=1):
        branches.append(conv_norm_relu(tensor, filters, dilation_rate=rate, name=f"aspp{number}", **norms))
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(tensor)  # [1, 1, C]
    pooled = conv_norm_relu(pooled, filters, 1, name="image_pooling", **norms)
    branches.append(layers.UpSampling2D(tensor.shape[1:3])(pooled))
    tensor = layers.Concatenate()(branches)
    tensor = conv_norm_relu(tensor, filters, 1, name="concat_projection", **norms)
    return _model(inputs, tensor, classes, levels)


def deeplab_largefov(
    input_shape: InputShape,
    *,
    backbone: str,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build DeepLab-LargeFOV: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1], float32.

    Dilated VGG16, whose last two poolings keep the size, then `fc6`, 3x3 with rate 12, and `fc7`, 1x1, of
    `filters` each, with dropout. After Chen et al. 2015 and 2016, who have 1024 filters, 3 levels and no
    normalisation, and refine the result by a conditional random field, which is left out here. Height and
    width must be multiples of 2 ** levels. The weights are random: see `pretrained.load_backbone`.
    """
    norms: dict[str, Any] = {"norm": norm, "momentum": momentum}
    inputs = keras.Input(input_shape)
    tensor = _encode(inputs, backbone, levels, momentum)
    tensor = conv_norm_relu(tensor, filters, dilation_rate=12, name="fc6", **norms)
    tensor = layers.Dropout(_DROPOUT)(tensor)
    tensor = conv_norm_relu(tensor, filters, 1, name="fc7", **norms)
    tensor = layers.Dropout(_DROPOUT)(tensor)
    return _model(inputs, tensor, classes, levels, name="fc8")


def aspp_rates(output_stride: int) -> tuple[int, int, int]:
    """Return the rates of the three 3x3 convolutions: 6, 12, 18 at output stride 16, twice as much at 8."""
    rate = 6 * 16 // output_stride
    return rate, 2 * rate, 3 * rate


def _encode(
    inputs: keras.KerasTensor, backbone: str, levels: int, momentum: float, multi_grid: tuple[int, ...] = ()
) -> keras.KerasTensor:
    """Return the backbone's last features, at stride 2 ** levels."""
    features = encode(inputs, backbone, momentum=momentum, output_stride=2**levels, multi_grid=multi_grid)
    return features[2**LEVELS]


def _model(
    inputs: keras.KerasTensor, tensor: keras.KerasTensor, classes: int, levels: int, name: str = "logits"
) -> keras.Model:
    logits = layers.Conv2D(classes, 1, name=name)(tensor)
    return keras.Model(inputs, scores(upsample(logits, 2**levels)))
