"""The errors of an alpha matte, as alphamatting.com defines them (Rhemann et al. 2009).

Alphas are float32 [H, W] in [0, 1]. A region, bool [H, W], is the part that is judged, as a rule the unknown
band of a trimap; filters and connections see the whole picture all the same. Sums are in thousands, as
everywhere in the field, so that figures of AIM-500 and Composition-1k can stand beside them.
"""

import math
from dataclasses import dataclass, fields

import cv2
import numpy as np

GRADIENT_SIGMA_PX = 1.4
CONNECTIVITY_STEPS = 10
"""The number of levels of alpha at which connections are examined; their distance is 0.1."""

_LEAST_TAIL = 1e-2  # of the derivative's kernel: where it ends
_NO_LOSS = 0.15  # a pixel that is so far above its connected level still counts as connected


@dataclass(frozen=True)
class MatteErrors:
    """The errors of an alpha in a region: 0 is perfect.

    `sad` is the sum of absolute differences, in thousands of pixels; `mse` the mean squared error; `gradient`
    and `connectivity` are sums in thousands.
    """

    sad: float
    mse: float
    gradient: float
    connectivity: float


ERRORS = tuple(field.name for field in fields(MatteErrors))
"""The names of the errors."""


def matte_errors(alpha: np.ndarray, target: np.ndarray, region: np.ndarray | None = None) -> MatteErrors:
    """Return the errors of an alpha against the true one in a region, by default everywhere.

    For an empty region all are 0. Raises ValueError for arrays of other shapes.
    """
    region = np.ones(target.shape, bool) if region is None else region
    if not alpha.shape == target.shape == region.shape:
        raise ValueError(f"expected one shape, received {alpha.shape}, {target.shape} and {region.shape}")
    alpha, target = (np.asarray(values, np.float32) for values in (alpha, target))
    return MatteErrors(
        sad=_thousands(np.abs(alpha - target), region),
        mse=_sum(np.square(alpha - target), region) / (int(np.count_nonzero(region)) or 1),
        gradient=gradient_error(alpha, target, region),
        connectivity=_thousands(_disconnection(alpha, target), region),
    )


def gradient_error(alpha: np.ndarray, target: np.ndarray, region: np.ndarray | None = None) -> float:
    """Return the error `gradient` of `MatteErrors` alone, from float32 [H, W] in [0, 1]."""
    region = np.ones(target.shape, bool) if region is None else region
    return _thousands(np.square(_slope(alpha) - _slope(target)), region)


def _sum(values: np.ndarray, region: np.ndarray) -> float:
    return float(values.sum(where=region, dtype=np.float64))


def _thousands(values: np.ndarray, region: np.ndarray) -> float:
    return _sum(values, region) / 1000


def _slope(alpha: np.ndarray) -> np.ndarray:
    """Return the magnitude of the gradient by derivatives of a Gaussian: float32 [H, W].

    The kernels have the norm 1, as in the code with which the published figures are computed.
    """
    sigma = GRADIENT_SIGMA_PX
    reach = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * _LEAST_TAIL)))
    places = np.arange(-reach, reach + 1)
    bell = np.exp(-(places**2) / (2 * sigma**2))
    slope = -places * bell
    scale = 1 / (np.linalg.norm(bell) * np.linalg.norm(slope))
    across, down = (
        cv2.sepFilter2D(alpha, cv2.CV_32F, horizontal, vertical, borderType=cv2.BORDER_REPLICATE)
        for horizontal, vertical in ((slope * scale, bell), (bell, slope * scale))
    )
    return np.hypot(across, down)


def _disconnection(alpha: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return by how much two alphas differ in how well each pixel is connected to the object: [H, W].

    The object at a level is the largest region in which both alphas reach it; a pixel is connected up to the
    level before the first at which it is not of the object.
    """
    connected = np.ones(alpha.shape, np.float32)
    inside = np.ones(alpha.shape, bool)
    lowest = np.minimum(alpha, target)
    for step in range(1, CONNECTIVITY_STEPS + 1):
        inside_now = _largest_region(lowest >= np.float32(step / CONNECTIVITY_STEPS))
        connected[inside & ~inside_now] = (step - 1) / CONNECTIVITY_STEPS
        inside &= inside_now
    degrees = []
    for one in (alpha, target):
        above = one - connected
        degrees.append(1 - above * (above >= _NO_LOSS))
    return np.abs(degrees[0] - degrees[1])


def _largest_region(mask: np.ndarray) -> np.ndarray:
    """Return the largest region of a mask, whose pixels touch by their sides: bool [H, W]."""
    _, regions, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if len(stats) < 2:
        return np.zeros_like(mask)
    return regions == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
