"""Options of `audit`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.jobs.fold_network import EPOCHS, FoldNetworkOptions
from segmentation.config.options import JobOptions, option


@dataclass(frozen=True, kw_only=True)
class AuditOptions(JobOptions):
    """Find wrong ground truth: rank pairs by how far models that were not trained on them disagree."""

    data: Path | None = option(None, "folder of pairs", shown="the data folder", metavar="DIR")
    folds: int = option(
        3,
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
    network: FoldNetworkOptions = FoldNetworkOptions()
    epochs: int = option(EPOCHS, "epochs of each model", minimum=1)
    seed: int = option(0, "seed of the folds and of the trainings", maximum=2**32 - 1, common=False)
    report_images: int = option(40, "pairs with pictures in the report, most suspicious first")
    output: Path | None = option(
        None,
        "folder of the results, with the models in its folder folds",
        shown="results/audit/NAME of the data",
        metavar="DIR",
    )
