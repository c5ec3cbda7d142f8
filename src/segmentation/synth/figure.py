"""The figure: tone, measures and arms of a random mannequin, as a body of round tubes."""

from dataclasses import dataclass

import numpy as np

from segmentation.synth.paint import jitter, pick, stream
from segmentation.synth.surface import Tube, profile

TONES = {
    "beige": (0.86, 0.70, 0.55),
    "tan": (0.78, 0.58, 0.43),
    "nude": (0.93, 0.79, 0.67),
    "straw": (0.85, 0.74, 0.54),
    "ivory": (0.92, 0.88, 0.79),
    "grey": (0.55, 0.57, 0.59),
    "white": (0.93, 0.93, 0.92),
    "black": (0.10, 0.10, 0.11),
}
TONE_WEIGHTS = {
    "beige": 0.30,
    "tan": 0.16,
    "nude": 0.14,
    "straw": 0.12,
    "ivory": 0.10,
    "grey": 0.09,
    "white": 0.05,
    "black": 0.04,
}
ARM_WEIGHTS = {"sawn": 0.44, "stumps": 0.46, "down": 0.06, "hip": 0.04}


@dataclass(frozen=True)
class Mannequin:
    """One figure: its tone, its measures and its arms; `key` seeds the details of its surface."""

    tone: str
    colour: np.ndarray
    gloss: float
    arms: str
    bust: float
    torso: Tube
    limbs: dict[str, Tube]
    key: tuple[int, ...]


def design_mannequin(key: tuple[int, ...]) -> Mannequin:
    """Design a random mannequin; the same key gives the same figure."""
    rng = stream(*key, 1)
    tone = pick(rng, TONE_WEIGHTS)
    gloss = {"black": 0.55, "white": 0.25, "grey": 0.16}.get(tone, 0.08) * rng.uniform(0.6, 1.5)
    arms = pick(rng, ARM_WEIGHTS)
    slim = rng.uniform(0.95, 1.06)
    bust = rng.uniform(0.6, 1.2)
    limbs = {"neck": _neck(slim), "left leg": _leg(-1, slim), "right leg": _leg(1, slim)}
    for side, name in ((-1, "left arm"), (1, "right arm")):
        if arms != "sawn":
            limbs[name] = _arm(side, arms, slim)
    return Mannequin(tone, jitter(rng, TONES[tone], 0.07), gloss, arms, bust, _torso(slim, bust), limbs, key)


def _torso(slim: float, bust: float) -> Tube:
    y = np.linspace(0.044, 0.480, 220)
    width = profile(
        [
            0.044,
            0.050,
            0.058,
            0.066,
            0.076,
            0.10,
            0.14,
            0.17,
            0.21,
            0.265,
            0.31,
            0.36,
            0.42,
            0.452,
            0.468,
            0.480,
        ],
        [
            0.034,
            0.046,
            0.074,
            0.091,
            0.098,
            0.099,
            0.090,
            0.087,
            0.080,
            0.074,
            0.080,
            0.096,
            0.107,
            0.106,
            0.05,
            0.012,
        ],
        y,
        0.005,
    )
    front = profile(
        [0.044, 0.07, 0.11, 0.165, 0.205, 0.265, 0.34, 0.42, 0.48],
        [0.030, 0.036, 0.044, 0.056 + 0.014 * bust, 0.052, 0.048, 0.058, 0.060, 0.045],
        y,
    )
    back = profile(
        [0.044, 0.08, 0.13, 0.20, 0.265, 0.32, 0.41, 0.45, 0.48],
        [0.030, 0.046, 0.054, 0.048, 0.042, 0.052, 0.080, 0.074, 0.045],
        y,
    )
    return Tube(y, 0 * y, 0 * y, width * slim, front, back)


def _neck(slim: float) -> Tube:
    y = np.linspace(0.0, 0.075, 60)
    width = profile([0, 0.03, 0.045, 0.058, 0.075], [0.033, 0.034, 0.037, 0.05, 0.06], y, 0.004)
    deep = profile([0, 0.035, 0.055, 0.075], [0.029, 0.030, 0.027, 0.012], y, 0.004)
    return Tube(y, 0 * y, 0 * y - 0.002, width * slim, deep, deep)


def _leg(side: int, slim: float) -> Tube:
    y = np.linspace(0.40, 1.0, 240)
    width = profile(
        [0.40, 0.45, 0.50, 0.58, 0.655, 0.69, 0.745, 0.80, 0.88, 0.95, 1.0],
        [0.052, 0.053, 0.0505, 0.042, 0.0325, 0.029, 0.0315, 0.030, 0.022, 0.0172, 0.0185],
        y,
    )
    centre = profile(
        [0.40, 0.43, 0.47, 0.60, 0.70, 0.80, 1.0],
        [0.047, 0.0535, 0.0545, 0.054, 0.052, 0.0525, 0.050],
        y,
        0.006,
    )
    z = profile([0.40, 0.55, 0.69, 0.77, 0.95, 1.0], [-0.004, 0.004, 0.006, -0.006, -0.012, -0.010], y, 0.02)
    return Tube(y, side * centre * slim, z, width * slim, width * 1.06, width * 1.04)


def _arm(side: int, arms: str, slim: float) -> Tube:
    if arms == "stumps":
        y = np.linspace(0.062, 0.131, 60)
        centre = np.interp(y, [0.062, 0.131], [0.082, 0.117])
        width = profile([0.062, 0.067, 0.085, 0.12, 0.131], [0.002, 0.014, 0.027, 0.028, 0.020], y, 0.003)
        return Tube(y, side * centre * slim, 0 * y - 0.004, width, width, width)
    y = np.linspace(0.060, 0.47 if arms == "down" else 0.335, 200)
    width = profile(
        [0.06, 0.085, 0.12, 0.19, 0.26, 0.34, 0.39, 0.42, 0.45, 0.47],
        [0.014, 0.027, 0.028, 0.023, 0.021, 0.016, 0.013, 0.017, 0.014, 0.006],
        y,
        0.006,
    )
    if arms == "down":
        centre = profile([0.06, 0.12, 0.25, 0.40, 0.47], [0.084, 0.112, 0.138, 0.150, 0.153], y, 0.02)
    else:
        centre = profile(
            [0.06, 0.12, 0.225, 0.25, 0.30, 0.335], [0.084, 0.120, 0.186, 0.186, 0.145, 0.108], y, 0.01
        )
        width = profile(
            [0.06, 0.085, 0.12, 0.20, 0.24, 0.30, 0.335],
            [0.014, 0.027, 0.029, 0.027, 0.028, 0.020, 0.011],
            y,
            0.006,
        )
    z = np.interp(y, [0.06, 0.2, 0.47], [-0.004, -0.008, 0.02])
    return Tube(y, side * centre * slim, z, width, width, width)
