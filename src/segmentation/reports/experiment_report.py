"""An experiment for people: table.csv, table.md, charts, and one HTML file with all of it."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.core.counting import counted
from segmentation.core.files import write_text
from segmentation.core.tables import write_csv
from segmentation.evaluation.experiment_conclusions import warnings_about
from segmentation.evaluation.experiment_figures import ExperimentFigures
from segmentation.reports import html, plots
from segmentation.reports.experiment_charts import curves_chart, forest_chart, heat_map
from segmentation.reports.experiment_columns import columns_of, has_claims
from segmentation.reports.experiment_tables import csv_rows, markdown

if TYPE_CHECKING:
    from segmentation.reports.plots import Figure

_CHARTS = "charts"  # the folder beside the report


def write_experiment(figures: ExperimentFigures, folder: Path) -> None:
    """Write table.csv, table.md, experiment.html and the charts as PNG files into `folder`.

    Charts that are not drawn this time are removed.
    """
    write_csv(folder / "table.csv", csv_rows(figures))
    write_text(folder / "table.md", markdown(figures))
    charts = {
        "differences": forest_chart(figures),
        "grid": heat_map(figures),
        "curves": curves_chart(figures),
    }
    for name, figure in charts.items():
        path = folder / _CHARTS / f"{name}.png"
        if figure:
            plots.save(figure, path)
        else:
            path.unlink(missing_ok=True)
    write_text(folder / "experiment.html", render(figures, charts))


def render(figures: ExperimentFigures, charts: "dict[str, Figure | None]") -> str:
    """Return the report as one HTML text; `charts` by their names, None for one that is not drawn."""
    return html.page(
        "experiment.html.j2",
        figures=figures,
        experiment=figures.experiment,
        columns=columns_of(figures),
        findings=findings(figures),
        warnings=warnings_about(figures),
        charts={name: html.chart(plots.as_svg(chart)) for name, chart in charts.items() if chart},
    )


def findings(figures: ExperimentFigures) -> list[str]:
    """Return what the table says, in sentences: what is better, what is worse, what could be chance."""
    said = []
    for word in ("better", "worse"):
        rows = [row for row in figures.rows if row.words == word and row.difference]
        rows.sort(key=lambda row: -abs(row.difference.mean) if row.difference else 0)
        if rows:
            shown = ", ".join(f"{row.name} ({row.difference.mean:+.4f})" for row in rows if row.difference)
            said.append(f"{word.capitalize()} than the base, beyond chance: {shown}.")
    same = [row.name for row in figures.rows if row.words.startswith("as good")]
    if same:
        said.append(f"As good as the base, within {figures.experiment.margin:g}: {', '.join(same)}.")
    chance = [row.name for row in figures.rows if "could be chance" in row.words]
    if chance:
        said.append(f"Could be chance, with these repeats: {', '.join(chance)}.")
    if has_claims(figures):
        verdicts = Counter(row.verdict for row in figures.rows if row.verdict)
        counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        if counts:
            said.append(f"Of {counted(verdicts.total(), 'claim')}: {counts}.")
    said += [f"{row.name} {row.words}." for row in figures.rows if any(cell.failure for cell in row.cells)]
    return said
