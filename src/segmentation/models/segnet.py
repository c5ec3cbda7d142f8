"""SegNet: an encoder, and a decoder that unpools to where each maximum was."""

from typing import Any

import keras
from keras import layers

from segmentation.core.size import InputShape
from segmentation.models.blocks import conv_norm_relu, score_head
from segmentation.models.unpooling import MaxUnpooling2D, PoolingIndices

_WIDEST = 8  # times the filters of the first level, from the fourth level on


def segnet(
    input_shape: InputShape,
    *,
    classes: int = 1,
    filters: int,
    levels: int,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
    """Build SegNet: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1], float32.

    The decoder mirrors the encoder. All that it gets from the encoder are the places of the maxima, into
    which it unpools. `filters` of the first level double with each of the `levels` halvings up to the fourth;
    height and width must be multiples of 2 ** levels. After Badrinarayanan, Kendall and Cipolla 2017, whose
    network has 64 filters and 5 levels: the 13 convolutions of VGG16. Layers have the same names as there.
    """
    norms: dict[str, Any] = {"norm": norm, "momentum": momentum}
    widths = [filters * min(2**level, _WIDEST) for level in range(levels)]
    tensor = inputs = keras.Input(input_shape)
    places = []
    for level, width in enumerate(widths, start=1):
        for number in range(1, _convolutions(level) + 1):
            tensor = conv_norm_relu(tensor, width, name=f"conv{level}_{number}", **norms)
        places.append(PoolingIndices(name=f"pool{level}_indices")(tensor))
        tensor = layers.MaxPooling2D(name=f"pool{level}")(tensor)  # [H / 2 ** level, ...]
    for level in range(levels, 0, -1):
        tensor = MaxUnpooling2D(name=f"unpool{level}")([tensor, places.pop()])
        for number in range(_convolutions(level), 0, -1):
            finer = widths[max(0, level - 2)]
            width = finer if number == 1 else widths[level - 1]
            tensor = conv_norm_relu(tensor, width, name=f"conv{level}_{number}_D", **norms)
    return keras.Model(inputs, score_head(tensor, classes))


def _convolutions(level: int) -> int:
    return 2 if level <= 2 else 3
