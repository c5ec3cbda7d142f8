"""The line of a hem that is drawn across a garment."""

import numpy as np

from segmentation.compose.figure import Outline
from segmentation.synth.paint import wavy_line


def below(row: float, shape: tuple[int, ...], garment: Outline, rng: np.random.Generator) -> np.ndarray:
    """Return what lies below a slightly curved line, float32 of `shape` [H, W] in 0...1.

    The line crosses the middle of the garment at `row`, in heights of the photo.
    """
    height, width = shape
    left, right = (float(edge[0]) * height for edge in garment.edges_at(np.array([row])))
    across = (np.arange(width) - (left + right) / 2) / max(1.0, (right - left) / 2)
    curve = rng.uniform(-0.05, 0.03) * (np.minimum(across**2, 2) - 1) + rng.normal(0, 0.012) * across
    line = row * height + (right - left) * curve + 0.0006 * height * wavy_line(rng, 7, width)
    soft = max(1.0, height / 1200)
    return np.clip((np.arange(height)[:, None] - line[None]) / soft + 0.5, 0, 1).astype(np.float32)
