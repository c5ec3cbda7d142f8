"""The pairs that jobs train on and judge by, with events about those that are left out."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.provenance import data_folder
from segmentation.core.counting import counted
from segmentation.core.errors import BundleError, printable
from segmentation.core.events import Caution, Note, counting
from segmentation.core.samples import Sample
from segmentation.core.workspace import Workspace
from segmentation.datasets.check import Problem
from segmentation.datasets.class_choice import GARMENT
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.same_classes import check_same_classes
from segmentation.evaluation.candidates import trusted_by_all
from segmentation.jobs.context import Context

_MOST_LEFT_OUT = 20  # files that are named one by one


def find_dataset(
    folder: Path,
    context: Context,
    classes: str | Path = GARMENT,
    trained_by: str | None = None,
    *,
    objects: bool = False,
) -> Dataset:
    """Read the pairs of a folder; events name what was left out and why, and the classes.

    `classes` are those to make out of label maps, possibly those of the model `trained_by`; with `objects`
    each value of a mask is one. What the context has is not read again. Raises what `discover` raises.
    """
    tell = context.tell
    dataset = context.datasets.get((folder, str(classes), objects)) or discover(
        folder,
        classes=classes,
        trained_by=trained_by,
        objects=objects,
        on_progress=counting(tell, "reading"),
    )
    tell_left_out(dataset.problems, context, f"; `data data={folder}` shows all")
    if dataset.classes:
        tell(Note(f"{folder}: {dataset.classes}"))
    for note in dataset.notes:
        tell(Caution(note))
    return dataset


def tell_left_out(problems: Sequence[Problem], context: Context, more: str = "") -> None:
    """Name files that cannot be used, and count those beyond the first; `more` says where these are named."""
    for problem in problems[:_MOST_LEFT_OUT]:
        context.tell(Caution(f"left out: {printable(str(problem.path))} {problem.reason}; {problem.remedy}"))
    if others := len(problems[_MOST_LEFT_OUT:]):
        context.tell(Caution(f"left out: {others} more{more}"))


def find_pairs(bundle: ModelBundle, data: Path | None, context: Context) -> Dataset:
    """Read the pairs that a model is judged by, with the classes that it marks.

    They are in `data`, by default the folder that it was trained on. Raises ConfigError for pairs of
    other classes.
    """
    folder = data or trained_on(bundle, context.workspace)
    dataset = find_dataset(folder, context, bundle.classes, bundle.name, objects=bundle.finds_objects)
    known = {bundle.name: bundle.labels, str(dataset.root): dataset.labels}
    check_same_classes(known, "give other `data`")
    _tell_names(bundle, dataset, context)
    return dataset


def _tell_names(bundle: ModelBundle, dataset: Dataset, context: Context) -> None:
    """Tell where names and contents of photos disagree, or names alone must do."""
    photos = KnownPhotos.trained_on(bundle)
    if alike := len(photos.namesakes(dataset.samples)):
        names = counted(alike, "photo has a name", "photos have names")
        context.tell(Note(f"{names} that {bundle.name} was trained on, but other content, and count as new"))
    if any(sample.id in photos.names_alone for sample in dataset.samples):
        context.tell(
            Note(
                f"{bundle.name} is of an earlier version, which did not record the contents of photos: those "
                "that it was trained on are known by their names"
            )
        )


def trusted(
    samples: Sequence[Sample], bundles: Iterable[ModelBundle], dataset: Dataset, context: Context
) -> tuple[Sample, ...]:
    """Return the samples that are `trusted_by_all`, which raises DataError; a Note counts the others."""
    left = trusted_by_all(samples, bundles, dataset)
    if left_out := len(samples) - len(left):
        pairs = counted(left_out, "pair")
        context.tell(Note(f"left out: {pairs} that the training of one of the models excluded"))
    return left


def trained_on(bundle: ModelBundle, workspace: Workspace) -> Path:
    """Return the folder of pairs that a model was trained on. Raises BundleError where none is known."""
    folder = data_folder(bundle, workspace.home)
    if folder is None:
        raise BundleError(f"{bundle.path}: does not record which data it was trained on; name it with `data`")
    if not folder.exists():
        raise BundleError(
            f"{bundle.path}: was trained on {folder}, which is not here; name pairs with `data`"
        )
    return folder
