"""Options of `watch`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.files import FileOptions, TriageOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.options import JobOptions, fields_by_name, option, options_of
from segmentation.config.scoring import ModelOptions, ScoringOptions, WorkerOptions, max_pixels_option


@dataclass(frozen=True, kw_only=True)
class WatchOptions(JobOptions):
    """Cut out the photos of a folder as they arrive in it, until it is stopped."""

    input: Path = option(MISSING, "folder to watch, with its subfolders", metavar="DIR")
    output: Path | None = option(
        None,
        "folder of the results, the same as `predict` writes, and of failed.csv, which lists the photos that "
        "failed and why",
        shown="results/MODEL/predict, of several models results/MODEL+MODEL/predict",
        metavar="DIR",
    )
    settle: float = option(
        2.0,
        "seconds for which a photo must not have changed before it is taken; one that ends too early, or "
        "that a program of this machine still has open to write it, is left for longer",
        metavar="SECONDS",
    )
    poll: float | None = option(
        None,
        "look into the folder every so many seconds in place of being told of changes by the system, which "
        "network drives do not tell",
        minimum=0.1,
        shown="5 on network drives, else the system tells",
        metavar="SECONDS",
    )
    drift_photos: int = option(
        20,
        "warn when the last so many photos differ, on average, from those that the model knows; 0 for never",
        metavar="N",
    )
    models: ModelOptions = ModelOptions()
    files: FileOptions = FileOptions()
    scoring: ScoringOptions = ScoringOptions()
    triage: TriageOptions = TriageOptions()
    work: WorkerOptions = WorkerOptions()
    max_pixels: int | None = max_pixels_option()
    json: bool = option(
        False,
        "print a line of JSON for each photo, and everything else on the standard error",
        common=False,
    )
    quiet: bool = option(False, "print errors and warnings only", common=False)

    @property
    def prediction(self) -> PredictOptions:
        """The options with which `predict` would do the same for the photos that are there."""
        fields = {found.name: found for found in options_of(type(self))}
        shared = self.given & fields_by_name(PredictOptions).keys()
        chosen = {name: fields[name].value_in(self) for name in shared}
        return PredictOptions.of(**chosen, save=True)
