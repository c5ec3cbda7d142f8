"""The table of architectures, and the one way from a configuration to a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config import ModelConfig, RunConfig, Size
from segmentation.errors import ConfigError
from segmentation.models.backbones import BACKBONES, LEVELS

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Architecture:
    """A row of the table: what a network is when the user asks for nothing else."""

    filters: int
    levels: int
    size: Size
    about: str
    down_convs: int = 2
    up_convs: int = 3
    backbone: str | None = None


def _square(side_px: int) -> Size:
    return Size(side_px, side_px)


ARCHITECTURES: dict[str, Architecture] = {
    "simple": Architecture(16, 3, _square(256), "one convolution a level", down_convs=1, up_convs=1),
    "basic": Architecture(32, 4, _square(256), "two down, two up (Ronneberger et al. 2015)", up_convs=2),
    "unet-128": Architecture(64, 4, _square(128), "two down, three up"),
    "unet-256": Architecture(32, 5, _square(256), "two down, three up"),
    "unet-512": Architecture(16, 6, _square(512), "two down, three up"),
    "unet-1024": Architecture(8, 7, _square(1024), "two down, three up"),
    "unet-efficientnet-lite0": Architecture(
        16,
        5,
        _square(256),
        "EfficientNet-Lite0 down (Tan and Le 2019), two up",
        up_convs=2,
        backbone="efficientnet-lite0",
    ),
}


def complete(config: RunConfig) -> RunConfig:
    """Fill in what the architecture decides and check that the network can be built.

    Raises ConfigError for an unknown architecture or backbone (naming the choices), for a backbone beside
    the architecture's own, for more levels than a backbone has, for an input size that the levels do not
    divide (naming the nearest one that they do), for backbone weights without a backbone, and for a
    backbone without them whose ImageNet weights are no part of the installation.
    """
    row = _row(config.model.architecture)
    filters, levels = config.model.filters or row.filters, config.model.levels or row.levels
    backbone = _backbone(config.model, row)
    if backbone and levels > LEVELS:
        raise ConfigError(
            f"--levels: expected at most {LEVELS} with the backbone {backbone}, received {levels}; "
            f"add --levels {LEVELS}"
        )
    size = config.preprocessing.input_size or row.size
    step = 2**levels
    if size.height % step or size.width % step:
        nearest = Size(_nearest(size.height, step), _nearest(size.width, step))
        raise ConfigError(
            f"--input-size: expected multiples of {step} for {levels} levels, received {size}; "
            f"the nearest is {nearest}"
        )
    weights = _backbone_weights(config.model, backbone)
    return config.replace(filters=filters, levels=levels, input_size=size, backbone_weights=weights)


def build(model: ModelConfig, input_shape: tuple[int, int, int], classes: int = 1) -> keras.Model:
    """Build the untrained network of a completed configuration: [N, H, W, C] -> scores [N, H, W, classes].

    A backbone takes the place of the architecture's way down.
    """
    from segmentation.models.unet import unet
    from segmentation.models.unet_backbone import unet_backbone

    row = _row(model.architecture)
    options = {
        "classes": classes,
        "filters": model.filters,
        "levels": model.levels,
        "norm": model.norm,
        "momentum": model.norm_momentum,
        "up_convs": row.up_convs,
    }
    backbone = _backbone(model, row)
    if backbone:
        return unet_backbone(input_shape, backbone=backbone, **options)
    return unet(input_shape, down_convs=row.down_convs, **options)


def _row(name: str) -> Architecture:
    if name not in ARCHITECTURES:
        raise ConfigError(f"--architecture: expected one of {', '.join(ARCHITECTURES)}, received {name!r}")
    return ARCHITECTURES[name]


def _backbone(model: ModelConfig, row: Architecture) -> str | None:
    """The backbone that was asked for, else the architecture's own if it has one."""
    if model.backbone is None:
        return row.backbone
    if model.backbone not in BACKBONES:
        raise ConfigError(f"--backbone: expected one of {', '.join(BACKBONES)}, received {model.backbone!r}")
    if row.backbone not in (None, model.backbone):
        raise ConfigError(
            f"--backbone: expected {row.backbone}, which {model.architecture} is built on, received "
            f"{model.backbone}; give another --architecture, such as unet-256, or leave out --backbone"
        )
    return model.backbone


def _backbone_weights(model: ModelConfig, backbone: str | None) -> str | None:
    if backbone is None:
        if model.backbone_weights not in (None, "none"):
            owners = ", ".join(name for name, row in ARCHITECTURES.items() if row.backbone)
            raise ConfigError(
                f"--backbone-weights: expected a --backbone ({', '.join(BACKBONES)}) or an architecture with "
                f"one ({owners}), received {model.architecture} without; add --backbone NAME"
            )
        return model.backbone_weights
    if model.backbone_weights:
        return model.backbone_weights
    if BACKBONES[backbone].application:  # nothing is downloaded that was not asked for
        raise ConfigError(
            f"--backbone {backbone}: expected --backbone-weights beside it, it is missing; add "
            "--backbone-weights imagenet (a download), none (random) or FILE"
        )
    return "imagenet"


def _nearest(length_px: int, step: int) -> int:
    return max(step, round(length_px / step) * step)


def describe() -> str:
    """One line an architecture, for help texts."""
    return "; ".join(
        f"{name}: {row.filters} filters, {row.levels} levels, {row.size}, {row.about}"
        for name, row in ARCHITECTURES.items()
    )
