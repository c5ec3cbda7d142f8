"""Files to which answers link: kept for some minutes, in a bounded space, and found by a secret name."""

import secrets
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class _Kept:
    until: float
    size: int
    owner: str | None


class Store:
    """Keeps files in a folder of its own, the oldest of which go first; `close` removes it."""

    def __init__(self, seconds: float, most_bytes: float, clock: Callable[[], float] = time.monotonic):
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._clock = clock
        self._folder = Path(tempfile.mkdtemp(prefix="cutouts-"))
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def keep(self, files: Mapping[str, bytes], owner: str | None) -> str:
        """Keep the files of an answer, by their formats, for their owner; return their secret name."""
        name = secrets.token_urlsafe(18)
        size = sum(map(len, files.values()))
        self._make_room(size)
        (self._folder / name).mkdir()
        for format, content in files.items():
            (self._folder / name / format).write_bytes(content)
        self._kept[name] = _Kept(self._clock() + self._seconds, size, owner)
        return name

    def find(self, name: str, format: str, owner: str | None) -> bytes | None:
        """Return a file; None where there is none of this name, of this owner or any more."""
        self._make_room(0)
        kept = self._kept.get(name)
        if kept is None or kept.owner != owner or not format.isalnum():
            return None
        path = self._folder / name / format
        return path.read_bytes() if path.is_file() else None

    def close(self) -> None:
        """Remove all files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_room(self, size: int) -> None:
        used = sum(kept.size for kept in self._kept.values())
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            if oldest.until > self._clock() and used + size <= self._most_bytes:
                break
            used -= oldest.size
            del self._kept[name]
            shutil.rmtree(self._folder / name, ignore_errors=True)
