"""The facts that a store tells about an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from segmentation.stores.address import Address

_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "generation")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "created")


@dataclass(frozen=True)
class StoredObject:
    """An object: its size, the time of its last change, 0 where none is told, and its `version`.

    The version is the store's own mark of the content, such as an ETag; empty where there is none.
    """

    address: Address
    size_bytes: int
    changed_ns: int = 0
    version: str = ""

    @classmethod
    def of(cls, address: Address, told: Mapping[str, Any]) -> "StoredObject":
        """Return the object from the facts that fsspec tells, whose names differ from store to store."""
        size = told.get("size", told.get("Size"))
        version = next((str(told[name]).strip('"') for name in _VERSIONS if told.get(name)), "")
        changed = next((told[name] for name in _TIMES if told.get(name)), 0)
        return cls(address, int(size or 0), _ns(changed), version)

    @property
    def can_be_told_apart(self) -> bool:
        """Return whether a change of the object would show."""
        return bool(self.version or self.changed_ns)


def _ns(changed: Any) -> int:
    if isinstance(changed, str):
        try:
            changed = datetime.fromisoformat(changed)
        except ValueError:
            return 0
    seconds = changed.timestamp() if isinstance(changed, datetime) else float(changed)
    return round(seconds * 1000) * 1_000_000  # stores tell no more than milliseconds
