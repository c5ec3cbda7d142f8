"""Which photos of a folder need a person: those to do again, those to look at, and those that are done."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from segmentation.errors import ConfigError
from segmentation.experience import DRIFT, EVERYTHING, LEAST_AREA, NOTHING, Evidence, Experience, unlike
from segmentation.outputs.viewpoints import View, odd_views

DECISIONS = ("redo", "review", "auto")
"""What is to become of a photo, the most work first."""

SHIFTED = 1.0
"""From how many standard deviations on the photos of a folder, on average, are told to be of another kind."""


@dataclass(frozen=True)
class Limits:
    """From which confidence on a mask is taken as it is, and below which it is better done by hand."""

    auto: float
    redo: float

    def __post_init__(self) -> None:
        if self.redo > self.auto:
            raise ConfigError(
                f"expected a --redo-below of at most --auto-from, {self.auto:g}, received {self.redo:g}"
            )


@dataclass(frozen=True)
class Verdict:
    """One of DECISIONS, and why it is not `auto`."""

    decision: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A photo of the folder; `area` is the share of it in the mask."""

    stem: str
    input: str
    confidence: float
    area: float
    verdict: Verdict
    cutout: str | None

    @property
    def fields(self) -> dict[str, Any]:
        """What of it stands in the photo's record."""
        return {
            "confidence": self.confidence,
            "decision": self.verdict.decision,
            "reasons": list(self.verdict.reasons),
        }


@dataclass(frozen=True)
class FolderTriage:
    """All photos, the least certain first, and why others failed.

    `drift` is their mean deviation from those that the model knows.
    """

    rows: tuple[Row, ...]
    drift: Mapping[str, float]
    failures: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many photos there are of each decision."""
        decisions = [row.verdict.decision for row in self.rows]
        return {name: decisions.count(name) for name in DECISIONS}

    @property
    def shifts(self) -> list[str]:
        """In words, by what the photos are, on the whole, unlike those that the model knows."""
        far = {name: value for name, value in self.drift.items() if abs(value) >= SHIFTED}
        ordered = sorted(far, key=lambda name: -abs(far[name]))
        return [f"{DRIFT[name][far[name] > 0]} ({far[name]:+.1f} standard deviations)" for name in ordered]


def judge(
    evidence: Evidence, confidence: float, experience: Experience, limits: Limits, odd: str = ""
) -> Verdict:
    """The decision on one photo; `odd` says how it differs from the other photos of its garment."""
    decision = "redo" if confidence < limits.redo else "review"
    if not confidence:
        return Verdict(decision, (NOTHING if evidence["area"] < LEAST_AREA else EVERYTHING,))
    reasons = [odd] if odd else []
    if strange := unlike(experience.deviations(evidence)):
        reasons.append(f"unlike the photos that the model knows: {', '.join(strange)}")
    if confidence >= limits.auto:
        return Verdict("review" if reasons else "auto", tuple(reasons))
    reasons = [*experience.doubts(evidence), *reasons]
    return Verdict(decision, tuple(reasons) or (f"confidence below {limits.auto:g}",))


def judge_folder(
    records: Iterable[Mapping[str, Any]], experience: Experience, limits: Limits
) -> FolderTriage:
    """Judge what a manifest's records hold of photos, viewpoints of a garment together."""
    made, failures = [], []
    for record in records:
        if record["error"] is not None:
            failures.append(record["error"])
        elif record.get("evidence"):
            made.append(record)
    confidences = [round(experience.confidence(record["evidence"]), 5) for record in made]
    views = [
        View.of(record["stem"], confidence, record["evidence"])
        for record, confidence in zip(made, confidences, strict=True)
    ]
    odd = odd_views(view for view in views if view)
    rows, deviations = [], defaultdict(list)
    for record, confidence in zip(made, confidences, strict=True):
        stem, evidence = record["stem"], record["evidence"]
        verdict = judge(evidence, confidence, experience, limits, odd.get(stem, ""))
        cutout = next((path for kind, path in record["outputs"].items() if kind.startswith("cutout")), None)
        rows.append(Row(stem, record["input"], confidence, record["area"], verdict, cutout))
        for name, deviation in experience.deviations(evidence).items():
            deviations[name].append(deviation)
    rows.sort(key=lambda row: (DECISIONS.index(row.verdict.decision), row.confidence, row.stem))
    drift = {name: fmean(values) for name, values in deviations.items()}
    return FolderTriage(tuple(rows), drift, tuple(failures))
