"""The columns of a comparison, the same on the terminal, in the report and in Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segmentation.evaluation.compare import Comparison, Figures
from segmentation.evaluation.history import LastQuarter
from segmentation.metrics.intervals import Interval
from segmentation.reports.fault_words import share_text

DASH = "\N{EN DASH}"  # for an unknown figure, and between two

_WHOLE = {
    "pixel_accuracy": "pixel accuracy",
    "mean_iou": "mean IoU",
    "frequency_weighted_iou": "frequency-weighted IoU",
    "mean_dice": "mean Dice",
}


@dataclass(frozen=True)
class Column:
    """A heading and the cell of a model, with an interval below it; `published` figures go here.

    Cells of `words` may be broken into lines.
    """

    heading: str
    cell: Callable[[Figures], str]
    below: Callable[[Figures], str] | None = None
    published: bool = False
    words: bool = False


ARCHITECTURE = Column("architecture", lambda model: model.facts.architecture, words=True)
ENGINE = Column("scored by", lambda model: model.facts.computed_by, words=True)


def quality_columns(comparison: Comparison) -> list[Column]:
    """Return the columns of quality: of classes over all pixels and by photo, of cutouts by photo."""
    boundary = f"boundary F1 ({comparison.tolerance_px:g} px)"
    if comparison.classes:
        whole = [_whole(key, heading) for key, heading in _WHOLE.items()]
        means = {
            "iou": "IoU a photo",
            "accuracy": "pixel accuracy a photo",
            "boundary_f1": f"{boundary} a photo",
        }
        return whole + [_mean(measure, heading) for measure, heading in means.items()]
    return [
        _mean("dice", "Dice", published=True),
        Column("Dice, median", lambda model: f"{model.dice_median:.4f}"),
        Column("Dice, worst", lambda model: f"{model.dice_min:.4f}"),
        _mean("iou", "IoU"),
        _mean("boundary_f1", boundary),
    ]


def fault_columns() -> list[Column]:
    """Return the columns of what is left to mend."""
    return [
        Column(
            "clean photos",
            lambda model: f"{sum(model.by_photo['clean']):.0f} of {len(model.by_photo['clean'])}",
        ),
        _mean("clean", "clean rate"),
        _mean("fault_count", "faults a photo"),
        _mean("largest_fault_share", "largest fault"),
        Column("largest fault of all", lambda model: share_text(max(model.by_photo["largest_fault_share"]))),
    ]


def cost_columns() -> list[Column]:
    """Return the columns of what a model costs in use."""
    return [
        Column("input, px", lambda model: model.facts.input_size, words=True),
        Column("parameters", lambda model: figure_text(model.facts.parameters, ",.0f")),
        Column("GFLOP", lambda model: figure_text(model.facts.gflop, ",.2f")),
        Column("size, MB", lambda model: figure_text(model.facts.megabytes, ",.1f")),
        Column("CPU time of a photo, s", lambda model: figure_text(model.facts.cpu_seconds, ".3f")),
    ]


def training_columns(comparison: Comparison) -> list[Column]:
    """Return the columns of how long a model was trained, and whether that was long enough."""
    columns = [
        Column("epochs", lambda model: figure_text(model.facts.epochs, ".0f")),
        Column("best epoch", lambda model: figure_text(model.facts.best_epoch, ".0f")),
    ]
    if any(model.facts.training_seconds is not None for model in comparison.models):
        columns.append(
            Column("training time, s", lambda model: figure_text(model.facts.training_seconds, ",.0f"))
        )
    return [*columns, Column("flattened, last rise", lambda model: flattened_text(model.last_quarter))]


def threshold_columns(comparison: Comparison) -> list[Column]:
    """Return the column of a cutout's threshold; none for classes."""
    column = Column("threshold", lambda model: f"{model.facts.threshold:.3f}")
    return [] if comparison.classes else [column]


def published_cells(columns: Sequence[Column], value: float) -> list[str]:
    """Return the cells of a published figure: its value in the `published` column, dashes in the others."""
    return [f"{value:.4f}" if column.published else DASH for column in columns]


def flattened_text(last: LastQuarter | None) -> str:
    """Return whether the curve has flattened, and what the last quarter of the epochs added."""
    return f"{'yes' if last.flattened else 'no'}, {signed_text(last.rise)}" if last else DASH


def value_text(measure: str, value: float) -> str:
    """Return a measure as people read it: with four digits, or two, or as a percentage."""
    if measure == "largest_fault_share":
        return share_text(value)
    return f"{value:.{_digits(measure)}f}"


def interval_text(measure: str, interval: Interval) -> str:
    """Return both ends as `value_text` has them and a dash between them: 0.9563 to 0.9811.

    Only a dash stands for an interval of no width, where all photos are equal and resampling says nothing.
    """
    if interval.low == interval.high:
        return DASH
    return DASH.join(value_text(measure, end) for end in (interval.low, interval.high))


def signed_interval_text(interval: Interval, measure: str = "dice") -> str:
    """Return both ends of an interval of differences with their signs; a dash for one of no width."""
    if interval.low == interval.high:
        return DASH
    return f"{signed_text(interval.low, measure)} to {signed_text(interval.high, measure)}"


def signed_text(value: float, measure: str = "dice") -> str:
    """Return a difference in a measure with its sign; what rounds to zero has no sign."""
    digits = _digits(measure)
    return f"{value:+.{digits}f}" if round(value, digits) else f"{0:.{digits}f}"


def probability_text(value: float) -> str:
    """Return a probability with three digits, or "<0.001"."""
    return f"{value:.3f}" if value >= 0.0005 else "<0.001"


def figure_text(value: float | None, form: str) -> str:
    """Return `value` in the format `form`, or a dash where there is none."""
    return DASH if value is None else format(value, form)


def _digits(measure: str) -> int:
    return 2 if measure in ("clean", "fault_count") else 4


def _whole(key: str, heading: str) -> Column:
    return Column(heading, lambda model: f"{model.whole[key]:.4f}", published=key == "mean_iou")


def _mean(measure: str, heading: str, *, published: bool = False) -> Column:
    return Column(
        heading,
        lambda model: value_text(measure, model.means[measure].mean),
        lambda model: interval_text(measure, model.means[measure]),
        published,
    )
