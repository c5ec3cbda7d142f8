"""Max-pooling that remembers where each maximum was, and its inverse."""

from typing import Any

from keras import layers, ops


class PoolingIndices(layers.Layer):
    """The place of the maximum in each 2x2 window: [N, H, W, C] -> [N, H / 2, W / 2, C], 0 to 3.

    The places are counted along the rows, and of equal values the first one counts: behind a ReLU whole
    windows are zero. Height and width must be even. The indices are in the floating-point type of the
    input, in which every device compares.
    """

    def call(self, tensor: Any) -> Any:
        first, second, third, fourth = (tensor[:, row::2, column::2] for row in (0, 1) for column in (0, 1))
        largest = ops.maximum(ops.maximum(first, second), ops.maximum(third, fourth))
        indices = ops.full_like(tensor[:, ::2, ::2], 3)
        for index, values in ((2, third), (1, second), (0, first)):
            indices = ops.where(ops.equal(values, largest), ops.full_like(indices, index), indices)
        return indices

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[1] // 2, shape[2] // 2, shape[3])


class MaxUnpooling2D(layers.Layer):
    """A layer that puts each value back to where its maximum was, and zeros around it.

    Values and `PoolingIndices`, both [N, H, W, C] -> [N, 2 * H, 2 * W, C]. After Badrinarayanan et al. 2017.
    """

    def call(self, tensors: list[Any]) -> Any:
        values, indices = tensors
        first, second, third, fourth = (
            values * ops.cast(ops.equal(indices, index), values.dtype) for index in range(4)
        )
        return _interleave(_interleave(first, second, axis=2), _interleave(third, fourth, axis=2), axis=1)

    def compute_output_shape(self, shapes: list[tuple]) -> tuple:
        count, height, width, channels = shapes[0]
        return (count, 2 * height, 2 * width, channels)


def _interleave(even: Any, odd: Any, axis: int) -> Any:
    """Interleave the rows (axis 1) or columns (axis 2) of two tensors [N, H, W, C]."""
    shape = [-1, *even.shape[1:]]
    shape[axis] *= 2
    return ops.reshape(ops.stack([even, odd], axis=axis + 1), shape)
