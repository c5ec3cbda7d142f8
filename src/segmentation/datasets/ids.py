"""The id of a photo, by which lists, tables and other folders name it."""

import unicodedata
from collections.abc import Collection
from pathlib import PurePath, PurePosixPath

from segmentation.images.formats import IMAGE_SUFFIXES


def id_of(name: str | PurePath, others: Collection[str] = ()) -> str:
    """Return the id that a path below the folder of photos stands for, with or without its extension.

    Extensions are those of images and `others`. File systems and archives disagree on how "é" is stored, so
    ids are in Unicode's form NFC.
    """
    path = PurePosixPath(unicodedata.normalize("NFC", str(name)))
    suffix = path.suffix.lower()
    return str(path.with_suffix("")) if suffix in IMAGE_SUFFIXES or suffix in others else str(path)
