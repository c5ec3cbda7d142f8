"""The figures of an evaluation as tables, for a terminal."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from segmentation.core.counting import counted
from segmentation.core.types import LEAST_SHARE
from segmentation.evaluation.class_figures import ClassFigures
from segmentation.evaluation.set_figures import Evaluation

_NOTHING = "-"


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Print the figures of the whole set, those of each of several classes, and the five worst photos."""
    for table in _summaries(evaluation):
        console.print(table)
    worst = Table(title="worst photos")
    worst.add_column("photo", overflow="fold")
    for heading in ("Dice", "IoU", "boundary F1"):
        worst.add_column(heading, justify="right")
    for row in evaluation.worst_first[:5]:
        worst.add_row(Text(row.id), f"{row.dice:.4f}", f"{row.iou:.4f}", f"{row.boundary_f1:.4f}")
    console.print(worst)
    if evaluation.triage:
        for line in evaluation.triage.lines():
            console.print(line, soft_wrap=True)


def _summaries(evaluation: Evaluation) -> list[Table]:
    if evaluation.classes is None:
        return [_cutout_summary(evaluation)]
    return [_class_summary(evaluation, evaluation.classes), _by_class(evaluation.classes)]


def _cutout_summary(evaluation: Evaluation) -> Table:
    summary, tolerance = evaluation.summary(), f"{evaluation.tolerance_px:g} px"
    return _measures(
        f"{counted(summary['images'], 'photo')} at threshold {summary['threshold']:.3f}",
        {
            "Dice, mean": summary["dice_mean"],
            "Dice, median": summary["dice_median"],
            "Dice, worst": summary["dice_min"],
            "IoU, mean": summary["iou_mean"],
            "accuracy, mean": summary["accuracy_mean"],
            f"boundary IoU ({tolerance}), mean": summary["boundary_iou_mean"],
            f"boundary F1 ({tolerance}), mean": summary["boundary_f1_mean"],
            f"Dice, mean at the best threshold {summary['threshold_best']:.3f}": summary["dice_mean_at_best"],
        },
    )


def _class_summary(evaluation: Evaluation, classes: ClassFigures) -> Table:
    summary = evaluation.summary()
    return _measures(
        f"{counted(summary['images'], 'photo')}, {len(classes.labels.names)} classes",
        {
            "pixel accuracy": summary["pixel_accuracy"],
            "accuracy, mean of the classes": summary["mean_accuracy"],
            "IoU, mean of the classes": summary["mean_iou"],
            "IoU, weighted by pixels": summary["frequency_weighted_iou"],
            "Dice, mean of the classes": summary["mean_dice"],
            "IoU of a photo's classes, mean": summary["iou_mean"],
            f"boundary F1 ({evaluation.tolerance_px:g} px), mean": summary["boundary_f1_mean"],
            "presence of classes in photos, precision": summary["presence_precision"],
            "presence of classes in photos, recall": summary["presence_recall"],
        },
    )


def _measures(title: str, values: dict[str, float]) -> Table:
    table = Table(title=title)
    table.add_column("measure")
    table.add_column("value", justify="right")
    for name, value in values.items():
        table.add_row(name, f"{value:.4f}")
    return table


def _by_class(figures: ClassFigures) -> Table:
    """A row for each class, by its share of the pixels."""
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
