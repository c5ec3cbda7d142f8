"""The one way through a user's folders: links are followed, except those that lead back."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Literal, NamedTuple

from segmentation.core.errors import printable, system_reason
from segmentation.core.events import Warn, ignore

Kind = Literal["file", "folder", "loop", "nowhere", "closed"]


@dataclass(frozen=True)
class Folder:
    """A folder on the way from where a search began; `path` is as the user sees it, `real` without links."""

    path: Path
    real: Path
    parent: "Folder | None" = None

    @classmethod
    def start(cls, path: Path) -> "Folder":
        """Return the folder that a search begins with."""
        return cls(path, real(path))

    def below(self, entry: "Entry") -> "Folder":
        """Return the folder of an entry of this one."""
        return Folder(entry.path, entry.real, self)

    def entries(self) -> list["Entry"]:
        """Return its entries by name, without hidden ones. Raises OSError where it cannot be listed."""
        with os.scandir(self.path) as listing:
            found = [self._entry(entry) for entry in listing if not entry.name.startswith(".")]
        return sorted(found, key=attrgetter("name"))

    def _entry(self, entry: os.DirEntry) -> "Entry":
        target = real(self.path / entry.name) if entry.is_symlink() else None
        if _is_folder(entry):
            place = target or self.real / entry.name
            if self._lies_within(place):
                return Entry(self, entry.name, "loop", f"leads back to {place}, not followed", target)
            return Entry(self, entry.name, "folder", "", target)
        if target and not (self.path / entry.name).exists():
            reason = "a link that leads nowhere; mend or remove it"
            return Entry(self, entry.name, "nowhere", reason, target)
        return Entry(self, entry.name, "file", "", target)

    def _lies_within(self, target: Path) -> bool:
        folder: Folder | None = self
        while folder and folder.real != target:
            folder = folder.parent
        return folder is not None


class Entry(NamedTuple):
    """An entry of a folder: `path` as the user sees it, `real` without links, `target` of a link alone.

    A `loop` is a link to a folder that holds it, a link to `nowhere` has lost its target, a `closed` folder
    cannot be listed; `reason` says so in words, and is empty for the others. Everything that is no folder is
    a `file`. Paths are made when they are asked for: a folder may have more names than anyone looks at.
    """

    folder: Folder
    name: str
    kind: Kind
    reason: str = ""
    target: Path | None = None

    @property
    def path(self) -> Path:
        return self.folder.path / self.name

    @property
    def real(self) -> Path:
        return self.target or self.folder.real / self.name

    def __str__(self) -> str:
        return f"{printable(str(self.path))}: {printable(self.reason)}"


def walk(root: Path) -> Iterator[Entry]:
    """Yield the contents of a folder and its subfolders, not the folders themselves, in order of names."""
    waiting = [Folder.start(root)]  # a stack: paths may be very deep
    while waiting:
        folder = waiting.pop()
        try:
            entries = folder.entries()
        except OSError as error:
            yield Entry(folder, "", "closed", cannot_be_listed(error))
            continue
        yield from (entry for entry in entries if entry.kind != "folder")
        waiting += [folder.below(entry) for entry in reversed(entries) if entry.kind == "folder"]


def files_below(root: Path, warn: Warn = ignore) -> list[Path]:
    """Return the files of a folder and its subfolders, by their paths; `warn` is told the rest."""
    files = []
    for entry in walk(root):
        if entry.kind != "file":
            warn(str(entry))
        elif (path := entry.path).is_file():  # no pipe
            files.append(path)
    return sorted(files)


def cannot_be_listed(error: OSError) -> str:
    """Return in words why a folder is closed."""
    return f"cannot be listed ({system_reason(error)}); check its permissions"


def real(path: Path) -> Path:
    """Return a path without links; `Path.resolve` raises where they lead in a circle."""
    return Path(os.path.realpath(path))


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or through a folder that is closed to us
        return False
