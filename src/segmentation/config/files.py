"""Options of the files that are written for a folder of photos, and of its triage."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.options import accept, option, options_of, replaced
from segmentation.config.values import HexColour, names_from, parse_path
from segmentation.core.file_kinds import ALIGNMENTS, BITS, FORMATS, REFINEMENTS, SUBSAMPLINGS, TRIMAPS
from segmentation.core.size import Size

CROP_MARGIN_PERCENT = 5.0
JPEG_QUALITY = 92
AUTO, REVIEW, REDO = DECISIONS = ("auto", "review", "redo")
"""The decisions of triage on a photo, the least work first."""
AUTO_FROM, CLEAN_FROM, REDO_BELOW = 0.985, 0.5, 0.92
CERTAINTY = 0.9
"""Of a promise: how often it holds, if it were made again and again."""
TRIMAP_PX = 9


def parse_background(text: str) -> Path | HexColour | None:
    """Read "#RRGGBB" or the name of a colour, "transparent" as None, and anything else as a path.

    Raises ValueError.
    """
    from PIL import ImageColor

    if text.lower() == "transparent":
        return None
    if text.lower() in ImageColor.colormap:
        return HexColour(ImageColor.getrgb(text)[:3])
    if not text.startswith("#"):
        return parse_path(text)
    if not re.fullmatch("#(?:[0-9a-fA-F]{3}){1,2}", text):
        raise ValueError(
            "expected a colour with three or six digits, as #ffffff, its name, as white, or the path of a "
            f"picture (./ before a name with #), received {text!r}"
        )
    return HexColour(ImageColor.getrgb(text)[:3])


@dataclass(frozen=True, kw_only=True)
class CutoutOptions:
    """The cutouts of a photo."""

    format: tuple[str, ...] = option(
        ("png",),
        f"file formats of cutouts, some of {', '.join(FORMATS)}; a psd has the whole photo in a layer with "
        "an editable mask, a jpg is over white where no background is chosen",
        parse=names_from(FORMATS),
        metavar="NAME[,NAME]",
    )
    background: Path | HexColour | None = option(
        None,
        "a colour by its name or in quotes, or a picture that is scaled to fill the cutout",
        parse=parse_background,
        shown="transparent",
        metavar="NAME|#RRGGBB|FILE",
    )
    crop: float | None = option(
        None,
        "trim cutouts to the garment plus a margin in per cent of its height, "
        f"{CROP_MARGIN_PERCENT:g} without a value",
        maximum=100,
        bare=CROP_MARGIN_PERCENT,
        shown="the whole photo",
        metavar="MARGIN",
    )
    canvas: Size | None = option(
        None,
        "size of cutouts but the psd: the garment is scaled to fit in between the margins",
        shown="that of the photo",
    )
    margin: float = option(
        CROP_MARGIN_PERCENT,
        "margins of the canvas in per cent of its sides",
        maximum=45,
        common=False,
    )
    align: str = option(
        "center",
        "place of the garment between the upper and the lower margin",
        choices=(*ALIGNMENTS,),
        common=False,
    )
    jpeg_quality: int | None = option(
        None,
        "quality of cutouts as jpg, and as webp if it is given",
        minimum=1,
        maximum=100,
        shown=f"{JPEG_QUALITY}; a webp is lossless",
        common=False,
    )
    subsampling: str = option(
        "4:4:4", "resolution of colour in cutouts as jpg", choices=SUBSAMPLINGS, common=False
    )
    bits: int = option(
        8,
        "bits per channel of masks, and of cutouts as png, psd and tiff; 16 keeps the depth of 16-bit photos",
        choices=tuple(map(str, BITS)),
        common=False,
    )
    decontaminate: bool = option(
        True,
        "remove the colours behind the garment from the soft edges of cutouts, where they would show as a "
        "rim on another background",
        shown="yes, except in a psd",
        common=False,
    )
    keep_gps: bool = option(
        False,
        "keep the place where a photo was taken, which its cutout otherwise loses; the rest of what the "
        "camera noted is kept as far as the format can hold it",
        common=False,
    )


@dataclass(frozen=True, kw_only=True)
class MatteOptions:
    """The last pass of a cutout, which finds the alpha of hair, fur, lace and sheer fabric."""

    matte: str | None = option(
        None,
        "find the alpha of hair, fur, lace and sheer fabric in a last pass: by a model of "
        f"`train target=alpha`, or by {', '.join(REFINEMENTS[1:-1])} or {REFINEMENTS[-1]}",
        shown="none: the softness of the scores",
        metavar="NAME",
    )
    matte_band: str = option(
        "scores",
        "where `matte` searches: along the edge of the mask; where the scores are unsure, and along the "
        "edge; or in the superpixels of the photo where they are",
        choices=TRIMAPS,
        common=False,
    )
    matte_width: float = option(
        0.005,
        "least reach of `matte` to each side of the edge, in heights of the photo",
        maximum=0.2,
        common=False,
    )


@dataclass(frozen=True, kw_only=True)
class FileOptions(CutoutOptions, MatteOptions):
    """The files of a photo: masks, cutouts, overlays, trimaps."""

    binary: bool = option(False, "masks with hard edges", shown="soft edges")
    refine: str = option(
        "none",
        "refine the edge of the mask with the photo, for models that see far fewer pixels: with a "
        "guided-filter, or by closed-form, closed-form-half or knn, which need the package pymatting",
        choices=REFINEMENTS,
        common=False,
    )
    overlay: bool = option(
        False,
        "write overlays too: the photo with the outline of its mask, as JPEG",
        shown="no; with a model of several classes always, in their colours",
    )
    trimap: bool = option(
        False,
        "write trimaps too: white is certainly garment, black certainly background, grey is near the edge",
    )
    trimap_certainty: float | None = option(
        None,
        "make the grey band of trimaps, also of that in a psd, so wide that the true edge lies in it with "
        "this probability, as far as the photos are like those that the model was calibrated on",
        maximum=1,
        shown=f"{TRIMAP_PX} px of 1728 to each side of the edge",
        metavar="P",
        common=False,
    )


def asked_of(files: FileOptions) -> dict[str, Any]:
    """Return the options that differ from their defaults as JSON holds them; paths are absolute."""
    asked = {}
    for found in options_of(FileOptions):
        value = found.value_in(files)
        if value != found.default:
            asked[found.name] = found.plain(value.absolute() if isinstance(value, Path) else value)
    return asked


def files_as_asked(asked: Mapping[str, Any]) -> FileOptions:
    """Return the options that `asked_of` made this of. Raises ConfigError for what is none of them."""
    return replaced(FileOptions(), accept(FileOptions, asked))


@dataclass(frozen=True, kw_only=True)
class PromiseOptions:
    """A promise about the photos that nobody looks at."""

    promise: float | None = option(
        None,
        "accept masks unseen only while at most this share of them is expected to have a fault, as long as "
        "the photos are like those that the model was calibrated on; that decides how certain a mask has to "
        "be",
        maximum=1,
        shown="no promise",
        metavar="SHARE",
    )
    certainty: float = option(
        CERTAINTY,
        "with `promise`: how certain it is, as a probability",
        maximum=1,
        common=False,
    )


@dataclass(frozen=True, kw_only=True)
class TriageOptions(PromiseOptions):
    """The triage: which photos a person has to check."""

    auto_from: float = option(
        AUTO_FROM,
        "confidence, the expected Dice of a mask, from which it is accepted as it is; masks below are for "
        "review",
        maximum=1,
        common=False,
    )
    clean_from: float = option(
        CLEAN_FROM,
        "probability that a mask has no fault, from which it is accepted as it is, with models that know "
        "where faults are likely or which of their masks had one; masks below are for review",
        maximum=1,
        common=False,
    )
    redo_below: float = option(
        REDO_BELOW,
        "confidence below which a mask is better made by hand",
        maximum=1,
        common=False,
    )
    triage: bool = option(
        True,
        "sort photos into auto, review and redo, each with a confidence, and write review.html; without "
        "it the mirror image is not scored, which saves a sixth of the time of a double pass and half of "
        "that of a single pass",
    )
