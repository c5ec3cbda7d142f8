"""The result of a photo of a folder job, and its line in the manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segmentation.stores.address import located


@dataclass(frozen=True)
class Result:
    """A line of the manifest: output paths relative to the output folder, area as a fraction of the photo.

    `classes` are the shares of the photo of the classes that were found, the largest first, without the
    background; None for a cutout, as `threshold` is where there are classes. `objects` are those that were
    found one by one, best first: class, score, box (left, top, right, bottom) in pixels, area as a fraction
    of the photo, and its files by kind; None for a model that finds none. Where it was asked for,
    `confidence` is the Dice that is expected of the mask, `clean` the probability that it has no fault (where
    the model knows of faults), `likely_faults` the places where one is likely, the most likely first (see
    LikelyFault; None for a model that knows no such places), `decision` is what should become of the photo
    and `reasons` why (see Verdict), and `features` are what they were found from. `stem` is the name of the
    outputs (see Photo); `key` is what they were made from: size, time of change and SHA-256 of the photo's
    file, and the settings. `files` are the records by which each output is recognised (see `record_of`).
    `size` are the width and the height of the photo in pixels, and `promise` the fields of what the decision
    goes by (see Promise; None for one without a promise). `skipped` results leave the line of an earlier run
    as it is, and have what stands there; `kept` and `replaced` are outputs that a person had changed,
    `outdated` what a person made from an earlier photo of this name (see PhotoOutputs), and an `error` is
    `of_system` that may pass though the photo stays as it is (see `system_error`), which no line holds.
    """

    input: str
    stem: str
    outputs: dict[str, str] = field(default_factory=dict)
    area: float | None = None
    threshold: float | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    confidence: float | None = None
    decision: str | None = None
    reasons: tuple[str, ...] = ()
    features: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    of_system: bool = False
    key: dict[str, Any] | None = None
    skipped: bool = False
    classes: dict[str, float] | None = None
    objects: tuple[dict[str, Any], ...] | None = None
    files: dict[str, Any] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    clean: float | None = None
    likely_faults: tuple[dict[str, Any], ...] | None = None
    size: tuple[int, int] | None = None
    promise: dict[str, Any] | None = None


def line_of(result: Result) -> dict[str, Any]:
    """Return the fields of a line; the features are called evidence there, as in every manifest so far."""
    plain = {**vars(result), "input": located(result.input)}
    for name in ("skipped", "kept", "replaced", "outdated", "of_system"):
        del plain[name]
    for name in ("objects", "clean", "likely_faults", "size", "promise"):
        if plain[name] is None:
            del plain[name]
    return {"evidence" if name == "features" else name: value for name, value in plain.items()}


def result_of_line(plain: Mapping[str, Any]) -> Result:
    """Return the result that a line was made from; lines of earlier versions tell less of it."""
    recorded: dict[str, Any] = {
        "features" if name == "evidence" else name: tuple(value) if isinstance(value, list) else value
        for name, value in plain.items()
    }
    return Result(**{one.name: recorded[one.name] for one in fields(Result) if one.name in recorded})
