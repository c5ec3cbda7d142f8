"""Options of `compose`."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.config.values import names_from

WAYS = ("bare", "dressed", "cut", "turned", "placed", "layered")
"""The ways to compose a photo, see `segmentation.compose`."""

DRAWN = "drawn"
"""The value that takes the place of a folder of backgrounds."""


@dataclass(frozen=True, kw_only=True)
class ComposeOptions(JobOptions):
    """Compose new photos with their cutouts out of pairs, or of pictures with transparency."""

    data: tuple[Path, ...] = option(
        (),
        "folder of pairs of garments on mannequins; further ones lend their garments to the way `placed`. "
        "From folders with train/ and val/, those in train/ are used",
        metavar="DIR",
        shown="none",
    )
    foregrounds: tuple[Path, ...] = option(
        (),
        "folder of pictures with transparency for the way `layered`, such as cutouts; from one with train/ "
        "and val/, those in train/ are used",
        metavar="DIR",
        shown="none",
    )
    output: Path = option(
        MISSING, "folder of pairs to write; an earlier run of the same set is continued", metavar="DIR"
    )
    count: int = option(100, "photos to compose, as many by each way", minimum=1)
    ways: tuple[str, ...] = option(
        (),
        "how to compose them: mannequins made bare above a line (bare), garments on other mannequins "
        "(dressed), skirts cut from dresses on bare mannequins (cut), turned to the side (turned), garments "
        "on walls, floors and textures (placed), foregrounds over backgrounds with exact alpha (layered)",
        parse=names_from(WAYS),
        metavar="NAME[,NAME]",
        shown="layered of foregrounds, all others of pairs",
    )
    backgrounds: str = option(
        DRAWN, f"folder of pictures to lay garments and foregrounds over, or {DRAWN}", metavar="DIR"
    )
    seed: int = option(0, "seed of the set; the same seed gives the same pixels")
    workers: int | None = option(None, "processes that compose", minimum=1, shown="one a core", common=False)
