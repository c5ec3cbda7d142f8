"""A U-Net whose encoder is one of the table `BACKBONES`."""

from typing import Any

import keras

from segmentation.core.size import InputShape
from segmentation.models.blocks import conv_norm_relu, decode, score_head
from segmentation.models.encoder import encode
from segmentation.models.guess import alpha_head


def unet_backbone(
    input_shape: InputShape,
    *,
    backbone: str,
    classes: int = 1,
    filters: int,
    levels: int,
    up_convs: int,
    norm: str = "batch",
    momentum: float = 0.9,
    guess: bool = False,
) -> keras.Model:
    """Build a U-Net on a backbone: [N, H, W, C] normalised photo -> [N, H, W, classes] scores in [0, 1].

    The decoder has `filters` at full resolution, doubled with each of the `levels` halvings below it.
    A backbone starts with stride 2, so one convolution of the photo itself replaces its missing finest
    features and keeps edges sharp. `norm` is that of the decoder; a backbone keeps its batch normalisation.
    With `guess` the last channel of the input is a first alpha, which the untrained network returns as it is.
    Height and width must be multiples of 2 ** levels. The weights are random: see `pretrained.load_backbone`.
    After Iglovikov and Shvets 2018 (TernausNet).
    """
    norms: dict[str, Any] = {"norm": norm, "momentum": momentum}
    inputs = keras.Input(input_shape)
    skips = {1: conv_norm_relu(inputs, filters, **norms)}
    skips |= encode(inputs, backbone, levels=levels, momentum=momentum)
    *finer, coarsest = (skips[2**level] for level in range(levels + 1))
    tensor = decode(coarsest, finer, filters, up_convs, **norms)
    head = alpha_head(tensor, inputs, classes) if guess else score_head(tensor, classes)
    return keras.Model(inputs, head)
