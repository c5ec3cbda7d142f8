"""The files of an evaluation: figures as JSON and CSV, and the HTML report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.core.files import write_text
from segmentation.core.tables import write_csv
from segmentation.core.types import BINARY, Sample, ScoreFn
from segmentation.evaluation.image_row import ImageRow
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.evaluation.set_figures import Evaluation
from segmentation.reports import class_report, report

if TYPE_CHECKING:
    from segmentation.evaluation.robustness import Robustness

_OF_CLASSES = ("classes.csv", "confusion.csv")
_OF_CUTOUTS = ("threshold.csv", "robustness.csv", "robustness.json")


def write_evaluation(
    evaluation: Evaluation,
    score: ScoreFn,
    samples: Sequence[Sample],
    folder: Path,
    model_name: str,
    report_images: int = 40,
    *,
    provenance: Mapping[str, object] | None = None,
    averaged: Mapping[str, str] | None = None,
    target_threshold: float = 0.5,
    robustness: "Robustness | None" = None,
) -> None:
    """Write metrics.json, per_image.csv (worst first), threshold.csv and report.html into `folder`.

    Of several classes there are classes.csv and confusion.csv in place of threshold.csv. The worst
    `report_images` photos are scored again for their pictures in the report; `provenance` is shown in its
    head as it is. `averaged`, the digests of models whose scores were averaged by their names, stands in
    metrics.json as `models`. `robustness` gets a section of its own, and robustness.json and .csv. Raises as
    `evaluate` does.
    """
    folder, classes = Path(folder), evaluation.classes
    figures = evaluation.summary() | ({"models": dict(averaged)} if averaged else {})
    if classes:
        figures["classes"] = [asdict(row) for row in classes.rows]
        classes.write(folder)
    for name in _OF_CUTOUTS if classes else _OF_CLASSES:  # of a model that had this name before
        (folder / name).unlink(missing_ok=True)
    write_text(folder / "metrics.json", json.dumps(figures, indent=2) + "\n")
    write_csv(folder / "per_image.csv", _by_photo(evaluation))
    if evaluation.search:
        evaluation.search.write_csv(folder / "threshold.csv")
    if robustness:
        robustness.write(folder)
    labels = classes.labels if classes else BINARY
    by_id, pictures = {sample.id: sample for sample in samples}, {}
    for row in evaluation.worst_first[:report_images]:
        image, truth = read_pair(by_id[row.id])
        scores, _ = score_photo(score, image, by_id[row.id], labels)
        predicted = labels.classify(scores, evaluation.threshold)
        if classes:
            pictures[row.id] = class_report.draw(image, truth, predicted, labels)
        else:
            pictures[row.id] = report.draw(image, truth >= target_threshold * 255, predicted > 0)
    if classes:
        html = class_report.render(evaluation, pictures, model_name, provenance=provenance or {})
    else:
        html = report.render(
            evaluation, pictures, model_name, provenance=provenance or {}, robustness=robustness
        )
    write_text(folder / "report.html", html)


def _by_photo(evaluation: Evaluation) -> list[list[object]]:
    """The heading and a row a photo, worst first; of several classes with the names of those in it."""
    named = {row.id: () for row in evaluation.rows}
    heading = [field.name for field in fields(ImageRow)]
    if evaluation.classes:
        named = dict(zip(named, evaluation.classes.names_present(), strict=True))
        heading += ["classes", "classes_predicted"]
    return [heading, *([*asdict(row).values(), *named[row.id]] for row in evaluation.worst_first)]
