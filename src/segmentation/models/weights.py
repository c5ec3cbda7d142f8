"""Weight files: kernels in half precision, and safe reading of files that may come from anyone."""

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import h5py
    import keras


def in_half_precision(array: np.ndarray) -> np.ndarray:
    """Return a kernel as the nearest float16; other arrays, and kernels out of its range, as they are.

    A kernel has several axes. Arrays with one, such as batch statistics, are small and may need the range of
    float32.
    """
    if array.dtype != np.float32 or array.ndim < 2 or np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        return array
    return array.astype(np.float16)


def save_weights(model: "keras.Model", path: Path) -> None:
    """Save the model's weights `in_half_precision`, without the optimizer's state."""
    import h5py

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder) / path.name
        model.save_weights(whole)
        with h5py.File(whole, "r+") as source, h5py.File(path, "w") as target:
            if "optimizer" in source:
                del source["optimizer"]
            source.visititems(lambda name, item: _copy(name, item, target))


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


def _copy(name: str, item: "h5py.Group | h5py.Dataset", target: "h5py.File") -> None:
    if hasattr(item, "dtype"):
        copy = target.create_dataset(name, data=in_half_precision(item[()]))
    else:
        copy = target.require_group(name)
    copy.attrs.update(item.attrs)


def _refuse_links(path: Path) -> None:
    """Refuse links within an HDF5 file: they may lead to other files, or to a pipe that never ends."""
    import h5py

    with h5py.File(path) as file:
        found = file.visititems_links(lambda name, link: None if isinstance(link, h5py.HardLink) else name)
    if found is not None:
        raise ValueError(f"{found} is a link to another place")


def _reason(error: Exception) -> str:
    """Return the last line that is not empty: Keras puts the reason after a summary."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
