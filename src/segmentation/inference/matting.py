"""Mattes: what finds the alpha of a photo in the unknown band of a trimap."""

from collections.abc import Callable
from functools import partial

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.images.boxes import box_around
from segmentation.images.refinement import METHODS, ensure_available, refine
from segmentation.images.trimaps import UNKNOWN
from segmentation.inference.engines import load_engine
from segmentation.preprocessing.matting import TRIMAP_CHANNEL, at_least, with_trimap
from segmentation.scores.tiles import Tiling, tiled

OVERLAP = 0.125
"""The share of its side that a tile has in common with the next at least."""

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


def load_matte(
    bundle: ModelBundle, *, engine: str = "auto", precision: str = "auto", streams: int = 1
) -> Matte:
    """Return a model of `train target=alpha` as a matte, on an engine as `load_engine` has it.

    It looks at tiles of the photo's own resolution, as large as the network's input, wherever there are
    unknown pixels; the known ones about them are its context. Raises what `load_engine` and
    `ensure_available` raise.
    """
    prior = bundle.config.matte.prior
    if prior != "none":
        ensure_available(prior)
    network = load_engine(bundle, engine=engine, precision=precision, streams=streams)
    size = bundle.input_size
    score = tiled(network, Tiling(size, OVERLAP), _any_unknown)
    margin_px = min(size.height, size.width) // 4

    def matte(photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        part = box_around(trimap == UNKNOWN, margin_px)
        found = alpha.copy()
        if part is not None:
            band = trimap[part] == UNKNOWN
            seen = at_least(with_trimap(photo[part], trimap[part], prior), size)
            scores = score(seen)[: band.shape[0], : band.shape[1], 0]
            found[part][band] = np.round(scores[band] * np.iinfo(alpha.dtype).max)
        return found

    return matte


def _any_unknown(seen: np.ndarray) -> bool:
    return bool((seen[..., TRIMAP_CHANNEL] == UNKNOWN).any())
