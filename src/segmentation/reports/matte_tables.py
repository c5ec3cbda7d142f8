"""The errors of mattes as tables, for a terminal and for a page."""

from rich.console import Console
from rich.table import Table

from segmentation.core.counting import counted
from segmentation.evaluation.matte_figures import MatteEvaluation
from segmentation.metrics.intervals import CONFIDENCE

ERROR_NAMES = {"sad": "SAD", "mse": "MSE", "gradient": "Grad", "connectivity": "Conn"}
"""The usual names of the errors."""

UNITS = "SAD, Grad and Conn in thousands, MSE in thousandths; less is better"

_SCALES = {"mse": 1000.0}


def cells_of(evaluation: MatteEvaluation, region: str) -> list[tuple[str, list[str]]]:
    """Return a row for each matte: its name, the errors in a region, and its times.

    After an error come its interval and, for all but the baseline, its difference from that.
    """
    rows = []
    for matte in evaluation.mattes:
        cells = [_cell(evaluation, matte.name, f"{region}_{error}") for error in ERROR_NAMES]
        rows.append((matte.name, [*cells, f"{matte.seconds:.2f}\nCPU {matte.cpu_seconds:.2f}"]))
    return rows


def print_mattes(evaluation: MatteEvaluation, console: Console) -> None:
    """Print the errors of all mattes in both regions, and the photos on which the last one is worst."""
    photos = counted(evaluation.photos, "photo")
    for region, title in (("band", f"unknown band of {photos}"), ("whole", f"the whole of {photos}")):
        table = Table(title=f"{title}, trimaps: {evaluation.trimaps}", caption=UNITS)
        table.add_column("matte", overflow="fold", min_width=11)
        for heading in (*ERROR_NAMES.values(), "seconds"):
            table.add_column(heading, justify="right")
        for name, cells in cells_of(evaluation, region):
            table.add_row(name, *cells)
        console.print(table)
    if evaluation.photos > 1:
        console.print(
            f"in brackets the {CONFIDENCE:.0%} interval; then how far from {evaluation.baseline.name}, and "
            "the p-value of the paired test",
            soft_wrap=True,
        )
    worst = Table(title=f"worst photos of {evaluation.mattes[-1].name}, unknown band")
    worst.add_column("photo", overflow="fold")
    for heading in ERROR_NAMES.values():
        worst.add_column(heading, justify="right")
    for row in evaluation.worst_first()[:5]:
        worst.add_row(row.id, *(_number(error, getattr(row.band, error)) for error in ERROR_NAMES))
    console.print(worst)


def _cell(evaluation: MatteEvaluation, name: str, figure: str) -> str:
    error = figure.partition("_")[2]
    matte = next(matte for matte in evaluation.mattes if matte.name == name)
    lines = [_number(error, matte.mean(figure))]
    if interval := matte.intervals.get(figure):
        lines.append(f"[{_number(error, interval.low)}, {_number(error, interval.high)}]")
    base = evaluation.baseline
    if matte is not base and (difference := matte.against(base, figure)) and base.mean(figure):
        lines.append(f"{difference.interval.mean / base.mean(figure):+.1%} (p {difference.p_value:.3f})")
    return "\n".join(lines)


def _number(error: str, value: float) -> str:
    return f"{value * _SCALES.get(error, 1):.3f}"
