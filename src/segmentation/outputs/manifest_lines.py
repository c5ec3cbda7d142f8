"""The lines of a manifest: their form, where they are, and which of them count."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from segmentation.core.files import atomic_file
from segmentation.stores.address import is_address

Fields = dict[str, Any]
"""The fields of a line."""


class Line(NamedTuple):
    """The byte at which a line begins in the file, and the digest of its key; None for a failure.

    `objects` is whether its files are those of objects, as many as there are; `empty` is whether there was
    nothing to make of the photo, `mixed` whether it lists files that were made from an earlier photo of this
    name.
    """

    place: int
    key: bytes | None
    empty: bool
    mixed: bool
    objects: bool = False


@dataclass
class Index:
    """The last line of each stem, by the digest of the stem.

    `length` is that of the whole lines in bytes, `left_out` counts lines that are damaged or of another
    version, and `untidy` says whether there are lines that do not count.
    """

    lines: dict[bytes, Line] = field(default_factory=dict)
    length: int = 0
    left_out: int = 0
    untidy: bool = False


def read_index(path: Path) -> Index:
    """Read where the lines of a manifest are; one that was torn at the end is no whole line."""
    index = Index()
    with path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            place, index.length = index.length, index.length + len(line)
            if (plain := parse(line)) is None:
                index.left_out += 1
                continue
            stem, failed = digest(plain["stem"]), plain["error"] is not None
            index.untidy |= failed or stem in index.lines
            empty = not failed and plain.get("outputs") == {}
            key = None if failed else digest(plain["key"])
            index.lines[stem] = Line(
                place, key, empty, _is_mixed(plain), isinstance(plain.get("objects"), list)
            )
    index.untidy |= index.left_out > 0
    return index


def tidy(path: Path, start: int, revised: Callable[[Fields], Fields] | None) -> None:
    """Keep the last line of each stem, revised, but no failure of what is gone from before byte `start`."""
    kept = {number for number in last_lines(path, start).values() if number is not None}
    with path.open("rb") as lines, atomic_file(path) as temporary, temporary.open("wb") as tidied:
        for number, line in enumerate(lines):
            if number in kept:
                tidied.write(encode(revised(json.loads(line))) if revised else line)


def last_lines(path: Path, start: int) -> dict[bytes, int | None]:
    """Return the number of the last line of each stem; None for a failure of what is gone from before."""
    last, place = {}, 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines):
            if plain := parse(line):
                gone = place < start and plain["error"] is not None and _is_gone(plain)
                last[digest(plain["stem"])] = None if gone else number
            place += len(line)
    return last


def parse(line: bytes) -> Fields | None:
    """Return the fields of a line, None if it is not one that this version writes."""
    try:
        plain = json.loads(line)
        known = isinstance(plain["stem"], str) and isinstance(plain["input"], str)
        known &= isinstance(plain["key"], dict | None) and "error" in plain
        for name in ("files", "earlier"):
            known &= all(isinstance(record, dict) for record in (plain.get(name) or {}).values())
        return plain if known else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def encode(plain: Fields) -> bytes:
    """Return the line of these fields."""
    return json.dumps(plain).encode() + b"\n"


def digest(value: object) -> bytes:
    """Return what stands for a stem or a key in an index."""
    content = json.dumps(value, sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=12).digest()


def write_whole(file: BinaryIO, content: bytes) -> None:
    """Write all of it: a nearly full disk takes a part first."""
    while content:
        content = content[file.write(content) :]


def _is_mixed(plain: Fields) -> bool:
    records = (*(plain.get("files") or {}).values(), *(plain.get("earlier") or {}).values())
    photo = (plain["key"] or {}).get("sha256")
    return any(record.get("photo") not in (None, photo) for record in records)


def _is_gone(failure: Fields) -> bool:
    if is_address(failure["input"]):
        return False
    return failure["stem"].endswith("/") or not os.path.lexists(failure["input"])
