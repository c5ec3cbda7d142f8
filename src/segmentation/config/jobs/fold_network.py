"""Options of the network that a job trains several times, on parts of the pairs, only to judge them."""

from dataclasses import dataclass

from segmentation.config.options import option
from segmentation.core.size import Size

ARCHITECTURE, FILTERS = "unet-efficientnet-lite0", 16
EPOCHS = 14


@dataclass(frozen=True, kw_only=True)
class FoldNetworkOptions:
    """The network, small enough to be trained several times."""

    model: str | None = option(
        None,
        "start from the weights of this model, which must not have been trained on these pairs",
        shown="from those of ImageNet",
        metavar="NAME",
    )
    architecture: str | None = option(
        None,
        "architecture of the models",
        shown=f"{ARCHITECTURE}, or that of `model`",
        metavar="NAME",
        common=False,
    )
    filters: int | None = option(
        None,
        "filters of the first level",
        minimum=1,
        shown=f"{FILTERS}, or those of `model` or `architecture`",
        common=False,
    )
    input_size: Size | None = option(
        None,
        "input size of the models",
        shown="192x288, turned to the proportions of the photos, or that of `model`",
        common=False,
    )
    batch_size: int = option(8, "photos in a batch", minimum=1, common=False)
