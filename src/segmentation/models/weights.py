"""Weight files: kernels in half precision, and safe reading of files that may come from anyone."""

import io
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segmentation.core.files import write_bytes

if TYPE_CHECKING:
    import h5py
    import keras

_HDF5 = {"file signature not found": "it is no HDF5 file", "truncated file": "its end is missing"}
_SHAPES = re.compile(
    r"variable\.shape=(?P<expected>\([\d, ]*\)), Received: value\.shape=(?P<received>\([\d, ]*\))"
    r".*?path=(?P<name>[\w./-]+)"
)
_LAYER = re.compile(r"could not be loaded\. Example error message for object <\w+ name=(?P<name>[\w./-]+)")
_OBJECT = re.compile(r"<[^<>]*>")  # an object as Python prints it
_LONGEST_REASON = 300


def in_half_precision(array: np.ndarray) -> np.ndarray:
    """Return a kernel as the nearest float16; other arrays, and kernels out of its range, as they are.

    A kernel has several axes. Arrays with one, such as batch statistics, are small and may need the range of
    float32.
    """
    if array.dtype != np.float32 or array.ndim < 2 or np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        return array
    return array.astype(np.float16)


def save_weights(model: "keras.Model", path: Path) -> None:
    """Save the model's weights `in_half_precision`, without the optimizer's state, atomically."""
    import h5py

    content = io.BytesIO()
    with h5py.File(_in_memory(model), "r+") as source, h5py.File(content, "w") as target:
        if "optimizer" in source:
            del source["optimizer"]
        source.visititems(lambda name, item: _copy(name, item, target))
    write_bytes(path, content.getbuffer())


def save_state(model: "keras.Model", path: Path) -> None:
    """Save the model's weights as they are and the optimizer's state, atomically."""
    write_bytes(path, _in_memory(model).getbuffer())


def load_weights(model: "keras.Model", path: Path) -> None:
    """Load the weights that were saved from the same architecture; nothing of the file is run.

    Raises ValueError with the reason, in one line, when they do not fit, are damaged or are not finite.
    """
    try:
        _refuse_links(path)
        with warnings.catch_warnings(action="ignore"):  # one warning for each layer before the one error
            model.load_weights(path)
    except Exception as error:  # a damaged HDF5 file may make its reader raise anything
        raise ValueError(_reason(error)) from error
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise ValueError("they are not all finite")


class _WeightsInMemory(io.BytesIO):
    """A file in memory, with a name by which Keras knows weights.

    HDF5 itself writes no file: it crashes the process when a disk is full.
    """

    def __str__(self) -> str:
        return "in memory.weights.h5"


def _in_memory(model: "keras.Model") -> io.BytesIO:
    content = _WeightsInMemory()
    model.save_weights(content)
    return content


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
    """Return in one line what is wrong with a file of weights, without the objects that Keras prints."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError):
        if error.errno:
            return os.strerror(error.errno).lower()
        known = [words for part, words in _HDF5.items() if part in text]
        return known[0] if known else "it is damaged"
    if shapes := _SHAPES.search(text):
        return f"{shapes['name']}: expected the shape {shapes['expected']}, received {shapes['received']}"
    if layer := _LAYER.search(text):
        return f"those of the layer {layer['name']} are missing, or something else"
    if "Invalid H5 file" in text:
        return "its groups are not those of weights"
    return _OBJECT.sub("something", text)[:_LONGEST_REASON] or type(error).__name__
