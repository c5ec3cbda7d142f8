"""The photos that are kept in memory: the one in hand, those before it and the next ones."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from segmentation.confidence.doubts import Region
from segmentation.retouch.sheet import Sheet
from segmentation.retouch.shown import ShownPhoto

_MOST_BYTES = 600_000_000
_FEWEST = 2  # kept whatever memory they take: the photo in hand and the next


@dataclass
class Loaded:
    """A photo on the desk: `mask` is the SHA-256 of the file of its first mask, `regions` are doubtful."""

    mask: str
    sheet: Sheet
    shown: ShownPhoto
    regions: list[Region]

    @property
    def nbytes(self) -> int:
        return self.sheet.nbytes + self.shown.nbytes


class Shelf:
    """The photos in memory by their stems, the one used last at the end; any thread may use it.

    A photo is read while others may hold the `lock`, which keeps what is on the shelf as it is.
    """

    def __init__(self, lock: "threading.RLock"):
        self._lock = lock
        self._reading = threading.Lock()
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()

    def get(self, stem: str, read: Callable[[], Loaded]) -> Loaded:
        """Return a photo that is here, or what `read` puts here."""
        if found := self.find(stem):
            return found
        with self._reading:  # one at a time, and each once
            return self.find(stem) or read()

    @contextmanager
    def held(self, stem: str, read: Callable[[], Loaded]) -> Iterator[Loaded]:
        """Hold the lock with a photo that is here; it is read without keeping others waiting."""
        while True:
            loaded = self.get(stem, read)
            with self._lock:
                if self._loaded.get(stem) is loaded:
                    yield loaded
                    return

    def put(self, stem: str, loaded: Loaded) -> None:
        """Put a photo here, in the place of those that were not used for longest."""
        with self._lock:
            self._loaded[stem] = loaded
            while (
                len(self._loaded) > _FEWEST and sum(one.nbytes for one in self._loaded.values()) > _MOST_BYTES
            ):
                self._loaded.popitem(last=False)

    def drop(self, stem: str) -> bool:
        """Have a photo read anew when it is wanted next; return whether it was here."""
        with self._lock:
            return self._loaded.pop(stem, None) is not None

    def find(self, stem: str) -> Loaded | None:
        """Return a photo that is here, which is then the one used last; None if it is not."""
        with self._lock:
            found = self._loaded.get(stem)
            if found:
                self._loaded.move_to_end(stem)
            return found
