"""Tailoring, from the measures of a garment to pieces of cloth: tubes of fabric with outlines cut out."""

from dataclasses import dataclass, replace

import numpy as np

from segmentation.synth.figure import Mannequin
from segmentation.synth.garments import Garment
from segmentation.synth.paint import moved, smooth_line, stream, wavy_line
from segmentation.synth.shell import hem_line, shell, top_line
from segmentation.synth.surface import Pose, Tube, profile

SIDE = np.pi / 2


@dataclass(frozen=True)
class Piece:
    """Cloth on one or several tubes; each panel is an outline [n, 2] of (phi, y) within one half of its tube.

    sleeve: 0 for the main piece, -1 or 1 for the sleeve on that side of the body.
    """

    parts: tuple[tuple[Tube, tuple[np.ndarray, ...]], ...]
    sleeve: int = 0

    def outlines(self, pose: Pose, far: bool = False) -> list[np.ndarray]:
        """Return the polygons, in pixels, which the camera sees; `far`: the side of the cloth turned away."""
        polygons = []
        for tube, panels in self.parts:
            for panel in panels:
                for lap in (-2 * np.pi, 0.0, 2 * np.pi):
                    polygon = tube.project(panel[:, 0] + lap, panel[:, 1], pose, far)
                    if polygon is not None:
                        polygons.append(polygon)
        return polygons


def pieces_of(garment: Garment, mannequin: Mannequin) -> list[Piece]:
    """Cut the pieces of a garment, in the order in which they lie over each other (sleeves last)."""
    if garment.kind in ("trousers", "shorts"):
        return [_trousers(garment, mannequin)]
    tube = shell(garment, mannequin)
    angles = np.linspace(-SIDE, SIDE, 120)
    if garment.hung_from_waist or garment.neckline in ("straight", "sweetheart"):
        panels = [
            _between(top_line(garment, around), hem_line(garment, around), around)
            for around in (angles, angles + np.pi)
        ]
        if garment.straps and not garment.hung_from_waist:
            panels += _straps(garment, mannequin, tube)
        return [Piece(((tube, tuple(panels)),))]
    panels = [
        *_front(garment, mannequin, tube),
        _shouldered(garment, mannequin, tube, garment.neck_back, back=True),
    ]
    main = Piece(((tube, tuple(panels)),))
    return [main, *(_sleeve(garment, mannequin, side) for side in (-1, 1) if garment.sleeve)]


