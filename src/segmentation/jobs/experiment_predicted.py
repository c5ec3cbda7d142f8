"""Predicted pairs that a cell of an experiment is trained on as well, in the place of unused ground truth."""

import dataclasses
import shutil
from pathlib import Path

from segmentation.bundle.bundle import load_bundle
from segmentation.config.jobs.pseudo import PseudoOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.errors import DataError
from segmentation.core.files import write_text
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.jobs.context import Context
from segmentation.jobs.experiment_cells import Cell, Place
from segmentation.jobs.pairs import find_pairs
from segmentation.jobs.pseudo import pseudo


def with_predicted(cell: Cell, place: Place, context: Context, *, begun: bool) -> TrainOptions:
    """Return the options of a cell's training, with the pairs that other models predict for it.

    They are of the photos of the first folder that none of these models was trained on or held out, all of
    them, however sure the models are. A training that was `begun` goes on with its pairs. Raises DataError
    where there are no such photos.
    """
    if not cell.predicted_by:
        return cell.training
    output = place.predicted(cell.model)
    if not begun:
        remove_predicted(cell, place)
        _predict(cell, place, context)
    return dataclasses.replace(cell.training, data=(*cell.training.data, output))


def remove_predicted(cell: Cell, place: Place) -> None:
    """Remove the predicted pairs of a cell, copies of photos that nobody needs once it is trained."""
    shutil.rmtree(place.predicted(cell.model), ignore_errors=True)
    _list_of(cell, place).unlink(missing_ok=True)


def _predict(cell: Cell, place: Place, context: Context) -> None:
    models = [load_bundle(place.models / name) for name in cell.predicted_by]
    known = [side(model) for model in models for side in (KnownPhotos.trained_on, KnownPhotos.held_out)]
    samples = find_pairs(models[0], cell.training.data[0], context).samples
    photos = [sample.photo for sample in samples if not any(sample in one for one in known)]
    if not photos:
        raise DataError(
            f"pseudo: expected photos that {', '.join(cell.predicted_by)} have not seen, "
            "found none; give the variant that predicts them a `train_size`"
        )
    listed = _list_of(cell, place)
    write_text(listed, "".join(f"{photo.absolute()}\n" for photo in photos))
    options = PseudoOptions.of(
        files_from=listed,
        output=place.predicted(cell.model),
        model=[str(model.path.absolute()) for model in models],
        min_confidence=0.0,
    )
    if not pseudo(options, context).pairs:
        raise DataError(
            f"pseudo: expected masks from {', '.join(cell.predicted_by)}, received none: it found no garment "
            "in any photo; give the variant that predicts them more epochs"
        )


def _list_of(cell: Cell, place: Place) -> Path:
    return place.predicted(cell.model).with_suffix(".txt")
