"""The state of a photo under review, as the lines of the journal about it make it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.core.errors import DataError
from segmentation.retouch.journal import parse as parse_line
from segmentation.retouch.operations import Operation, kind_of, parse
from segmentation.retouch.photos import CutPhoto

ACCEPTED, REDO = "accepted", "redo"
CHOICES = (ACCEPTED, REDO)
"""A person's decisions on a photo: its mask is good, or is made from scratch elsewhere."""

_LONGEST_S = 3600.0  # of activity in one line


@dataclass
class Effort:
    """The effort that a photo took: seconds of activity, clicks, and steps of each kind of operation.

    `steps` counts operations as they were made, by KINDS, those among them that were `undone` later as well.
    """

    seconds: float = 0.0
    clicks: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    undone: int = 0


@dataclass
class PhotoState:
    """The state of one photo.

    `operations` are all that can be redone, of which the first `position` are done. `revision` grows with
    each change of mask or decision. `decision` is one of CHOICES or None, made at `decided_at`, in seconds
    since 1970. `seen` is the digest of the predicted mask that was shown last, and `kept` what the operations
    are about: the digests of the photo and of its predicted mask. `files` are the records of all that was or
    may have been written for it, by their paths, `written` is the revision that was written last, and `begun`
    are paths whose writing has not ended.
    """

    operations: list[Operation] = field(default_factory=list)
    position: int = 0
    revision: int = 0
    decision: str | None = None
    decided_at: float = 0.0
    seen: str | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, list[Any]] = field(default_factory=dict)
    written: int | None = None
    begun: frozenset[str] = frozenset()
    changed_px: int | None = None
    effort: Effort = field(default_factory=Effort)
    last: str = ""

    @property
    def done(self) -> list[Operation]:
        """The operations that make the mask."""
        return self.operations[: self.position]

    @property
    def is_pending(self) -> bool:
        """Return whether the photo is accepted and its mask is still to be written."""
        return self.decision == ACCEPTED and self.written != self.revision

    def asked_since(self, photo: CutPhoto) -> dict[str, str]:
        """Return files of an accepted photo that predict was asked for after others were written, by kind.

        One whose writing was interrupted is still asked for.
        """
        if self.decision != ACCEPTED or not self.files:
            return {}
        done = self.files.keys() - self.begun
        others = {kind: output for kind, output in photo.delivered.items() if kind != "mask"}
        return {kind: output for kind, output in others.items() if output not in done}

    def is_about(self, photo: CutPhoto) -> bool:
        """Return whether it is about a photo as it is now, and not about another one or an earlier mask.

        Operations go on with the mask that they began with, whatever predict makes of the photo afterwards.
        """
        if self.kept:
            return photo.sha256 in (None, self.kept.get("photo"))
        return self.seen is None or photo.mask_digest in (None, self.seen)

    def take(self, line: Mapping[str, Any]) -> bool:
        """Change by a line of the journal; return whether it is one that is known here and fits the state."""
        known = _EFFECTS.get(line["did"])
        if known is None:
            return False
        try:
            known(self, line)
        except (KeyError, TypeError, ValueError, DataError):
            return False
        return True

    def _edit(self, line: Mapping[str, Any]) -> None:
        operation = parse(line["operation"])
        self.operations[self.position :] = [operation]
        self.position += 1
        self.effort.steps[kind_of(operation)] += 1
        self._changed(line)

    def _undo(self, line: Mapping[str, Any]) -> None:
        if not self.position:
            raise ValueError("nothing to undo")
        self.position -= 1
        self.effort.undone += 1
        self._changed(line)

    def _redo(self, line: Mapping[str, Any]) -> None:
        if self.position == len(self.operations):
            raise ValueError("nothing to redo")
        self.position += 1
        self._changed(line)

    def _restart(self, line: Mapping[str, Any]) -> None:
        self.operations, self.position, self.seen, self.kept = [], 0, None, {}
        self._changed(line)

    def _changed(self, line: Mapping[str, Any]) -> None:
        self.revision += 1
        self.decision = self.changed_px = None  # which were about another mask
        self.last = str(line.get("id", ""))

    def _decide(self, line: Mapping[str, Any]) -> None:
        decision = line["decision"]
        if decision not in (*CHOICES, None):
            raise ValueError("decision")
        at = float(line.get("at", 0.0))
        self.revision += 1
        self.decision, self.decided_at = decision, at
        self.last = str(line.get("id", ""))

    def _see(self, line: Mapping[str, Any]) -> None:
        self.seen = line["mask"]

    def _keep(self, line: Mapping[str, Any]) -> None:
        self.kept = {"photo": line["of"], "mask": line["mask"]}

    def _writing(self, line: Mapping[str, Any]) -> None:
        records = {output: dict(record) for output, record in dict(line["files"]).items()}
        fresh = {output: [*self.files.get(output, ()), record] for output, record in records.items()}
        self.files, self.begun = {**self.files, **fresh}, frozenset(fresh)
        if self.written != self.revision:  # else what is written stays so, and these are added to it
            self.written = None

    def _written(self, line: Mapping[str, Any]) -> None:
        self.written, self.begun = int(line["revision"]), frozenset()
        self.changed_px = int(line["changed_px"])

    def _active(self, line: Mapping[str, Any]) -> None:
        seconds, clicks = float(line["seconds"]), int(line["clicks"])
        if not (0 <= seconds <= _LONGEST_S and clicks >= 0):
            raise ValueError("activity")
        self.effort.seconds += seconds
        self.effort.clicks += clicks


_EFFECTS = {
    "edit": PhotoState._edit,
    "undo": PhotoState._undo,
    "redo": PhotoState._redo,
    "restart": PhotoState._restart,
    "decide": PhotoState._decide,
    "see": PhotoState._see,
    "keep": PhotoState._keep,
    "writing": PhotoState._writing,
    "written": PhotoState._written,
    "active": PhotoState._active,
}


def read_states(journal: Path) -> dict[str, PhotoState]:
    """Return the states of photos by their stems, as a journal has them that others may be writing.

    Damaged lines are left out; without a journal there are none.
    """
    states: dict[str, PhotoState] = {}
    try:
        lines = journal.read_bytes().splitlines()
    except OSError:
        return states
    for fields in filter(None, map(parse_line, lines)):
        states.setdefault(fields["photo"], PhotoState()).take(fields)
    return states
