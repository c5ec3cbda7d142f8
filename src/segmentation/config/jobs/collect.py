"""Options of `collect`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option


@dataclass(frozen=True, kw_only=True)
class CollectOptions(JobOptions):
    """Make training pairs of cutouts that a retoucher corrected."""

    input: Path = option(
        MISSING,
        "corrected cutouts, such as the folder `cutouts` that predict wrote: PSD (layer mask), TIFF, PNG and "
        "WebP (transparency, or a mask in black and white), named like the photos",
        metavar="DIR",
    )
    photos: Path = option(MISSING, "folder of the photos", metavar="DIR")
    output: Path = option(
        MISSING,
        "folder of pairs, for `train data=DIR`; new pairs are added to an earlier one",
        metavar="DIR",
    )
    predictions: Path | None = option(
        None,
        "output of predict, to measure how much was corrected",
        shown="that in which `input` lies, if it does",
        metavar="DIR",
    )
    untouched: bool = option(
        False,
        "also take files that nobody changed, because somebody checked them all",
        shown="leave them out",
    )
