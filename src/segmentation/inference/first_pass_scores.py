"""Scores to train a second pass on: those of first passes for photos that they were not trained on."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import DataError
from segmentation.core.parallel import OnProgress
from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import MaskFile
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.selection import new_to
from segmentation.images.files import read_photo, write_image
from segmentation.inference.scoring import load_score
from segmentation.preprocessing.second_pass import in_8_bits
from segmentation.scores.augmentation import averaged


def write_first_pass_scores(
    samples: Sequence[Sample],
    first_passes: Sequence[ModelBundle],
    folder: Path,
    on_photo: OnProgress | None = None,
) -> tuple[Sample, ...]:
    """Write first-pass scores of each sample as a picture; return the samples with them.

    They are the mean scores of those of `first_passes` that were not trained on the garment or, where all
    were, not on the photo. A model scores photos that it was trained on better than new ones, so that a
    second pass trained on such scores would trust the first too much. Drawn photos that every model was
    trained on are left out. Raises DataError when that holds for any other photo.
    """
    # float32 on every processor, so that a training learns from the same scores wherever it is repeated
    scorers = [
        (load_score(first, precision="f32")[0], new_to(first, samples), KnownPhotos.trained_on(first))
        for first in first_passes
    ]
    scored, taken = [], set[str]()
    for done, sample in enumerate(samples, start=1):
        held_out = [score for score, new, _ in scorers if sample.id in new]
        held_out = held_out or [score for score, _, trained_on in scorers if sample not in trained_on]
        if held_out:
            scores = averaged(held_out)(read_photo(sample.photo))
            path = folder / f"{_unused(sample.id, taken)}.png"
            write_image(path, in_8_bits(scores)[..., 0], mostly_empty=True)
            scored.append(dataclasses.replace(sample, first_scores=MaskFile(path)))
        elif sample.origin != "synthetic":
            names = ", ".join(first.name for first in first_passes)
            raise DataError(
                f"`second_pass`: expected a model that was not trained on {sample.id}, received {names}; "
                "train the first pass on folds (`folds=3 fold=1`, 2 and 3) and name those models too"
            )
        if on_photo:
            on_photo(done, len(samples))
    return tuple(scored)


def _unused(name: str, taken: set[str]) -> str:
    """Return the name, lengthened where another has it already, on disks that ignore case as well."""
    while name.casefold() in taken:
        name += "~"
    taken.add(name.casefold())
    return name
