"""The figures of an evaluation as tables, for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from segmentation.core.counting import counted
from segmentation.core.labels import LEAST_SHARE
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.object_figures import ObjectFigures
from segmentation.evaluation.set_figures import Evaluation
from segmentation.metrics.intervals import CONFIDENCE
from segmentation.reports.fault_words import figure_text, lines_on_faults, share_text

_NOTHING = "-"


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Print the figures of the whole set, those of each of several classes, and the five worst photos."""
    for table in _summaries(evaluation):
        console.print(table)
    worst = Table(title="worst photos")
    worst.add_column("photo", overflow="fold")
    for heading in ("Dice", "IoU", "boundary F1", "faults", "largest"):
        worst.add_column(heading, justify="right")
    for row in evaluation.worst_first[:5]:
        figures = f"{row.dice:.4f}", f"{row.iou:.4f}", f"{row.boundary_f1:.4f}"
        worst.add_row(Text(row.id), *figures, str(row.fault_count), share_text(row.largest_fault_share))
    console.print(worst)
    if evaluation.objects:
        console.print(_objects(evaluation.objects))
    for line in lines_on_faults(evaluation):
        console.print(line, soft_wrap=True)
    if evaluation.triage:
        for line in evaluation.triage.lines():
            console.print(line, soft_wrap=True)


def _objects(figures: ObjectFigures) -> Table:
    table = Table(title=f"{counted(figures.objects, 'object')}, {figures.found} found", box=box.SIMPLE)
    table.add_column("average precision of")
    for heading in ("AP", "AP50", "AP75", "small", "medium", "large"):
        table.add_column(heading, justify="right")
    by_class = {f"masks of {name}": values for name, values in figures.by_class.items()}
    for of, values in {"masks": figures.masks, "boxes": figures.boxes, **by_class}.items():
        table.add_row(Text(of), *(_NOTHING if value is None else f"{value:.3f}" for value in values.values()))
    return table


def _summaries(evaluation: Evaluation) -> list[Table]:
    if evaluation.classes is None:
        return [_cutout_summary(evaluation)]
    return [_class_summary(evaluation, evaluation.classes), _by_class(evaluation.classes)]


def _cutout_summary(evaluation: Evaluation) -> Table:
    summary, tolerance = evaluation.summary(), f"{evaluation.tolerance_px:g} px"
    return _measures(
        f"{counted(summary['images'], 'photo')} at threshold {summary['threshold']:.3f}",
        summary,
        {
            "Dice, mean": "dice_mean",
            "Dice, median": "dice_median",
            "Dice, worst": "dice_min",
            "IoU, mean": "iou_mean",
            "accuracy, mean": "accuracy_mean",
            f"boundary IoU ({tolerance}), mean": "boundary_iou_mean",
            f"boundary F1 ({tolerance}), mean": "boundary_f1_mean",
            f"Dice, mean at the best threshold {summary['threshold_best']:.3f}": "dice_mean_at_best",
            **_fault_measures(summary),
        },
    )


def _class_summary(evaluation: Evaluation, classes: ClassFigures) -> Table:
    summary = evaluation.summary()
    return _measures(
        f"{counted(summary['images'], 'photo')}, {len(classes.labels.names)} classes",
        summary,
        {
            "pixel accuracy": "pixel_accuracy",
            "accuracy, mean of the classes": "mean_accuracy",
            "IoU, mean of the classes": "mean_iou",
            "IoU, weighted by pixels": "frequency_weighted_iou",
            "Dice, mean of the classes": "mean_dice",
            "IoU of a photo's classes, mean": "iou_mean",
            f"boundary F1 ({evaluation.tolerance_px:g} px), mean": "boundary_f1_mean",
            "presence of classes in photos, precision": "presence_precision",
            "presence of classes in photos, recall": "presence_recall",
            **_fault_measures(summary),
        },
    )


def _fault_measures(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the figures on faults, and their keys."""
    return {
        f"clean rate ({summary['clean_images']} of {counted(summary['images'], 'photo')})": "clean_rate",
        "faults a photo, mean": "faults_mean",
        "largest fault, mean": "largest_fault_share_mean",
        "largest fault of all": "largest_fault_share_max",
    }


def _measures(title: str, summary: Mapping[str, Any], keys: Mapping[str, str]) -> Table:
    """Return a row for each name with the value of its key, and the interval where there is one."""
    table, intervals = Table(title=title), summary["intervals"]
    table.add_column("measure", overflow="fold")
    table.add_column("value", justify="right")
    if intervals:
        table.add_column(f"{CONFIDENCE:.0%} interval", justify="right", no_wrap=True)
    for name, key in keys.items():
        cells = [figure_text(key, summary[key])]
        if intervals:
            cells.append(" to ".join(figure_text(key, end) for end in intervals.get(key, ())))
        table.add_row(name, *cells)
    return table


def _by_class(figures: ClassFigures) -> Table:
    """Return a row for each class, by its share of the pixels."""
    table = Table(
        title="classes by their share of the pixels",
        caption="recall: how much of a class is found; precision: how much of what is marked as it is right; "
        f"marked: photos in which the model marks {LEAST_SHARE:.1%} or more as the class; both: rightly so",
        caption_justify="left",
        box=box.SIMPLE_HEAD,  # ten columns in 80 characters
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    table.add_column("class", overflow="fold")
    for heading in ("share", "IoU", "Dice", "recall", "precision", "photos", "marked", "both"):
        table.add_column(heading, justify="right")
    for row in figures.rows:
        red, green, blue = figures.labels.colours[row.index]
        shares = (row.iou, row.dice, row.recall, row.precision)
        table.add_row(
            Text.assemble(("  ", f"on rgb({red},{green},{blue})"), " ", row.name),
            _NOTHING if row.share is None else f"{row.share:.3%}",
            *(_NOTHING if share is None else f"{share:.3f}" for share in shares),
            *map(str, (row.photos, row.photos_predicted, row.photos_both)),
        )
    return table
