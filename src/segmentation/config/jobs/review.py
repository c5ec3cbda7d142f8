"""Options of `review`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option
from segmentation.config.scoring import max_pixels_option

MINUTES_BY_HAND = 4.0


@dataclass(frozen=True, kw_only=True)
class ReviewOptions(JobOptions):
    """Open a page on which predicted masks are accepted and corrected."""

    results: Path | None = option(
        None, "folder that predict wrote", shown="the newest `results/*/predict`", positional=True
    )
    model: str | None = option(
        None,
        "model whose second pass is given the smart strokes, by its name in the models folder or its path",
        shown="the one that the masks are of",
        metavar="NAME",
    )
    port: int | None = option(
        None,
        "port of the page on this machine",
        shown="that of the last review of the folder, else a free one",
        minimum=1,
        maximum=65535,
        metavar="N",
    )
    browser: bool = option(True, "open the page in a browser")
    host: str = option(
        "127.0.0.1",
        "address to listen on; anything but a loopback address lets others in your network in who know the "
        "page's whole address, which nothing encrypts on its way",
        common=False,
    )
    minutes_by_hand: float = option(
        MINUTES_BY_HAND,
        "minutes that cutting a photo out by hand takes, by which the page says what was saved",
        metavar="X",
    )
    max_pixels: int | None = max_pixels_option()
