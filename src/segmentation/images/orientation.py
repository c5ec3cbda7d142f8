"""The eight ways in which a picture may lie in its file, numbered as EXIF and TIFF do."""

from collections.abc import Callable

import numpy as np

_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: np.rot90(image),
}
LYING_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
"""The orientations whose width is the stored height."""


def turned(image: np.ndarray, orientation: int | None) -> np.ndarray:
    """Turn an array [H, W] or [H, W, C] as its orientation says; an invalid one leaves it as it is."""
    if orientation not in _TURNS:
        return image
    return np.ascontiguousarray(_TURNS[orientation](image))
