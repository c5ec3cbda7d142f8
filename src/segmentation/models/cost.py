"""The cost of a network: parameters, arithmetic, and the memory that training takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation.core.errors import ConfigError

if TYPE_CHECKING:
    import keras

_FLOAT_BYTES = 4
_OPTIMIZER_SLOTS = {
    "rmsprop": 1,
    "adam": 2,
    "adamw": 2,
    "adadelta": 2,
    "sgd": 0,
    "momentum": 1,
    "nesterov": 1,
}
_WORKSPACE_BYTES = 512 * 1024**2  # what the framework and the convolution library take beside the tensors


@dataclass(frozen=True)
class Cost:
    """Parameters (count), arithmetic (GFLOP a photo, forward), values of all activations a photo (count)."""

    parameters: int
    gflop: float
    activations: int

    def training_bytes(
        self,
        batch_size: int,
        optimizer: str,
        bytes_per_value: int = _FLOAT_BYTES,
        *,
        averaged: bool = False,
    ) -> int:
        """Estimate the memory of a training step.

        Each activation is kept for the backward pass and has a gradient; each weight has a gradient, the
        optimizer's slots and its average if it is `averaged`, in float32 whatever the precision of the
        activations.
        """
        weights = self.parameters * _FLOAT_BYTES * (2 + _OPTIMIZER_SLOTS[optimizer] + averaged)
        return _WORKSPACE_BYTES + weights + batch_size * self.activations * bytes_per_value * 2

    def largest_batch(
        self,
        memory_bytes: int,
        optimizer: str,
        bytes_per_value: int = _FLOAT_BYTES,
        *,
        averaged: bool = False,
    ) -> int:
        """Return the largest batch that fits into `memory_bytes`. Raises ConfigError when no photo does."""
        fixed = self.training_bytes(0, optimizer, bytes_per_value, averaged=averaged)
        each = self.training_bytes(1, optimizer, bytes_per_value, averaged=averaged) - fixed
        batch_size = (memory_bytes - fixed) // each
        if batch_size < 1:
            raise ConfigError(
                f"`batch_size=auto`: one photo needs about {(fixed + each) / 1024**3:.1f} GB, `memory` is "
                f"{memory_bytes / 1024**3:.1f} GB; reduce `input_size` or `filters`"
            )
        return int(batch_size)


def measure(model: keras.Model) -> Cost:
    """Measure the cost of a network with fixed input size; a multiply-add counts as two operations.

    The operations are those of convolutions, as in the literature, without normalisation, pooling and
    upsampling.
    """
    import keras

    from segmentation.models.up_conv import UpConv2D

    operations = activations = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        values = sum(math.prod(tensor.shape[1:]) for tensor in keras.tree.flatten(layer.output))
        activations += values
        operations += 2 * getattr(layer, "operations", 0)  # of a layer of layers
        if isinstance(layer, UpConv2D):
            operations += 2 * values * layer.products
        elif isinstance(layer, keras.layers.Conv2D):
            operations += 2 * values * math.prod(layer.kernel.shape[:-1])
        elif isinstance(layer, keras.layers.Conv2DTranspose):  # every value of the input meets a whole kernel
            operations += 2 * math.prod(layer.input.shape[1:]) * math.prod(layer.kernel.shape[:-1])
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            operations += 2 * values * math.prod(layer.kernel_size)
    return Cost(model.count_params(), operations / 1e9, activations)
