"""Options of `deliver`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.files import DECISIONS, CutoutOptions, PromiseOptions
from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import max_pixels_option
from segmentation.config.values import names_from


@dataclass(frozen=True, kw_only=True)
class DeliverOptions(JobOptions):
    """Make shop files of predicted and corrected cutouts."""

    results: Path = option(MISSING, "folder that predict wrote", positional=True)
    corrected: Path | None = option(
        None,
        "folder of corrected files, named like the photos",
        shown="the changed files in RESULTS",
        metavar="DIR",
    )
    output: Path | None = option(None, "folder of the files", shown="RESULTS/delivery", metavar="DIR")
    decisions: tuple[str, ...] = option(
        DECISIONS,
        "deliver predicted cutouts with these triage decisions, separated by commas; corrected ones and "
        "those that were accepted in a review are always delivered",
        parse=names_from(DECISIONS),
        metavar="NAME[,NAME]",
    )
    triage: PromiseOptions = PromiseOptions()
    overwrite: bool = option(False, "redo files that are done", shown="skip what would be the same")
    max_pixels: int | None = max_pixels_option()
    files: CutoutOptions = CutoutOptions()