def _between(top: np.ndarray, hem: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Return a panel from its upper edge, left to right, down the side and back along the hem."""
    sides = np.linspace(0, 1, 40)[1:-1]
    right = np.stack([np.full(38, phi[-1]), top[-1] + (hem[-1] - top[-1]) * sides], 1)
    left = np.stack([np.full(38, phi[0]), hem[0] + (top[0] - hem[0]) * sides], 1)
    return np.concatenate([np.stack([phi, top], 1), right, np.stack([phi, hem], 1)[::-1], left])


def _shoulder_y(mannequin: Mannequin, x: float) -> float:
    rising = mannequin.torso.y < 0.095
    return float(np.interp(x, mannequin.torso.half_width[rising], mannequin.torso.y[rising])) - 0.003


def _neck_curve(garment: Garment, mannequin: Mannequin, depth: float, back: bool) -> np.ndarray:
    """Return the right half of the neckline as (x, y): from the middle of the body up to the shoulder."""
    x, shoulder = garment.neck_width, _shoulder_y(mannequin, garment.neck_width)
    low = max(shoulder + depth, shoulder - 0.012)
    t = np.linspace(0, 1, 40)
    if back or garment.neckline in ("round", "keyhole"):
        curve = np.stack([x * np.sin(t * SIDE), low + (shoulder - low) * (1 - np.cos(t * SIDE))], 1)
        if garment.neckline == "keyhole" and not back:
            curve = np.concatenate([[[0, low + 0.045], [0.004, low + 0.02], [0.002, low]], curve[1:]])
        return curve
    if garment.neckline == "v":
        return np.stack([x * t + 0.004 * np.sin(np.pi * t), low + (shoulder - low) * t], 1)
    if garment.neckline == "square":
        return np.array([[0, low], [0.85 * x, low], [0.93 * x, low - 0.004], [x, shoulder]])
    return np.stack([x * t, shoulder + 0.4 * (low - shoulder) * (1 - t**3)], 1)  # boat


def _shouldered(garment: Garment, mannequin: Mannequin, tube: Tube, depth: float, back: bool) -> np.ndarray:
    right = _right_half(garment, mannequin, tube, depth, back)
    middle = np.pi if back else 0.0
    around = np.linspace(SIDE, -SIDE, 120)
    if back:  # angles run the other way at the back, so that both halves keep the same order of corners
        right[:, 0] = np.pi - right[:, 0]
        around = np.pi - around
    hem = np.stack([around, hem_line(garment, around)], 1)
    left = right[::-1].copy()
    left[:, 0] = 2 * middle - left[:, 0]
    return np.concatenate([right, hem, left])


def _right_half(garment: Garment, mannequin: Mannequin, tube: Tube, depth: float, back: bool) -> np.ndarray:
    """Return (phi, y) from the middle of the neckline over shoulder and armhole down the side to the hem."""
    neck = _neck_curve(garment, mannequin, depth, back)
    tip = np.array([garment.shoulder, _shoulder_y(mannequin, garment.shoulder)])
    under_y = 0.150 if not garment.sleeve else 0.135
    under = np.array([tube.at(under_y, "half_width") * 1.001, under_y])
    cut = 0.004 if garment.sleeve else 0.012 + 0.6 * (0.099 - garment.shoulder)
    inner = np.array([min(tip[0], under[0]) - cut, 0.45 * tip[1] + 0.55 * under_y])
    armhole = smooth_line(np.stack([tip, inner, under]), 24)
    line = np.concatenate([neck, tip[None], armhole[1:]])
    phi = np.arcsin(np.clip(line[:, 0] / tube.at(line[:, 1], "half_width"), -1, 1))
    phi[-1] = SIDE
    side_y = np.linspace(under_y, hem_line(garment, np.array([SIDE]))[0], 40)[1:-1]
    return np.concatenate([np.stack([phi, line[:, 1]], 1), np.stack([np.full(38, SIDE), side_y], 1)])


def _front(garment: Garment, mannequin: Mannequin, tube: Tube) -> list[np.ndarray]:
    if not garment.gap:
        return [_shouldered(garment, mannequin, tube, garment.neck_front, back=False)]
    rng = stream(*garment.key, 34)
    halves = []
    for side in (-1, 1):
        right = _right_half(garment, mannequin, tube, garment.neck_front, back=False)
        shoulder_y, gap = right[39, 1], garment.gap * rng.uniform(0.75, 1.2)
        t = np.linspace(0, 1, 60)
        wide = 0.107 * np.sin(gap)
        knots = [
            [0, garment.neck_width],
            [0.2, 0.45 * garment.neck_width + 0.5 * wide],
            [0.6, 0.8 * wide],
            [1, wide],
        ]
        bow = smooth_line(knots, 60)[:, 1] + 0.0015 * wavy_line(rng, 4, 60) * t
        edge_y = shoulder_y + (hem_line(garment, np.array([side * gap]))[0] - shoulder_y) * t
        bow = np.arcsin(np.clip(bow / tube.at(edge_y, "half_width"), 0, 0.98))
        around = np.linspace(SIDE, bow[-1], 60)
        hem = hem_line(garment, side * around)
        edge = np.stack([bow, edge_y], 1)
        half = np.concatenate([right[39:], np.stack([around, hem], 1), edge[::-1]])
        halves.append(half * (side, 1))
    return halves


def _straps(garment: Garment, mannequin: Mannequin, tube: Tube) -> list[np.ndarray]:
    straps = []
    for back in (False, True):
        for side in (-1, 1):
            low_x = 0.052
            low_y = top_line(garment, np.array([np.pi - 0.62 if back else 0.62]))[0] + 0.006
            high = np.array([0.064, _shoulder_y(mannequin, 0.064)])
            line = np.linspace([low_x, low_y], high, 30)
            half = garment.straps / 2
            edge = np.concatenate([moved(line, -half, 0), moved(line, half, 0)[::-1]])
            phi = np.arcsin(np.clip(edge[:, 0] / tube.at(edge[:, 1], "half_width"), -1, 1)) * side
            straps.append(np.stack([np.pi - phi if back else phi, edge[:, 1]], 1))
    return straps


def _sleeve(garment: Garment, mannequin: Mannequin, side: int) -> Piece:
    y = np.linspace(0.054, 0.062 + garment.sleeve + 0.02, 80)
    arm = mannequin.limbs.get("right arm")
    if arm is not None and mannequin.arms != "stumps":
        centre = np.interp(y, arm.y, arm.x)
    else:
        centre = np.interp(y, [0.054, 0.131, 0.25], [0.080, 0.116, 0.150])
    width = profile([0.054, 0.07, 0.12, 0.25], [0.016, 0.029, 0.036, 0.040], y, 0.006) + 0.5 * garment.ease
    tube = Tube(y, side * centre, 0 * y - 0.004, width, 0.95 * width, 0.95 * width)
    angles = np.linspace(-SIDE, SIDE, 50)
    panels = []
    for around in (angles, angles + np.pi):
        end = 0.062 + garment.sleeve + 0.008 * np.sin(around) * -side  # sleeves end across the arm, not level
        panels.append(_between(np.full(50, y[0]), end, around))
    return Piece(((tube, tuple(panels)),), sleeve=side)


def _trousers(garment: Garment, mannequin: Mannequin) -> Piece:
    angles = np.linspace(-SIDE, SIDE, 80)
    seat = shell(replace(garment, hem=0.475, flare=0.0, dip=0.0), mannequin)
    flat = 1 - 0.45 * np.clip((seat.y - 0.415) / 0.06, 0, 1) ** 1.5
    closed = np.clip((seat.y - 0.458) / 0.022, 0, 1) ** 2  # the seat narrows to the crotch
    seat = replace(
        seat,
        half_width=seat.half_width * (1 - 0.85 * closed),
        front=seat.front * flat,
        back=seat.back * flat,
    )
    hips = [
        _between(np.full(80, garment.top), np.full(80, 0.464), around) for around in (angles, angles + np.pi)
    ]
    parts = [(seat, tuple(hips))]
    rng = stream(*garment.key, 35)
    for side, name in ((-1, "left leg"), (1, "right leg")):
        leg = mannequin.limbs[name]
        below = np.clip((leg.y - 0.46) / max(garment.hem - 0.46, 0.05), 0, 1.3)
        room = (
            garment.ease
            + garment.flare * below
            + 0.0009 * wavy_line(rng, 14, len(leg.y)) * np.clip(below * 6, 0, 1)
        )
        outside = np.maximum(leg.half_width + room, 0.026 + garment.ease)
        if garment.kind == "trousers" and garment.flare > 0.008:
            outside = np.maximum(outside, 0.036 + garment.flare * below)
        tube = Tube(leg.y, leg.x, leg.z, outside, outside, outside)
        end = garment.hem + rng.uniform(-0.004, 0.004)
        panels = [
            _between(np.full(80, 0.415), end - 0.5 * garment.folds * np.sin(3 * around + side), around)
            for around in (angles, angles + np.pi)
        ]
        parts.append((tube, tuple(panels)))
    return Piece(tuple(parts))
