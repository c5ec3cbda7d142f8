"""The options of the loss."""

from dataclasses import dataclass

from segmentation.config.options import option
from segmentation.config.values import LOSSES, MATTE_LOSSES, LossSum

PIXEL_WEIGHTS = ("boundary_weight", "thin_weight", "fault_weight")  # of the pixels in the loss of a cutout
LOSS_PARTS = (  # the options that `loss` replaces
    *("bce_weight", "dice_weight", *PIXEL_WEIGHTS),
    *("boundary_width", "thin_width", "fault_width"),
)


@dataclass(frozen=True)
class LossConfig:
    """bce_weight * BCE - dice_weight * Dice, some pixels heavier where asked for; or a sum of losses.

    Over several classes it is bce_weight * ce + dice_weight * dice, two of the losses that `loss` adds up.
    """

    loss: LossSum | None = option(
        None,
        f"weighted sum of {', '.join(LOSSES[:-1])} and {LOSSES[-1]}, such as 0.5*ce + dice; with "
        f"`target=alpha` of {', '.join(MATTE_LOSSES[:-1])} and {MATTE_LOSSES[-1]}",
        shown="that of `bce_weight`, `dice_weight` and `boundary_weight`; l1 + laplacian + gradient with "
        "`target=alpha`",
    )
    class_weights: str = option(
        "none",
        "weight of each of several classes in ce and focal, from its number of pixels: inverse frequency, "
        "median frequency, or effective number",
        choices=("none", "inverse", "median", "effective"),
        common=False,
    )
    label_smoothing: float = option(
        0.0,
        "share of each target that ce and focal spread evenly over all classes",
        maximum=0.9,
        common=False,
    )
    bce_weight: float = option(0.5, "weight of the binary cross-entropy", common=False)
    dice_weight: float = option(2.0, "weight of the Dice coefficient, which is subtracted", common=False)
    boundary_weight: float = option(
        0.0,
        "additional weight of pixels in the band along the mask's edge; 0 for none",
        common=False,
    )
    boundary_width: int = option(
        11, "width in pixels of that band at the network's size", minimum=3, common=False
    )
    thin_weight: float = option(
        0.0, "additional weight of straps and of gaps thinner than `thin_width`; 0 for none", common=False
    )
    thin_width: int = option(
        9,
        "width below which a strap or a gap counts as thin, an odd number of pixels at the network's size",
        minimum=3,
        common=False,
    )
    fault_weight: float = option(
        0.0,
        "additional weight of pixels where the mask is wrong over `fault_width` at least; 0 for none",
        common=False,
    )
    fault_width: int = option(
        3,
        "width from which what is wrong counts as a fault, an odd number of pixels at the network's size",
        minimum=3,
        common=False,
    )
