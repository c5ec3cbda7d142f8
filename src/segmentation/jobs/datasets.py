"""Finding the pairs of a job, and telling whoever watches what was left out of them and why."""

from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.provenance import data_folder
from segmentation.core.errors import BundleError
from segmentation.core.events import Caution, Note, counting
from segmentation.datasets.class_choice import GARMENT
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.same_classes import check_same_classes
from segmentation.jobs.context import Context

_MOST_LEFT_OUT = 20  # files that are named one by one


def find_dataset(
    folder: Path, context: Context, classes: str = GARMENT, learned_by: str | None = None
) -> Dataset:
    """Return the pairs of a folder; tell a Caution for each file that was left out, and a Note of classes.

    `classes` says what is made of label maps: a choice as of the option, or the classes of the model
    `learned_by`. Raises what `discover` raises.
    """
    dataset = discover(
        folder, classes=classes, learned_by=learned_by, on_progress=counting(context.tell, "reading")
    )
    for problem in dataset.problems[:_MOST_LEFT_OUT]:
        context.tell(Caution(f"left out: {problem.path} {problem.reason}; {problem.remedy}"))
    if others := len(dataset.problems[_MOST_LEFT_OUT:]):
        context.tell(Caution(f"left out: {others} more; `data data={folder}` shows all"))
    if dataset.classes:
        context.tell(Note(f"{folder}: {dataset.classes}"))
    for note in dataset.notes:
        context.tell(Caution(note))
    return dataset


def find_pairs(bundle: ModelBundle, data: Path | None, context: Context) -> Dataset:
    """Return the pairs to evaluate a model on, in its classes: those in `data`, or what it was trained on.

    Raises ConfigError for pairs of other classes, and what `trained_from` and `discover` raise.
    """
    dataset = find_dataset(
        data or trained_from(bundle, context.workspace.home), context, bundle.classes, bundle.name
    )
    known = {bundle.name: bundle.labels, str(dataset.root): dataset.labels}
    check_same_classes(known, "give other `data`")
    return dataset


def trained_from(bundle: ModelBundle, home: Path) -> Path:
    """Return the folder of pairs that a model was trained on. Raises BundleError where none is known."""
    folder = data_folder(bundle, home)
    if folder is None:
        raise BundleError(f"{bundle.path}: does not say which data it was trained on; name it with `data`")
    return folder
