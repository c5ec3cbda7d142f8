"""The files of an evaluation: figures as JSON and CSV, and the HTML report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from segmentation.core.files import write_text
from segmentation.core.tables import write_csv
from segmentation.core.types import LabelMap, Sample, ScoreFn
from segmentation.evaluation.image_row import ImageRow
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.evaluation.set_figures import Evaluation
from segmentation.reports.class_report import ClassReport
from segmentation.reports.cutout_report import CutoutReport

if TYPE_CHECKING:
    from segmentation.evaluation.robustness import Robustness


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

    def render(
        self, pictures: Mapping[str, Any], model_name: str, provenance: Mapping[str, object]
    ) -> str: ...


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
    head as it is. `averaged`, the digests of models whose scores were averaged, by name, is
    `models` in metrics.json. `robustness` has a section, and robustness.json and .csv. Raises as `evaluate`
    does.
    """
    folder = Path(folder)
    report = _report(evaluation, target_threshold, robustness)
    for name in {*ClassReport.tables, *CutoutReport.tables} - {*report.tables}:
        (folder / name).unlink(missing_ok=True)  # of an earlier model of this name
    figures = evaluation.summary() | ({"models": dict(averaged)} if averaged else {}) | report.figures()
    write_text(folder / "metrics.json", json.dumps(figures, indent=2) + "\n")
    write_csv(folder / "per_image.csv", _by_photo(evaluation, report.columns()))
    report.write_tables(folder)
    pictures = _draw(report, evaluation, score, {sample.id: sample for sample in samples}, report_images)
    write_text(folder / "report.html", report.render(pictures, model_name, provenance or {}))


def _report(evaluation: Evaluation, target_threshold: float, robustness: "Robustness | None") -> Report:
    if evaluation.classes:
        return ClassReport(evaluation, evaluation.classes)
    assert evaluation.search is not None  # of a cutout
    return CutoutReport(evaluation, evaluation.search, target_threshold, robustness)


def _by_photo(evaluation: Evaluation, columns: Mapping[str, Sequence[object]]) -> list[list[object]]:
    """The heading and a row for each photo, worst first."""
    heading = [*(field.name for field in fields(ImageRow)), *columns]
    others = {
        row.id: [column[place] for column in columns.values()] for place, row in enumerate(evaluation.rows)
    }
    return [heading, *([*asdict(row).values(), *others[row.id]] for row in evaluation.worst_first)]


def _draw(
    report: Report, evaluation: Evaluation, score: ScoreFn, samples: Mapping[str, Sample], count: int
) -> dict[str, Any]:
    """Pictures of the worst photos, by id."""
    pictures = {}
    for row in evaluation.worst_first[:count]:
        image, truth = read_pair(samples[row.id])
        scores, _ = score_photo(score, image, samples[row.id], report.labels)
        predicted = report.labels.classify(scores, evaluation.threshold)
        pictures[row.id] = report.draw(image, truth, predicted)
    return pictures
