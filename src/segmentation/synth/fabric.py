"""What a garment is made of."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fabric:
    """What a garment is made of: its pattern, its colours (the ground first) and how it reflects light.

    gloss: strength of the highlight; power: its sharpness; crumple: how much it wrinkles.
    """

    pattern: str
    colours: np.ndarray
    gloss: float
    power: float
    crumple: float
    size: float
    key: tuple[int, ...]
