"""Reading weights from a file that may come from anyone."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def load_weights(model: "keras.Model", path: Path) -> None:
    """Load the weights that were saved from the same architecture; nothing of the file is run.

    Raises ValueError with the reason, in one line, when they do not fit, are damaged or are not finite.
    """
    try:
        _refuse_links(path)
        with warnings.catch_warnings(action="ignore"):  # a warning a layer before the one error
            model.load_weights(path)
    except Exception as error:  # whatever a damaged HDF5 file makes its reader raise
        raise ValueError(_reason(error)) from error
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise ValueError("they are not all finite")


def _refuse_links(path: Path) -> None:
    """Refuse links within an HDF5 file: they may lead to other files, or to a pipe that never ends."""
    import h5py

    with h5py.File(path) as file:
        found = file.visititems_links(lambda name, link: None if isinstance(link, h5py.HardLink) else name)
    if found is not None:
        raise ValueError(f"{found} is a link to another place")


def _reason(error: Exception) -> str:
    """The last line that says something: Keras puts the reason behind a summary."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
