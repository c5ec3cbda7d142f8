"""Options of `data`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.data import DataConfig
from segmentation.config.options import JobOptions, option


@dataclass(frozen=True, kw_only=True)
class DataOptions(JobOptions):
    """Show what a folder of photos and their cutouts or label maps holds, without training."""

    data: Path | None = option(None, "folder of pairs", shown="the data folder", metavar="DIR")
    classes: str = option(
        DataConfig.classes,
        "classes of label maps to look at: garment, all clothing as one; foreground, whatever is not "
        "background, as one; all, every class; a JSON file of groups, or the name of one that comes with the "
        "program, such as ccp-12",
        metavar="garment|foreground|all|FILE",
    )
    objects: bool = option(
        False, "take each value of a mask for an object of its own, as networks that find objects do"
    )
    output: Path | None = option(
        None,
        "file of the contact sheet, PNG or JPEG",
        shown="results/data/NAME/contact-sheet.png",
        metavar="FILE",
    )
