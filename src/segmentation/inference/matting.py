"""Mattes: what finds the alpha of a photo in the unknown band of a trimap."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle
from segmentation.config.files import MatteOptions
from segmentation.config.scoring import ScoringOptions
from segmentation.core.errors import ConfigError
from segmentation.core.predictions import Prediction
from segmentation.images.boxes import box_around
from segmentation.images.refinement import METHODS, ensure_available, refine
from segmentation.images.trimaps import FROM_SCORES, UNKNOWN, ensure_band_available
from segmentation.inference.engines import load_engine
from segmentation.preprocessing.matting import TRIMAP_CHANNEL, with_trimap
from segmentation.scores.tiles import Tiling, padded, tiled

OVERLAP = 0.125
"""The share of its side that a tile has in common with the next at least."""

CERTAIN = 0.01
"""Scores of a network that are this close to 0 or 1 are taken for 0 or 1, and those between are stretched.

What is only just visible is seen as haze on a new background. The width is that of the smallest error on the
photos that four networks were trained on.
"""

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


def matte_bundles(name: str, models_folder: Path) -> tuple[ModelBundle, ...]:
    """Return the models that a name stands for, several with + between them; none for a method.

    Raises ConfigError for a model that is no matte, and what `find_bundle` raises.
    """
    if is_classical(name):
        return ()
    bundles = tuple(find_bundle(part, models_folder) for part in name.split("+"))
    for bundle in bundles:
        if not bundle.matte:
            raise ConfigError(
                f"`matte`: expected a model of `train target=alpha` or one of {', '.join(METHODS)}, received "
                f"{bundle.name}, which makes masks; choose another"
            )
    return bundles


def mean_of(mattes: Sequence[Matte]) -> Matte:
    """Return the mean of several mattes."""
    if len(mattes) == 1:
        return mattes[0]

    def mean(photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        found = np.mean([matte(photo, alpha, trimap) for matte in mattes], axis=0)
        return np.round(found).astype(alpha.dtype)

    return mean


@dataclass(frozen=True)
class MattePass:
    """A matte as the last pass of a cutout.

    `band` names the way of `FROM_SCORES` from scores to a trimap, and `width` is that of its band; `settings`
    are what decides the alphas, as plain JSON.
    """

    matte: Matte
    band: str
    width: float
    settings: Mapping[str, object]

    def __call__(self, photo: np.ndarray, alpha: np.ndarray, prediction: Prediction) -> np.ndarray:
        """Return an alpha, uint8 or uint16 [H, W], that is found again wherever its photo leaves it open."""
        known = self.trimap(photo, prediction)
        return self.matte(photo, alpha, known)

    def trimap(self, photo: np.ndarray, prediction: Prediction) -> np.ndarray:
        """Return where a prediction leaves the alpha of its photo open: uint8 [H, W]."""
        return FROM_SCORES[self.band](photo, prediction.scores[..., 0], prediction.threshold, self.width)


def load_matte_pass(
    options: MatteOptions, models_folder: Path, scoring: ScoringOptions, *, streams: int = 1
) -> MattePass | None:
    """Return the last pass that the options ask for, ready for `streams` photos at once; None for none.

    Raises what `matte_bundles` and `load_matte` raise, and MissingExtraError for packages that are missing.
    """
    name = options.matte
    if name is None:
        return None
    ensure_band_available(options.matte_band)
    bundles = matte_bundles(name, models_folder)
    precision = scoring.resolved.precision
    loaded = [
        load_matte(bundle, engine=scoring.engine, precision=precision, streams=streams) for bundle in bundles
    ]
    settings = {
        "matte": [bundle.digest for bundle in bundles] or name,
        "matte_band": options.matte_band,
        "matte_width": options.matte_width,
    }
    matte = mean_of(loaded) if loaded else classical(name)
    return MattePass(matte, options.matte_band, options.matte_width, settings)


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
    score = padded(tiled(network, Tiling(size, OVERLAP), _any_unknown), size)
    margin_px = min(size.height, size.width) // 4

    def matte(photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        part = box_around(trimap == UNKNOWN, margin_px)
        found = alpha.copy()
        if part is not None:
            band = trimap[part] == UNKNOWN
            scores = score(with_trimap(photo[part], trimap[part], prior))[..., 0]
            found[part][band] = np.round(_with_ends(scores[band]) * np.iinfo(alpha.dtype).max)
        return found

    return matte


def _with_ends(scores: np.ndarray) -> np.ndarray:
    return np.clip((scores - CERTAIN) / (1 - 2 * CERTAIN), 0, 1)


def _any_unknown(seen: np.ndarray) -> bool:
    return bool((seen[..., TRIMAP_CHANNEL] == UNKNOWN).any())
