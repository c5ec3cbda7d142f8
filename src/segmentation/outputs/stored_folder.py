"""A folder of results in an object store, with what is asked of the files in one."""

import hashlib
import stat
from dataclasses import dataclass
from typing import NamedTuple

from segmentation.core.file_kinds import FILES
from segmentation.outputs.names import RETOUCHED
from segmentation.stores.address import Address
from segmentation.stores.store import Store


class FileStatus(NamedTuple):
    """The fields of `Path.stat` that results need."""

    st_size: int
    st_mtime_ns: int
    st_mode: int = stat.S_IFREG


@dataclass(frozen=True)
class StoredFile:
    """An object with the methods of a path that results need. Each of them asks the store anew."""

    store: Store
    address: Address

    def stat(self) -> FileStatus:
        """Return what the store tells. Raises FileNotFoundError."""
        found = self.store.look(self.address)
        if found is None:
            raise FileNotFoundError(str(self.address))
        return FileStatus(found.size_bytes, found.changed_ns)

    def exists(self) -> bool:
        return self.store.look(self.address) is not None

    def unlink(self) -> None:
        self.store.remove(self.address)

    def sha256(self) -> str:
        """Read the object and return its SHA-256."""
        return hashlib.sha256(self.store.read(self.address)).hexdigest()


@dataclass(frozen=True)
class StoredFolder:
    """All results below an address."""

    store: Store
    address: Address

    def __truediv__(self, output: str) -> StoredFile:
        return StoredFile(self.store, self.address / output)

    def __str__(self) -> str:
        return str(self.address)

    def named(self, stem: str) -> list[str]:
        """Return the masks and cutouts of a stem that are there, whoever made them, as `results_named` does.

        Each name that one may have is asked for, since a folder of a store may be too long to be listed.
        """
        folders = (FILES[kind].folder for kind in ("cutout", "mask"))
        names = sorted(f"{folder}/{stem}{suffix}" for folder in folders for suffix in RETOUCHED)
        return [name for name in names if (self / name).exists()]
