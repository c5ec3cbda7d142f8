"""A review at work: the photos of a folder of results, what was decided, and the sheets on the desk."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from segmentation.confidence.doubts import Region
from segmentation.core.counting import counted
from segmentation.core.errors import DataError, SegmentationError, printable
from segmentation.core.file_kinds import REVIEW_JOURNAL
from segmentation.core.lock import locked
from segmentation.images.boxes import Box
from segmentation.images.files import open_photo
from segmentation.outputs.publishing import not_written, unused_name
from segmentation.retouch.acceptance import (
    check_photo,
    keep_predicted,
    open_accepted,
    predicted_path,
    write_accepted,
)
from segmentation.retouch.journal import Fields, Journal
from segmentation.retouch.network import Network
from segmentation.retouch.operations import Operation, Stroke, plain
from segmentation.retouch.painting import turned
from segmentation.retouch.photo_list import PhotoList
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.reading import digest_of, first_mask, load, region_at, sheet_of
from segmentation.retouch.sheet import Sheet
from segmentation.retouch.shelf import Loaded, Shelf
from segmentation.retouch.shown import ShownPhoto
from segmentation.retouch.state import PhotoState

LOCK = ".review.lock"


class StaleError(SegmentationError):
    """A request about a state of the photo that is no longer the present one."""

    @classmethod
    def of(cls, photo: CutPhoto) -> Self:
        """Return the error about a photo."""
        return cls(f"{printable(photo.stem)} was changed elsewhere in the meantime; here it is as it is now")


class Change(NamedTuple):
    """The revision that a change led to, and what the alpha is then in the box that it may have changed."""

    revision: int
    box: Box | None
    alpha: np.ndarray | None


class Desk:
    """The review of a folder of results, open: one process at a time holds it, any thread may use it.

    A photo may have `max_pixels`; `network` is what hints are given to.

    Entering raises DataError for a folder of other contents, and where another review is at work in it.
    """

    def __init__(self, results: Path, max_pixels: int | None = None, network: Network | None = None):
        self.results = results
        self.max_pixels = max_pixels
        self.network = network
        self._photos = PhotoList(results)
        self._states: dict[str, PhotoState] = {}
        self._lock = threading.RLock()
        self._shelf = Shelf(self._lock)
        self._problems: dict[str, str] = {}
        self._journal = Journal(results / REVIEW_JOURNAL)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(
                locked(self.results, "go on in the page of the review that is open", name=LOCK)
            )
            stack.enter_context(self._journal)
            for line in self._journal.earlier():
                self.state_of(line["photo"]).take(line)
            for photo in self._photos.all():
                self._present_state(photo)
            self._held = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._held.close()

    @property
    def journal(self) -> Path:
        """The file of the journal."""
        return self._journal.path

    @property
    def left_out(self) -> int:
        """The number of lines of the journal that are damaged."""
        return self._journal.left_out

    def refresh(self) -> None:
        """Take notice of new results of predict.

        A photo whose mask became another before a person changed it has another revision then, and no
        decision: a page that shows the one before cannot change or accept this one. Raises DataError where
        the record of predict is gone.
        """
        with self._lock:
            for photo in self._photos.refresh():
                self._shelf.drop(photo.stem)
                self._present_state(photo)

    def photos(self) -> list[CutPhoto]:
        """Return all photos, in the order of their names."""
        with self._lock:
            return self._photos.all()

    def photo(self, identity: str) -> CutPhoto:
        """Return a photo by its id. Raises DataError for an unknown one."""
        return self._photos.find(identity)

    def state_of(self, stem: str) -> PhotoState:
        """Return the state of a photo."""
        return self._states.setdefault(stem, PhotoState())

    def problem_of(self, stem: str) -> str:
        """Return why the files of an accepted photo could not be written yet; empty where they could."""
        return self._problems.get(stem, "")

    def is_outdated(self, photo: CutPhoto) -> bool:
        """Return whether predict made another mask after a person had begun to change the one before."""
        kept = self.state_of(photo.stem).kept
        return bool(kept) and photo.mask_digest not in (None, kept.get("mask"))

    def shown(self, photo: CutPhoto) -> ShownPhoto:
        """Return the photo for the page. Raises SegmentationError where it cannot be read."""
        return self._shelf.get(photo.stem, lambda: self._read(photo)).shown

    def alpha(self, photo: CutPhoto, *, predicted: bool = False) -> Change:
        """Return the whole alpha of a photo, as it is or as it was `predicted`. Raises like `shown`."""
        with self._ready(photo) as loaded:
            alpha = loaded.sheet.base if predicted else loaded.sheet.alpha
            height, width = alpha.shape
            return Change(self.state_of(photo.stem).revision, Box(0, 0, width, height), alpha.copy())

    def prepare_first(self) -> None:
        """Read the photo that a review begins with, the least certain one that is not decided, beforehand."""
        waiting = [photo for photo in self.photos() if self.state_of(photo.stem).decision is None]
        if waiting:
            first = min(waiting, key=lambda photo: photo.soundness or 0.0)
            with suppress(SegmentationError):  # the page says it
                self.shown(first)

    def regions(self, photo: CutPhoto) -> list[Region]:
        """Return the doubtful regions of a photo, the largest first. Raises like `shown`."""
        return self._shelf.get(photo.stem, lambda: self._read(photo)).regions

    def edit(self, photo: CutPhoto, revision: int, operation: Operation, name: str = "") -> Change:
        """Do an operation to the mask as it was at a revision.

        `name` stands for the operation where it is sent again. Raises StaleError for another revision,
        DataError where nothing can be recorded.
        """
        with self._at(photo, revision, name) as (state, loaded):
            patch = loaded.sheet.preview(operation)
            if patch is None:
                return self._change(photo, loaded.sheet, None)
            if not state.kept:
                self._check_mask(photo)
                self._record(photo, {"did": "keep", **keep_predicted(self.results, photo)})
            self._record(photo, {"did": "edit", "operation": plain(operation), "id": name})
            return self._change(photo, loaded.sheet, loaded.sheet.put(patch))

    def toggle(self, photo: CutPhoto, revision: int, place: tuple[float, float], name: str = "") -> Change:
        """Put the doubtful region at a place, x and y, into the mask, or take it out; see `edit`."""
        with self._at(photo, revision, name) as (_state, loaded):
            region = region_at(loaded.regions, place)
            if region is None:
                return self._change(photo, loaded.sheet, None)
            return self.edit(photo, revision, turned(region, loaded.sheet.alpha), name)

    def check_network(self) -> None:
        """Raise SegmentationError where there is no network that takes hints."""
        self._network().check()

    def prepare_hints(self, photo: CutPhoto) -> None:
        """Have the network ready for hints on a photo. Raises SegmentationError where there is none."""
        network = self._network()
        with self._ready(photo) as loaded:
            pixels = loaded.sheet.photo
        assert pixels is not None  # with which every sheet on a desk is made
        network.prepare(photo, pixels)

    def hint(self, photo: CutPhoto, revision: int, stroke: Stroke, name: str = "") -> Change:
        """Tell the network of a stroke, and have the mask follow; see `edit`.

        Others need not wait while the network is at work. Raises like `prepare_hints` as well.
        """
        network = self._network()
        with self._at(photo, revision, name) as (state, loaded):
            sheet, done = loaded.sheet, list(state.done)
            pixels, alpha = sheet.photo, sheet.alpha.copy()
        assert pixels is not None
        hint = network.hint(photo, pixels, stroke, sheet.base, alpha, done)
        if hint is None:
            with self._at(photo, revision, name) as (_state, loaded):
                return self._change(photo, loaded.sheet, None)
        return self.edit(photo, revision, hint, name)

    def _network(self) -> Network:
        if self.network is None:
            raise DataError("expected a review with a network, received one without; start review again")
        return self.network

    def undo(self, photo: CutPhoto, revision: int, name: str = "") -> Change:
        """Undo the last operation; see `edit`."""
        with self._at(photo, revision, name) as (state, loaded):
            if not state.position:
                return self._change(photo, loaded.sheet, None)
            self._record(photo, {"did": "undo", "id": name})
            return self._change(photo, loaded.sheet, loaded.sheet.undo())

    def redo(self, photo: CutPhoto, revision: int, name: str = "") -> Change:
        """Do again what was undone last; see `edit`."""
        with self._at(photo, revision, name) as (state, loaded):
            if state.position == len(state.operations):
                return self._change(photo, loaded.sheet, None)
            self._record(photo, {"did": "redo", "id": name})
            return self._change(photo, loaded.sheet, loaded.sheet.do(state.operations[state.position - 1]))

    def restart(self, photo: CutPhoto, revision: int) -> None:
        """Begin again from the mask that predict wrote last; what was done before stays in the journal.

        Raises StaleError, and DataError where the mask that it began from before cannot be put aside.
        """
        with self._lock:
            self._check(photo, revision, "")
            self._record(photo, {"did": "restart"})
            self._shelf.drop(photo.stem)
            kept = predicted_path(self.results, photo.stem)
            try:
                if kept.is_file():
                    kept.rename(unused_name(kept))
            except OSError as error:
                raise not_written(kept, error) from error

    def decide(self, photo: CutPhoto, revision: int, decision: str | None, name: str = "") -> None:
        """Decide on a photo: one of CHOICES, or None to take a decision back; see `edit`."""
        with self._lock:
            if not self._check(photo, revision, name).kept:
                self._check_mask(photo)
                self._see(photo)
            self._problems.pop(photo.stem, None)
            self._record(photo, {"did": "decide", "decision": decision, "id": name})

    def note_activity(self, photo: CutPhoto, seconds: float, clicks: int) -> None:
        """Record that a person was at work on a photo for so long."""
        self._record(photo, {"did": "active", "seconds": round(seconds, 2), "clicks": clicks})

    def pending(self) -> list[CutPhoto]:
        """Return the accepted photos whose files are still to be written."""
        with self._lock:
            return [photo for photo in self._photos.all() if self.state_of(photo.stem).awaits_files(photo)]

    def unwritten(self) -> str:
        """Return in words how many accepted photos are not written yet, and why; empty for none."""
        if not (waiting := self.pending()):
            return ""
        problems = (self.problem_of(photo.stem) for photo in waiting)
        reason = next(filter(None, problems), "they are being written; wait a moment")
        return f"{counted(len(waiting), 'accepted photo')} not written yet: {reason}"

    def write(self, photo: CutPhoto) -> None:
        """Write the files of an accepted photo; a failure is its problem, and it stays pending."""

        def begin(files: Mapping[str, Any]) -> None:
            self._record(photo, {"did": "writing", "files": dict(files)})

        try:
            with self._lock:
                state = self._present_state(photo)
                waits, revision = state.awaits_files(photo), state.revision
                done, files = state.done, state.files
                base = first_mask(self.results, photo, state)
            if waits:
                check_photo(photo)
                picture = open_accepted(photo, self.max_pixels)
                sheet = sheet_of(photo, base, done, picture, self.max_pixels)
                write_accepted(self.results, photo, picture, sheet, base, files, begin)
                written = {"did": "written", "revision": revision, "changed_px": sheet.changed_px}
                self._record(photo, written)
            self._problems.pop(photo.stem, None)
        except SegmentationError as error:
            self._problems[photo.stem] = str(error)
        except Exception as error:  # one odd photo must not end the review
            reason = printable(f"{type(error).__name__}: {error}")
            self._problems[photo.stem] = f"{printable(photo.stem)}: cannot be written ({reason}); report it"

    @contextmanager
    def _at(self, photo: CutPhoto, revision: int, name: str) -> Iterator[tuple[PhotoState, Loaded]]:
        """Hold a photo at a revision. Raises StaleError for another one."""
        with self._ready(photo) as loaded:
            yield self._check(photo, revision, name), loaded

    def _ready(self, photo: CutPhoto) -> AbstractContextManager[Loaded]:
        return self._shelf.held(photo.stem, lambda: self._read(photo))

    def _check(self, photo: CutPhoto, revision: int, name: str) -> PhotoState:
        state = self.state_of(photo.stem)
        if revision != state.revision or (name and name == state.last):
            raise StaleError.of(photo)
        return state

    def _see(self, photo: CutPhoto) -> None:
        """Record which mask is looked at, so that another one is not taken for it."""
        state = self.state_of(photo.stem)
        if not state.kept and photo.mask_digest not in (None, state.seen):
            self._record(photo, {"did": "see", "mask": photo.mask_digest})

    def _check_mask(self, photo: CutPhoto) -> None:
        """Raise StaleError where another program has changed the mask since it was read."""
        loaded = self._shelf.find(photo.stem)
        if loaded and loaded.mask != digest_of(self.results / photo.outputs["mask"]):
            self._shelf.drop(photo.stem)
            raise StaleError.of(photo)

    def _change(self, photo: CutPhoto, sheet: Sheet, box: Box | None) -> Change:
        part = None if box is None else sheet.alpha[box.slices].copy()
        return Change(self.state_of(photo.stem).revision, box, part)

    def _record(self, photo: CutPhoto, fields: Fields) -> None:
        line = {"photo": photo.stem, "at": round(time.time(), 2), **fields}
        with self._lock:
            self._journal.append(line)
            self.state_of(photo.stem).take(line)

    def _read(self, photo: CutPhoto) -> Loaded:
        """Read a photo and its mask, and do to it what was done before."""
        check_photo(photo)
        picture = open_photo(photo.photo, max_pixels=self.max_pixels)
        with self._lock:
            state = self._present_state(photo)
            self._see(photo)
            loaded = load(self.results, photo, state, picture, self.max_pixels)
            self._shelf.put(photo.stem, loaded)
        return loaded

    def _present_state(self, photo: CutPhoto) -> PhotoState:
        """Return the state of a photo, which begins again where it was about another photo or mask."""
        state = self.state_of(photo.stem)
        if not state.is_about(photo):
            self._record(photo, {"did": "restart"})
        return state
