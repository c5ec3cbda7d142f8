"""The optimizers by name, and the dtype policy of a training."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from segmentation.config.training import TrainConfig
from segmentation.core.machine import read_machine
from segmentation.training.averaging import averaging

_MOMENTUM = 0.9

OPTIMIZERS: dict[str, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
    "rmsprop": (keras.optimizers.RMSprop, {}),
    "adam": (keras.optimizers.Adam, {}),
    "adamw": (keras.optimizers.AdamW, {"weight_decay": 0.01}),
    "adadelta": (keras.optimizers.Adadelta, {}),
    "sgd": (keras.optimizers.SGD, {}),
    "momentum": (keras.optimizers.SGD, {"momentum": _MOMENTUM}),
    "nesterov": (keras.optimizers.SGD, {"momentum": _MOMENTUM, "nesterov": True}),
}
"""The class of each and its options. Steps are proportional to the learning rate, weight decay included."""


def build_optimizer(
    config: TrainConfig,
    backbone: Sequence[keras.Variable] = (),
    weights: Sequence[keras.Variable] = (),
    discriminators: Sequence[keras.Variable] = (),
    rate: float = 1.0,
) -> keras.optimizers.Optimizer:
    """Build the optimizer of `config.optimizer` at its learning rate.

    `backbone` are trainable variables of the network; their rate is `config.backbone_rate` times that of the
    others. `weights` are all of the network, which are averaged where `config.average` is not 0. The rate of
    `discriminators`, trainable variables too, is `rate` times that of the others.
    """
    kind, options = OPTIMIZERS[config.optimizer]
    if backbone and config.backbone_rate != 1:
        kind = _slowed(kind, backbone, config.backbone_rate)
    if discriminators and rate != 1:
        kind = _slowed(kind, discriminators, rate)
    if config.l2:
        kind = _penalised(kind, config.l2)
    if config.average:
        kind = averaging(kind, weights, config.average)
    return kind(config.learning_rate, **options)


def dtype_policy(precision: str) -> str:
    """Return the Keras dtype policy of a precision; `auto` is mixed_bfloat16 on a CPU with a matrix unit.

    Others that know bfloat16 need not be faster in it: on an Intel Xeon without the unit a training step of a
    U-Net over EfficientNet-Lite0 took 1.7 times the time of float32.
    """
    if precision != "auto":
        return precision
    return "mixed_bfloat16" if not on_graphics_card() and read_machine().matrix_unit else "float32"


def on_graphics_card() -> bool:
    """Return whether Keras computes on a graphics card."""
    # asked for "gpu" alone, JAX raises an error where there is none
    return any(device.startswith("gpu") for device in keras.distribution.list_devices())


def _slowed(
    kind: type[keras.optimizers.Optimizer], variables: Sequence[keras.Variable], share: float
) -> type[keras.optimizers.Optimizer]:
    """Return the optimizer class with steps of `variables` times `share`; its state is not changed."""

    class Slowed(kind):
        def apply(self, grads, trainable_variables=None):
            before = [ops.copy(variable) for variable in variables]
            super().apply(grads, trainable_variables)
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value + share * (variable - value))

    return Slowed


def _penalised(kind: type[keras.optimizers.Optimizer], share: float) -> type[keras.optimizers.Optimizer]:
    """Return the optimizer class that also pulls kernels to 0, as `share` / 2 * sum of squares would.

    Biases and the scales of normalisations, which have one axis, are left alone.
    """

    class Penalised(kind):
        def apply(self, grads, trainable_variables=None):
            variables = self._trainable_variables if trainable_variables is None else trainable_variables
            pulled = [
                grad
                if grad is None or len(variable.shape) < 2
                else grad + share * ops.cast(variable, grad.dtype)
                for grad, variable in zip(grads, variables, strict=True)
            ]
            super().apply(pulled, trainable_variables)

    return Penalised
