"""A comparison as tables of GitHub Markdown, to be pasted into a text."""

from collections.abc import Sequence

from segmentation.evaluation.compare import Comparison
from segmentation.reports.compare_columns import (
    ARCHITECTURE,
    cost_columns,
    fault_columns,
    figure_text,
    published_cells,
    quality_columns,
    training_columns,
)
from segmentation.reports.markdown import escaped, markdown_table


def markdown(comparison: Comparison) -> str:
    """Return a row for each model, then a row for each of several classes with its IoU, the largest first."""
    columns = [
        ARCHITECTURE,
        *cost_columns(),
        *training_columns(comparison),
        *quality_columns(comparison),
        *fault_columns(),
    ]
    rows = [[model.name, *(column.cell(model) for column in columns)] for model in comparison.models]
    for name, value in comparison.references.items():
        rows.append([f"{name} (published)", *published_cells(columns, value)])
    tables = [_table(["model", *(column.heading for column in columns)], rows)]
    if comparison.classes:
        shown = [
            [
                comparison.classes[index],
                f"{comparison.shares[index]:.1%}",
                *(figure_text(model.class_iou[index], ".3f") for model in comparison.models),
            ]
            for index in comparison.largest_class_first
        ]
        tables.append(_table(["class", "share", *(model.name for model in comparison.models)], shown))
    return "\n".join(tables)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return markdown_table(list(map(escaped, headings)), [list(map(escaped, row)) for row in rows])
