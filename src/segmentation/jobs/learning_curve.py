"""The job `learning-curve`: trainings on growing parts of the pairs, and what more of them may bring."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from segmentation.config.experiment import Experiment, Factor
from segmentation.config.jobs.learning_curve import LearningCurveOptions
from segmentation.core.counting import counted
from segmentation.core.errors import DataError
from segmentation.core.samples import Sample
from segmentation.datasets.split import folds
from segmentation.evaluation.experiment_figures import ExperimentFigures, Row
from segmentation.jobs.context import Context
from segmentation.jobs.experiment import run_experiment
from segmentation.jobs.fold_network import network_settings
from segmentation.jobs.interruption import ending
from segmentation.jobs.pairs import find_dataset
from segmentation.metrics.learning_curve import LearningCurve, fit_learning_curve
from segmentation.reports.learning_curve import write_curve

_FEWEST = 3  # photos to train on


@dataclass(frozen=True)
class Learned:
    """The curves of the error, 1 - Dice, and of the share of photos with a fault.

    They are over the number of training photos; `photos` is that of a model trained on all pairs. Both are
    None where the trainings were interrupted.
    """

    figures: ExperimentFigures
    photos: int
    error: LearningCurve | None
    faulty: LearningCurve | None
    output: Path

    def lines(self, more: int) -> list[str]:
        """Return in words what `more` photos are likely to bring."""
        if self.error is None or self.faulty is None:
            return []
        now, gain, clean = self.error.error(self.photos), self.error.gain(self.photos, more), self.faulty
        repaired = clean.gain(self.photos, more)
        return [
            f"with {counted(self.photos, 'photo')}: Dice {1 - now.mean:.4f} on held-out ones",
            f"with {more} more: Dice likely up by {gain.mean:.4f} ({gain.low:.4f} to {gain.high:.4f})",
            f"and of a hundred photos, {100 * repaired.mean:.0f} more without a fault "
            f"({100 * repaired.low:.0f} to {100 * repaired.high:.0f}), beside "
            f"{100 * (1 - clean.error(self.photos).mean):.0f} now",
            "the ranges hold four fifths of the curves that fit resampled trainings; photos of another kind "
            "may bring more",
        ]


def learning_curve(options: LearningCurveOptions, context: Context) -> Learned:
    """Train on growing parts of the pairs, fit the curve, and write it.

    Goes on with what is there, as `experiment` does. Raises DataError for too few pairs, and what `curves_of`
    and `run_experiment` raise.
    """
    samples = find_dataset(options.data, ending(context)).samples
    photos = len(folds(samples, options.folds)[0].train)
    sizes = sizes_of(photos, options.steps)
    found = experiment_of_sizes(options, samples, sizes)
    name = options.data.resolve().name
    output = options.output or context.workspace.results / "learning-curve" / name
    done = run_experiment(found, [options.data], output, options.workers, context)
    if done.interrupted:
        return Learned(done.figures, photos, None, None, output)
    error, faulty = curves_of(done.figures, sizes)
    rows = _by_size(done.figures, sizes)
    write_curve(error, {size: _errors(row) for size, row in rows.items()}, options.more, output)
    return Learned(done.figures, photos, error, faulty, output)


def curves_of(figures: ExperimentFigures, sizes: Sequence[int]) -> tuple[LearningCurve, LearningCurve]:
    """Return the curves of the error and of the share of faulty photos over `sizes`, the last one all pairs.

    Raises DataError where all trainings with all pairs failed, and where too few sizes are left.
    """
    if not figures.base.judged:
        raise DataError(
            f"learning curve: expected trainings with all {sizes[-1]} photos, received none that ended; "
            f"{figures.base.words}; mend that, and the same command goes on"
        )
    rows = _by_size(figures, sizes)
    error = fit_learning_curve({size: errors for size, row in rows.items() if (errors := _errors(row))})
    faulty = fit_learning_curve({size: shares for size, row in rows.items() if (shares := _faulty(row))})
    return error, faulty


def sizes_of(photos: int, steps: int) -> list[int]:
    """Return sizes, each half of the next, the last one all. Raises DataError if the first is too small."""
    sizes = [photos // 2**step for step in reversed(range(steps))]
    if sizes[0] < _FEWEST:
        raise DataError(
            f"learning curve: expected {_FEWEST * 2 ** (steps - 1)} photos to learn from with {steps} "
            f"`steps`, received {photos}; add pairs, or take fewer `steps`"
        )
    return sizes


def experiment_of_sizes(
    options: LearningCurveOptions, samples: Sequence[Sample], sizes: Sequence[int]
) -> Experiment:
    """Return the experiment: all pairs as the base, a level for each smaller number, with as many steps."""
    *smaller, photos = sizes
    start = {"model": options.network.model} if options.network.model else {}
    levels = {str(size): {"train_size": size, "repeats": round(photos / size)} for size in smaller}
    return Experiment(
        name="learning-curve",
        about=f"What {counted(photos, 'photo')} to learn from bring, and fewer.",
        base={**network_settings(options.network, samples), **start, "epochs": options.epochs},
        factors=(Factor("photos", levels),),
        seeds=(0,),
        folds=options.folds,
    )


def _by_size(figures: ExperimentFigures, sizes: Sequence[int]) -> dict[int, Row]:
    return dict(zip([sizes[-1], *sizes[:-1]], figures.rows, strict=True))


def _errors(row: Row) -> list[float]:
    return [1 - cell.quality for cell in row.judged if cell.quality is not None]


def _faulty(row: Row) -> list[float]:
    return [fmean(bool(one.faults) for one in cell.photos.values()) for cell in row.judged]
