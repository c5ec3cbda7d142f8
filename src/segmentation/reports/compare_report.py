"""A comparison for people: comparison.json, table.md, and one HTML file with its charts and pictures."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.core.counting import counted
from segmentation.core.files import write_text
from segmentation.evaluation.compare import MEASURES, Comparison
from segmentation.evaluation.history import FLAT, History
from segmentation.metrics.intervals import CONFIDENCE, RESAMPLES, SEED
from segmentation.reports import compare_charts, html, plots
from segmentation.reports.compare_columns import (
    ARCHITECTURE,
    ENGINE,
    cost_columns,
    fault_columns,
    figure_text,
    probability_text,
    published_cells,
    quality_columns,
    signed_interval_text,
    signed_text,
    threshold_columns,
    training_columns,
    value_text,
)
from segmentation.reports.compare_markdown import markdown
from segmentation.reports.fault_words import definition
from segmentation.reports.gallery import Gallery, gallery_figure
from segmentation.reports.settings import settings_in_words

if TYPE_CHECKING:
    from segmentation.reports.plots import Figure

_CHARTS = "charts"  # the folder beside the report
_FEW = 20  # photos
_WORST = 15  # photos in the report's list


def write_comparison(
    comparison: Comparison,
    histories: Mapping[str, History],
    folder: Path,
    about: Mapping[str, object],
    gallery: Gallery | None = None,
) -> None:
    """Write comparison.json, table.md, report.html and the charts as PNG files into `folder`.

    `histories` are those of the models that have one, by name; `about` says how the comparison was made,
    in plain values, and is shown as it is. Charts that are not drawn this time are removed.
    """
    plain = {
        "about": dict(about),
        "confidence": CONFIDENCE,
        "resamples": RESAMPLES,
        "seed": SEED,
        **dataclasses.asdict(comparison),
    }
    write_text(folder / "comparison.json", json.dumps(plain, indent=2) + "\n")
    write_text(folder / "table.md", markdown(comparison))
    figures = draw_charts(comparison, histories)
    pictures = {**figures, "gallery": gallery_figure(gallery) if gallery else None}
    for name, figure in pictures.items():
        path = folder / _CHARTS / f"{name}.png"
        if figure:
            plots.save(figure, path)
        else:
            path.unlink(missing_ok=True)
    write_text(folder / "report.html", render(comparison, histories, about, figures, gallery))


def draw_charts(comparison: Comparison, histories: Mapping[str, History]) -> "dict[str, Figure | None]":
    """Draw every chart, by the name of its file; None for one without data."""
    known = {model.name: histories.get(model.name, {}) for model in comparison.models}
    classes = bool(comparison.classes)
    return {
        "photos": compare_charts.sorted_chart(comparison),
        "differences": compare_charts.difference_chart(comparison),
        "learning": compare_charts.learning_chart(known, classes=classes),
        "trade-off": compare_charts.trade_off_chart(comparison),
        "classes": compare_charts.class_chart(comparison) if classes else None,
    }


def render(
    comparison: Comparison,
    histories: Mapping[str, History],
    about: Mapping[str, object],
    figures: "Mapping[str, Figure | None]",
    gallery: Gallery | None = None,
) -> str:
    """Return the report as one HTML text; see `write_comparison`, and `draw_charts` for the `figures`."""
    measure = "val_iou" if comparison.classes else "val_dice"
    return html.page(
        "compare.html.j2",
        comparison=comparison,
        about=about,
        confidence=f"{CONFIDENCE:.0%}",
        resamples=RESAMPLES,
        flat=FLAT,
        measures=MEASURES,
        worst=comparison.worst_first[:_WORST],
        quality=[*quality_columns(comparison), *fault_columns()],
        fault_words=definition(comparison.fault_options),
        value=value_text,
        costs=[
            ARCHITECTURE,
            *cost_columns(),
            *training_columns(comparison),
            *threshold_columns(comparison),
            ENGINE,
        ],
        published=published_cells,
        charts={name: html.chart(plots.as_svg(figure)) for name, figure in figures.items() if figure},
        without_history=[
            model.name for model in comparison.models if measure not in histories.get(model.name, ())
        ],
        gallery=gallery,
        picture=html.encode,
        css=html.css,
        settings=settings_in_words,
        cautions=cautions(comparison),
        signed=signed_text,
        signed_interval=signed_interval_text,
        probability=probability_text,
        figure=figure_text,
    )


def cautions(comparison: Comparison) -> list[str]:
    """Return what limits the conclusions from these figures, a sentence each."""
    photos, models = len(comparison.photos), comparison.models
    found = []
    chosen = [f"{m.facts.chosen_on} of {photos} for {m.name}" for m in models if m.facts.chosen_on]
    if chosen:
        choice = "The epoch was" if comparison.classes else "Epoch and threshold were"
        found.append(f"{choice} chosen on these photos ({', '.join(chosen)}): expect less on new ones.")
    rising = [m.name for m in models if m.last_quarter and not m.last_quarter.flattened]
    if rising:
        found.append(
            f"Still improving when the training ended: {', '.join(rising)}; the best figure of the held-out "
            f"photos rose by more than {FLAT:g} over the last quarter of the epochs; more epochs may help."
        )
    slowed = [m.name for m in models if m.last_quarter and m.last_quarter.flattened and m.last_quarter.slowed]
    if slowed:
        found.append(
            f"Flattened as the learning rate fell, as any curve does: {', '.join(slowed)}; a longer training "
            "may help."
        )
    if photos < _FEW:
        found.append(
            f"{counted(photos, 'photo is', 'photos are')} few for a bootstrap, whose "
            "intervals are then too narrow."
        )
    if comparison.garments < photos:
        found.append(
            f"Some photos show the same garment ({counted(photos, 'photo')}, {comparison.garments} in all) "
            "and so resemble each other: the intervals resample whole garments, but the p-values are too low."
        )
    if len(comparison.pairs) > 1:
        found.append("The p-values are not corrected for the number of models that are compared.")
    if len({model.facts.computed_by for model in models}) > 1:
        found.append(
            "The models ran on different engines or precisions, so their CPU seconds cannot be compared."
        )
    return found
