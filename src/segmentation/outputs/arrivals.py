"""The photos of a folder into which others write: those that are whole now and were not done yet."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from segmentation.core.being_written import has_its_end, is_open_for_writing
from segmentation.outputs.naming import Photo
from segmentation.outputs.result import Result

Key = tuple[str, str]
"""The path of a photo and the name of its results, which changes where another photo comes beside it."""

Sign = tuple[int, int] | str
"""By what a change of a photo is known: size in bytes and time of change, or the problem that it has."""

RETRY_S = 30.0
"""Seconds after which is tried again what failed through no fault of a photo."""

_PATIENCE_S = 30
"""Seconds that a photo that does not end as its format does has to stay as it is before it is taken."""


@dataclass(frozen=True)
class _Look:
    """A photo as it was last seen, and since when it has been so."""

    sign: Sign
    since: float


@dataclass(frozen=True)
class _Retry:
    """The time at which a photo that the system failed is `due` again, `wait_s` after it failed."""

    due: float
    wait_s: float


class Arrivals:
    """The photos of a folder, each of which is new, changed, in hand or done.

    `listed` finds all photos that are there; None where the folder cannot be reached, of which nothing
    follows. A photo is ready once it has been as it is for `settle_s` seconds, no program of this machine has
    it open to write it, and it ends as its format does; what does not end so is ready after half a minute, as
    it may be damaged for good. One that is in hand is looked at again when it is done, and one that the
    system could not read or write after RETRY_S, then after twice as long each time. `clock` returns seconds
    that only grow.
    """

    def __init__(
        self,
        listed: Callable[[], Iterable[Photo] | None],
        settle_s: float,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._listed = listed
        self._settle_s = settle_s
        self._clock = clock
        self._unsettled: dict[Key, _Look] = {}
        self._in_hand: dict[Key, Sign] = {}
        self._done: dict[Key, Sign] = {}
        self._failures: dict[Key, str] = {}
        self._retries: dict[Key, _Retry] = {}

    def look(self) -> list[Photo]:
        """List the folder, and return the photos that are ready; they count as in hand from now on."""
        now = self._clock()
        ready, unsettled, there = [], {}, set()
        listed = self._listed()
        if listed is None:
            return []
        for photo in listed:
            key, sign = (str(photo.path), photo.stem), _sign_of(photo)
            there.add(key)
            if sign is None or key in self._in_hand or self._is_settled(key, sign, now):
                continue
            before = self._unsettled.get(key)
            look = before if before and before.sign == sign else _Look(sign, now)
            if self._is_ready(photo, look, now):
                self._in_hand[key] = sign
                ready.append(photo)
            else:
                unsettled[key] = look
        self._unsettled = unsettled
        for known in (self._done, self._failures, self._retries):
            for gone in known.keys() - there:
                del known[gone]  # a file that comes back is new
        return ready

    def done(self, result: Result) -> None:
        """Take note of the result of a photo in hand, which is ready again when it changes.

        A failure of one that is not there as it was any more, as on a drive that went away, is forgotten.
        """
        key = result.input, result.stem
        sign = self._in_hand.pop(key)
        self._failures.pop(key, None)
        before = self._retries.pop(key, None)
        if result.error is not None and not isinstance(sign, str) and _sign_at(Path(result.input)) != sign:
            return
        self._done[key] = sign
        if result.error is not None:
            self._failures[key] = result.error
        if result.of_system:
            wait_s = 2 * before.wait_s if before else RETRY_S
            self._retries[key] = _Retry(self._clock() + wait_s, wait_s)

    def give_back(self) -> None:
        """Have the photos in hand looked at as if they had not been taken: their run has ended early."""
        for key, sign in self._in_hand.items():
            self._unsettled[key] = _Look(sign, self._clock() - _PATIENCE_S)
        self._in_hand.clear()

    @property
    def unsettled(self) -> int:
        """The number of photos that are not whole yet."""
        return len(self._unsettled)

    @property
    def in_hand(self) -> int:
        """The number of photos that are being worked on."""
        return len(self._in_hand)

    @property
    def failures(self) -> dict[Path, str]:
        """Return why photos failed that are still there unchanged, by their paths."""
        return {Path(path): error for (path, _stem), error in self._failures.items()}

    def _is_settled(self, key: Key, sign: Sign, now: float) -> bool:
        """Return whether a photo was done as it is, and is not to be tried again by now."""
        retry = self._retries.get(key)
        return self._done.get(key) == sign and (retry is None or now < retry.due)

    def _is_ready(self, photo: Photo, look: _Look, now: float) -> bool:
        if photo.problem:
            return now - look.since >= self._settle_s
        if now - look.since < self._settle_s or is_open_for_writing(photo.path):
            return False
        return now - look.since >= _PATIENCE_S or has_its_end(photo.path)


def _sign_of(photo: Photo) -> Sign | None:
    """Return the sign of a photo; None where it has vanished since the folder was listed."""
    return photo.problem or _sign_at(photo.path)


def _sign_at(path: Path) -> Sign | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
