"""The way from a configuration to a network: its options are completed and checked, then it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from segmentation.config.network import ModelConfig
from segmentation.config.run import RunConfig
from segmentation.config.training import TrainConfig
from segmentation.core.errors import ConfigError
from segmentation.core.size import InputShape, Size
from segmentation.models.architectures import ARCHITECTURES, MOST_FILTERS, Architecture
from segmentation.models.backbones import BACKBONES, LEVELS
from segmentation.models.mask_rcnn.found import MOST_OBJECTS, ROW

if TYPE_CHECKING:
    import keras

_ANY_SIZE = ("unet", "fc_densenet", "autoencoder")  # families that do not build sizes into their layers


def complete(config: RunConfig) -> RunConfig:
    """Fill in what the architecture decides and check that the network can be built.

    Raises ConfigError for an unknown architecture or backbone (naming the choices), for a backbone other than
    the architecture's, for levels that the architecture or backbone does not have, for too many filters, for
    an input size or crops that the levels do not divide (naming the nearest size that they do), for crops
    that are larger than the input or that the architecture does not take, for options that a network of
    objects cannot have, for options of a backbone without one, for `freeze_epochs` without `freeze`, and for
    a backbone without chosen weights whose ImageNet weights are not installed.
    """
    name = config.model.architecture
    row = _row(name)
    filters, levels = config.model.filters or row.filters, config.model.levels or row.levels
    backbone = _backbone(config.model, row)
    if row.possible_levels and levels not in row.possible_levels:
        possible = " or ".join(map(str, row.possible_levels))
        raise ConfigError(
            f"`levels`: expected {possible} with {name}, received {levels}; add `levels={row.levels}`"
        )
    if filters > MOST_FILTERS >> levels:
        raise ConfigError(
            f"`filters`: expected at most {MOST_FILTERS >> levels} with {levels} levels, received {filters}"
        )
    if backbone and levels > LEVELS:
        raise ConfigError(
            f"`levels`: expected at most {LEVELS} with the backbone {backbone}, received {levels}; "
            f"add `levels={LEVELS}`"
        )
    size = config.preprocessing.input_size or row.size
    _check_divisible("input_size", size, levels)
    if crops := config.training.crops:
        _check_divisible("crops", crops, levels)
        if row.family not in _ANY_SIZE:
            names = ", ".join(name for name, other in ARCHITECTURES.items() if other.family in _ANY_SIZE)
            raise ConfigError(f"`crops`: expected a network that takes any size ({names}), received {name}")
        if crops.height > size.height or crops.width > size.width:
            raise ConfigError(f"`crops`: expected at most the `input_size` {size}, received {crops}")
    if row.finds_objects:
        _check_finds_objects(config)
    weights = _backbone_weights(config.model, backbone)
    _check_transfer(config.training, name, backbone)
    return config.replace(filters=filters, levels=levels, input_size=size, backbone_weights=weights)


def build(model: ModelConfig, input_shape: InputShape, classes: int = 1) -> keras.Model:
    """Build the untrained network of a completed configuration: [N, H, W, C] -> scores [N, H, W, classes].

    Height and width may be None, for any that the levels divide. A backbone replaces the encoder of a U-Net.
    A network that finds objects gives what `output_shape` says instead, of one class or of all but the
    background.
    """
    from segmentation.models import autoencoder, deeplab, fc_densenet, fcn, segnet, unet, unet_backbone

    row = _row(model.architecture)
    options: dict[str, Any] = {
        "classes": classes,
        "filters": model.filters,
        "levels": model.levels,
        "norm": model.norm,
        "momentum": model.norm_momentum,
    }
    backbone = _backbone(model, row)
    if backbone:
        options["backbone"] = backbone
    if row.finds_objects:
        from segmentation.models.mask_rcnn.network import mask_rcnn

        options["classes"] = max(1, classes - 1)
        return mask_rcnn(input_shape, **options)
    if row.family == "unet":
        options["up_convs"] = row.up_convs
        if backbone:
            return unet_backbone.unet_backbone(input_shape, guess=row.guess, **options)
        return unet.unet(input_shape, down_convs=row.down_convs, **options)
    builders: dict[str, Callable[..., keras.Model]] = {
        "segnet": segnet.segnet,
        "fc_densenet": fc_densenet.fc_densenet,
        "autoencoder": autoencoder.autoencoder,
        "fcn": fcn.fcn,
        "atrous": deeplab.atrous,
        "deeplab_v3": deeplab.deeplab_v3,
        "deeplab_largefov": deeplab.deeplab_largefov,
    }
    return builders[row.family](input_shape, **options)


def output_shape(model: ModelConfig, size: Size, classes: int) -> tuple[int, ...]:
    """Return the shape of the network's output for one photo of `size`, without the batch axis."""
    if _row(model.architecture).finds_objects:
        return (MOST_OBJECTS, ROW)
    return (size.height, size.width, classes)


