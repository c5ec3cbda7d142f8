"""A review at work: the photos of a folder of results, what was decided, and the sheets on the desk."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from segmentation.confidence.doubts import Region
from segmentation.core.boxes import Box
from segmentation.core.errors import DataError, SegmentationError, printable
from segmentation.core.file_kinds import REVIEW_JOURNAL
from segmentation.core.lock import locked
from segmentation.images.files import open_photo
from segmentation.outputs.publishing import not_written, unused_name
from segmentation.retouch.acceptance import (
    check_photo,
    keep_predicted,
    predicted_path,
)
from segmentation.retouch.hinting import Hinting
from segmentation.retouch.journal import Fields, Journal
from segmentation.retouch.network import Network
from segmentation.retouch.operations import Operation, plain
from segmentation.retouch.painting import turned
from segmentation.retouch.photo_list import PhotoList
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.reading import digest_of, load
from segmentation.retouch.sheet import Sheet
from segmentation.retouch.shelf import Loaded, Shelf
from segmentation.retouch.shown import ShownPhoto
from segmentation.retouch.state import ACCEPTED, PhotoState
from segmentation.retouch.writing import Writing

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

    A photo may have `max_pixels`; `network` is what `hints` are given to, and `writing` is of the files of
    accepted photos.

    Entering raises DataError for a folder of other contents, and where another review is at work in it.
    """

    def __init__(self, results: Path, max_pixels: int | None = None, network: Network | None = None):
        self.results = results
        self.max_pixels = max_pixels
        self.hints = Hinting(self, network)
        self.writing = Writing(self)
        self._photos = PhotoList(results)
        self._states: dict[str, PhotoState] = {}
        self.lock = threading.RLock()
        self._shelf = Shelf(self.lock)
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
                self.present_state(photo)
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
        with self.lock:
            for photo in self._photos.refresh():
                self._shelf.drop(photo.stem)
                self.present_state(photo)

    def photos(self) -> list[CutPhoto]:
        """Return all photos, in the order of their names."""
        with self.lock:
            return self._photos.all()

    def photo(self, identity: str) -> CutPhoto:
        """Return a photo by its id. Raises DataError for an unknown one."""
        return self._photos.find(identity)

    def state_of(self, stem: str) -> PhotoState:
        """Return the state of a photo."""
        return self._states.setdefault(stem, PhotoState())

    def is_outdated(self, photo: CutPhoto) -> bool:
        """Return whether predict made another mask after a person had begun to change the one before."""
        kept = self.state_of(photo.stem).kept
        return bool(kept) and photo.mask_digest not in (None, kept.get("mask"))

    def shown(self, photo: CutPhoto) -> ShownPhoto:
        """Return the photo for the page. Raises SegmentationError where it cannot be read."""
        return self._shelf.get(photo.stem, lambda: self._read(photo)).shown

    def alpha(self, photo: CutPhoto, *, predicted: bool = False) -> Change:
        """Return the whole alpha of a photo, as it is or as it was `predicted`. Raises like `shown`."""
        with self.ready(photo) as loaded:
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
        with self.at(photo, revision, name) as (state, loaded):
            patch = loaded.sheet.preview(operation)
            if patch is None:
                return self.change(photo, loaded.sheet, None)
            if not state.kept:
                self._check_mask(photo)
                self.record(photo, {"did": "keep", **keep_predicted(self.results, photo)})
            self.record(photo, {"did": "edit", "operation": plain(operation), "id": name})
            return self.change(photo, loaded.sheet, loaded.sheet.put(patch))

    def toggle(self, photo: CutPhoto, revision: int, region: int, name: str = "") -> Change:
        """Put one of the doubtful regions, by its place in `regions`, into the mask, or take it out.

        Raises like `edit`, and DataError where there is no such region.
        """
        with self.at(photo, revision, name) as (_state, loaded):
            if region >= len(loaded.regions):
                raise DataError(
                    f"expected one of the {len(loaded.regions)} doubtful regions of "
                    f"{printable(photo.stem)}, received number {region}; load the page again"
                )
            return self.edit(photo, revision, turned(loaded.regions[region], loaded.sheet.alpha), name)

    def undo(self, photo: CutPhoto, revision: int, name: str = "") -> Change:
        """Undo the last operation; see `edit`."""
        with self.at(photo, revision, name) as (state, loaded):
            if not state.position:
                return self.change(photo, loaded.sheet, None)
            self.record(photo, {"did": "undo", "id": name})
            return self.change(photo, loaded.sheet, loaded.sheet.undo())

    def redo(self, photo: CutPhoto, revision: int, name: str = "") -> Change:
        """Do again what was undone last; see `edit`."""
        with self.at(photo, revision, name) as (state, loaded):
            if state.position == len(state.operations):
                return self.change(photo, loaded.sheet, None)
            self.record(photo, {"did": "redo", "id": name})
            return self.change(photo, loaded.sheet, loaded.sheet.do(state.operations[state.position - 1]))

    def restart(self, photo: CutPhoto, revision: int) -> None:
        """Begin again from the mask that predict wrote last; what was done before stays in the journal.

        Raises StaleError, and DataError where the mask that it began from before cannot be put aside.
        """
        with self.lock:
            self._check(photo, revision, "")
            self.record(photo, {"did": "restart"})
            self._shelf.drop(photo.stem)
            kept = predicted_path(self.results, photo.stem)
            try:
                if kept.is_file():
                    kept.rename(unused_name(kept))
            except OSError as error:
                raise not_written(kept, error) from error

    def decide(self, photo: CutPhoto, revision: int, decision: str | None, name: str = "") -> None:
        """Decide on a photo: one of CHOICES, or None to take a decision back; see `edit`.

        A mask that nobody can have seen is not accepted: then it raises like `shown`.
        """
        with self.ready(photo) if decision == ACCEPTED else self.lock:
            if not self._check(photo, revision, name).kept:
                self._check_mask(photo)
                self._see(photo)
            self.writing.problems.pop(photo.stem, None)
            self.record(photo, {"did": "decide", "decision": decision, "id": name})

    def note_activity(self, photo: CutPhoto, seconds: float, clicks: int) -> None:
        """Record that a person was at work on a photo for so long."""
        self.record(photo, {"did": "active", "seconds": round(seconds, 2), "clicks": clicks})

    @contextmanager
    def at(self, photo: CutPhoto, revision: int, name: str) -> Iterator[tuple[PhotoState, Loaded]]:
        """Hold a photo at a revision. Raises StaleError for another one."""
        with self.ready(photo) as loaded:
            yield self._check(photo, revision, name), loaded

    def ready(self, photo: CutPhoto) -> AbstractContextManager[Loaded]:
        """Hold a photo that was read; see `shown`."""
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
            self.record(photo, {"did": "see", "mask": photo.mask_digest})

    def _check_mask(self, photo: CutPhoto) -> None:
        """Raise StaleError where another program has changed the mask since it was read."""
        loaded = self._shelf.find(photo.stem)
        if loaded and loaded.mask != digest_of(self.results / photo.outputs["mask"]):
            self._shelf.drop(photo.stem)
            raise StaleError.of(photo)

    def change(self, photo: CutPhoto, sheet: Sheet, box: Box | None) -> Change:
        """Return what a change made of a sheet in a box, None where nothing changed."""
        part = None if box is None else sheet.alpha[box.slices].copy()
        return Change(self.state_of(photo.stem).revision, box, part)

    def record(self, photo: CutPhoto, fields: Fields) -> None:
        """Write a line about a photo into the journal. Raises DataError where that cannot be."""
        line = {"photo": photo.stem, "at": round(time.time(), 2), **fields}
        with self.lock:
            self._journal.append(line)
            self.state_of(photo.stem).take(line)

    def _read(self, photo: CutPhoto) -> Loaded:
        """Read a photo and its mask, and do to it what was done before."""
        check_photo(photo)
        picture = open_photo(photo.photo, max_pixels=self.max_pixels)
        with self.lock:
            state = self.present_state(photo)
            self._see(photo)
            loaded = load(self.results, photo, state, picture, self.max_pixels)
            self._shelf.put(photo.stem, loaded)
        return loaded

    def present_state(self, photo: CutPhoto) -> PhotoState:
        """Return the state of a photo, which begins again where it was about another photo or mask."""
        state = self.state_of(photo.stem)
        if not state.is_about(photo):
            self.record(photo, {"did": "restart"})
        return state
