"""The files of the accepted photos of a desk: which are still to be written, and why."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segmentation.core.counting import counted
from segmentation.core.errors import SegmentationError, printable
from segmentation.core.lock import locked
from segmentation.retouch.acceptance import check_photo, is_changed_elsewhere, open_accepted, write_accepted
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.reading import first_mask, sheet_of

if TYPE_CHECKING:
    from segmentation.retouch.desk import Desk


class Writing:
    """The writing of the files of a desk; `problems` are the reasons of what could not be, by stem.

    `saved` says of each file that a person had changed elsewhere, and that was replaced, what it is now.
    """

    def __init__(self, desk: "Desk"):
        self._desk = desk
        self.problems: dict[str, str] = {}
        self.saved: list[str] = []

    def problem_of(self, stem: str) -> str:
        """Return why the files of an accepted photo could not be written yet; empty where they could."""
        return self.problems.get(stem, "")

    def pending(self) -> list[CutPhoto]:
        """Return the accepted photos of which files are still to be written."""
        desk = self._desk
        with desk.lock:
            return [photo for photo in desk.photos() if self.lacking(photo)]

    def lacking(self, photo: CutPhoto) -> dict[str, str]:
        """Return the files of an accepted photo that are still to be written, by kind.

        Once all are written, those are that predict was asked for since. What somebody changed elsewhere
        after that stays: where it is the mask, predict has made what it was asked for of that one.
        """
        desk, state = self._desk, self._desk.state_of(photo.stem)
        if state.is_pending:
            return photo.delivered

        def is_later(output: str) -> bool:
            return is_changed_elsewhere(desk.results, output, photo, state.files)

        asked_since = state.asked_since(photo)
        if not asked_since or is_later(photo.outputs["mask"]):
            return {}
        return {kind: output for kind, output in asked_since.items() if not is_later(output)}

    def unwritten(self) -> str:
        """Return in words how many accepted photos are not written yet, and why; empty for none."""
        if not (waiting := self.pending()):
            return ""
        problems = (self.problem_of(photo.stem) for photo in waiting)
        reason = next(filter(None, problems), "they are being written; wait a moment")
        return f"{counted(len(waiting), 'accepted photo')} not written yet: {reason}"

    def write(self, photo: CutPhoto) -> None:
        """Write the files of an accepted photo; a failure is its problem, and it stays pending."""
        desk = self._desk

        def begin(files: Mapping[str, Any]) -> None:
            desk.record(photo, {"did": "writing", "files": dict(files)})

        try:
            with locked(desk.results, ""):  # before anything is read, since predict may hold it for hours
                with desk.lock:
                    desk.refresh()  # and may have replaced the mask by one that nobody has accepted
                    photo = desk.photo(photo.id)
                    state = desk.present_state(photo)
                    outputs, revision = self.lacking(photo), state.revision
                    done, files = state.done, state.files
                    base = first_mask(desk.results, photo, state)
                if outputs:
                    check_photo(photo)
                    picture = open_accepted(photo, desk.max_pixels)
                    sheet = sheet_of(photo, base, done, picture, desk.max_pixels)
                    saved = write_accepted(desk.results, photo, picture, sheet, base, outputs, files, begin)
                    self.saved += [
                        printable(f"{output} was changed elsewhere; it is now {path.name}")
                        for output, path in saved.items()
                    ]
                    written = {"did": "written", "revision": revision, "changed_px": sheet.changed_px}
                    desk.record(photo, written)
            self.problems.pop(photo.stem, None)
        except SegmentationError as error:
            self.problems[photo.stem] = str(error)
        except Exception as error:  # one odd photo must not end the review
            reason = printable(f"{type(error).__name__}: {error}")
            self.problems[photo.stem] = f"{printable(photo.stem)}: cannot be written ({reason}); report it"
