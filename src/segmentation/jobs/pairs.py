"""The pairs that jobs train on and judge by, and what is told of those that are left out."""

from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.provenance import data_folder
from segmentation.core.errors import BundleError
from segmentation.core.events import Caution, Note, counting
from segmentation.core.workspace import Workspace
from segmentation.datasets.class_choice import GARMENT
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.same_classes import check_same_classes
from segmentation.jobs.context import Context

_MOST_LEFT_OUT = 20  # files that are named one by one


def find_dataset(
    folder: Path, context: Context, classes: str | Path = GARMENT, trained_by: str | None = None
) -> Dataset:
    """Return the pairs of a folder; events tell what was left out and why, and which classes there are.

    `classes` is what is made of label maps, which may be what the model called `trained_by` marks.
    """
    tell = context.tell
    dataset = discover(folder, classes=classes, trained_by=trained_by, on_progress=counting(tell, "reading"))
    for problem in dataset.problems[:_MOST_LEFT_OUT]:
        tell(Caution(f"left out: {problem.path} {problem.reason}; {problem.remedy}"))
    if others := len(dataset.problems[_MOST_LEFT_OUT:]):
        tell(Caution(f"left out: {others} more; `data data={folder}` shows all"))
    if dataset.classes:
        tell(Note(f"{folder}: {dataset.classes}"))
    for note in dataset.notes:
        tell(Caution(note))
    return dataset


def find_pairs(bundle: ModelBundle, data: Path | None, context: Context) -> Dataset:
    """Return the pairs that a model is judged by, their classes as the model marks them.

    They are in `data`, by default where it was trained. Raises ConfigError for pairs of other classes.
    """
    folder = data or trained_on(bundle, context.workspace)
    dataset = find_dataset(folder, context, bundle.classes, bundle.name)
    known = {bundle.name: bundle.labels, str(dataset.root): dataset.labels}
    check_same_classes(known, "give other `data`")
    return dataset


def trained_on(bundle: ModelBundle, workspace: Workspace) -> Path:
    """Return the folder of pairs that a model was trained on. Raises BundleError where none is known."""
    folder = data_folder(bundle, workspace.home)
    if folder is None:
        raise BundleError(f"{bundle.path}: does not say which data it was trained on; name it with `data`")
    if not folder.exists():
        raise BundleError(
            f"{bundle.path}: was trained on {folder}, which is not here; name pairs with `data`"
        )
    return folder
