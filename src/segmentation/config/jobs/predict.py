"""Options of `predict`."""

import re
from dataclasses import dataclass
from pathlib import Path

from segmentation.config.files import FileOptions, TriageOptions
from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import InputOptions, ModelOptions, ScoringOptions, WorkerOptions
from segmentation.config.stores import StoreOptions
from segmentation.stores.address import Address, parse_place

_CLUSTER = re.compile(r"ray(?:://[^/\s]+:\d+)?")


def parse_cluster(text: str) -> str:
    """Read ray or ray://HOST:PORT. Raises ValueError."""
    if not _CLUSTER.fullmatch(text):
        raise ValueError(f"expected ray or ray://HOST:PORT, received {text!r}")
    return text


@dataclass(frozen=True, kw_only=True)
class PredictOptions(JobOptions):
    """Cut the garments out of photos, or mark their classes."""

    photos: InputOptions
    models: ModelOptions = ModelOptions()
    save: bool = option(
        False,
        "write masks and cutouts, or with a model of several classes label maps and overlays; an earlier run "
        "that was stopped is continued",
        shown="only print a line for each photo",
    )
    output: Path | Address | None = option(
        None,
        "folder of the results, or an address in an object store, such as s3://BUCKET/FOLDER; - is the "
        "standard output, for the cutout of one photo",
        parse=parse_place,
        shown="results/MODEL/predict, of several models results/MODEL+MODEL/predict",
        metavar="DIR",
    )
    overwrite: bool = option(
        False,
        "redo photos that are done",
        shown="skip photos whose results were made from the same file with the same models and options",
    )
    files: FileOptions = FileOptions()
    scoring: ScoringOptions = ScoringOptions()
    triage: TriageOptions = TriageOptions()
    work: WorkerOptions = WorkerOptions()
    stores: StoreOptions = StoreOptions()
    on: str | None = option(
        None,
        "with `save`: the cluster that does the work: ray (that of RAY_ADDRESS, else this machine) or "
        "ray://HOST:PORT; needs results at an address that all of its machines reach, as s3:// or file://",
        parse=parse_cluster,
        shown="this machine",
        metavar="ray[://HOST:PORT]",
        common=False,
    )
    review: bool = option(
        False, "with `save`: open the page on which masks are accepted and corrected when all are there"
    )
    dry_run: bool = option(False, "with `save`: only say what would be written, and write nothing")
    json: bool = option(
        False,
        "print a line of JSON for each photo, and everything else on the standard error",
        common=False,
    )
    profile: bool = option(False, "print at the end how long a photo spent in each stage", common=False)
    quiet: bool = option(False, "with `save`: print errors only, no progress and no summary", common=False)
