"""An encoder and a decoder without skips between them."""

from typing import Any

import keras
from keras import layers

from segmentation.core.size import InputShape
from segmentation.models.blocks import conv_norm_relu, norm_relu, score_head


def autoencoder(
    input_shape: InputShape,
    *,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build an autoencoder: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1], float32.

    Each of the `levels` halves the picture by a 3x3 convolution with stride 2, of `filters` at first and of
    twice as many at each further one; as many transposed convolutions bring it back. There are no skips, so
    edges are as coarse as the narrowest features. Height and width must be multiples of 2 ** levels.

    After the encoder-decoder of a study of background removal, which trained it with the mean squared error
    and RMSprop; here it is trained with the same losses as every other network.
    """
    norms: dict[str, Any] = {"norm": norm, "momentum": momentum}
    tensor = inputs = keras.Input(input_shape)
    for level in range(levels):
        tensor = conv_norm_relu(tensor, filters * 2**level, strides=2, name=f"encoder{level + 1}", **norms)
    for level in reversed(range(levels)):
        width = filters * 2 ** max(0, level - 1)
        tensor = layers.Conv2DTranspose(
            width, 3, 2, padding="same", use_bias=norm == "none", name=f"decoder{level + 1}"
        )(tensor)  # [H / 2 ** level, ...]
        tensor = norm_relu(tensor, **norms)
    return keras.Model(inputs, score_head(tensor, classes))
