"""Details that are sewn on: seams, hems, waistbands, belts, pockets, buttons, zippers, lapels and bows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from segmentation.synth.garments import Garment
from segmentation.synth.paint import Corners, blend, coverage, ellipse, moved, ribbon, smooth_line, stream
from segmentation.synth.shell import hem_line
from segmentation.synth.surface import Pose, Surface, Tube
from segmentation.synth.tailor import Piece

Stamp = Callable[..., None]
OnCloth = Callable[[ArrayLike, ArrayLike], np.ndarray | None]


def tint_trims(colour: np.ndarray, garment: Garment, piece: Piece, surface: Surface) -> None:
    """Darken seams and colour bands of the cloth `colour` [h, w, 3] in place, before it is lit."""
    if piece.sleeve:
        return
    phi = (
        np.angle(np.exp(1j * surface.phi)).astype(np.float32)
        if np.abs(surface.phi).max() > np.pi
        else surface.phi
    )
    y = surface.y
    dark = np.ones(phi.shape, np.float32)
    pale = np.mean(garment.fabric.colours[0]) > 0.5
    depth = 0.22 if pale else 0.4

    def seam(distance: np.ndarray, strength: float = 1.0, width: float = 0.0012) -> None:
        np.multiply(dark, 1 - depth * strength * np.exp(-((distance / width) ** 2)), out=dark)

    trims = garment.trims
    trousers = garment.kind in ("trousers", "shorts")
    lift = 0.0 if trousers else garment.hem
    if not trousers and garment.dip == 0 and not garment.slit:
        seam(y + 0.9 * garment.folds * 0 - (lift - 0.014) + 0 * phi, 0.5)
    if "seams" in trims:
        curve = 1 + 0.25 * np.cos((y - garment.waist) * 9)  # princess seams come together at the waist
        for middle, angle in ((0.0, 0.62), (0.0, -0.62), (np.pi, -0.6), (-np.pi, 0.6)):
            seam((phi - middle - angle * (2 - curve)) * 0.09, 0.6)
        if garment.top < 0.2:
            seam(y - garment.waist + 0.003 * np.cos(phi), 0.8)
    seam((np.abs(phi) - np.pi) * 0.09, 0.7)  # the back seam or its zipper
    if "fly" in trims:
        seam(np.where(y < 0.44, phi * 0.09, 1.0), 0.9)
    if "darts" in trims and garment.hung_from_waist:
        for angle in (0.55, -0.55):
            seam(np.where(y < garment.top + 0.06, (phi - angle) * 0.09, 1.0), 0.6)
    if "pleat lines" in trims and garment.flare > 0.01:
        seam(np.abs(((phi * 5) % 1.0) - 0.5) * 0.09 + 0.02 * (y < garment.waist), 0.5)
    if "waistband" in trims and garment.hung_from_waist:
        seam(y - garment.top - 0.022 + 0.002 * np.cos(phi), 0.9)
    if "piping" in trims and not trousers:
        for angle in (0.55, -0.55):
            line = np.exp(-(((phi - angle - 0.1 * np.sin(y * 8)) * 0.09 / 0.0022) ** 2))
            colour += (garment.trim_colour.astype(np.float32) - colour) * line[..., None]
    if "belt" in trims and (not garment.hung_from_waist or trousers):
        middle = garment.top + 0.012 if trousers else garment.waist
        away = np.abs(y - middle + 0.003 * np.cos(phi)) / 0.010
        inside = np.clip((1 - away) * 12, 0, 1) + 0 * phi
        colour += (garment.trim_colour.astype(np.float32) - colour) * inside[..., None]
        dark *= 1 - 0.3 * np.exp(-(((away - 1.25) / 0.2) ** 2))
    colour *= dark[..., None]


def draw_trims(
    picture: np.ndarray, garment: Garment, piece: Piece, pose: Pose, alpha: np.ndarray, box: Corners
) -> None:
    """Draw what lies on top of the cloth; it stays inside of the piece's `alpha` [h, w]."""
    if piece.sleeve:
        return
    rng = stream(*garment.key, 51)
    trims = garment.trims
    tube = piece.parts[0][0]
    scale = pose.scale_px
    metal = np.array([[0.85, 0.72, 0.42], [0.8, 0.8, 0.82], [0.3, 0.3, 0.32]])[int(rng.integers(3))]

    def stamp(polygon: np.ndarray, tint: ArrayLike, opacity: float = 1.0) -> None:
        inside = coverage([polygon], box, 2) * alpha * np.float32(opacity)
        blend(picture, box, np.asarray(tint, np.float32), inside)

    def on_cloth(phi: ArrayLike, y: ArrayLike) -> np.ndarray | None:
        angle, down = np.broadcast_arrays(np.asarray(phi, np.float64), np.asarray(y, np.float64))
        seen = tube.facing(angle, down, pose) > 0.15
        return tube.project(angle[seen], down[seen], pose) if seen.sum() >= min(4, len(angle)) else None

    start = garment.top + 0.02 if garment.top > 0.08 else 0.075 + garment.neck_front
    if "buttons" in trims and not garment.gap:
        tint = garment.trim_colour if rng.random() < 0.6 else metal
        for y in np.arange(start, garment.hem - 0.02, rng.uniform(0.025, 0.05)):
            place = on_cloth(0.03, [y])
            if place is not None:
                x, down = place[0]
                stamp(
                    ellipse(x + 0.0008 * scale, down + 0.0012 * scale, 0.0042 * scale, 0.0042 * scale),
                    (0, 0, 0),
                    0.35,
                )
                stamp(ellipse(x, down, 0.0036 * scale, 0.0038 * scale), tint)
                stamp(
                    ellipse(x - 0.001 * scale, down - 0.001 * scale, 0.0014 * scale, 0.0014 * scale),
                    (1, 1, 1),
                    0.35,
                )
    if "zipper" in trims or "fly" in trims:
        end = 0.42 if "fly" in trims else min(garment.hem - 0.01, start + 0.25)
        line = on_cloth(0.05, np.linspace(start, end, 30))
        if line is not None:
            stamp(
                ribbon(line, 0.002 * scale),
                metal * 0.8 if "zipper" in trims else (0, 0, 0),
                0.7 if "zipper" in trims else 0.25,
            )
    if "pockets" in trims:
        for side in (-1, 1):
            at_y = max(garment.waist, garment.top) + 0.045
            if at_y < garment.hem - 0.05:
                line = on_cloth(
                    side * np.linspace(0.55, 1.05, 20),
                    at_y + np.linspace(-0.004, 0.03, 20) * (rng.random() < 0.6),
                )
                if line is not None:
                    stamp(ribbon(moved(line, 0, 0.0014 * scale), 0.0022 * scale), (0, 0, 0), 0.35)
                    stamp(ribbon(line, 0.0012 * scale), garment.fabric.colours[0] * 1.15, 0.4)
    if "lapels" in trims and garment.top < 0.1:
        _lapels(stamp, garment, tube, pose)
    if "belt" in trims and not garment.hung_from_waist and rng.random() < 0.6:
        place = on_cloth(0.0, [garment.waist])
        if place is not None:
            x, y = place[0]
            stamp(ribbon(np.array([[x - 0.008 * scale, y], [x + 0.008 * scale, y]]), 0.017 * scale), metal)
            stamp(
                ribbon(np.array([[x - 0.005 * scale, y], [x + 0.005 * scale, y]]), 0.011 * scale),
                garment.trim_colour,
            )
    if "bow" in trims and not garment.gap:
        _bow(stamp, garment, on_cloth, scale)
    if "ruffle" in trims and not garment.kind.endswith(("trousers", "shorts", "vest")):
        around = np.linspace(-1.5, 1.5, 90) + np.pi * (np.cos(pose.turn) < 0)
        line = on_cloth(around, hem_line(garment, around) - 0.035 + 0.0007 * np.sin(23 * around))
        if line is not None:
            stamp(ribbon(moved(line, 0, 0.004 * scale), 0.010 * scale), (0, 0, 0), 0.14)
            stamp(ribbon(line, 0.002 * scale), (0, 0, 0), 0.3)


