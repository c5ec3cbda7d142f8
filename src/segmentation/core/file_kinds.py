"""The kinds of files that can be written for a photo. Nothing heavy is imported, so that help is instant."""

from typing import NamedTuple

MANIFEST = "predictions.jsonl"
"""The record of a folder of results, by which such a folder is known."""


class FileKind(NamedTuple):
    """The folder of results in which the files of a kind lie, and the suffix of their names."""

    folder: str
    suffix: str


FILES = {
    "mask": FileKind("masks", ".png"),
    "cutout": FileKind("cutouts", ".png"),
    "cutout-psd": FileKind("cutouts", ".psd"),
    "cutout-tiff": FileKind("cutouts", ".tif"),
    "cutout-webp": FileKind("cutouts", ".webp"),
    "cutout-jpg": FileKind("cutouts", ".jpg"),
    "overlay": FileKind("overlays", ".jpg"),
    "trimap": FileKind("trimaps", ".png"),
    "review": FileKind("review", ".jpg"),
    "doubts": FileKind("review", ".png"),
    "labels": FileKind("labels", ".png"),
}
RESULT_FOLDERS = frozenset(kind.folder for kind in FILES.values())
"""The folders in a folder of results that hold its files."""

SHOWN_ONLY = ("review", "doubts")
"""Kinds of files that show a prediction, and are not delivered."""

REVIEW_JOURNAL = "review.jsonl"
"""The journal of a review of a folder of results."""

PREDICTED = "predicted"
"""The folder of masks as they were predicted, of the photos whose masks a person changed in a review."""

FORMATS = {
    "png": "cutout",
    "psd": "cutout-psd",
    "tiff": "cutout-tiff",
    "webp": "cutout-webp",
    "jpg": "cutout-jpg",
}
"""The kinds of cutouts, by the names that the option `format` takes. What is no PSD is one flat picture."""

EIGHT_BIT = ("webp", "jpg")
"""The names of FORMATS that have 8 bits a channel whatever the option `bits` says."""

BITS = (8, 16)
"""Bits a channel that the option `bits` takes; EIGHT_BIT, JPEG and trimaps always have 8."""

ALIGNMENTS = {"center": 0.5, "top": 0.0, "bottom": 1.0}
"""Shares of the free height of a canvas above the garment, by the names that the option `align` takes."""

SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
"""Ways in which a JPEG keeps colour, by the names that the option `subsampling` takes."""

REFINEMENTS = ("none", "guided-filter", "closed-form", "closed-form-half", "knn")
"""Ways to refine the edge of a mask with the photo, by the names that the option `refine` takes."""

TRIMAPS = ("edge", "scores", "superpixels")
"""Ways to find the unknown band of a mask, by the names that the option `matte_band` takes."""

DRAWN = "drawn"
"""The name of trimaps that are made of a true alpha."""


def numbered(kind: str, number: int) -> str:
    """Return the kind of the file of one of several objects, counted from 1: mask-1 of mask."""
    return f"{kind}-{number}"


def place_of(kind: str, stem: str) -> str:
    """Return the path of a file below the results: masks/STEM.png, or masks/STEM-1.png of mask-1."""
    if kind in FILES:
        folder, suffix = FILES[kind]
        return f"{folder}/{stem}{suffix}"
    of_one, _dash, number = kind.rpartition("-")
    return place_of(of_one, f"{stem}-{number}")
