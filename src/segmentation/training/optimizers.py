"""The optimizers by name, and the arithmetic they train in."""

from collections.abc import Callable
from pathlib import Path

import keras

from config import TrainConfig

_MOMENTUM = 0.9
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")

OPTIMIZERS: dict[str, Callable[[float], keras.optimizers.Optimizer]] = {
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.01),
    "adadelta": keras.optimizers.Adadelta,
    "sgd": keras.optimizers.SGD,
    "nesterov": lambda rate: keras.optimizers.SGD(rate, momentum=_MOMENTUM, nesterov=True),
}


def build_optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    """The optimizer of `config.optimizer` at its learning rate."""
    return OPTIMIZERS[config.optimizer](config.learning_rate)


def dtype_policy(precision: str) -> str:
    """The Keras dtype policy of a precision; `auto` is mixed_bfloat16 on a CPU that computes in it."""
    if precision != "auto":
        return precision
    on_gpu = bool(keras.distribution.list_devices("gpu"))
    return "mixed_bfloat16" if not on_gpu and _cpu_has_bfloat16() else "float32"


def _cpu_has_bfloat16() -> bool:
    processor = Path("/proc/cpuinfo")
    return processor.exists() and any(flag in processor.read_text() for flag in _BFLOAT16_FLAGS)
