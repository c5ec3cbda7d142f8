"""The U-Net family: one builder; its members are rows of the table in `architectures`."""

from typing import Any

import keras
from keras import layers

from segmentation.core.size import InputShape
from segmentation.models.blocks import conv_norm_relu, decode, score_head


def unet(
    input_shape: InputShape,
    *,
    classes: int = 1,
    filters: int,
    levels: int,
    down_convs: int = 2,
    up_convs: int = 3,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build a U-Net: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1], float32.

    `filters` of the first level double with each of the `levels` halvings.
    Height and width must be multiples of 2 ** levels. After Ronneberger et al. 2015; two convolutions
    down and three up as in the Carvana solution whose sizes 128 to 1024 the registry lists.
    """

    norms: dict[str, Any] = {"norm": norm, "momentum": momentum}

    def convolve(tensor: keras.KerasTensor, width: int, count: int) -> keras.KerasTensor:
        for _ in range(count):
            tensor = conv_norm_relu(tensor, width, **norms)
        return tensor

    tensor = inputs = keras.Input(input_shape)
    skips = []
    for level in range(levels):
        tensor = convolve(tensor, filters * 2**level, down_convs)
        skips.append(tensor)
        tensor = layers.MaxPooling2D()(tensor)  # [H / 2 ** (level + 1), ...]
    tensor = convolve(tensor, filters * 2**levels, down_convs)
    tensor = decode(tensor, skips, filters, up_convs, **norms)
    return keras.Model(inputs, score_head(tensor, classes))
