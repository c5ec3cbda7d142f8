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
        "folder of pairs, for `train data=REAL data=DIR`; an earlier one is continued",
        metavar="DIR",
    )
    models: ModelOptions = ModelOptions()
    min_confidence: float = option(
        0.985, "confidence that a prediction must have, its expected Dice, 0 to 1", maximum=1
    )
    overwrite: bool = option(
        False, "replace an earlier set of predicted pairs", shown="add what is missing in it"
    )
    scoring: ScoringOptions = ScoringOptions()
    work: WorkerOptions = WorkerOptions()