def _lapels(stamp: Stamp, garment: Garment, tube: Tube, pose: Pose) -> None:
    tint = garment.fabric.colours[0]
    for side in (-1, 1):
        gap = 0.5 * garment.gap
        inner = np.array(
            [[0.55, 0.062], [0.45 + gap * 0.4, 0.10], [0.06 + gap, 0.07 + garment.neck_front + 0.02]]
        )
        outer = np.array([[0.40 + gap, 0.125 + 0.3 * garment.neck_front], [0.95, 0.115], [0.82, 0.062]])
        outline = np.concatenate([smooth_line(inner, 20), outer])
        polygon = tube.project(outline[:, 0] * side, outline[:, 1], pose)
        if polygon is None:
            continue
        stamp(moved(polygon, 0, 0.003 * pose.scale_px), (0, 0, 0), 0.25)
        stamp(polygon, np.clip(tint * 1.06 + 0.01, 0, 1), 0.75)


def _bow(stamp: Stamp, garment: Garment, on_cloth: OnCloth, scale: float) -> None:
    at = on_cloth(0.0, [garment.waist if garment.top < 0.2 else garment.top + 0.012])
    if at is None:
        return
    x, y = at[0]
    tint = garment.fabric.colours[0] * 0.92
    for side in (-1, 1):
        loop = smooth_line(
            np.array([[0, 0], [0.018 * side, -0.012], [0.03 * side, -0.004], [0.02 * side, 0.008], [0, 0]]),
            30,
        )
        tail = np.array([[0, 0], [0.006 * side, 0.03], [0.014 * side, 0.06]])
        for shape in (loop, ribbon(smooth_line(tail, 20), 0.009)):
            polygon = shape * scale + (x, y)
            stamp(moved(polygon, 0.001 * scale, 0.003 * scale), (0, 0, 0), 0.35)
            stamp(polygon, tint)
    stamp(ellipse(x, y, 0.005 * scale, 0.006 * scale), tint * 0.85)
