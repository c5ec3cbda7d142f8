"""The garment and the viewpoint that the name of a photo tells."""

import re

VIEWS = (
    "Front",
    "FrontRight",
    "FrontLeft",
    "Back",
    "BackRight",
    "BackLeft",
    "Left",
    "Right",
    "Side",
    "Detail",
)

_VIEW_OF_WORD = {view.casefold(): view for view in VIEWS}
_HASH_AND_NUMBER = re.compile(r"(?P<group>(?:.*/)?[0-9a-f]{12})_(?P<view>0[1-9]|1[0-6])")  # Carvana
_ANY_AND_NUMBER = re.compile(r"(?P<group>.+)_(?P<view>0[1-9]|1[0-6])")


def group_and_view(sample_id: str, *, numbered: bool = False) -> tuple[str, str]:
    """Split "ID_FrontRight" into ("ID", "FrontRight") and Carvana's "HASH_01" into ("HASH", "01").

    Any other name is its own group, with the view "". Views are read in any case and returned as
    in `VIEWS`. `numbered` says that every ending from _01 to _16 is a viewpoint, as in Carvana's
    folders; elsewhere only a 12-digit hash before it says so, because IMG_01 and IMG_02 are usually
    two garments.
    """
    group, separator, word = sample_id.rpartition("_")
    if separator and group and not group.endswith("/") and word.casefold() in _VIEW_OF_WORD:
        return group, _VIEW_OF_WORD[word.casefold()]
    match = (_ANY_AND_NUMBER if numbered else _HASH_AND_NUMBER).fullmatch(sample_id)
    if match and not match["group"].endswith("/"):
        return match["group"], match["view"]
    return sample_id, ""
