"""Fabrics: swatches of cloth woven from noise and drawn motifs, at the resolution of the picture.

A swatch is a square of cloth of SWATCH body heights; it repeats by mirroring, so that it has no seams.
"""

import numpy as np
from numpy.typing import ArrayLike

from segmentation.synth.colours import COLOUR_WEIGHTS, COLOURS
from segmentation.synth.fabric import Fabric
from segmentation.synth.paint import clouds, jitter, noise, pick, stream
from segmentation.synth.patterns import PATTERNS

SWATCH = 0.62
FABRIC_WEIGHTS = {
    "plain": 0.29,
    "knit": 0.07,
    "floral": 0.13,
    "abstract": 0.07,
    "animal": 0.03,
    "stripes": 0.07,
    "plaid": 0.06,
    "checks": 0.05,
    "dots": 0.04,
    "ornament": 0.05,
    "lace": 0.06,
    "sheer": 0.03,
    "denim": 0.05,
    "leather": 0.05,
    "quilted": 0.02,
    "satin": 0.03,
}


def design_fabric(
    key: tuple[int, ...], ground: ArrayLike | None = None, pattern: str | None = None
) -> Fabric:
    """Design a random fabric; `ground` (a colour) and `pattern` (a key of FABRIC_WEIGHTS) can be fixed."""
    rng = stream(*key, 21)
    drawn = pick(rng, FABRIC_WEIGHTS)
    pattern = pattern or drawn
    colours = [jitter(rng, COLOURS[pick(rng, COLOUR_WEIGHTS)], 0.12) for _ in range(5)]
    if rng.random() < 0.5:  # a print on white or black is the commonest of all
        colours[1] = jitter(rng, COLOURS["ivory" if np.mean(colours[0]) < 0.45 else "black"], 0.08)
    if abs(np.mean(colours[0]) - np.mean(colours[1])) < 0.14:
        colours[1] = np.clip(colours[1] * 0.4, 0, 1) if np.mean(colours[0]) > 0.4 else 0.5 + 0.5 * colours[1]
    if pattern == "denim":
        colours[0] = jitter(
            rng, [(0.30, 0.45, 0.66), (0.16, 0.24, 0.38), (0.52, 0.66, 0.82)][int(rng.integers(3))], 0.1
        )
    if pattern == "leather" and rng.random() < 0.75:
        colours[0] = jitter(rng, COLOURS[["black", "brown", "burgundy"][int(rng.integers(3))]], 0.1)
    colours = [0.9 * colour + 0.1 * np.mean(colour) for colour in colours]  # dyes are never quite pure
    if ground is not None:
        colours[0] = np.asarray(ground, np.float64)
    gloss = {"leather": 0.34, "satin": 0.30, "quilted": 0.14}.get(pattern, 0.03) * rng.uniform(0.7, 1.4)
    power = {"leather": 26.0, "satin": 10.0}.get(pattern, 6.0)
    crumple = {"leather": 0.9, "satin": 1.3, "knit": 0.6, "denim": 0.8, "quilted": 0.4}.get(pattern, 1.0)
    return Fabric(
        pattern, np.array(colours), gloss, power, crumple * rng.uniform(0.6, 1.5), rng.uniform(0.6, 1.6), key
    )


def weave(fabric: Fabric, scale_px: float) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Weave the swatch at `scale_px` pixels a body height.

    Returns the colour float32 [n, n, 3], the opacity [n, n] in 0...1 or None when nothing shows through,
    and the relief [n, n] in body heights or None when the cloth is flat.
    """
    size = max(24, round(SWATCH * scale_px))
    rng = stream(*fabric.key, 22)
    draw = PATTERNS[fabric.pattern]
    colour, opacity, relief = draw(rng, fabric, size)
    grain = 0.013 * noise(rng, (300, 300), (size, size)) + 0.012 * clouds(rng, (5, 5), (size, size), 2)
    return np.clip(colour * (1 + grain[..., None]), 0, 1).astype(np.float32), opacity, relief
