"""Options of `next`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import InputOptions, ModelOptions, ScoringOptions, WorkerOptions


@dataclass(frozen=True, kw_only=True)
class NextOptions(JobOptions):
    """Choose those of the photos that are worth cutting out by hand next."""

    photos: InputOptions
    models: ModelOptions = ModelOptions()
    count: int = option(20, "how many photos to choose", minimum=1)
    output: Path | None = option(
        None, "folder of the table and the list", shown="results/MODEL/next", metavar="DIR"
    )
    scoring: ScoringOptions = ScoringOptions()
    work: WorkerOptions = WorkerOptions()
