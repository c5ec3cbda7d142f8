"""The reference engine: the network as Keras computes it, in float32."""

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import BundleError
from segmentation.core.imports import import_keras_quietly
from segmentation.inference.engines.engine import Network
from segmentation.models import registry
from segmentation.models.weights import load_weights
from segmentation.preprocessing.preprocessing import Preprocessing

if TYPE_CHECKING:
    import keras

_Kept: TypeAlias = "dict[tuple[Path, tuple[int, int, int]], keras.Model]"
_KEPT: ContextVar["_Kept | None"] = ContextVar("kept", default=None)


def keras_network(model: "keras.Model", preprocessing: Preprocessing) -> Network:
    """Return a model as a network behind a lock: Keras scores one photo at a time."""
    lock = threading.Lock()

    def score(prepared: np.ndarray) -> np.ndarray:
        with lock:
            return np.asarray(model.predict_on_batch(preprocessing.normalise(prepared)), np.float32)

    return score


def load_model(bundle: ModelBundle, preprocessing: Preprocessing) -> "keras.Model":
    """Build the bundle's network with its weights: normalised float32 [N, h, w, C] -> [N, h, w, classes].

    The network is built from its configuration; only arrays are read from the bundle. Within
    `keeping_networks` it is the one that was built before. Raises BundleError when the weights are not those
    of the recorded architecture.
    """
    size = preprocessing.input_size
    shape = (size.height, size.width, preprocessing.channels)
    kept = _KEPT.get()
    if kept is None:
        return _build(bundle, shape)
    key = (bundle.weights, shape)
    if key not in kept:
        kept[key] = _build(bundle, shape)
    return kept[key]


@contextlib.contextmanager
def keeping_networks() -> Iterator[None]:
    """Have `load_model` build each network once while the block lasts, in which no weights may change."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def _build(bundle: ModelBundle, shape: tuple[int, int, int]) -> "keras.Model":
    import_keras_quietly()
    model = registry.build(bundle.config.model, shape, classes=len(bundle.labels.names))
    try:
        load_weights(model, bundle.weights)
    except ValueError as error:
        raise BundleError(f"{bundle.weights}: not the weights of {bundle.architecture} ({error})") from error
    return model
