"""The table of architectures."""

from dataclasses import dataclass

from segmentation.core.size import Size
from segmentation.models.backbones import BACKBONES


@dataclass(frozen=True)
class Architecture:
    """A row of the table: a network by default.

    `levels` is how often the picture is halved, so sides are multiples of 2 ** levels; `possible_levels` is
    None where any number of them can be built. `filters` are those of the first level, doubled with each
    further one, unless `about` says otherwise. `family` is the builder. Only U-Nets can take another
    `backbone`, and have `down_convs` and `up_convs` in each level. With `guess` the last channel of the input
    is a first alpha, to which the network finds the difference.
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
    guess: bool = False

    @property
    def finds_objects(self) -> bool:
        """Return whether it finds objects one by one, each with a mask, and is trained and judged by them."""
        return self.family == "mask_rcnn"


def _square(side_px: int) -> Size:
    return Size(side_px, side_px)


MOST_FILTERS = 8192  # of the coarsest level, if they double; one of its kernels then has 1.2 GB
_OUTPUT_STRIDES = range(3, 5)  # 8 and 16, by their logarithms

ARCHITECTURES: dict[str, Architecture] = {
    "simple": Architecture(16, 3, _square(256), "one convolution a level", down_convs=1, up_convs=1),
    "basic": Architecture(32, 4, _square(256), "two down, two up (Ronneberger et al. 2015)", up_convs=2),
    "unet-128": Architecture(64, 4, _square(128), "two down, three up"),
    "unet-256": Architecture(32, 5, _square(256), "two down, three up"),
    "unet-512": Architecture(16, 6, _square(512), "two down, three up"),
    "unet-1024": Architecture(8, 7, _square(1024), "two down, three up"),
    **{
        f"unet-{backbone}": Architecture(
            16, 5, _square(256), f"{BACKBONES[backbone].about} down, two up", up_convs=2, backbone=backbone
        )
        for backbone in ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "densenet121")
    },
    "matte-efficientnet-lite0": Architecture(
        16,
        5,
        _square(512),
        "for mattes: as unet-efficientnet-lite0, changes the first alpha that it is given",
        up_convs=2,
        backbone="efficientnet-lite0",
        guess=True,
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
        "dilation from stride 2^levels on, filters of the head (Yu and Koltun 2016)",
        backbone="resnet50",
        family="atrous",
        possible_levels=_OUTPUT_STRIDES,
    ),
    "deeplab-largefov": Architecture(
        1024,
        3,
        _square(256),
        "dilated VGG16, filters of fc6 and fc7 (Chen et al. 2016)",
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
        "dilation from stride 2^levels on, filters of each branch of the pyramid (Chen et al. 2017)",
        backbone=backbone,
        family="deeplab_v3",
        possible_levels=_OUTPUT_STRIDES,
    )
    for backbone in ("resnet50", "resnet101", "mobilenet-v3")
}
ARCHITECTURES |= {
    name: Architecture(
        64,
        5,
        _square(320),
        f"objects one by one, each with its mask, on {BACKBONES[backbone].about}; filters of the pyramid "
        "and of the heads (He et al. 2017)",
        backbone=backbone,
        family="mask_rcnn",
        possible_levels=range(4, 6),
    )
    for name, backbone in (
        ("mask-rcnn", "efficientnet-lite0"),
        ("mask-rcnn-efficientnet-lite2", "efficientnet-lite2"),
    )
}


def finds_objects(name: str) -> bool:
    """Return whether the architecture of this name finds objects one by one; no unknown one does."""
    return name in ARCHITECTURES and ARCHITECTURES[name].finds_objects


def describe() -> str:
    """Return a line of all architectures, for help texts."""
    return "; ".join(
        f"{name}: {row.filters} filters, {row.levels} levels, {row.size}, {row.about}"
        for name, row in ARCHITECTURES.items()
    )
