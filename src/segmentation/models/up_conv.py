"""The convolution that joins a U-Net's skip with its upsampled coarser features, without the join."""

from typing import Any

import numpy as np
from keras import layers, ops

# In an image upsampled to twice its size by repetition, three neighbours lie on two coarse pixels. Row t adds
# the taps of a kernel that fall together on tap t of a transposed kernel with stride 2.
_TOGETHER = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])


class UpConv2D(layers.Layer):
    """`Conv2D(filters, 3, padding="same")` of `Concatenate()([skip, UpSampling2D()(coarse)])`.

    [N, H, W, C] and [N, H / 2, W / 2, D] -> [N, H, W, filters]. The weights are those of that convolution,
    [3, 3, C + D, filters] and the bias, and so are the results but for rounding. Neither the upsampled nor
    the joined tensor is made, and an output value takes 9 C + 4 D products in place of 9 C + 9 D.
    """

    def __init__(self, filters: int, *, use_bias: bool = True, **options: Any):
        super().__init__(**options)
        self.filters = filters
        self.use_bias = use_bias

    def build(self, shapes: list[tuple]) -> None:
        skip, coarse = (shape[-1] for shape in shapes)
        self.products = 9 * skip + 4 * coarse  # summed in one output value
        self.kernel = self.add_weight(name="kernel", shape=(3, 3, skip + coarse, self.filters))
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def compute_output_shape(self, shapes: list[tuple]) -> tuple:
        return (*shapes[0][:3], self.filters)

    def call(self, tensors: list[Any]) -> Any:
        skip, coarse = tensors
        of_skip, of_coarse = ops.split(self.kernel, [skip.shape[-1]], axis=2)
        together = ops.cast(_TOGETHER, of_coarse.dtype)
        spread = ops.einsum("ta,ub,abcf->tufc", together, together, of_coarse)  # [4, 4, filters, D]
        result = ops.conv(skip, of_skip, padding="same")
        result = result + ops.conv_transpose(coarse, spread, strides=2, padding="same")
        return result + self.bias if self.use_bias else result
