"""The job `learning-curve`: trainings on growing parts of the pairs, and what more of them may bring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from segmentation.confidence.assessment import GOOD_DICE
from segmentation.config.experiment import Experiment, Factor
from segmentation.config.jobs.learning_curve import LearningCurveOptions
from segmentation.core.counting import counted
from segmentation.core.errors import DataError
from segmentation.core.samples import Sample
from segmentation.datasets.split import folds
from segmentation.evaluation.experiment_figures import ExperimentFigures, PhotoFigures, Row
from segmentation.jobs.context import Context
from segmentation.jobs.experiment import run_experiment
from segmentation.jobs.fold_network import network_settings
from segmentation.jobs.interruption import ending
from segmentation.jobs.pairs import find_dataset
from segmentation.metrics.learning_curve import LearningCurve, fit_learning_curve
from segmentation.reports.learning_curve import write_curve

_FEWEST = 3  # photos to train on


@dataclass(frozen=True)
class Curves:
    """The curves of the error, 1 - Dice, and of the shares of photos to review and with a fault."""

    error: LearningCurve
    to_review: LearningCurve
    faulty: LearningCurve


@dataclass(frozen=True)
class Learned:
    """The findings of trainings on up to `trained_on` of all `pairs`; no curves where they were interrupted.

    The curves are over the number of photos that a model is trained on.
    """

    figures: ExperimentFigures
    pairs: int
    trained_on: int
    curves: Curves | None
    output: Path

    def lines(self, more: int) -> list[str]:
        """Return in words what `more` photos are likely to bring to a model trained on all pairs."""
        if self.curves is None:
            return []
        error = self.curves.error
        now, gain = error.error(self.pairs), error.gain(self.pairs, more)
        return [
            f"trainings saw up to {self.trained_on} of {counted(self.pairs, 'photo')} and were judged on the "
            "others; what follows is read off the curve, for a model that is trained on all of them",
            f"with {counted(self.pairs, 'photo')}: Dice {1 - now.mean:.4f} "
            f"({1 - now.high:.4f} to {1 - now.low:.4f}) on new ones",
            f"with {more} more: Dice likely up by {gain.mean:.4f} ({gain.low:.4f} to {gain.high:.4f})",
            f"and of a hundred photos, {self._more(self.curves.to_review, more)} need no review (Dice of "
            f"{GOOD_DICE:g} and more)",
            f"and {self._more(self.curves.faulty, more)} without a fault",
            "the ranges hold four fifths of the curves that fit resampled trainings; photos of another kind "
            "may bring more",
        ]

    def _more(self, share: LearningCurve, more: int) -> str:
        now, gain = share.error(self.pairs), share.gain(self.pairs, more)
        return (
            f"{100 * gain.mean:.0f} more ({100 * gain.low:.0f} to {100 * gain.high:.0f}) beside the "
            f"{100 * (1 - now.mean):.0f} now"
        )


def learning_curve(options: LearningCurveOptions, context: Context) -> Learned:
    """Train on growing parts of the pairs, fit the curves, and write that of the error.

    Goes on with what is there, as `experiment` does. Raises DataError for too few pairs, and what `curves_of`
    and `run_experiment` raise.
    """
    samples = find_dataset(options.data, ending(context)).samples
    sizes = sizes_of(len(folds(samples, options.folds)[0].train), options.steps)
    found = experiment_of_sizes(options, samples, sizes)
    name = options.data.resolve().name
    output = options.output or context.workspace.results / "learning-curve" / name
    done = run_experiment(found, [options.data], output, options.workers, context)
    learned = Learned(done.figures, len(samples), sizes[-1], None, output)
    if done.interrupted:
        return learned
    curves = curves_of(done.figures, sizes)
    errors = {size: _errors(row) for size, row in _by_size(done.figures, sizes).items()}
    write_curve(curves.error, errors, len(samples), options.more, output)
    return replace(learned, curves=curves)


def curves_of(figures: ExperimentFigures, sizes: Sequence[int]) -> Curves:
    """Return the curves over `sizes`, the last one that of the base.

    Raises DataError where all trainings of the base failed, and where too few sizes are left.
    """
    if not figures.base.judged:
        raise DataError(
            f"learning curve: expected trainings on {sizes[-1]} photos, the most, received none that ended; "
            f"{figures.base.words}; mend that, and the same command goes on"
        )
    rows = {size: row for size, row in _by_size(figures, sizes).items() if row.judged}
    return Curves(
        *(
            fit_learning_curve({size: values(row) for size, row in rows.items()})
            for values in (_errors, _to_review, _faulty)
        )
    )


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
    """Return the experiment: the most photos as the base, and as many steps for each smaller number."""
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
    return _means(row, lambda photo: 1 - photo.quality)


def _to_review(row: Row) -> list[float]:
    return _means(row, lambda photo: photo.quality < GOOD_DICE)


def _faulty(row: Row) -> list[float]:
    return _means(row, lambda photo: photo.faults > 0)


def _means(row: Row, measure: Callable[[PhotoFigures], float]) -> list[float]:
    """Return the mean over the photos of each training."""
    return [fmean(map(measure, cell.photos.values())) for cell in row.judged]
