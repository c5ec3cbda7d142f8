"""Pairs that are new to a model: what it makes of photos that it was trained on says nothing of others."""

from collections.abc import Sequence
from pathlib import Path

import project  # noqa: F401  (so that the library is found)

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.counting import counted
from segmentation.core.samples import Sample
from segmentation.datasets.discover import discover
from segmentation.datasets.known_photos import KnownPhotos


def unseen(models: Sequence[ModelBundle], folders: Sequence[Path]) -> dict[str, Sample]:
    """Return the pairs of folders that no model was trained on, by ids that differ, and print how many.

    Ends the program where there are none.
    """
    trained_on = [KnownPhotos.trained_on(model) for model in models]
    found = [
        (number, sample) for number, folder in enumerate(folders, 1) for sample in discover(folder).samples
    ]
    new: dict[str, Sample] = {}
    for number, sample in found:
        if not any(sample in known for known in trained_on):
            new[f"{number}/{sample.id}" if sample.id in new else sample.id] = sample
    names = " and ".join(dict.fromkeys(model.name for model in models))
    if not new:
        raise SystemExit(
            f"{', '.join(map(str, folders))}: expected photos that are new to {names}, found "
            f"{counted(len(found), 'photo')} of its training; choose other folders, or another model"
        )
    print(
        f"{counted(len(new), 'photo')} new to {names}; {len(found) - len(new)} of its training are left out"
    )
    return new
