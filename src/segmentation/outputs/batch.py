"""The folder job: every photo is predicted and delivered, one failure never stopping the others."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from segmentation.bundle import ModelBundle
from segmentation.errors import SegmentationError
from segmentation.files import write_text
from segmentation.imageio import read_photo
from segmentation.inference.predict import predict
from segmentation.outputs.naming import Photo
from segmentation.types import Prediction, ScoreFn

MANIFEST = "predictions.jsonl"

Deliver = Callable[[Photo, np.ndarray, Prediction], dict[str, str]]
"""Takes a photo, its picture uint8 RGB [H, W, 3] and its prediction; returns the files it wrote, by kind."""


@dataclass(frozen=True)
class Result:
    """A line of the manifest: output paths relative to the output folder, area as a fraction of the photo."""

    input: str
    outputs: dict[str, str] = field(default_factory=dict)
    area: float | None = None
    threshold: float | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None


def run_folder(
    score: ScoreFn, bundle: ModelBundle, photos: Iterable[Photo], threshold: float, deliver: Deliver
) -> Iterator[Result]:
    """Predict each photo, deliver it, and yield its result; a failure yields a result that names it."""
    for photo in photos:
        started = time.perf_counter()
        try:
            image = read_photo(photo.path)
            prediction = predict(score, bundle, photo.stem, image, threshold)
            outputs = deliver(photo, image, prediction)
        except SegmentationError as failure:
            yield Result(str(photo.path), error=str(failure))
            continue
        yield Result(
            str(photo.path),
            outputs,
            round(prediction.area, 6),
            threshold,
            round(time.perf_counter() - started, 4),
            prediction.notes,
        )


def write_manifest(output: Path, results: Iterable[Result]) -> None:
    """Write `predictions.jsonl`, a line a photo."""
    lines = (json.dumps(asdict(result)) + "\n" for result in results)
    write_text(output / MANIFEST, "".join(lines))
