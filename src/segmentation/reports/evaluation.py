"""The files of an evaluation: figures as JSON and CSV, and the HTML report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from segmentation.core.files import write_text
from segmentation.core.labels import LabelMap
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.core.tables import write_csv
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.evaluation.set_figures import Evaluation
from segmentation.metrics.faults import Fault
from segmentation.reports.class_report import ClassReport
from segmentation.reports.cutout_report import CutoutReport
from segmentation.reports.fault_pictures import draw_fault
from segmentation.reports.pictures import Pictures

if TYPE_CHECKING:
    from segmentation.evaluation.robustness import Robustness


OBJECTS = "objects.csv"
RESAMPLED = "objects-resampled.csv"


class Report(Protocol):
    """The part of a report that differs between cutouts and classes.

    `tables` are the names of the files that only this kind writes.
    """

    @property
    def tables(self) -> tuple[str, ...]: ...

    @property
    def labels(self) -> LabelMap: ...

    def figures(self) -> dict[str, Any]: ...

    def columns(self) -> Mapping[str, Sequence[object]]: ...

    def write_tables(self, folder: Path) -> None: ...

    def draw(self, image: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> object: ...

    def render(self, pictures: Pictures, model_name: str, provenance: Mapping[str, object]) -> str: ...


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
    """Write the figures of an evaluation and its report into `folder`.

    They are metrics.json, per_image.csv (worst first), faults.csv (largest first), threshold.csv and
    report.html, and objects.csv and objects-resampled.csv of a model that finds objects. For several classes
    there are classes.csv and confusion.csv in place of threshold.csv. The worst `report_images` photos and
    those of as many faults are scored again for their pictures in the report; `provenance` is shown in its
    head as it is. `averaged`, the digests of models whose scores were averaged, by name, is `models` in
    metrics.json. `robustness` has a section, and robustness.json and .csv. Raises as `evaluate` does.
    """
    folder = Path(folder)
    report = _report(evaluation, target_threshold, robustness)
    for name in {*ClassReport.tables, *CutoutReport.tables} - {*report.tables}:
        (folder / name).unlink(missing_ok=True)  # of an earlier model of this name
    figures = evaluation.summary() | ({"models": dict(averaged)} if averaged else {}) | report.figures()
    write_text(folder / "metrics.json", json.dumps(figures, indent=2) + "\n")
    write_csv(folder / "per_image.csv", _by_photo(evaluation, report.columns()))
    write_csv(folder / "faults.csv", _by_fault(evaluation))
    report.write_tables(folder)
    if evaluation.objects:
        evaluation.objects.write(folder / OBJECTS)
        evaluation.objects.write_resampled(folder / RESAMPLED)
    else:
        for name in (OBJECTS, RESAMPLED):
            (folder / name).unlink(missing_ok=True)
    by_id = {sample.id: sample for sample in samples}
    pictures = _draw(report, evaluation, score, by_id, report_images, target_threshold)
    write_text(folder / "report.html", report.render(pictures, model_name, provenance or {}))


def _report(evaluation: Evaluation, target_threshold: float, robustness: "Robustness | None") -> Report:
    if evaluation.classes:
        return ClassReport(evaluation, evaluation.classes)
    assert evaluation.search is not None  # of a cutout
    return CutoutReport(evaluation, evaluation.search, target_threshold, robustness)


def _by_photo(evaluation: Evaluation, columns: Mapping[str, Sequence[object]]) -> list[list[object]]:
    """Return the heading and a row for each photo, worst first."""
    heading: list[object] = [*evaluation.rows[0].plain(), *columns]
    others = {
        row.id: [column[place] for column in columns.values()] for place, row in enumerate(evaluation.rows)
    }
    return [heading, *([*row.plain().values(), *others[row.id]] for row in evaluation.worst_first)]


def _by_fault(evaluation: Evaluation) -> list[list[object]]:
    """Return the heading and a row for each fault, the largest share of the garment first."""
    heading: list[object] = ["photo", *(field.name for field in fields(Fault))]
    return [heading, *([row.id, *asdict(fault).values()] for row, fault in evaluation.faults)]


def _draw(
    report: Report,
    evaluation: Evaluation,
    score: ScoreFn,
    samples: Mapping[str, Sample],
    count: int,
    target_threshold: float,
) -> Pictures:
    """Draw the worst photos and the largest faults."""
    pictures = Pictures()
    worst = [row.id for row in evaluation.worst_first[:count]]
    largest: dict[str, list[tuple[int, Fault]]] = {}
    for rank, (row, fault) in enumerate(evaluation.faults[:count]):
        largest.setdefault(row.id, []).append((rank, fault))
    close_ups = {}
    for name in dict.fromkeys([*worst, *largest]):
        image, truth = read_pair(samples[name])
        scores, _ = score_photo(score, image, samples[name], report.labels)
        predicted = report.labels.classify(scores, evaluation.threshold)
        if name in worst:
            pictures.photos[name] = report.draw(image, truth, predicted)
        truth = report.labels.task.truth_indices(truth, target_threshold)
        for rank, fault in largest.get(name, ()):
            close_ups[rank] = draw_fault(name, fault, image, truth, predicted, report.labels)
    pictures.faults.extend(close_ups[rank] for rank in sorted(close_ups))
    return pictures
