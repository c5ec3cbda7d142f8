"""The table of architectures, and the one way from a configuration to a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation.config.training import ModelConfig, RunConfig, TrainConfig
from segmentation.core.errors import ConfigError
from segmentation.core.size import Size
from segmentation.models.backbones import BACKBONES, LEVELS

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Architecture:
    """A row of the table: what a network is when the user asks for nothing else.

    `levels` is how often the picture is halved, so sides are multiples of 2 ** levels; `possible_levels` is
    None where any number of them can be built. `filters` are those of the first level, doubled with each
    further one, unless `about` says of what else. `family` is the builder. Only U-Nets take another
    `backbone` than their own, and have `down_convs` and `up_convs` a level.
    """

    filters: int
    levels: int
    size: Size
    about: str
    down_convs: int = 2
    up_convs: int = 3
    backbone: str | None = None
    family: str = "unet"
    possible_levels: range | None = None


def _square(side_px: int) -> Size:
    return Size(side_px, side_px)


MOST_FILTERS = 8192  # of the coarsest level, were they to double; one of its kernels then has 1.2 GB
_OUTPUT_STRIDES = range(3, 5)  # 8 and 16, by their logarithms

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
    "unet-densenet121": Architecture(
        16,
        5,
        _square(256),
        "DenseNet121 down (Huang et al. 2017), two up",
        up_convs=2,
        backbone="densenet121",
    ),
    "segnet": Architecture(
        32,
        5,
        _square(256),
        "unpools to where each maximum was (Badrinarayanan et al. 2017)",
        family="segnet",
    ),
    "fc-densenet": Architecture(
        12,
        5,
        _square(256),
        "filters are the growth rate, FC-DenseNet56 (Jegou et al. 2017)",
        family="fc_densenet",
    ),
    "autoencoder": Architecture(
        32, 4, _square(256), "strides down, transposed up, no skips", family="autoencoder"
    ),
    "fcn-resnet50": Architecture(
        256,
        5,
        _square(256),
        "filters before the coarsest scores, FCN-8s (Long et al. 2015)",
        backbone="resnet50",
        family="fcn",
        possible_levels=range(3, 6),
    ),
    "atrous-resnet50": Architecture(
        256,
        4,
        _square(256),
        "holes from stride 2^levels on, filters of the head (Yu and Koltun 2016)",
        backbone="resnet50",
        family="atrous",
        possible_levels=_OUTPUT_STRIDES,
    ),
    "deeplab-largefov": Architecture(
        1024,
        3,
        _square(256),
        "VGG16 with holes, filters of fc6 and fc7 (Chen et al. 2016)",
        backbone="vgg16",
        family="deeplab_largefov",
        possible_levels=range(3, 4),
    ),
}
ARCHITECTURES |= {
    f"deeplab-v3-{backbone}": Architecture(
        256,
        4,
        _square(256),
        "holes from stride 2^levels on, filters of each branch of the pyramid (Chen et al. 2017)",
        backbone=backbone,
        family="deeplab_v3",
        possible_levels=_OUTPUT_STRIDES,
    )
    for backbone in ("resnet50", "resnet101", "mobilenet-v3")
}


def complete(config: RunConfig) -> RunConfig:
    """Fill in what the architecture decides and check that the network can be built.

    Raises ConfigError for an unknown architecture or backbone (naming the choices), for a backbone beside
    the architecture's own, for levels that the architecture or a backbone has not, for too many filters, for
    an input size that the levels do not divide (naming the nearest one that they do), for backbone weights
    and what else concerns a backbone without one, for a last epoch of the freezing of nothing, and for a
    backbone without weights whose ImageNet ones are no part of the installation.
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
    step = 2**levels
    if size.height % step or size.width % step:
        nearest = Size(_nearest(size.height, step), _nearest(size.width, step))
        raise ConfigError(
            f"`input_size`: expected multiples of {step} for {levels} levels, received {size}; "
            f"the nearest is {nearest}"
        )
    weights = _backbone_weights(config.model, backbone)
    _check_transfer(config.training, name, backbone)
    return config.replace(filters=filters, levels=levels, input_size=size, backbone_weights=weights)


