"""The content of a folder of pairs as tables on a terminal."""

from collections.abc import Iterable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from rich.text import Text

from segmentation.config.scoring import CHANNELS
from segmentation.core.counting import counted
from segmentation.core.errors import printable
from segmentation.core.labels import BINARY, IGNORED, LabelMap
from segmentation.datasets.check import Problem
from segmentation.datasets.class_choice import ClassChoice
from segmentation.datasets.class_statistics import ClassStatistics
from segmentation.datasets.contrast import FAINT
from segmentation.datasets.summary import Summary

_MOST_LINES = 12  # rows of viewpoints or resolutions; street photos have hundreds


def print_summary(
    summary: Summary,
    problems: Iterable[Problem],
    console: Console,
    root: Path = Path(),
    labels: LabelMap = BINARY,
) -> None:
    """Print the figures as tables; the paths of the problems are shown relative to `root`."""
    console.print(_figures(summary, labels))
    problems = tuple(problems)
    if not problems:
        console.print(f"No problems found: every photo has its {labels.task.truth}.")
        return
    title = "1 problem: this file is" if len(problems) == 1 else f"{len(problems)} problems: these files are"
    table = Table(title=f"{title} left out", title_justify="left")
    table.add_column("file", overflow="fold")
    table.add_column("problem", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for problem in problems:
        path = problem.path.relative_to(root) if problem.path.is_relative_to(root) else problem.path
        table.add_row(str(path), problem.reason, problem.remedy)
    console.print(table)


def print_classes(statistics: ClassStatistics, choice: ClassChoice, photos: int, console: Console) -> None:
    """Print a row for each class: colour, names in the label maps, share of the pixels, photos."""
    labels = choice.labels
    table = Table(
        title=f"{len(labels.names)} classes in {counted(photos, 'photo')} to train on", title_justify="left"
    )
    table.add_column("class", overflow="fold")
    members = [choice.members(index) for index in range(len(labels.names))]
    grouped = any(len(names) > 1 for names in members)
    if grouped:
        table.add_column("in the label maps", overflow="fold")
    for heading in ("pixels", "share", "photos"):
        table.add_column(heading, justify="right")
    rows = zip(
        labels.names,
        labels.colours,
        members,
        statistics.pixels,
        statistics.shares,
        statistics.photos,
        strict=True,
    )
    for name, colour, names, pixels, share, count in rows:
        named = Text.assemble(("  ", f"on rgb({','.join(map(str, colour))})"), " ", name)
        cells = [named, Text(", ".join(names))] if grouped else [named]
        table.add_row(*cells, f"{pixels:,}", f"{share:.3%}", str(count))
    console.print(table)
    ignored = ", ".join(choice.members(IGNORED))
    if ignored:
        plural = "" if statistics.ignored == 1 else "s"
        console.print(Text(f"ignored: {statistics.ignored:,} pixel{plural} ({ignored})"))


def _figures(summary: Summary, labels: LabelMap) -> Table:
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("photos", str(summary.photos))
    table.add_row(f"{labels.task.truth}s", str(summary.cutouts))
    table.add_row("usable pairs", str(summary.pairs))
    if summary.train is not None:
        table.add_row("train / val", f"{summary.train} / {summary.val}")
    table.add_row(f"{labels.task.group}s", str(summary.garments))
    table.add_row("viewpoints", _counts(summary.views, unnamed="not in the name"))
    table.add_row("resolutions", _counts(summary.resolutions))
    area = summary.area
    table.add_row(
        printable(labels.task.area_words),
        f"{area.min:.1%} to {area.max:.1%} of the frame, median {area.median:.1%}, mean {area.mean:.1%}",
    )
    table.add_row("mean of R, G, B", ", ".join(f"{value:.1f}" for value in summary.mean))
    table.add_row("std of R, G, B", ", ".join(f"{value:.1f}" for value in summary.std))
    if contrasts := [one.contrast for one in summary.each if one.contrast]:
        table.add_row("outline contrast", "\n".join(_contrast(name, contrasts) for name in CHANNELS))
    return table


def _counts(counts: dict[str, int], unnamed: str = "") -> str:
    named = [f"{name or unnamed}: {count}" for name, count in list(counts.items())[:_MOST_LINES]]
    others = len(counts) - len(named)
    return "\n".join([*named, f"and {others} more"] if others else named)


def _contrast(name: str, contrasts: list[dict[str, float]]) -> str:
    levels = [contrast[name] for contrast in contrasts]
    faint = sum(level < FAINT for level in levels)
    return f"{name}: {median(levels):.0f} levels in the median, {counted(faint, 'photo')} below {FAINT:.0f}"
