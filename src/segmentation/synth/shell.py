"""The shell of a garment: the tube of cloth around the body, its edges and its drape."""

import numpy as np

from segmentation.synth.figure import Mannequin
from segmentation.synth.garments import Garment
from segmentation.synth.paint import stream, wavy_line
from segmentation.synth.surface import Tube, profile


def shell(garment: Garment, mannequin: Mannequin) -> Tube:
    """Return the tube of cloth around torso and thighs: close to the body above the waist, hanging below."""
    torso = mannequin.torso
    y = np.linspace(0.02, garment.hem + garment.dip + 0.03, 320)
    hip = torso.half_width.max()
    leg = mannequin.limbs["right leg"]
    width = np.where(y < 0.42, torso.at(y, "half_width"), hip) + garment.ease
    front = np.where(y < 0.42, torso.at(y, "front"), torso.at(0.42, "front")) + 0.8 * garment.ease
    back = np.where(y < 0.42, torso.at(y, "back"), torso.at(0.42, "back")) + 0.8 * garment.ease
    loose = garment.kind in ("tank", "tee", "blouse", "slip dress", "open vest", "closed vest")
    below_bust = (y > 0.17) & (y < 0.42)
    if loose:  # cloth spans the hollow of the waist, more of it the wider the garment is
        span = np.clip((garment.ease - 0.003) / 0.018, 0, 0.9)
        straight = np.interp(y, [0.17, 0.42], [torso.at(0.17, "half_width"), hip]) + garment.ease
        width = np.where(below_bust, (1 - span) * width + span * straight, width)
        front = np.where(below_bust, (1 - span) * front + span * torso.at(0.17, "front"), front)
        back = np.where(below_bust, (1 - span) * back + span * torso.at(0.42, "back"), back)
    start = garment.waist if garment.flare > 0.02 else 0.42
    reach = np.clip((y - start) / max(garment.hem - start, 0.05), 0, 1.2)
    if garment.flare > 0.02:
        at_waist = np.interp(garment.waist, y, width)
        cone = at_waist + (hip + garment.flare - at_waist) * reach**0.85
        width = np.where(y > garment.waist, np.maximum(width, cone), width)
        round_depth = np.interp(garment.waist, y, front) + (0.80 * (hip + garment.flare) - 0.05) * reach**0.85
        front, back = np.maximum(front, round_depth), np.maximum(back, round_depth)
    else:
        width = width + garment.flare * reach
        slack = (1 - 0.12 * reach) if garment.flare < 0 else 1.0
        front, back = front * slack, back * slack
    legs = np.interp(y, leg.y, leg.x + leg.half_width)
    width = np.where(y > 0.42, np.maximum(width, legs + 0.002), width)
    rng = stream(*garment.key, 33)
    ragged = (0.0010 + 0.12 * garment.folds) * wavy_line(
        rng, int(6 + 14 * (garment.hem - garment.top)), len(y)
    )
    width = width + ragged * np.clip((y - garment.top - 0.08) * 12, 0, 1)
    smooth = 0.003
    rows = [profile(y, values, y, smooth) for values in (width, front, back)]
    return Tube(y, 0 * y, 0 * y, *rows)


def hem_line(garment: Garment, phi: np.ndarray) -> np.ndarray:
    """Return y of the lower edge at each angle: the folds lift it, a dip lowers its back, a slit opens it."""
    rng = stream(*garment.key, 31)
    tilt, opening, slit_height = (
        rng.uniform(-0.003, 0.003),
        rng.choice([0.0, np.pi, 0.9]),
        rng.uniform(0.03, 0.09),
    )
    y = garment.hem + tilt * np.sin(phi) + garment.dip * (0.5 - 0.5 * np.cos(phi)) ** 1.4
    y = y - 0.9 * garment.folds * folds(garment, phi)
    if garment.slit and garment.hem > 0.5:
        apart = np.abs(np.angle(np.exp(1j * (phi - opening))))
        y = y - slit_height * np.clip(1 - apart / 0.13, 0, 1) ** 0.7
    return y


def top_line(garment: Garment, phi: np.ndarray) -> np.ndarray:
    """Return y of the upper edge of what has no shoulders: a waistband, or the edge of a strapless dress."""
    y = garment.top + 0 * phi
    if not garment.hung_from_waist:
        y = y + 0.022 * (0.5 - 0.5 * np.cos(phi)) + 0.012 * np.sin(phi) ** 2
        if garment.neckline == "sweetheart":
            y = y - 0.022 * np.exp(-(((np.abs(phi) - 0.62) / 0.36) ** 2)) * (np.cos(phi) > 0)
    return y


def folds(garment: Garment, phi: np.ndarray) -> np.ndarray:
    """Return the height of the drape, about -1...1, at each angle around the hem; periodic."""
    rng = stream(*garment.key, 32)
    count = garment.fold_count
    if garment.pleated:
        saw = (phi / (2 * np.pi) * 2 * round(count)) % 1.0
        return np.where(saw < 0.82, 2 * saw / 0.82 - 1, 1 - 2 * (saw - 0.82) / 0.18)
    waves = 0 * phi
    for _ in range(5):
        repeat, phase, height = (
            round(count * rng.uniform(0.5, 1.6)),
            rng.uniform(0, 6.28),
            rng.uniform(0.3, 0.8),
        )
        waves = waves + height * np.sin(repeat * phi + phase)
    return np.tanh(1.2 * waves)
