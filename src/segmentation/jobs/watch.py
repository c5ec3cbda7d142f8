"""The job `watch`: photos are cut out as they arrive in a folder, by the job `predict`."""

import dataclasses
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from segmentation.confidence.drift import DriftAlarm
from segmentation.config.jobs.watch import WatchOptions
from segmentation.core.errors import DataError, SegmentationError, unwritable
from segmentation.core.events import Caution
from segmentation.core.lock import locked
from segmentation.inference.scorer import Scorer
from segmentation.jobs.changes import Changes, changes_of
from segmentation.jobs.context import Context
from segmentation.jobs.folder import FolderStarted
from segmentation.jobs.predict import FolderPrediction
from segmentation.outputs.arrivals import RETRY_S, Arrivals
from segmentation.outputs.failed_list import write_failed
from segmentation.outputs.folder_job import Tally
from segmentation.outputs.naming import Photo, photos_below, what_is_at
from segmentation.outputs.result import Result
from segmentation.outputs.results_around import refuse_source

WATCH_LOCK = ".watch.lock"
"""The file in the folder of results that keeps a second watcher out while the folder itself is free."""

_LINGER_S = 10.0  # for which a run stays open for further photos; its end sorts and lists all of the folder
_IDLE_S = 60.0
_STEP_S = 0.2
_MOST_LOOKING = 10  # of this many parts of the time one is for looking into the folder


@dataclass(frozen=True)
class Watching:
    """An event: the folder is watched from now on, and the results go to `output`."""

    source: Path
    output: Path


@dataclass(frozen=True)
class Idle:
    """An event, each minute without a photo: the counts so far, and of photos that are not whole yet."""

    tally: Tally
    failing: int
    unsettled: int


