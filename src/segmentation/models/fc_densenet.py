"""FC-DenseNet, the Tiramisu: dense blocks in the encoder and the decoder of a U-Net."""

from typing import Any

import keras
from keras import layers

from segmentation.core.size import InputShape
from segmentation.models.blocks import norm_relu, score_head

_LAYERS = 4  # of a dense block, as in FC-DenseNet56
_FIRST = 4  # times the growth rate: the 48 filters of the first convolution at a growth rate of 12
_DROPOUT = 0.2


def fc_densenet(
    input_shape: InputShape,
    *,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build FC-DenseNet: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1], float32.

    `filters` is the growth rate: every layer of a dense block adds that many features to the input of all
    later layers of the block. The decoder enlarges only the features that a block added, since its input
    would grow from block to block. Height and width must be multiples of 2 ** levels. After Jegou et al.
    2017; with 12 filters and 5 levels this is their FC-DenseNet56.
    """
    norms: dict[str, Any] = {"norm": norm, "momentum": momentum}

    def dense_layer(tensor: keras.KerasTensor, width: int, kernel_px: int = 3) -> keras.KerasTensor:
        tensor = norm_relu(tensor, **norms)
        tensor = layers.Conv2D(width, kernel_px, padding="same")(tensor)
        return layers.Dropout(_DROPOUT)(tensor)

    def dense_block(tensor: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return the input of the block together with what it added, and what it added alone."""
        added = []
        for _ in range(_LAYERS):
            added.append(dense_layer(tensor, filters))
            tensor = layers.Concatenate()([tensor, added[-1]])
        return tensor, layers.Concatenate()(added)

    inputs = keras.Input(input_shape)
    tensor = layers.Conv2D(_FIRST * filters, 3, padding="same")(inputs)
    skips = []
    for _ in range(levels):
        tensor, _added = dense_block(tensor)
        skips.append(tensor)
        tensor = dense_layer(tensor, tensor.shape[-1], kernel_px=1)  # transition down
        tensor = layers.MaxPooling2D()(tensor)
    tensor, added = dense_block(tensor)
    for skip in reversed(skips):
        # transition up
        tensor = layers.Conv2DTranspose(added.shape[-1], 3, 2, padding="same")(added)
        tensor, added = dense_block(layers.Concatenate()([tensor, skip]))
    return keras.Model(inputs, score_head(tensor, classes))
