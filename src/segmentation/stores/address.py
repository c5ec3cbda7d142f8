"""Addresses in object stores, distinguished from paths on this machine."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

_FORM = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<path>.*)", re.DOTALL)


@dataclass(frozen=True, order=True)
class Address:
    """An object, or all objects whose names begin with a prefix and a slash: s3://bucket/prefix.

    The `scheme` says which kind of store it is, `path` is the bucket and the name without slashes at its end.
    """

    scheme: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "s3://bucket/prefix". Raises ValueError."""
        match = _FORM.fullmatch(text)
        if not match or not match["path"].strip("/"):
            raise ValueError(f"expected an address such as s3://bucket/folder, received {text!r}")
        return cls(match["scheme"].lower(), match["path"].rstrip("/"))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"

    def __truediv__(self, name: str) -> "Address":
        return Address(self.scheme, f"{self.path}/{name}")

    @property
    def name(self) -> str:
        """The part after the last slash."""
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The suffix of the name, with its dot."""
        return PurePosixPath(self.name).suffix

    def holds(self, other: "Address") -> bool:
        """Return whether another address is this one or begins with it."""
        return self.scheme == other.scheme and f"{other.path}/".startswith(f"{self.path}/")


Place = Path | Address
"""A place at which photos are read or results are written."""


def is_address(text: str) -> bool:
    """Return whether a text is written as an address."""
    return _FORM.fullmatch(text) is not None


def parse_place(text: str) -> Place:
    """Read a path or an address. Raises ValueError for an empty one, which would be the current folder."""
    if not text:
        raise ValueError("expected a path or an address, received an empty text")
    return Address.parse(text) if is_address(text) else Path(text)


def located(name: str) -> str:
    """Return an address as it is, and a path from the root of this machine."""
    return name if is_address(name) else str(Path(name).absolute())
