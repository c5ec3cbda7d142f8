"""Options of `predict`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.files import FileOptions, TriageOptions
from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import InputOptions, ModelOptions, ScoringOptions, WorkerOptions


@dataclass(frozen=True, kw_only=True)
class PredictOptions(JobOptions):
    """Cut the garments out of photos, or mark their classes."""

    photos: InputOptions
    models: ModelOptions = ModelOptions()
    save: bool = option(
        False,
        "write masks and cutouts, or label maps and overlays of a model of several classes, and go on where "
        "an earlier run was stopped",
        shown="only show a line a photo",
    )
    output: Path | None = option(
        None,
        "results",
        shown="results/MODEL/predict, of several models results/MODEL+MODEL/predict",
        metavar="DIR",
    )
    overwrite: bool = option(
        False,
        "make again what is done",
        shown="skip photos whose results were made from the same file with the same models and options",
    )
    files: FileOptions = FileOptions()
    scoring: ScoringOptions = ScoringOptions()
    triage: TriageOptions = TriageOptions()
    work: WorkerOptions = WorkerOptions()
    profile: bool = option(False, "say at the end where the time of a photo went", common=False)
    quiet: bool = option(
        False, "with `save`: no progress and no summary, errors only", shown="both", common=False
    )
