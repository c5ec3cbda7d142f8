"""The convolution block and the output that the architectures share."""

from typing import Any

import keras
from keras import layers

from segmentation.models.batch_norm import BatchNormalization
from segmentation.models.up_conv import UpConv2D

_GROUP_CHANNELS = 8  # fewest channels a group of GroupNormalization (Wu and He, 2018, find 8 to 16 robust)


def conv_norm_relu(
    tensor: keras.KerasTensor,
    filters: int,
    kernel_px: int = 3,
    *,
    norm: str = "batch",
    momentum: float = 0.9,
    **options: Any,
) -> keras.KerasTensor:
    """Apply convolution, normalisation and ReLU: [N, H, W, C] -> [N, H, W, filters].

    `norm` is one of `config.network.NORMS`; `momentum` is that of the batch statistics. The convolution has
    a bias only where no normalisation follows, since a normalisation subtracts it again. `options` are those
    of `Conv2D`: a name, a stride, a dilation rate.
    """
    tensor = layers.Conv2D(filters, kernel_px, padding="same", use_bias=norm == "none", **options)(tensor)
    return norm_relu(tensor, norm=norm, momentum=momentum)


def up_conv_norm_relu(
    skip: keras.KerasTensor,
    coarse: keras.KerasTensor,
    filters: int,
    *,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.KerasTensor:
    """Apply `conv_norm_relu` to the skip joined with the upsampled coarser features: -> [N, H, W, filters].

    `skip` is [N, H, W, C], `coarse` [N, H / 2, W / 2, D]; upsampling repeats pixels.
    """
    tensor = UpConv2D(filters, use_bias=norm == "none")([skip, coarse])
    return norm_relu(tensor, norm=norm, momentum=momentum)


def decode(
    tensor: keras.KerasTensor,
    skips: list[keras.KerasTensor],
    filters: int,
    up_convs: int,
    *,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.KerasTensor:
    """Build the decoder of a U-Net: coarsest features and `skips`, finest first, -> [N, H, W, filters].

    Each of the skips is half the size of the one before it, and has `up_convs` convolutions of twice as many
    filters.
    """
    for level in reversed(range(len(skips))):
        width = filters * 2**level
        tensor = up_conv_norm_relu(skips[level], tensor, width, norm=norm, momentum=momentum)
        for _ in range(up_convs - 1):
            tensor = conv_norm_relu(tensor, width, norm=norm, momentum=momentum)
    return tensor


def score_head(tensor: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Score by a 1x1 convolution and `scores`: -> [N, H, W, classes] in [0, 1], float32."""
    return scores(layers.Conv2D(classes, 1)(tensor))


def upsample(tensor: keras.KerasTensor, times: int, name: str | None = None) -> keras.KerasTensor:
    """Enlarge bilinearly, as Long et al. 2015 first do: [N, H, W, C] -> [N, times * H, times * W, C]."""
    return layers.UpSampling2D(times, interpolation="bilinear", name=name)(tensor)


def scores(logits: keras.KerasTensor) -> keras.KerasTensor:
    """Apply sigmoid, or softmax over several classes: [N, H, W, classes] -> scores in [0, 1], float32."""
    # scores stay float32 under mixed precision: bfloat16 has too few steps near 0 and 1
    activation = "sigmoid" if logits.shape[-1] == 1 else "softmax"
    return layers.Activation(activation, dtype="float32", name="scores")(logits)


def norm_relu(tensor: keras.KerasTensor, *, norm: str = "batch", momentum: float = 0.9) -> keras.KerasTensor:
    """Apply normalisation and ReLU, which keep the shape."""
    if norm == "batch":
        tensor = BatchNormalization(momentum=momentum)(tensor)
    elif norm == "group":
        tensor = layers.GroupNormalization(groups=_group_count(tensor.shape[-1]))(tensor)
    elif norm == "layer":  # over channels and positions of one photo
        tensor = layers.GroupNormalization(groups=1)(tensor)
    return layers.Activation("relu")(tensor)


def _group_count(filters: int) -> int:
    """Return the most groups of at least _GROUP_CHANNELS channels that divide the filters evenly."""
    return next(count for count in range(max(1, filters // _GROUP_CHANNELS), 0, -1) if filters % count == 0)
