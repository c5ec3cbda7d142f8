"""Options of `deliver`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.files import DECISIONS, CutoutOptions, parse_decisions
from segmentation.config.options import JobOptions, option


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
        "decisions of triage of which predicted cutouts are taken, with commas between them; corrected ones "
        "are taken whatever was decided",
        parse=parse_decisions,
        metavar="NAME[,NAME]",
    )
    overwrite: bool = option(False, "redo files that are done", shown="skip what would be the same")
    files: CutoutOptions = CutoutOptions()
