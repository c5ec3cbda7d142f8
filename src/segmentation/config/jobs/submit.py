"""Options of `submit`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import InputOptions, ModelOptions, ScoringOptions


@dataclass(frozen=True, kw_only=True)
class SubmitOptions(JobOptions):
    """Write the run-length encoded masks of photos as a Kaggle submission."""

    photos: InputOptions
    models: ModelOptions = ModelOptions()
    output: Path | None = option(
        None,
        "the CSV file, compressed when its name ends in .gz",
        shown="results/MODEL/submission.csv.gz, of several models results/MODEL+MODEL/submission.csv.gz",
        metavar="FILE",
    )
    order: str = option("row", "order in which pixels are counted", choices=("row", "column"))
    save: bool = option(False, "write the masks beside the CSV as well", shown="only the CSV")
    scoring: ScoringOptions = ScoringOptions()
