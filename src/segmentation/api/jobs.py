"""The jobs as functions, with options as keyword arguments."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.api.events import warn
from segmentation.api.names import as_text
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.events import Tell
from segmentation.core.imports import import_keras_quietly
from segmentation.core.workspace import Workspace
from segmentation.jobs.context import Context

if TYPE_CHECKING:
    from segmentation.datasets.discover import Dataset
    from segmentation.jobs.evaluate import Evaluated
    from segmentation.jobs.evaluate_mattes import EvaluatedMattes
    from segmentation.jobs.predict import FolderPrediction
    from segmentation.jobs.trained import Trained

Folder = str | os.PathLike[str]

_MODELS = ("model", "second_pass")  # options


def predict_folder(
    input: Folder,
    *,
    home: Folder = "",
    tell: Tell = warn,
    stop: Callable[[], bool] | None = None,
    **options: Any,
) -> "FolderPrediction":
    """Return the results of a folder as they are made; nothing is done until you iterate, or call `run()`.

        for result in segmentation.predict_folder("photos", save=True):
            print(result.input, result.decision, result.error)

        done = segmentation.predict_folder("photos", save=True).run()
        print(done.tally.made, "made,", done.tally.failed, "failed, in", done.output)

    Every photo of the folder and its subfolders is predicted, or one file. A result has the path of the photo
    (`input`), the files that were written (`outputs`), `area`, `confidence`, `decision`, `reasons`, `notes`,
    and `error` where the photo failed; the others go on. With `save=True` files are written, and photos that
    an earlier call has done are skipped. Afterwards the object that was returned has the `tally` of all
    photos, the `output` folder and the `triage`.

    Args:
        input: a folder of photos, or one photo.
        home: the working folder, with the models and the results; by default the current one.
        tell: called with each event; by default cautions become Python warnings.
        stop: once it returns true, the current photos are finished and no others are begun.
        options: those of the command `predict` by name: `model`, `save`, `output`, `format`, `tta`, `workers`
            and others, as values or as the texts of the command line.

    Raises ConfigError for options that do not exist, do not fit each other or the model, BundleError for a
    model that is missing, and DataError for an input without photos, and while iterating when nothing more
    can be written.
    """
    from segmentation.jobs.predict import FolderPrediction

    return FolderPrediction(PredictOptions.of(input=input, **_named(options)), _context(home, tell, stop))


def train(
    *, home: Folder = "", tell: Tell = warn, stop: Callable[[], bool] | None = None, **options: Any
) -> "Trained":
    """Train a model and write it into the folder `models` of `home`. Needs the extra `train`.

        segmentation.train(data="pairs", preset="studio", name="shoes")

    `options` are those of the command `train` by name; `home`, `tell` and `stop` are as for `predict_folder`.
    Returns the `bundle` that was written, and whether the run was `interrupted`.

    Raises MissingExtraError where Keras is not installed, ConfigError for options that do not exist or do not
    fit each other, DataError for pairs that cannot be used, and TrainingError for a run that cannot go on.
    """
    import_keras_quietly()
    from segmentation.jobs.train import train as run

    return run(TrainOptions.of(**_named(options)), _context(home, tell, stop))


def evaluate(
    *, home: Folder = "", tell: Tell = warn, stop: Callable[[], bool] | None = None, **options: Any
) -> "Evaluated | EvaluatedMattes":
    """Score a model at the photos' own resolution and write the report of `eval`.

        segmentation.evaluate(model="shoes", data="pairs", split="all")

    `options` are those of the command `eval` by name; `home`, `tell` and `stop` are as for `predict_folder`.
    Returns the figures and the folder of the report; for mattes (`matte`) the usual error measures.

    Raises ConfigError for options that do not exist or do not fit each other, BundleError for a model that is
    missing, and DataError for pairs that cannot be used.
    """
    from segmentation.jobs.evaluate import evaluate as run

    return run(EvaluateOptions.of(**_named(options)), _context(home, tell, stop))


def find_dataset(
    folder: Folder, *, classes: str = "garment", check: bool = True, objects: bool = False
) -> "Dataset":
    """Read a folder of pairs: its usable `samples`, and the `problems` of what was left out.

        pairs = segmentation.find_dataset("pairs")
        print(len(pairs.samples), "pairs,", len(pairs.problems), "problems")

    Args:
        folder: with `images` and `cutouts`, `masks` or `labels`, or in another layout that is understood.
        classes: those to make out of label maps: "garment" (all clothing as one), "foreground" (whatever is
            not background, as one), "all", the name of a group of classes, or the path of a JSON file of
            groups.
        check: False reads headers only, so that damaged files and identical photos stay unnoticed.
        objects: True takes each value of a mask for an object of its own.

    Raises DataError for a folder that is absent or has no usable pair, and for classes that it does not have.
    """
    from segmentation.datasets.discover import discover

    return discover(Path(folder), classes=classes, check=check, objects=objects)


def _context(home: Folder, tell: Tell, stop: Callable[[], bool] | None) -> Context:
    return Context(Workspace(Path(home)), tell, stop or _never)


def _named(options: dict[str, Any]) -> dict[str, Any]:
    """Return options with the paths of models as texts."""
    return {name: as_text(value) if name in _MODELS else value for name, value in options.items()}


def _never() -> bool:
    return False