def _row(name: str) -> Architecture:
    if name not in ARCHITECTURES:
        raise ConfigError(
            f"`architecture`: expected a name such as unet-256, received {name!r}; "
            f"choose one of {', '.join(ARCHITECTURES)}"
        )
    return ARCHITECTURES[name]


def _backbone(model: ModelConfig, row: Architecture) -> str | None:
    """Return the backbone that was asked for, else that of the architecture if it has one."""
    if model.backbone is None:
        return row.backbone
    if model.backbone not in BACKBONES:
        raise ConfigError(f"`backbone`: expected one of {', '.join(BACKBONES)}, received {model.backbone!r}")
    open_to_all = row.family == "unet" and row.backbone is None
    if not open_to_all and row.backbone != model.backbone:
        expected = f"{row.backbone}, which {model.architecture} is built on" if row.backbone else "none"
        raise ConfigError(
            f"`backbone`: expected {expected}, received {model.backbone} with {model.architecture}; "
            "give another `architecture`, such as unet-256, or leave out `backbone`"
        )
    return model.backbone


def _backbone_weights(model: ModelConfig, backbone: str | None) -> str | None:
    if backbone is None:
        if model.backbone_weights not in (None, "none"):
            owners = ", ".join(name for name, row in ARCHITECTURES.items() if row.backbone)
            raise ConfigError(
                f"`backbone_weights`: expected a `backbone` ({', '.join(BACKBONES)}) or an architecture with "
                f"one ({owners}), received {model.architecture} without one; add `backbone=NAME`"
            )
        return model.backbone_weights
    if model.backbone_weights:
        return model.backbone_weights
    if BACKBONES[backbone].application:  # nothing is downloaded that was not asked for
        option = f"backbone={backbone}" if model.backbone else f"architecture={model.architecture}"
        raise ConfigError(
            f"`{option}`: expected `backbone_weights` beside it, it is missing; add "
            "`backbone_weights=imagenet` (a download), none (random) or FILE"
        )
    return "imagenet"


def _check_transfer(training: TrainConfig, name: str, backbone: str | None) -> None:
    chosen = {"freeze": training.freeze, "backbone_rate": training.backbone_rate != 1}
    for option in (option for option, given in chosen.items() if given and backbone is None):
        raise ConfigError(
            f"`{option}`: expected a network with a backbone, received {name} without one; add "
            f"`backbone=NAME` ({', '.join(BACKBONES)}), or leave it out"
        )
    if training.freeze_epochs and not training.freeze:
        raise ConfigError(
            f"`freeze_epochs`: expected `freeze=N` beside it, received {training.freeze_epochs} alone; add "
            "`freeze=5` for the whole backbone, or leave it out"
        )


def _check_finds_objects(config: RunConfig) -> None:
    """Refuse options that cut a photo into parts, or turn its objects into scores: they would be lost."""
    name = config.model.architecture
    asked = {
        "second_pass": config.second_pass.look != "none",
        f"sees={config.preprocessing.sees}": config.preprocessing.sees != "whole",
        f"target={config.data.target}": config.data.target == "alpha",
    }
    for option in (option for option, given in asked.items() if given):
        raise ConfigError(
            f"`{option}`: expected without `architecture={name}`, which finds the objects of whole photos in "
            "one pass; leave it out"
        )


def _check_divisible(option: str, size: Size, levels: int) -> None:
    step = 2**levels
    if size.height % step or size.width % step:
        nearest = Size(_nearest(size.height, step), _nearest(size.width, step))
        raise ConfigError(
            f"`{option}`: expected multiples of {step} for {levels} levels, received {size}; "
            f"the nearest is {nearest}"
        )


def _nearest(length_px: int, step: int) -> int:
    return max(step, round(length_px / step) * step)
