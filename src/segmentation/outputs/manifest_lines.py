"""The lines of a manifest: their form, where they are, and which of them count."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from segmentation.core.files import atomic_file
from segmentation.outputs.stems import stems_of
from segmentation.stores.address import Address, is_address

Fields = dict[str, Any]
"""The fields of a line."""


@dataclass
class Index:
    """The bytes at which the last line of each stem begins, by the digest of the stem; failures also apart.

    `length` is that of the whole lines in bytes, `left_out` counts lines that are damaged or of another
    version, and `untidy` says whether there are lines that do not count. All photos at the address `met` have
    been met since: of one that was not, nothing is there any more.
    """

    places: dict[bytes, int] = field(default_factory=dict)
    failures: dict[bytes, int] = field(default_factory=dict)
    length: int = 0
    left_out: int = 0
    untidy: bool = False
    met: Address | None = None


def read_index(path: Path) -> Index:
    """Read where the lines of a manifest are; one that was torn at the end is no whole line."""
    index = Index()
    with path.open("rb") as lines:
        for place, line in _placed(lines):
            if not line.endswith(b"\n"):
                break
            index.length = place + len(line)
            if (plain := parse(line)) is None:
                index.left_out += 1
                continue
            stem = digest(plain["stem"])
            index.untidy |= stem in index.places
            index.places[stem] = place
            index.failures.pop(stem, None)
            if plain["error"] is not None:
                index.failures[stem] = place
    index.untidy |= bool(index.left_out or index.failures)
    return index


def tidy(path: Path, index: Index, revised: Mapping[str, Fields]) -> None:
    """Keep the lines of `last_lines`, those of the stems that are `revised` with other fields."""
    last = last_lines(path, index)
    kept = set(last.values())
    others = {last.get(digest(stem)): fields for stem, fields in revised.items()}
    with path.open("rb") as lines, atomic_file(path) as temporary, temporary.open("wb") as tidied:
        for place, line in _placed(lines):
            if place in kept:
                tidied.write(encode(json.loads(line) | others[place]) if place in others else line)


def lines_that_count(path: Path, index: Index) -> Iterator[tuple[Fields, str | None]]:
    """Yield the fields of the lines of `last_lines`, and the stem of a later one of the same photo.

    A photo has another stem where one that is named alike came to lie beside it, see `stems_of`.
    """
    last = last_lines(path, index)
    kept = set(last.values())
    with path.open("rb") as lines, path.open("rb") as others:
        for place, line in _placed(lines):
            if place not in kept or not (plain := parse(line)):
                continue
            later = None
            for stem in stems_of(plain["input"], plain["stem"]) - {plain["stem"]}:
                if last.get(digest(stem), 0) > place:
                    others.seek(last[digest(stem)])
                    other = parse(others.readline())
                    later = stem if other and other["input"] == plain["input"] else later
            yield plain, later


def last_lines(path: Path, index: Index) -> dict[bytes, int]:
    """Return the place of the last line of each stem, by its digest; `index` has those of earlier runs.

    A failure of an earlier run is left out where the photo is gone.
    """
    last = dict(index.places)
    with path.open("rb") as lines:
        for stem, place in index.failures.items():
            lines.seek(place)
            if (failure := parse(lines.readline())) and _is_gone(failure, index.met):
                del last[stem]
        lines.seek(index.length)
        for place, added in _placed(lines, index.length):
            if plain := parse(added):
                last[digest(plain["stem"])] = place
    return last


def _placed(lines: BinaryIO, place: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield the lines from `place` on, each with the byte at which it begins."""
    for line in lines:
        yield place, line
        place += len(line)


def parse(line: bytes) -> Fields | None:
    """Return the fields of a line, None if it is not one that this version writes."""
    try:
        plain = _decoded(line)
        known = isinstance(plain["stem"], str) and isinstance(plain["input"], str)
        known &= isinstance(plain["key"], dict | None) and "error" in plain
        for name in ("files", "earlier"):
            known &= all(isinstance(record, dict) for record in (plain.get(name) or {}).values())
        return plain if known else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _decoded(line: bytes) -> Any:
    try:
        return orjson.loads(line)  # five times as fast, which counts where a folder has 100,000 lines
    except ValueError:  # names that are not UTF-8, and figures that are no numbers, are no strict JSON
        return json.loads(line)


def encode(plain: Fields) -> bytes:
    """Return the line of these fields."""
    return json.dumps(plain).encode() + b"\n"


def digest(stem: str) -> bytes:
    """Return what stands for a stem in an index."""
    return hashlib.blake2b(stem.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _is_gone(failure: Fields, met: Address | None) -> bool:
    if is_address(failure["input"]):  # one that was met has a later line
        return met is not None and met.holds(Address.parse(failure["input"]))
    return failure["stem"].endswith("/") or not os.path.lexists(failure["input"])
