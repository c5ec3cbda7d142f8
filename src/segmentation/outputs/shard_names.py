"""The names of the shards of a manifest, in the order of what they hold: there is always one in between."""

import re

SHARDS = "predictions"
"""The folder of the shards, in that of the results."""

Name = tuple[int, ...]
"""The numbers of a name; names are in the order of these."""

_DIGITS = 8
_FORM = re.compile(r"(?P<numbers>\d{8}(?:\.\d{8})*)\.jsonl(?:\.part-(?P<part>\d{8}))?")


def file_name(name: Name, part: int | None = None) -> str:
    """Return the name of the object of a shard, or of one of the parts that were added to it."""
    numbers = ".".join(f"{number:0{_DIGITS}}" for number in name)
    return f"{numbers}.jsonl" + (f".part-{part:0{_DIGITS}}" if part is not None else "")


def parse_name(text: str) -> tuple[Name, int | None] | None:
    """Return what `file_name` made a name of; None for any other."""
    match = _FORM.fullmatch(text)
    if not match:
        return None
    name = tuple(map(int, match["numbers"].split(".")))
    return name, None if match["part"] is None else int(match["part"])


def name_after(before: Name | None, following: Name | None = None) -> Name:
    """Return a new name after one, or the first, and before the following one, if there is one."""
    if before is None:
        return (0,)
    if following is None:
        return (before[0] + 1,)
    new = (*before, 1)
    while new >= following:
        new = (*new[:-1], 0, 1)
    return new
