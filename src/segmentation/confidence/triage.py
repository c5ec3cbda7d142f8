"""Triage of a folder: which photos to redo, which to review, and which are done."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from segmentation.confidence.cleanness import soundness
from segmentation.confidence.drift import Drift, shifts_of
from segmentation.confidence.model import DOUBTS, SHAPE, ConfidenceModel
from segmentation.confidence.places import MARKED, PlaceModel
from segmentation.confidence.verdict import Limits, Verdict, beside_likely_faults, first_verdict
from segmentation.confidence.viewpoints import OddEnd, OddView, View, odd_views
from segmentation.config.files import DECISIONS
from segmentation.core.predictions import LikelyFault
from segmentation.core.size import Size
from segmentation.metrics.faults import EXCESS, MISSED

WORST_FIRST = tuple(reversed(DECISIONS))
"""The decisions on a photo, the most work first."""

REVISED = ("clean", "confidence", "decision", "odd_end", "promise", "reasons")
"""The fields of a photo's record that triage decides."""

FEWEST_SHIFTED = 10
"""The fewest photos whose mean says anything."""

MEASURES = {*DOUBTS, *SHAPE}
"""The features that a confidence needs."""


@dataclass(frozen=True, slots=True)
class Row:
    """A photo of the folder; `clean` is the probability that its mask has no fault, where that is known.

    `likely` are the probabilities of the places where a fault is likely, None where no such places are known,
    and `odd_end` is one that its other viewpoints tell. `size` is that of the photo.
    """

    stem: str
    confidence: float
    area: float
    verdict: Verdict
    cutout: str | None
    clean: float | None = None
    likely: tuple[float, ...] | None = None
    odd_end: LikelyFault | None = None
    size: Size | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The REVISED fields of the photo's record."""
        known: dict[str, Any] = {} if self.clean is None else {"clean": self.clean}
        if self.odd_end:
            known["odd_end"] = asdict(self.odd_end) | {"signs": list(self.odd_end.signs)}
        if self.verdict.promise:
            known["promise"] = asdict(self.verdict.promise)
        return {
            **known,
            "confidence": self.confidence,
            "decision": self.verdict.decision,
            "reasons": list(self.verdict.reasons),
        }


@dataclass(frozen=True)
class FolderTriage:
    """The photos of a folder, the least certain first, and the failures: reasons by stem.

    `drift` is the mean deviation of all from the photos that the model knows. `others` counts the photos
    that were predicted with other models or options.
    """

    rows: tuple[Row, ...]
    drift: Mapping[str, float]
    failures: Mapping[str, str] = field(default_factory=dict)
    others: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The number of photos by decision, and of failures if there are any."""
        decisions = [row.verdict.decision for row in self.rows]
        counts = {name: decisions.count(name) for name in WORST_FIRST}
        return {"failed": len(self.failures), **counts} if self.failures else counts

    @property
    def photos(self) -> int:
        """The number of all photos, failures among them: the sum of the counts."""
        return sum(self.counts.values())

    @property
    def clean(self) -> float | None:
        """The number of masks that are expected to have no fault; None where no faults are known."""
        known = [row.clean for row in self.rows if row.clean is not None]
        return sum(known) if known and len(known) == len(self.rows) else None

    @property
    def shifts(self) -> list[str]:
        """Return in words how the photos as a whole differ from those that the model knows."""
        if len(self.rows) < FEWEST_SHIFTED:
            return []
        return shifts_of(self.drift)


def triage_folder(
    records: Iterable[Mapping[str, Any]],
    confidence_model: ConfidenceModel,
    limits: Limits,
    is_ours: Callable[[Mapping[str, Any]], bool] = lambda _record: True,
) -> FolderTriage:
    """Return the triage of the photos in a manifest's records, viewpoints of a garment held together.

    `is_ours` selects the records of predictions that the confidence model is about.
    """
    rows, views, failures, others, drift = [], [], {}, 0, Drift()
    for record in records:
        stem, features = record["stem"], record.get("evidence", {})
        if record["error"] is not None:
            failures[stem] = record["error"]
            continue
        if not (is_ours(record) and features.keys() >= MEASURES):
            others += 1
            continue
        confidence = round(confidence_model.confidence(features), 5)
        cutout = next((path for kind, path in record["outputs"].items() if kind.startswith("cutout")), None)
        deviations = confidence_model.deviations(features)
        clean = confidence_model.clean(confidence, features)
        verdict = first_verdict(features, confidence, clean, deviations, confidence_model, limits)
        likely = record.get("likely_faults")
        if likely is not None:
            likely = tuple(float(place["probability"]) for place in likely)
        width, height = record.get("size") or (0, 0)
        size = Size(height, width) if height else None
        rows.append(Row(stem, confidence, record["area"], verdict, cutout, clean, likely, size=size))
        if view := View.of(stem, confidence, features):
            views.append(view)
        drift.add(deviations)
    odd = odd_views(views)
    rows = [_settled(row, odd.get(row.stem), confidence_model.places, limits) for row in rows]
    rows.sort(key=_place)
    return FolderTriage(tuple(rows), drift.mean, failures, others)


def _settled(row: Row, odd: OddView | None, places: PlaceModel | None, limits: Limits) -> Row:
    """Return a row with its last verdict: what other viewpoints say may lower how likely it is clean."""
    if odd:
        row = _beside_other_views(row, odd, places)
    verdict = beside_likely_faults(row.verdict, row.confidence, row.clean, limits)
    return row if verdict is row.verdict else replace(row, verdict=verdict)


def _beside_other_views(row: Row, odd: OddView, places: PlaceModel | None) -> Row:
    row = replace(row, verdict=row.verdict.besides(odd.reason))
    if not (odd.end and row.size and places):
        return row
    wrong = places.odd_ends  # None as long as no calibration has met one
    if wrong is None:
        return replace(row, odd_end=_in_pixels(odd.end, row.size, None))
    clean = None if row.clean is None else round(row.clean * (1 - wrong), 4)  # nothing else knows of the end
    if wrong < MARKED:
        return replace(row, clean=clean)
    shown = round(wrong, 4)
    likely = tuple(sorted((*(row.likely or ()), shown), reverse=True))
    return replace(row, clean=clean, odd_end=_in_pixels(odd.end, row.size, shown), likely=likely)


def _in_pixels(end: OddEnd, size: Size, probability: float | None) -> LikelyFault:
    def span(first: float, length: float, side_px: int) -> list[int]:
        return [min(max(round(at * side_px), 0), side_px) for at in (first, first + length)]

    left, right = span(end.left, end.width, size.width)
    top, bottom = span(end.top, end.height, size.height)
    kind, sign = (EXCESS, "further") if end.excess else (MISSED, "less far")
    signs = (f"goes {sign} than from the garment's other sides",)
    return LikelyFault(left, top, right - left, bottom - top, probability, kind, signs)


def _place(row: Row) -> tuple[object, ...]:
    """Return what rows are put in order by: the most work first, then the least sound."""
    decision = WORST_FIRST.index(row.verdict.decision)
    return decision, soundness(row.clean, row.confidence), row.confidence, row.stem
