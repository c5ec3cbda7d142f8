"""The stems that a photo may have: the names of its results without their suffix."""

import hashlib
import os

from segmentation.core.suffixes import stem_of


def mark_of(name: str) -> str:
    """Return what tells the results of photos apart whose names differ by case alone, by the name of each."""
    return f"~{hashlib.sha256(os.fsencode(name)).hexdigest()[:6]}"


def stems_of(photo: str, stem: str) -> set[str]:
    """Return every stem that a photo, by its path, may have where another one had this `stem`.

    It depends on what lies beside it: its name with or without its suffix, each with or without a mark.
    """
    folder, slash, _last = stem.rpartition("/")
    name = photo.rpartition("/")[2]
    plain = {f"{folder}{slash}{own}" for own in (name, stem_of(name))}
    return plain | {f"{own}{mark_of(f'{folder}{slash}{name}')}" for own in plain}
