"""Objects as files of this machine, fetched a bounded number ahead of their use."""

import itertools
import os
import stat
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from segmentation.core.digests import read_sha256
from segmentation.core.files import temporary_folder
from segmentation.stores.store import Store
from segmentation.stores.stored_object import StoredObject


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder that nobody else can read; those of processes that were killed are removed."""
    shared = Path(tempfile.gettempdir()) / f"garment-cutout-{os.getuid()}"
    if _is_private(shared):
        with temporary_folder(shared) as folder:
            yield folder
    else:  # anybody may have made one of this name
        with tempfile.TemporaryDirectory(prefix=f"{shared.name}-") as name:
            yield Path(name)


def _is_private(folder: Path) -> bool:
    """Return whether a folder is, or was made, this user's alone."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return False
    if stat.S_IMODE(status.st_mode) & 0o077:
        with suppress(OSError):  # a file system without rights
            folder.chmod(0o700)
    return True


class Download:
    """An object, and its file on this machine from the first need of it until it is released."""

    def __init__(self, store: Store, stored: StoredObject):
        self.stored = stored
        self._store = store
        self._path: Path | None = None
        self._begun: Future[None] | None = None
        self._fetching = threading.Lock()
        self._is_there = False

    def begin(self, path: Path, pool: ThreadPoolExecutor | None) -> None:
        """Fetch the object into `path`: in a thread of the pool, or without one when it is needed."""
        self._path = path
        if pool:
            self._begun = pool.submit(self._fetch)

    def file(self) -> Path:
        """Return the file, once it is there. Raises DataError where the object cannot be fetched."""
        if self._begun:
            self._begun.result()
        self._fetch()
        assert self._path
        return self._path

    def record(self, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the record by which the object is recognised: size, time of change, version, SHA-256.

        Where it is as `known`, it need not be read. Raises DataError where it cannot be fetched.
        """
        earlier = self.as_known(known)
        return earlier or {**self._told, "sha256": read_sha256(self.file())}

    def as_known(self, known: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return the record of an object that is as it was recorded before; None for any other."""
        told = self._told
        if not known or "sha256" not in known or not self.stored.can_be_told_apart:
            return None
        alike = all(known.get(name) == value for name, value in told.items())
        return {**told, "sha256": known["sha256"]} if alike else None

    def release(self) -> None:
        """Remove the file, which is no longer needed."""
        if self._begun and not self._begun.cancel():
            self._begun.exception()
        if self._path:
            self._path.unlink(missing_ok=True)

    @property
    def _told(self) -> dict[str, Any]:
        stored = self.stored
        return {"bytes": stored.size_bytes, "mtime_ns": stored.changed_ns, "version": stored.version}

    def _fetch(self) -> None:
        with self._fetching:
            if not self._is_there:
                assert self._path, "a download is begun before it is used"
                self._store.fetch(self.stored, self._path)
                self._is_there = True


class Downloaded(Protocol):
    """Anything that may have a download."""

    @property
    def download(self) -> Download | None: ...


Item = TypeVar("Item", bound=Downloaded)


class Downloads:
    """A context with the files of downloads, which are removed at its end; `ahead` are fetched early.

    What a process that was killed left there is removed by the next.
    """

    def __init__(self, ahead: int):
        self._ahead = ahead

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._pool = stack.enter_context(ThreadPoolExecutor(self._ahead, "fetch"))
            self._folder = stack.enter_context(scratch_folder())
            stack.callback(self._pool.shutdown, cancel_futures=True)  # before the folder goes
            self._held = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._held.close()

    def fetched(self, items: Iterable[Item], wanted: Callable[[Item], bool]) -> Iterator[Item]:
        """Yield the items in their order, while those that come next are fetched if they are `wanted`."""
        waiting: deque[Item] = deque()
        numbers = itertools.count()
        for item in items:
            if item.download:
                suffix = item.download.stored.address.suffix
                path = self._folder / f"{next(numbers):012d}{suffix}"
                item.download.begin(path, self._pool if wanted(item) else None)
            waiting.append(item)
            if len(waiting) > self._ahead:
                yield waiting.popleft()
        yield from waiting
