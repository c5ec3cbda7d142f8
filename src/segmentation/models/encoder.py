"""A backbone of the table as an encoder, whoever describes its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation.models.application import application_features
from segmentation.models.backbones import BACKBONES, LEVELS, layer_prefix
from segmentation.models.efficientnet_lite import efficientnet_lite

if TYPE_CHECKING:
    import keras


def encode(
    inputs: keras.KerasTensor,
    backbone: str,
    *,
    levels: int = LEVELS,
    momentum: float = 0.9,
    output_stride: int = 2**LEVELS,
    multi_grid: tuple[int, ...] = (),
) -> dict[int, keras.KerasTensor]:
    """Build a backbone on a photo: [N, H, W, C] -> features by stride, 2 to 2 ** levels.

    The features of stride s are [N, H / s, W / s, filters]; in a network of keras.applications, those of
    strides beyond `output_stride` have that one, by dilation, which is `multi_grid` times as large in its
    last residual blocks, if it has any. Height and width must be multiples of 2 ** levels, or of
    `output_stride` where that is less. `momentum` is that of the batch statistics; the weights are random,
    see `pretrained.load_backbone`. The names of its layers begin with `layer_prefix(backbone)`.
    """
    row, prefix = BACKBONES[backbone], layer_prefix(backbone)
    if row.application is None:
        return efficientnet_lite(inputs, prefix, levels=levels, momentum=momentum, **row.options)
    return application_features(
        inputs,
        row,
        prefix,
        levels=levels,
        momentum=momentum,
        output_stride=output_stride,
        multi_grid=multi_grid,
    )