def build(model: ModelConfig, input_shape: tuple[int, int, int], classes: int = 1) -> keras.Model:
    """Build the untrained network of a completed configuration: [N, H, W, C] -> scores [N, H, W, classes].

    A backbone takes the place of a U-Net's way down.
    """
    from segmentation.models import autoencoder, deeplab, fc_densenet, fcn, segnet, unet, unet_backbone

    row = _row(model.architecture)
    options = {
        "classes": classes,
        "filters": model.filters,
        "levels": model.levels,
        "norm": model.norm,
        "momentum": model.norm_momentum,
    }
    backbone = _backbone(model, row)
    if backbone:
        options["backbone"] = backbone
    if row.family == "unet":
        options["up_convs"] = row.up_convs
        if backbone:
            return unet_backbone.unet_backbone(input_shape, **options)
        return unet.unet(input_shape, down_convs=row.down_convs, **options)
    builders = {
        "segnet": segnet.segnet,
        "fc_densenet": fc_densenet.fc_densenet,
        "autoencoder": autoencoder.autoencoder,
        "fcn": fcn.fcn,
        "atrous": deeplab.atrous,
        "deeplab_v3": deeplab.deeplab_v3,
        "deeplab_largefov": deeplab.deeplab_largefov,
    }
    return builders[row.family](input_shape, **options)


def _row(name: str) -> Architecture:
    if name not in ARCHITECTURES:
        raise ConfigError(
            f"`architecture`: expected a name such as unet-256, received {name!r}; "
            f"choose one of {', '.join(ARCHITECTURES)}"
        )
    return ARCHITECTURES[name]


def _backbone(model: ModelConfig, row: Architecture) -> str | None:
    """The backbone that was asked for, else the architecture's own if it has one."""
    if model.backbone is None:
        return row.backbone
    if model.backbone not in BACKBONES:
        raise ConfigError(f"`backbone`: expected one of {', '.join(BACKBONES)}, received {model.backbone!r}")
    open_to_all = row.family == "unet" and row.backbone is None
    if not open_to_all and row.backbone != model.backbone:
        own = f"{row.backbone}, which {model.architecture} is built on" if row.backbone else "none"
        raise ConfigError(
            f"`backbone`: expected {own}, received {model.backbone} with {model.architecture}; "
            "give another `architecture`, such as unet-256, or leave out `backbone`"
        )
    return model.backbone


def _backbone_weights(model: ModelConfig, backbone: str | None) -> str | None:
    if backbone is None:
        if model.backbone_weights not in (None, "none"):
            owners = ", ".join(name for name, row in ARCHITECTURES.items() if row.backbone)
            raise ConfigError(
                f"`backbone_weights`: expected a `backbone` ({', '.join(BACKBONES)}) or an architecture with "
                f"one ({owners}), received {model.architecture} without; add `backbone=NAME`"
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
            f"`{option}`: expected a network with a backbone, received {name} without; add `backbone=NAME` "
            f"({', '.join(BACKBONES)}), or leave it out"
        )
    if training.freeze_epochs and not training.freeze:
        raise ConfigError(
            f"`freeze_epochs`: expected `freeze=N` beside it, received {training.freeze_epochs} alone; add "
            "`freeze=5` for the whole backbone, or leave it out"
        )


def _nearest(length_px: int, step: int) -> int:
    return max(step, round(length_px / step) * step)


def describe() -> str:
    """One line an architecture, for help texts."""
    return "; ".join(
        f"{name}: {row.filters} filters, {row.levels} levels, {row.size}, {row.about}"
        for name, row in ARCHITECTURES.items()
    )
