"""The cost of a review and what it saved: a table of the photos, and figures on the whole."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from segmentation.core.counting import counted
from segmentation.core.errors import printable
from segmentation.core.tables import write_csv
from segmentation.outputs.delivery import UNDECIDED
from segmentation.retouch.operations import KINDS
from segmentation.retouch.photos import CutPhoto
from segmentation.retouch.state import ACCEPTED, REDO, PhotoState

TABLE = "review.csv"

_STEPS = {
    "region": ("doubtful region", "doubtful regions"),
    "hint": ("smart stroke", "smart strokes"),
    "spot": ("hole or island", "holes and islands"),
    "area": ("area", "areas"),
    "refinement": ("fitted edge", "fitted edges"),
    "stroke": ("brush stroke", "brush strokes"),
}
"""Names for one step of a kind of operation, and for several."""

_STEP_COLUMNS = {kind: _STEPS[kind][1].replace(" ", "_") for kind in KINDS}

COLUMNS = (
    "photo",
    "predicted_as",
    "confidence",
    "decision",
    "active_seconds",
    "clicks",
    *_STEP_COLUMNS.values(),
    "undone",
    "changed_px",
)

_FEWEST = 3  # photos from which on a pace can be told
_LATEST = 10  # photos that tell the present pace: the worst come first and take longest

Reviewed = tuple[CutPhoto, PhotoState]


@dataclass(frozen=True)
class Summary:
    """The figures of a review: photos by decision, time of activity, and what it went into.

    `seconds_a_photo` is the median time of the photos that were decided last; None where they are too few.

    `steps` counts the operations of each kind, and `undone` the steps back. `spent` is the share of the time,
    in [0, 1], by what triage had said of the photos. `minutes_by_hand` is what cutting one out would take.
    """

    photos: int
    accepted: int
    redo: int
    changed: int
    seconds: float
    seconds_a_photo: float | None
    steps: Mapping[str, int]
    undone: int
    spent: Mapping[str, float]
    minutes_by_hand: float

    @property
    def decided(self) -> int:
        return self.accepted + self.redo

    @property
    def an_hour(self) -> float | None:
        """The photos an hour; None if unknown."""
        return 3600 * self.decided / self.seconds if self.decided and self.seconds else None

    @property
    def saved_minutes(self) -> float:
        """Return the minutes saved against cutting the accepted photos out by hand; below 0 is a loss."""
        return self.accepted * self.minutes_by_hand - self.seconds / 60

    def lines(self) -> list[str]:
        """Return the summary in words, sentences without a full stop."""
        lines = [
            f"{self.accepted} of {self.photos} accepted, {self.changed} of them changed; {self.redo} to be "
            f"redone; {self.photos - self.decided} left"
        ]
        if self.an_hour:
            lines.append(f"{self.seconds / 60:.1f} minutes at work, {self.an_hour:.0f} photos an hour")
            verb = "saved" if self.saved_minutes >= 0 else "lost"
            lines.append(
                f"{abs(self.saved_minutes):.0f} minutes {verb} against {self.minutes_by_hand:g} minutes by "
                "hand for each accepted photo"
            )
        steps = [counted(count, *_STEPS[kind]) for kind, count in self.steps.items() if count]
        if steps:
            lines.append(f"Steps: {', '.join(steps)}; {self.undone} undone")
        return lines

    def plain(self) -> dict[str, Any]:
        """Return the figures as JSON holds them."""
        return {
            "photos": self.photos,
            "accepted": self.accepted,
            "redo": self.redo,
            "changed": self.changed,
            "left": self.photos - self.decided,
            "seconds": round(self.seconds, 1),
            "seconds_a_photo": self.seconds_a_photo,
            "photos_an_hour": self.an_hour,
            "saved_minutes": self.saved_minutes,
            "minutes_by_hand": self.minutes_by_hand,
            "steps": {_STEP_COLUMNS[kind]: count for kind, count in self.steps.items()},
            "undone": self.undone,
            "spent": dict(self.spent),
        }


def summarise(reviewed: Iterable[Reviewed], minutes_by_hand: float) -> Summary:
    """Return the figures of a review."""
    rows = list(reviewed)
    seconds = sum(state.effort.seconds for _photo, state in rows)
    spent: dict[str, float] = {}
    for photo, state in rows:
        kind = photo.decision or UNDECIDED
        spent[kind] = spent.get(kind, 0.0) + (state.effort.seconds / seconds if seconds else 0.0)
    accepted = [state for _photo, state in rows if state.decision == ACCEPTED]
    return Summary(
        photos=len(rows),
        accepted=len(accepted),
        redo=sum(state.decision == REDO for _photo, state in rows),
        changed=sum(state.position > 0 for state in accepted),
        seconds=seconds,
        seconds_a_photo=_present_pace(state for _photo, state in rows if state.decision),
        steps={kind: sum(state.effort.steps[kind] for _photo, state in rows) for kind in KINDS},
        undone=sum(state.effort.undone for _photo, state in rows),
        spent=spent,
        minutes_by_hand=minutes_by_hand,
    )


def _present_pace(decided: Iterable[PhotoState]) -> float | None:
    latest = sorted(decided, key=lambda state: state.decided_at)[-_LATEST:]
    return median(state.effort.seconds for state in latest) if len(latest) >= _FEWEST else None


def write_table(results: Path, reviewed: Iterable[Reviewed]) -> Path:
    """Write review.csv into a folder of results, a row for each photo that a person was at work on."""
    path = results / TABLE
    write_csv(path, [COLUMNS, *_rows(reviewed)])
    return path


def _rows(reviewed: Iterable[Reviewed]) -> Iterator[tuple[object, ...]]:
    for photo, state in reviewed:
        effort = state.effort
        if not (state.decision or effort.seconds or state.operations):
            continue
        yield (
            printable(photo.stem),
            photo.decision,
            photo.confidence,
            state.decision,
            round(effort.seconds, 2),
            effort.clicks,
            *(effort.steps[kind] for kind in KINDS),
            effort.undone,
            state.changed_px,
        )
