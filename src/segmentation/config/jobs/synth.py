"""Options of `synth`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.config.values import names_from
from segmentation.core.size import Size

VIEWS = ("Front", "FrontRight", "Back")
"""The sides from which a garment can be drawn."""


@dataclass(frozen=True, kw_only=True)
class SynthOptions(JobOptions):
    """Draw synthetic studio photos with their cutouts."""

    output: Path = option(MISSING, "folder to draw into", metavar="DIR")
    count: int = option(60, "garments to draw, a photo from each of the views", minimum=1)
    views: tuple[str, ...] = option(
        VIEWS,
        f"sides to draw each garment from, some of {', '.join(VIEWS)}",
        parse=names_from(VIEWS),
        metavar="NAME[,NAME]",
    )
    mannequins: int = option(
        1,
        "mannequins in a photo; from two on `count` photos are drawn, of so many beside each other, each "
        "from any side, with masks in which every one has a value of its own, in place of cutouts of "
        "garments",
        minimum=1,
        maximum=6,
        common=False,
    )
    size: Size = option(Size(1728, 1152), "size of the photos")
    seed: int = option(0, "seed of the drawings; the same seed gives the same pixels")
    workers: int | None = option(None, "processes that draw", minimum=1, shown="one a core", common=False)
