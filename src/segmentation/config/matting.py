"""Options of a training whose target is the alpha in the unknown band of a trimap."""

from dataclasses import dataclass, fields

from segmentation.config.options import option
from segmentation.core.file_kinds import DRAWN, REFINEMENTS


def parse_trimaps(text: str) -> str:
    """Read names with commas between them. Raises ValueError for an empty one."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError(f"expected names of folders with commas between them, received {text!r}")
    return ",".join(names)


@dataclass(frozen=True)
class MatteConfig:
    """The trimaps of `target=alpha`, and what a network of mattes sees besides the photo."""

    trimaps: str = option(
        DRAWN,
        "with `target=alpha`: trimaps to train on, one of these at random, and to judge by, the first: "
        "drawn, made of the true alpha, or folders beside the photos, such as trimap1,trimap2,drawn",
        parse=parse_trimaps,
        metavar="NAME[,NAME]",
        common=False,
    )
    least_band: float = option(
        0.003,
        "least width of the band of drawn trimaps on either side of what is soft, in heights of the photo",
        maximum=0.2,
        common=False,
    )
    most_band: float = option(
        0.04,
        "largest width of the band of drawn trimaps on either side of what is soft, in heights of the photo; "
        "each is drawn at random",
        maximum=0.2,
        common=False,
    )
    prior: str = option(
        "closed-form-half",
        "first alpha in the unknown band, which the network sees and changes; none for the trimap alone",
        choices=REFINEMENTS,
        common=False,
    )

    @property
    def trimap_names(self) -> tuple[str, ...]:
        """The names of the trimaps."""
        return tuple(self.trimaps.split(","))


MATTE_PARTS = tuple(field.name for field in fields(MatteConfig))
"""The names of options that do nothing without `target=alpha`."""
