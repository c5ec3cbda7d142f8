"""A comparison for people: tables on the terminal, comparison.json, and one HTML file with its charts."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.evaluation import plots, report
from segmentation.evaluation.candidates import History
from segmentation.evaluation.compare import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    Comparison,
    Difference,
    Interval,
    Pair,
)
from segmentation.files import write_text

if TYPE_CHECKING:
    from rich.console import Console

DASH = "\N{EN DASH}"  # where a figure is not known, and between two

_FEW = 20  # photos
_WORST, _SHOWN_CHANGES = 15, 3  # photos in the report's list, and in the terminal's


def write_comparison(
    comparison: Comparison, histories: Mapping[str, History], folder: Path, about: Mapping[str, object]
) -> None:
    """Write comparison.json and report.html into `folder`.

    `histories` are those of the models that have one, by name; `about` says how the comparison was made,
    in plain values, and is shown as it is.
    """
    plain = {
        "about": dict(about),
        "confidence": CONFIDENCE,
        "resamples": RESAMPLES,
        "seed": SEED,
        **dataclasses.asdict(comparison),
    }
    write_text(folder / "comparison.json", json.dumps(plain, indent=2) + "\n")
    write_text(folder / "report.html", render(comparison, histories, about))


def render(comparison: Comparison, histories: Mapping[str, History], about: Mapping[str, object]) -> str:
    """The report as one HTML text; see `write_comparison`."""
    differences = {
        "Dice": {pair.model: _edges(pair.dice.interval) for pair in comparison.pairs},
        f"boundary F1 ({comparison.tolerance_px:g} px)": {
            pair.model: _edges(pair.boundary_f1.interval) for pair in comparison.pairs
        },
    }
    curves = {name: history for name, history in histories.items() if history.get("val_dice")}
    dice = {model.name: model.dice_by_photo for model in comparison.models}
    return report.page(
        "compare.html.j2",
        comparison=comparison,
        about=about,
        confidence=f"{CONFIDENCE:.0%}",
        resamples=RESAMPLES,
        worst=comparison.worst_first[:_WORST],
        sorted_chart=report.chart(plots.plot_sorted(dice, comparison.references)),
        difference_chart=report.chart(plots.plot_differences(differences)),
        history_chart=report.chart(plots.plot_histories(curves)) if curves else None,
        without_history=[name for name in dice if name not in curves],
        cautions=cautions(comparison),
        interval=interval_text,
        signed=signed_text,
        signed_interval=signed_interval_text,
        probability=probability_text,
        figure=figure_text,
    )


def print_comparison(comparison: Comparison, console: "Console") -> None:
    """Print the figures of all models, what they cost, and how they differ from the baseline."""
    console.print(_quality(comparison))
    console.print(_cost(comparison))
    console.print(_differences(comparison))
    for pair in comparison.pairs:
        if pair.gains or pair.losses:
            console.print(_changes(pair, comparison.baseline))
    for caution in cautions(comparison):
        console.print(f"note: {caution}", soft_wrap=True)


def cautions(comparison: Comparison) -> list[str]:
    """What stands between these figures and a conclusion, a sentence each."""
    photos, models = len(comparison.photos), comparison.models
    found = []
    chosen = [f"{m.facts.chosen_on} of {photos} for {m.name}" for m in models if m.facts.chosen_on]
    if chosen:
        found.append(
            f"Epoch and threshold were chosen with these photos in sight ({', '.join(chosen)}): expect less "
            "on new ones."
        )
    if photos < _FEW:
        found.append(f"{photos} photos are few for a bootstrap, whose intervals are then too narrow.")
    if comparison.garments < photos:
        found.append(
            f"Some photos show the same garment ({photos} photos, {comparison.garments} in all) and so "
            "resemble each other: the intervals are too narrow and the p-values too low."
        )
    if len(comparison.pairs) > 1:
        found.append("The p-values are not corrected for the number of models that are compared.")
    if len({model.facts.computed_by for model in models}) > 1:
        found.append(
            "The models ran on different engines or precisions, so that their CPU seconds do not compare."
        )
    return found


def interval_text(interval: Interval) -> str:
    """Both ends, four digits: 0.9563 to 0.9811, with a dash."""
    return f"{interval.low:.4f}{DASH}{interval.high:.4f}"


def signed_interval_text(interval: Interval) -> str:
    """Both ends of an interval of differences, four digits with their signs."""
    return f"{signed_text(interval.low)} to {signed_text(interval.high)}"


def signed_text(value: float) -> str:
    """Four digits with a sign; what rounds to nothing has none."""
    return f"{value:+.4f}" if round(value, 4) else "0.0000"


def probability_text(value: float) -> str:
    """Three digits, or that it is lower than they can tell."""
    return f"{value:.3f}" if value >= 0.0005 else "<0.001"


def figure_text(value: float | None, form: str) -> str:
    """`value` in the format `form`, or a dash where there is none."""
    return DASH if value is None else format(value, form)


def _quality(comparison: Comparison) -> object:
    photos, tolerance = len(comparison.photos), f"{comparison.tolerance_px:g} px"
    title = f"{photos} photos, means with {CONFIDENCE:.0%} bootstrap intervals"
    table = _table(title, "model", "Dice", "median", "worst", "IoU", f"boundary F1\n({tolerance})")
    for model in comparison.models:
        table.add_row(
            _text(model.name),
            f"{model.dice.mean:.4f}\n{interval_text(model.dice)}",
            f"{model.dice_median:.4f}",
            f"{model.dice_min:.4f}",
            f"{model.iou.mean:.4f}\n{interval_text(model.iou)}",
            f"{model.boundary_f1.mean:.4f}\n{interval_text(model.boundary_f1)}",
        )
    for name, value in comparison.references.items():
        table.add_row(_text(f"{name}, published"), f"{value:.4f}", *[DASH] * 4)
    return table


def _cost(comparison: Comparison) -> object:
    table = _table("cost", "model", "parameters", "GFLOP", "MB", "CPU s a photo", "epochs", "engine")
    for model in comparison.models:
        facts = model.facts
        table.add_row(
            _text(model.name),
            figure_text(facts.parameters, ",.0f"),
            figure_text(facts.gflop, ".1f"),
            f"{facts.megabytes:.1f}",
            f"{facts.cpu_seconds:.3f}",
            figure_text(facts.epochs, ".0f"),
            facts.computed_by,
        )
    return table


def _differences(comparison: Comparison) -> object:
    title = f"difference from {comparison.baseline}"
    table = _table(title, "model", "mean", f"{CONFIDENCE:.0%} interval", "p", "better/worse/equal")
    for pair in comparison.pairs:
        for measure, difference in (("Dice", pair.dice), ("boundary F1", pair.boundary_f1)):
            table.add_row(_text(f"{pair.model}, {measure}"), *_difference_cells(difference))
    return table


def _difference_cells(difference: Difference) -> Sequence[str]:
    return (
        signed_text(difference.interval.mean),
        signed_interval_text(difference.interval),
        probability_text(difference.p_value),
        f"{difference.better}/{difference.worse}/{difference.equal}",
    )


def _changes(pair: Pair, baseline: str) -> object:
    """The largest gain first, the largest loss last."""
    title = f"{pair.model}: largest gains and losses in Dice"
    table = _table(title, "photo", baseline, pair.model, "difference")
    for change in (*pair.gains[:_SHOWN_CHANGES], *reversed(pair.losses[:_SHOWN_CHANGES])):
        figures = f"{change.baseline:.4f}", f"{change.model:.4f}", signed_text(change.difference)
        table.add_row(_text(change.id), *figures)
    return table


def _table(title: str, first: str, *headings: str) -> object:
    from rich.table import Table

    table = Table(title=_text(title))
    table.add_column(first, overflow="fold")
    for heading in headings:
        table.add_column(_text(heading), justify="right", no_wrap=True)
    return table


def _text(content: str) -> object:
    """A cell that is no markup."""
    from rich.text import Text

    return Text(content)


def _edges(interval: Interval) -> tuple[float, float, float]:
    return interval.mean, interval.low, interval.high
