"""Files to which answers link: kept for some minutes, in a bounded space, and found by a secret name."""

import json
import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from segmentation.core.errors import DataError
from segmentation.core.files import temporary_folder
from segmentation.core.lock import locked
from segmentation.core.unfinished import sweep
from segmentation.stores.downloads import scratch_folder

_ABOUT = ".json"  # no name of a format
_SMALL = 4096  # bytes, for which a full disk has no room


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    size: int
    owner: str | None


class KeptFiles:
    """Keeps files, the oldest of which go first.

    They lie in `folder`, which nobody else may read if it is new, and where the next service finds those that
    are good still, however this one ended; or without one in a folder of its own that `close` removes. Raises
    DataError where another service has the folder, and where nothing can be written there. Any thread
    may call it, since a disk may be slow. `clock` tells seconds of the day.
    """

    def __init__(
        self,
        seconds: float,
        most_bytes: float,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._clock = clock
        self._lock = Lock()
        with ExitStack() as stack:
            if folder:
                with suppress(OSError):  # which is told below
                    folder.mkdir(mode=0o700, parents=True)
                stack.enter_context(locked(folder, "give another `keep_in`"))
                sweep(folder)
            self._folder = folder or stack.enter_context(scratch_folder())
            self._kept = OrderedDict(sorted(self._found(), key=lambda found: found[1].until))
            self._used = sum(kept.size for kept in self._kept.values())
            self._held = stack.pop_all()

    def keep(self, files: Mapping[str, bytes], owner: str | None) -> str:
        """Keep the files of an answer, by their formats, for their owner; return their secret name.

        Raises DataError for files that would not fit even if nothing else were kept.
        """
        name = secrets.token_urlsafe(18)
        kept = _Kept(self._clock() + self._seconds, sum(map(len, files.values())), owner)
        if kept.size > self._most_bytes:
            raise DataError(
                f"files: expected at most {self._most_bytes / 1e6:g} MB to link to (`keep_mb`), received "
                f"{kept.size / 1e6:.1f} MB; ask for one format at a time, without links"
            )
        with self._lock:
            self._make_room(kept.size)
            with temporary_folder(self._folder) as made:  # whole or not at all
                for format, content in files.items():
                    (made / format).write_bytes(content)
                (made / _ABOUT).write_text(json.dumps(asdict(kept)), encoding="utf-8")
                made.rename(self._folder / name)
            self._kept[name] = kept
            self._used += kept.size
        return name

    def find(self, name: str, format: str, owner: str | None) -> bytes | None:
        """Return a file; None where there is none of this name, of this owner or any more."""
        with self._lock:
            self._make_room(0)
            kept = self._kept.get(name)
            if kept is None or kept.owner != owner or not format.isalnum():
                return None
            path = self._folder / name / format
            return path.read_bytes() if path.is_file() else None

    def try_out(self) -> None:
        """Write a small file where files are kept, and remove it. Raises OSError where it cannot be."""
        with temporary_folder(self._folder) as made:
            (made / _ABOUT).write_bytes(bytes(_SMALL))

    def close(self) -> None:
        """Leave the folder, or remove it where it is one of its own."""
        self._held.close()

    def _found(self) -> Iterator[tuple[str, _Kept]]:
        """Yield what an earlier service kept here."""
        for about in self._folder.glob(f"*/{_ABOUT}"):
            try:
                yield about.parent.name, _Kept(**json.loads(about.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                continue

    def _make_room(self, size: int) -> None:
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            if oldest.until > self._clock() and self._used + size <= self._most_bytes:
                break
            self._used -= oldest.size
            del self._kept[name]
            shutil.rmtree(self._folder / name, ignore_errors=True)
