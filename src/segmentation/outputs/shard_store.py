"""The objects of a manifest in shards: each shard is one, with the parts that were added to it since."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from segmentation.outputs.manifest_lines import parse
from segmentation.outputs.shard_names import Name, file_name, name_after, parse_name
from segmentation.stores.address import Address, is_address, located
from segmentation.stores.store import Store


def order_of(name: str) -> str:
    """Return by what photos are in order: as stores list their names, and as folders are gone through."""
    return name if is_address(name) else located(name).replace("/", "\0")


@dataclass
class ShardStore:
    """The shards in a `folder` of a store; `names` are in the order of the photos whose lines they hold.

    `parts` are the numbers of what was added to each since it was last written.
    """

    store: Store
    folder: Address
    names: list[Name] = field(default_factory=list)
    parts: dict[Name, list[int]] = field(default_factory=dict)

    @classmethod
    def at(cls, store: Store, folder: Address) -> Self:
        """Return those that are there."""
        shards = cls(store, folder)
        shards.look()
        return shards

    def look(self) -> None:
        """Look for shards that others have written; those that were only named here stay."""
        names, self.parts = {*self.names}, {}
        for stored in self.store.objects(self.folder):
            if found := parse_name(stored.address.name):
                names.add(found[0])
                parts = self.parts.setdefault(found[0], [])
                if found[1] is not None:
                    parts.append(found[1])
        self.names = sorted(names)

    def after(self, name: Name | None) -> Name | None:
        """Return the shard after one, or the first; None where there is none."""
        place = 0 if name is None else bisect_right(self.names, name)
        return self.names[place] if place < len(self.names) else None

    def add(self) -> Name:
        """Return the name of a new shard after all others."""
        self.names.append(name_after(self.names[-1] if self.names else None))
        return self.names[-1]

    def fetch(self, name: Name, path: Path) -> None:
        """Write the lines of a shard and of its parts into a file. A part may have no end: it was torn."""
        whole = self._address(name)
        content = [self.store.read(whole)] if self.store.look(whole) else []
        content += [self.store.read(self._address(name, part)) for part in sorted(self.parts.get(name, ()))]
        path.write_bytes(b"".join(content))

    def ship(self, name: Name, lines: bytes) -> None:
        """Add lines to a shard, as a part."""
        parts = self.parts.setdefault(name, [])
        self.store.write(lines, self._address(name, part := max(parts, default=-1) + 1))
        parts.append(part)

    def replace(self, name: Name, path: Path, most: int) -> bool:
        """Put a file in the place of a shard and its parts; return whether it was split, by `most` lines.

        A process that is killed meanwhile leaves lines in two shards, which say the same.
        """
        lines = path.read_bytes().splitlines(keepends=True)
        pieces = [lines] if len(lines) < 2 * most else _pieces(lines, most)
        names = [name]
        place = self.names.index(name)
        following = self.after(name)
        while len(names) < len(pieces):
            names.append(
                name_after(names[-1], following) if following else (*name[:-1], name[-1] + len(names))
            )
        for new, piece in [*zip(names, pieces, strict=True)][::-1]:
            self.store.write(b"".join(piece), self._address(new))
        self.names[place : place + 1] = names
        for part in self.parts.pop(name, ()):
            self.store.remove(self._address(name, part))
        return len(pieces) > 1

    def _address(self, name: Name, part: int | None = None) -> Address:
        return self.folder / file_name(name, part)


def last_order(path: Path) -> str | None:
    """Return the order of the last photo of a shard; None where it has no lines."""
    with path.open("rb") as lines:
        return max((order_of(plain["input"]) for plain in map(parse, lines) if plain), default=None)


def _pieces(lines: Sequence[bytes], most: int) -> list[list[bytes]]:
    """Split lines into pieces in the order of their photos."""
    ordered = sorted(lines, key=lambda line: order_of((parse(line) or {"input": ""})["input"]))
    return [ordered[start : start + most] for start in range(0, len(ordered), most)]
