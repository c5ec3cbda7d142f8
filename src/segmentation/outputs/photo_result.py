"""The result of a photo: what was predicted of it, and the files that were made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from segmentation.confidence.verdict import Verdict
from segmentation.core.predictions import Prediction
from segmentation.images.files import Picture
from segmentation.outputs.naming import Photo
from segmentation.outputs.result import Result


@dataclass(frozen=True)
class PhotoOutputs:
    """The files of a photo by kind, and notes on them.

    `files` are the records by which they are recognised (see `record_of`), `kept` are those that a person had
    changed and that stayed, `replaced` those that were saved under another name, `outdated` what a person
    made from an earlier photo of this name.
    """

    outputs: dict[str, str]
    notes: tuple[str, ...] = ()
    files: dict[str, Any] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()


def result_of(
    photo: Photo,
    picture: Picture,
    prediction: Prediction,
    verdict: Verdict | None,
    written: PhotoOutputs,
    seconds: float,
    key: dict[str, Any] | None = None,
) -> Result:
    """Return the result of a photo that was predicted and delivered."""
    figures = _figures(prediction)
    return Result(
        photo.name,
        photo.stem,
        written.outputs,
        round(prediction.area, 6),
        figures.get("threshold"),
        round(seconds, 4),
        (*picture.notes, *prediction.notes, *written.notes),
        None if prediction.confidence is None else round(prediction.confidence, 5),
        verdict.decision if verdict else None,
        verdict.reasons if verdict else (),
        {name: round(value, 6) for name, value in prediction.features.items()},
        key=key,
        classes=figures.get("classes"),
        objects=_objects(prediction, written.outputs),
        files=written.files,
        kept=written.kept,
        replaced=written.replaced,
        outdated=written.outdated,
        clean=prediction.clean,
        likely_faults=_likely(prediction),
        size=prediction.scores.shape[1::-1],
        promise=asdict(verdict.promise) if verdict and verdict.promise else None,
    )


def shares_of(prediction: Prediction) -> dict[str, float]:
    """Return the share of the photo of each class that was found except the background, the largest first."""
    names, indices = prediction.labels.names, prediction.indices
    counts = np.bincount(indices.ravel(), minlength=len(names))
    found = sorted(np.flatnonzero(counts[1:]) + 1, key=lambda index: -counts[index])
    return {names[index]: round(int(counts[index]) / indices.size, 8) for index in found}


def _likely(prediction: Prediction) -> tuple[dict[str, Any], ...] | None:
    likely = prediction.likely_faults
    return None if likely is None else tuple(map(asdict, likely))


def _figures(prediction: Prediction) -> dict[str, Any]:
    """Return what decided a cutout, or the share of each class."""
    if prediction.labels.binary:
        return {"threshold": prediction.threshold}
    return {"classes": shares_of(prediction)}


def _objects(prediction: Prediction, outputs: Mapping[str, str]) -> tuple[dict[str, Any], ...] | None:
    """Return the fields of each object for a line of the manifest; None for a model that finds none."""
    if prediction.objects is None:
        return None
    names, size = prediction.labels.task.index_names, prediction.scores.shape[0] * prediction.scores.shape[1]
    found = []
    for number, one in enumerate(prediction.objects, start=1):
        files = {
            kind.removesuffix(f"-{number}"): output
            for kind, output in outputs.items()
            if kind.endswith(f"-{number}")
        }
        found.append(
            {
                "class": names[one.index],
                "score": round(one.score, 5),
                "box": [round(place, 1) for place in one.corners],
                "area": round(np.count_nonzero(one.scores >= prediction.threshold) / size, 6),
                **files,
            }
        )
    return tuple(found)
