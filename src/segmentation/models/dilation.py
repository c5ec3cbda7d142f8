"""Dilation of a network that was built without: finer features from the same weights."""

from __future__ import annotations

import math
from typing import Any

import keras

_CONVOLUTIONS = keras.layers.Conv2D | keras.layers.DepthwiseConv2D
_WITH_NEIGHBOURS = _CONVOLUTIONS | keras.layers.MaxPooling2D | keras.layers.ZeroPadding2D


def dilate(layer: keras.Layer, side_px: int, output_stride: int, grid: int = 1) -> dict[str, Any]:
    """Return the options of a layer in a network whose strides end at `output_stride`, a power of two.

    `layer` is that of the network with all its strides, for photos of `side_px`, a power of two much larger
    than every padding: its stride is read from its shapes. Where the network would halve beyond
    `output_stride`, a convolution keeps the size, and the kernels behind it are dilated, so that each value
    has the same neighbours as before, and published weights keep their meaning (Yu and Koltun 2016, Chen et
    al. 2016); a `grid` beyond 1 multiplies the dilation (Chen et al. 2017). A pooling has no kernel to
    dilate; it takes 3x3 neighbours instead (Chen et al. 2016).
    """
    options = layer.get_config()
    if not isinstance(layer, _WITH_NEIGHBOURS):
        return options
    before, after = (_stride(tensor.shape, side_px) for tensor in (layer.input, layer.output))
    rate = before // output_stride
    if isinstance(layer, _CONVOLUTIONS):
        if after > output_stride:
            options["strides"] = (1, 1)
        if rate > 1 and max(layer.kernel_size) > 1:
            options["dilation_rate"] = (grid * rate, grid * rate)
    elif isinstance(layer, keras.layers.MaxPooling2D) and after > output_stride:
        options |= {"pool_size": (3, 3), "strides": (1, 1), "padding": "same"}
    elif isinstance(layer, keras.layers.ZeroPadding2D) and before >= output_stride:
        # stands before a convolution that halves an even side and would need one value more not to
        options["padding"] = tuple((rate * first, rate * (last + 1)) for first, last in layer.padding)
    return options


def _stride(shape: tuple, side_px: int) -> int:
    return 2 ** round(math.log2(side_px / shape[1]))
