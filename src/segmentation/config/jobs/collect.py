"""Options of `collect`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option


@dataclass(frozen=True, kw_only=True)
class CollectOptions(JobOptions):
    """Make training pairs of cutouts that a retoucher corrected."""

    input: Path = option(
        MISSING,
        "corrected cutouts, such as `cutouts` of a predict: PSD (layer mask), TIFF, PNG and WebP "
        "(transparency, or a mask in black and white), called as the photos are",
        metavar="DIR",
    )
    photos: Path = option(MISSING, "folder of the photos", metavar="DIR")
    output: Path = option(
        MISSING,
        "folder of pairs, for `train data=DIR`; to an earlier one is added what is new",
        metavar="DIR",
    )
    predictions: Path | None = option(
        None,
        "what predict wrote, to tell how much was corrected",
        shown="the output of predict that `input` lies in, if it does",
        metavar="DIR",
    )
    untouched: bool = option(
        False,
        "take files that are as they were predicted as well, for somebody looked at all of them",
        shown="leave them out",
    )
