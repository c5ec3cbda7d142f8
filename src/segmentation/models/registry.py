"""The table of architectures, and the one way from a configuration to a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config import ModelConfig, RunConfig, Size
from segmentation.errors import ConfigError

if TYPE_CHECKING:
    import keras

_BACKBONE_LEVELS = 5  # a backbone's coarsest features have stride 32


@dataclass(frozen=True)
class Architecture:
    """A row of the table: what a network is when the user asks for nothing else."""

    filters: int
    levels: int
    size: Size
    about: str
    options: dict = field(default_factory=dict)
    backbone: str | None = None


def _square(side_px: int) -> Size:
    return Size(side_px, side_px)


ARCHITECTURES: dict[str, Architecture] = {
    "simple": Architecture(16, 3, _square(256), "one convolution a level", {"down_convs": 1, "up_convs": 1}),
    "basic": Architecture(32, 4, _square(256), "two down, two up (Ronneberger et al. 2015)", {"up_convs": 2}),
    "unet-128": Architecture(64, 4, _square(128), "two down, three up"),
    "unet-256": Architecture(32, 5, _square(256), "two down, three up"),
    "unet-512": Architecture(16, 6, _square(512), "two down, three up"),
    "unet-1024": Architecture(8, 7, _square(1024), "two down, three up"),
    "unet-efficientnet-lite0": Architecture(
        16,
        5,
        _square(256),
        "EfficientNet-Lite0 down (Tan and Le 2019), two up",
        {"up_convs": 2},
        "efficientnet-lite0",
    ),
}


def complete(config: RunConfig) -> RunConfig:
    """Fill in what the architecture decides and check that the network can be built.

    Raises ConfigError for an unknown architecture (naming the choices), for an input size that the
    levels do not divide (naming the nearest one that they do), for more levels than a backbone has, and
    for backbone weights without a backbone.
    """
    row = _row(config.model.architecture)
    filters, levels = config.model.filters or row.filters, config.model.levels or row.levels
    size = config.preprocessing.input_size or row.size
    step = 2**levels
    if size.height % step or size.width % step:
        nearest = Size(_nearest(size.height, step), _nearest(size.width, step))
        raise ConfigError(
            f"--input-size: expected multiples of {step} for {levels} levels, received {size}; "
            f"the nearest is {nearest}"
        )
    weights = _backbone_weights(config.model, row, levels)
    return config.replace(filters=filters, levels=levels, input_size=size, backbone_weights=weights)


def build(model: ModelConfig, input_shape: tuple[int, int, int], classes: int = 1) -> keras.Model:
    """Build the untrained network of a completed configuration: [N, H, W, C] -> scores [N, H, W, classes]."""
    from segmentation.models.unet import unet
    from segmentation.models.unet_backbone import unet_backbone

    row = _row(model.architecture)
    options = {
        "classes": classes,
        "filters": model.filters,
        "levels": model.levels,
        "norm": model.norm,
        "momentum": model.norm_momentum,
        **row.options,
    }
    if row.backbone:
        return unet_backbone(input_shape, backbone=row.backbone, **options)
    return unet(input_shape, **options)


def _row(name: str) -> Architecture:
    if name not in ARCHITECTURES:
        raise ConfigError(f"--architecture: expected one of {', '.join(ARCHITECTURES)}, received {name!r}")
    return ARCHITECTURES[name]


def _backbone_weights(model: ModelConfig, row: Architecture, levels: int) -> str | None:
    if not row.backbone:
        if model.backbone_weights not in (None, "none"):
            raise ConfigError(
                "--backbone-weights: expected an architecture with a backbone "
                f"({', '.join(name for name, other in ARCHITECTURES.items() if other.backbone)}), "
                f"received {model.architecture}"
            )
        return model.backbone_weights
    if levels > _BACKBONE_LEVELS:
        raise ConfigError(
            f"--levels: expected at most {_BACKBONE_LEVELS} for {model.architecture}, received {levels}"
        )
    return model.backbone_weights or "imagenet"


def _nearest(length_px: int, step: int) -> int:
    return max(step, round(length_px / step) * step)


def describe() -> str:
    """One line an architecture, for help texts."""
    return "; ".join(
        f"{name}: {row.filters} filters, {row.levels} levels, {row.size}, {row.about}"
        for name, row in ARCHITECTURES.items()
    )
