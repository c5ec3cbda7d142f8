"""The fabrics of garments."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fabric:
    """The fabric of a garment: its pattern, its colours (the ground first) and how it reflects light.

    gloss: strength of the highlight; power: its sharpness; crumple: how much it wrinkles.
    """

    pattern: str
    colours: np.ndarray
    gloss: float
    power: float
    crumple: float
    size: float
    key: tuple[int, ...]
