"""Options of `pseudo`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import InputOptions, ModelOptions, ScoringOptions, WorkerOptions


@dataclass(frozen=True, kw_only=True)
class PseudoOptions(JobOptions):
    """Make training pairs of the photos that a model is sure of."""

    photos: InputOptions
    output: Path = option(
        MISSING,
        "folder of pairs, for `train data=REAL data=DIR`; an earlier one is gone on with",
        metavar="DIR",
    )
    models: ModelOptions = ModelOptions()
    min_confidence: float = option(
        0.985, "Dice that a prediction must be thought to reach, 0 to 1", maximum=1
    )
    overwrite: bool = option(
        False, "make an earlier set of predicted pairs anew", shown="add to it what is missing"
    )
    scoring: ScoringOptions = ScoringOptions()
    work: WorkerOptions = WorkerOptions()