class Watch:
    """The watching of a folder; `run` goes on until the context says stop.

    A `scorer` is as in `FolderPrediction`; `changes` and `clock` are what tells of changes and of the time.
    """

    def __init__(
        self,
        options: WatchOptions,
        context: Context,
        scorer: Scorer | None = None,
        changes: Changes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._source = options.input
        self._context = context
        self._clock = clock
        self._cautions: set[str] = set()
        self._ready: deque[Photo] = deque()
        self._looked, self._took = -1e9, 0.0  # when the folder was listed last, and how long it took
        self._changed = True
        self._active = self._listed_failures = clock()
        self._failures: dict[Path, str] | None = None  # those in the list
        self._unfinished = False  # whether the last run could not be brought to its end
        if not _is_folder(self._source):
            found = what_is_at(self._source) if not self._source.is_file() else "a file"
            raise DataError(f"`input` {self._source}: expected a folder, found {found}; check the path")
        self._prediction = FolderPrediction(
            options.prediction, dataclasses.replace(context, tell=self._tell), scorer, self._photos()
        )
        output = self._prediction.output
        assert isinstance(output, Path)  # a store tells of no changes
        self._output = output
        refuse_source(self._source, output)
        self._arrivals = Arrivals(self._listed, options.settle, clock)
        self._changes = changes or changes_of(self._source, options.poll, context.tell)
        model = self._prediction.models.confidence_model
        watched = self._prediction.limits and model and options.drift_photos
        self._alarm = DriftAlarm(model, options.drift_photos) if watched and model else None

    @property
    def tally(self) -> Tally:
        return self._prediction.tally

    @property
    def in_hand(self) -> int:
        """The number of photos that are being cut out or are ready for it."""
        return self._arrivals.in_hand

    def run(self) -> None:
        """Cut out what is there and what arrives, until the context says stop.

        A run that cannot write is told as a Caution and tried again. Raises DataError where another watcher
        writes into the folder of results.
        """
        with locked(self._output, name=WATCH_LOCK):
            self._context.tell(Watching(self._source, self._output))
            while not self._context.stop():
                if self._look() or self._unfinished:
                    self._round()
                else:
                    self._wait()
            self._list_failures()

    def _round(self) -> None:
        """Cut out the photos that are ready, and those that become so meanwhile."""
        self._unfinished = True
        try:
            for result in self._prediction:
                self._take_note(result)
            self._unfinished = False
        except (SegmentationError, OSError) as error:
            self._ready.clear()
            self._arrivals.give_back()
            reason = unwritable(error) if isinstance(error, OSError) else error
            self._context.tell(Caution(f"{reason}; it is tried again in {RETRY_S:g} seconds"))
            until = self._clock() + RETRY_S
            while self._clock() < until and not self._context.stop():
                self._wait()
        self._arrivals.give_back()

    def _photos(self) -> Iterable[Photo | None]:
        return _Again(self._arriving)

    def _arriving(self) -> Iterator[Photo | None]:
        """Yield the photos of a run, None while there are no others; end when there were none for long.

        Where the folder cannot be reached any more, it ends at once: what is ready waits until it is back.
        """
        last = self._clock()
        while self._look() or self._arrivals.in_hand or self._clock() - last < _LINGER_S:
            if self._ready and not self._is_there():
                self._ready.clear()
                return
            if self._ready:
                last = self._active = self._clock()
                yield self._ready.popleft()
            else:
                yield None
                self._wait()

    def _look(self) -> bool:
        """Return whether photos are ready, after a look into the folder where it is time for one."""
        since = self._clock() - self._looked
        due = self._changed or self._arrivals.unsettled or since >= self._changes.every_s
        if not self._ready and due and since >= max(_STEP_S, _MOST_LOOKING * self._took):
            self._changed = False
            self._looked = self._clock()
            self._ready.extend(self._arrivals.look())
            self._took = self._clock() - self._looked
        return bool(self._ready)

    def _wait(self) -> None:
        self._list_failures()
        self._changed |= self._changes.wait(_STEP_S)
        if self._clock() - self._active >= _IDLE_S:
            self._active = self._clock()
            arrivals = self._arrivals
            self._context.tell(Idle(self.tally, len(arrivals.failures), arrivals.unsettled))

    def _listed(self) -> Iterator[Photo] | None:
        return photos_below(self._source, self._output, self._caution) if self._is_there() else None

    def _is_there(self) -> bool:
        """Return whether the folder can be reached; a network drive may be away for a while."""
        away = f"{self._source}: cannot be reached; it is tried again until it is back"
        if found := _is_folder(self._source):
            self._cautions.discard(away)
        else:
            self._caution(away)
        return found

    def _take_note(self, result: Result) -> None:
        self._arrivals.done(result)
        self._active = self._clock()
        if self._active - self._listed_failures >= 1:  # of many the list is long
            self._list_failures()
        features = {} if result.skipped else result.features  # not those of another day
        if self._alarm and features and (shifts := self._alarm.add(features)):
            self._context.tell(
                Caution(
                    f"the latest photos are unlike those that {self._prediction.models.name} knows: "
                    f"{', '.join(shifts)}; look at their masks before you go on"
                )
            )

    def _list_failures(self) -> None:
        self._listed_failures = self._clock()
        if (failures := self._arrivals.failures) != self._failures:
            with suppress(OSError):  # a full disk, which the photos tell of: it is tried again
                write_failed(self._output, failures)
                self._failures = failures

    def _caution(self, text: str) -> None:
        """Tell something that each look into the folder finds again, once."""
        if text not in self._cautions:
            self._cautions.add(text)
            self._context.tell(Caution(text))

    def _tell(self, event: object) -> None:
        if not isinstance(event, FolderStarted):  # the number of photos is not known
            self._context.tell(event)


def _is_folder(path: Path) -> bool:
    """Return whether a path leads to a folder; `Path.is_dir` raises where the host of a drive is down."""
    return os.path.isdir(path)  # noqa: PTH112


class _Again:
    """An iterable that can be iterated once more, each time by a new iterator."""

    def __init__(self, begin: Callable[[], Iterator[Photo | None]]):
        self._begin = begin

    def __iter__(self) -> Iterator[Photo | None]:
        return self._begin()
