"""Options of `audit`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.core.size import Size

ARCHITECTURE, FILTERS = "unet-efficientnet-lite0", 16
FOLDS, EPOCHS, BATCH_SIZE = 3, 14, 8


@dataclass(frozen=True, kw_only=True)
class AuditOptions(JobOptions):
    """Find wrong ground truth: rank pairs by how far models that were not trained on them disagree."""

    data: Path | None = option(None, "folder of pairs", shown="the data folder", metavar="DIR")
    folds: int = option(
        FOLDS,
        "train K models, each on all pairs but a share, with which it is then compared; models of an earlier "
        "audit of the same pairs are reused",
        minimum=2,
        metavar="K",
    )
    fold_model: tuple[str, ...] = option(
        (),
        "train nothing, and compare this model with the pairs that it was not trained on; can be repeated, "
        "until every pair is new to one of the models",
        shown="train models",
        metavar="NAME",
    )
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
        None, "filters of the first level", minimum=1, shown=f"{FILTERS}, or those of `model`", common=False
    )
    input_size: Size | None = option(
        None,
        "input size of the models",
        shown="192x288, turned to the proportions of the photos, or that of `model`",
        common=False,
    )
    epochs: int = option(EPOCHS, "epochs of each model", minimum=1)
    batch_size: int = option(BATCH_SIZE, "photos in a batch", minimum=1, common=False)
    seed: int = option(0, "seed of the folds and of the trainings", maximum=2**32 - 1, common=False)
    report_images: int = option(40, "pairs with pictures in the report, most suspicious first")
    output: Path | None = option(
        None,
        "folder of the results, with the models in its folder folds",
        shown="results/audit/NAME of the data",
        metavar="DIR",
    )
