"""Mattes: what finds the alpha of a photo in the unknown band of a trimap."""

from collections.abc import Callable
from functools import partial

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.images.refinement import METHODS, ensure_available, refine

Matte = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""uint8 RGB [H, W, 3], alpha uint8 or uint16 [H, W], trimap uint8 [H, W] -> an alpha like the first.

It is equal to that wherever the trimap is known."""


def classical(method: str) -> Matte:
    """Return a method of `METHODS` as a matte. Raises what `ensure_available` raises."""
    ensure_available(method)
    return partial(refine, method=method)


def is_classical(name: str) -> bool:
    """Return whether a name is that of a method, and not of a model."""
    return name in METHODS


def load_matte(bundle: ModelBundle, *, engine: str = "auto", precision: str = "auto") -> Matte:
    """Return a model as a matte."""
    raise NotImplementedError
