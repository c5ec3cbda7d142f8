"""Options of what is written of a photo besides its mask."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.cli.arguments import number_up_to, path_argument
from segmentation.core.file_kinds import BITS, FORMATS, REFINEMENTS

if TYPE_CHECKING:
    from segmentation.outputs.cutout_writer import Deliverables

_MARGIN_PERCENT = 5.0


def add_deliverables(parser: argparse.ArgumentParser) -> None:
    """Add what decides how masks and cutouts are written; `given_deliverables` names the options."""
    parser.add_argument(
        "--format",
        type=_formats,
        default=("png",),
        metavar="NAME[,NAME]",
        help=f"files that a cutout is written as, some of {', '.join(FORMATS)}; a psd has the whole photo in "
        "a layer with an editable mask (default: png)",
    )
    parser.add_argument(
        "--bits",
        type=int,
        choices=BITS,
        default=8,
        help="of a channel of masks and of cutouts as png, psd and tiff; 16 keeps those of a photo that has "
        "them (default: 8)",
    )
    parser.add_argument(
        "--refine",
        choices=REFINEMENTS,
        default="none",
        help="draw the edge of the mask anew after the photo, for models that see far fewer pixels: "
        "by a guided-filter, or in closed-form, which needs the package pymatting (default: none)",
    )
    parser.add_argument(
        "--background",
        type=_background,
        metavar="#RRGGBB|FILE",
        help="a colour, in quotes, or a picture, which is made to fill the cutout, instead of transparency "
        "(default: transparency)",
    )
    parser.add_argument(
        "--crop",
        type=_percent,
        nargs="?",
        const=_MARGIN_PERCENT,
        metavar="MARGIN",
        help="trim cutouts to the garment and a margin in per cent of its height, "
        f"{_MARGIN_PERCENT:g} without a value (default: the whole photo)",
    )
    parser.add_argument(
        "--overlay",
        action="store_true",
        help="write overlays too: the photo with the outline of its mask, as JPEG (default: no; of "
        "several classes always, in their colours)",
    )
    parser.add_argument(
        "--trimap",
        action="store_true",
        help="write trimaps too: white is surely garment, black surely none, grey near the edge "
        "(default: no)",
    )
    parser.add_argument(
        "--no-decontaminate",
        action="store_true",
        help="leave the photo's colours in the soft edges of cutouts, mixed with those behind the garment, "
        "which show as a rim on another background (default: they are taken out, but of a psd)",
    )


def given_deliverables(options: argparse.Namespace) -> list[str]:
    """Those of the options of `add_deliverables` that were given."""
    given = {
        "--format": options.format != ("png",),
        "--bits": options.bits != 8,
        "--refine": options.refine != "none",
        "--background": options.background,
        "--crop": options.crop is not None,
        "--overlay": options.overlay,
        "--trimap": options.trimap,
        "--no-decontaminate": options.no_decontaminate,
    }
    return [name for name, value in given.items() if value]


def chosen_deliverables(options: argparse.Namespace, review: bool = False) -> "Deliverables":
    """What `add_deliverables` lets choose, and whether pictures for a review are drawn.

    Raises ConfigError when none of the formats holds the bits, ImageError when the background cannot be read,
    and SegmentationError when the refinement needs a package that is not installed.
    """
    from segmentation.core.errors import ConfigError
    from segmentation.images.refinement import ensure_available
    from segmentation.outputs.cutout_writer import Deliverables

    if options.bits == 16 and options.format == ("webp",):
        raise ConfigError(
            "--bits 16: expected a --format that holds them, png, psd or tiff, received webp; add one of them"
        )
    if options.refine != "none":
        ensure_available(options.refine)
    return Deliverables(
        options.format,
        _pixels(options.background),
        options.crop,
        options.overlay,
        options.trimap,
        not options.no_decontaminate,
        options.refine,
        options.bits,
        review,
    )


def _pixels(background: Path | tuple[int, int, int] | None) -> Any:
    import numpy as np

    from segmentation.core.errors import ImageError
    from segmentation.images.files import read_photo

    if background is None:
        return None
    if isinstance(background, tuple):
        return np.array([[background]], np.uint8)
    try:
        return read_photo(background)
    except ImageError as error:
        raise ImageError(f"--background: expected a colour like #ffffff or a picture; {error}") from error


def _formats(text: str) -> tuple[str, ...]:
    wanted = {name.strip().lower() for name in text.split(",")}
    if unknown := sorted(wanted - {*FORMATS}):
        expected = f"expected some of {', '.join(FORMATS)} with commas between them"
        raise argparse.ArgumentTypeError(f"{expected}, received {unknown[0]!r}")
    return tuple(name for name in FORMATS if name in wanted)  # the same files whatever their order


def _background(text: str) -> Path | tuple[int, int, int]:
    if not text.startswith("#"):
        return path_argument(text)
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        expected = "expected a colour with six digits, as #ffffff, or the path of a picture"
        raise argparse.ArgumentTypeError(f"{expected} (./ before a name with #), received {text!r}")
    return tuple(bytes.fromhex(text[1:]))


def _percent(text: str) -> float:
    return number_up_to(text, 100.0, "a margin from 0 to 100 per cent")
